"""Pages of the lessons."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year
from collab.kernel.errors import NotAllowed, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.learning import queries, service
from collab.learning.forms import AssessmentForm, CaseForm
from collab.learning.models import PracticeCase
from collab.learning.rules import QUESTIONS, average, weakest
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("learning", __name__)


#: So much of a text is taken from the address of the form.
MOST_GIVEN = 600


@blueprint.get("/learning")
@requires(Permission.LEARNING_VIEW)
def index() -> ResponseReturnValue:
    """List the cases and the committees' assessments."""
    actor = current_actor()
    with reading() as session:
        page = queries.list_cases(session, request.args.get("cursor"))
        committees = members.list_committees(session, actor)
        assessments = queries.assessments_of(session, [row.id for row in committees])
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    latest = {row.committee_id: row for row in reversed(assessments)}
    return render_template(
        "learning/index.html", page=page, names=names, committees=committees, latest=latest, average=average,
        may_write=bool(_writing_organisation()),
    )  # fmt: skip


@blueprint.get("/learning/cases/<uuid:case_id>")
@requires(Permission.LEARNING_VIEW)
def case(case_id: UUID) -> ResponseReturnValue:
    """Show one case."""
    with reading() as session:
        found = queries.get_case(session, case_id)
        names = members.organisation_names(session, {found.organisation_id})
    may_change = can(current_actor(), Permission.LEARNING_MANAGE, found)
    return render_template("learning/case.html", case=found, organisation=names[found.organisation_id], may_change=may_change)


@blueprint.route("/learning/cases/new", methods=["GET", "POST"])
@requires(Permission.LEARNING_MANAGE)
def new_case() -> ResponseReturnValue:
    """Write a case down."""
    organisation_id = _writing_organisation()
    if organisation_id is None:
        raise NotAllowed(Permission.LEARNING_MANAGE.value)
    form = CaseForm()
    if request.method == "GET":
        # What another area has to say stands in the address: the lesson of a finding, the finding as its source.
        form = CaseForm(data={name: request.args.get(name, "")[:MOST_GIVEN] for name in ("title", "lesson", "source")})
        return render_template("learning/edit.html", form=form, saved=None)
    if not form.validate():
        return render_template("learning/edit.html", form=form, saved=None), 422
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.write_case(
                session, actor=current_actor(), now=request_now(), organisation_id=organisation_id, texts=_texts(form)
            )
            location = url_for("learning.case", case_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    flash(_("The case was written down."), "success")
    return redirect(location, 303)


@blueprint.route("/learning/cases/<uuid:case_id>/edit", methods=["GET", "POST"])
@requires(Permission.LEARNING_MANAGE)
def edit_case(case_id: UUID) -> ResponseReturnValue:
    """Change a case; on a conflict both texts are shown."""
    with reading() as session:
        found = queries.get_case(session, case_id)
    authorize(current_actor(), Permission.LEARNING_MANAGE, found)
    form = CaseForm(obj=found)
    if request.method == "GET":
        return render_template("learning/edit.html", form=form, saved=None)
    if not form.validate():
        return render_template("learning/edit.html", form=form, saved=None), 422
    try:
        with unit_of_work() as session:
            service.change_case(
                session, actor=current_actor(), now=request_now(), case_id=case_id, texts=_texts(form),
                expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        with reading() as session:
            saved = queries.get_case(session, case_id)
        return render_template("learning/edit.html", form=form, saved=saved), 409
    flash(_("Saved."), "success")
    return redirect(url_for("learning.case", case_id=case_id), 303)


@blueprint.route("/learning/assessments/<uuid:committee_id>", methods=["GET", "POST"])
@requires(Permission.LEARNING_VIEW)
def assessment(committee_id: UUID) -> ResponseReturnValue:
    """Show a committee's assessments; who may, answers this year's."""
    actor, year = current_actor(), fiscal_year(today(request_now()))
    with reading() as session:
        committee = members.get_committee(session, committee_id)
        if committee.id not in {row.id for row in members.list_committees(session, actor)}:
            raise NotFound("committee", committee_id)
        past = queries.assessments_of(session, [committee_id])
    current = next((row for row in past if row.fiscal_year == year), None)
    form = AssessmentForm()
    status = 200
    if request.method == "POST":
        status = _assess(form, committee_id) if form.validate() else 422
        if status == 303:
            flash(_("The answers were recorded."), "success")
            return redirect(url_for("learning.assessment", committee_id=committee_id), 303)
    elif current is not None:
        form.version.data, form.remark.data = str(current.version), current.remark
        for code, value in current.answers.items():
            form[f"q_{code}"].data = str(value)
    return render_template(
        "learning/assessment.html", committee=committee, past=past, form=form, year=year, questions=QUESTIONS, average=average,
        weakest=weakest, may_assess=can(actor, Permission.LEARNING_MANAGE, committee),
    ), status  # fmt: skip


def _assess(form: AssessmentForm, committee_id: UUID) -> int:
    """Record the answers; return the status: 303 done, 409 when somebody else recorded theirs meanwhile (shown above the form)."""
    try:
        with unit_of_work() as session:
            service.assess(
                session, actor=current_actor(), now=request_now(), committee_id=committee_id, answers=form.answers(),
                remark=form.remark.data, expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody recorded answers meanwhile: theirs are shown above, yours are still in the form."))
        return 409
    return 303


def _texts(form: CaseForm) -> dict[str, str]:
    return {name: form[name].data or "" for name in service.TEXTS}


def _writing_organisation() -> UUID | None:
    """Return the organisation for which the person may write a case, or None."""
    actor = current_actor()
    for organisation_id in sorted(actor.organisation_ids, key=lambda key: (key != actor.organisation_id, key)):
        probe = PracticeCase(organisation_id=organisation_id)
        if can(actor, Permission.LEARNING_MANAGE, probe):
            return organisation_id
    return None
