"""Views of plans: list, one plan, new, edit, activate, close, exports."""

from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service
from collab.action_plans.forms import PlanForm, ReasonForm
from collab.action_plans.models import ActionPlan
from collab.action_plans.routes.common import attempt, blueprint, plan_url
from collab.action_plans.routes.views import plan_page
from collab.action_plans.states import PlanVerb
from collab.action_plans.wording import PLAN_STATES, TONES
from collab.agreements import queries as agreements
from collab.kernel import targets
from collab.kernel.access import Permission, can, could
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year
from collab.kernel.errors import NotAllowed, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members
from collab.members.models import Committee
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import CollabForm
from collab.web.routing import requires


@blueprint.get("/action-plans")
@requires(Permission.ACTION_PLAN_VIEW)
def index() -> ResponseReturnValue:
    """Show the plans that the person may see, the newest fiscal year first."""
    actor = current_actor()
    with reading() as session:
        page = queries.list_plans(session, actor, request.args.get("cursor"))
        progress = queries.progress_of(session, [plan.id for plan in page.rows])
        committees = {row.id: name_of(row) for row in members.list_committees(session, actor)}
    return render_template(
        "action_plans/index.html", page=page, progress=progress, committees=committees, states=PLAN_STATES, tones=TONES,
        may_create=could(actor, Permission.ACTION_PLAN_MANAGE),
    )  # fmt: skip


@blueprint.route("/action-plans/new", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def new() -> ResponseReturnValue:
    """Make a draft plan of a committee, without an agreement."""
    with reading() as session:
        committees = [row for row in members.list_committees(session, current_actor()) if _may_manage(row)]
    return _new(committees, None)


@blueprint.route("/action-plans/new/<uuid:agreement_id>", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def new_under(agreement_id: UUID) -> ResponseReturnValue:
    """Make a draft plan under an agreement, of the agreement's committee."""
    ref = Ref("agreement", agreement_id)
    with reading() as session:
        info = targets.resolve(session, current_actor(), [ref]).get(ref)
        if info is None:
            raise NotFound("agreement", agreement_id)
        committee = members.get_committee(session, agreements.get_agreement(session, agreement_id).committee_id)
    if not _may_manage(committee):
        raise NotAllowed(Permission.ACTION_PLAN_MANAGE.value)
    return _new([committee], info)


def _may_manage(committee: Committee) -> bool:
    return can(current_actor(), Permission.ACTION_PLAN_MANAGE, committee)


def _new(committees: list[Committee], agreement: TargetInfo | None) -> ResponseReturnValue:
    form = PlanForm(title=agreement.title if agreement else "", fiscal_year=fiscal_year(today(request_now())))
    form.committee_id.choices = [(str(row.id), name_of(row)) for row in committees]
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            answer, status = attempt(
                form, lambda session: _create(session, form, agreement), _("The plan was made. Add its items now.")
            )
            if answer is not None:
                return answer
    return render_template("action_plans/plan_form.html", form=form, agreement=agreement, plan=None, saved=[]), status


def _create(session: Session, form: PlanForm, agreement: TargetInfo | None) -> str:
    plan = service.create_plan(
        session, actor=current_actor(), now=request_now(), committee_id=UUID(form.committee_id.data), fiscal_year=int(form.fiscal_year.data or 0),
        title=form.title.data, agreement_id=agreement.id if agreement else None,
    )  # fmt: skip
    return plan_url(plan.id)


@blueprint.route("/action-plans/<uuid:plan_id>/edit", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def edit(plan_id: UUID) -> ResponseReturnValue:
    """Change a plan's title and fiscal year; a version in between is shown beside what was typed."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    if PlanVerb.EDIT not in presenters.plan_verbs(current_actor(), plan):
        raise NotAllowed(Permission.ACTION_PLAN_MANAGE.value)
    form = PlanForm(title=plan.title, fiscal_year=plan.fiscal_year, version=plan.version)
    del form.committee_id
    if request.method == "GET":
        return render_template("action_plans/plan_form.html", form=form, plan=plan, agreement=None, saved=[])
    status, saved = 422, []
    if form.validate():
        try:
            answer, status = attempt(form, lambda session: _save(session, form, plan_id), _("The plan was saved."))
            if answer is not None:
                return answer
        except VersionConflict:
            status, saved = 409, _saved(form, plan)
    return render_template("action_plans/plan_form.html", form=form, plan=plan, agreement=None, saved=saved), status


def _save(session: Session, form: PlanForm, plan_id: UUID) -> str:
    service.edit_plan(
        session, actor=current_actor(), now=request_now(), plan_id=plan_id, expected_version=form.expected_version, title=form.title.data,
        fiscal_year=int(form.fiscal_year.data or 0),
    )  # fmt: skip
    return plan_url(plan_id)


def _saved(form: PlanForm, plan: ActionPlan) -> list[tuple[str, str, str]]:
    """Let the next submission win knowingly: it carries the version that is shown now."""
    form.version.data = str(plan.version)
    pairs: list[tuple[Any, Any]] = [(form.title, plan.title), (form.fiscal_year, plan.fiscal_year)]
    return [(field.label.text, str(saved), str(field.data)) for field, saved in pairs if str(saved) != str(field.data)]


@blueprint.post("/action-plans/<uuid:plan_id>/activate")
@requires(Permission.ACTION_PLAN_MANAGE)
def activate(plan_id: UUID) -> ResponseReturnValue:
    """Put a draft plan into force."""
    form = CollabForm()

    def act(session: Session) -> str:
        service.activate_plan(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, expected_version=form.expected_version
        )
        return plan_url(plan_id)

    answer, status = attempt(form, act, _("The plan is active. The owners were told."))
    return answer if answer is not None else plan_page(plan_id, form, status)


@blueprint.route("/action-plans/<uuid:plan_id>/close", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def close(plan_id: UUID) -> ResponseReturnValue:
    """Close an active plan, with the reason."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    if PlanVerb.CLOSE not in presenters.plan_verbs(current_actor(), plan):
        raise NotAllowed(Permission.ACTION_PLAN_MANAGE.value)
    form = ReasonForm(version=plan.version)
    status = 200
    if request.method == "POST":
        status = 422

        def act(session: Session) -> str:
            service.close_plan(
                session, actor=current_actor(), now=request_now(), plan_id=plan_id, reason=form.reason.data,
                expected_version=form.expected_version,
            )  # fmt: skip
            return plan_url(plan_id)

        if form.validate():
            answer, status = attempt(form, act, _("The plan was closed."))
            if answer is not None:
                return answer
    return render_template("action_plans/close.html", form=form, plan=plan), status
