"""Samples: drawn, checked item by item, taken away with all that is needed to draw them again."""

import secrets
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import populations, sample_queries, sample_words, sampling, service
from collab.audits.forms import SUBJECTS, CheckForm, SampleForm
from collab.audits.models import Sample
from collab.audits.models.samples import Check
from collab.audits.routes.blueprint import blueprint, end_of
from collab.audits.routes.exports import take_away
from collab.audits.sampling import Method, Subject
from collab.kernel.access import Permission, could
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires


def method_text(method: Method) -> str:
    """Return how a sample was chosen, in words."""
    return {Method.RANDOM: _("random"), Method.MONETARY: _("money-weighted"), Method.RISK: _("by risk")}[method]


def risk_text(subject: Subject) -> str:
    """Return what the signs of risk mean in a population that has them."""
    return {
        Subject.ACTION_ITEMS: _("Late: past its day and not finished. Without authority: it names no resolution and no clause."),
        Subject.AGREEMENTS: _("Late: past the day for ratifying, or past its last day and still in force. The other signs do not occur."),
        Subject.DECISIONS: _(
            "Late: a council resolved after the day set for it. Without authority: a council agreed and named no mandate to sign, or a "
            "deadline moved without the resolution that the rules ask for. Postponements: how often the deadline had been moved by then."
        ),
    }.get(subject, "")  # fmt: skip


def check_text(check: Check) -> str:
    """Return what checking an item gave, in words."""
    return {Check.OPEN: _("Not yet checked"), Check.SATISFACTORY: _("Satisfactory"), Check.EXCEPTION: _("Exception")}[check]


@blueprint.get("/audit/samples")
@requires(Permission.AUDIT_VIEW)
def samples() -> ResponseReturnValue:
    """List the samples."""
    with reading() as session:
        page = sample_queries.list_samples(session, current_actor(), request.args.get("cursor"))
    may_draw = could(current_actor(), Permission.AUDIT_SAMPLE)
    return render_template("audits/samples.html", page=page, method_text=method_text, subjects=SUBJECTS, may_draw=may_draw)


@blueprint.route("/audit/samples/new", methods=["GET", "POST"])
@requires(Permission.AUDIT_SAMPLE)
def new_sample() -> ResponseReturnValue:
    """Draw a sample."""
    form = SampleForm()
    with reading() as session:
        committees = members.list_committees(session, current_actor())
        form.where.choices = options([("", _("All committees")), *((str(row.id), name_of(row)) for row in committees)])
    if request.method == "GET":
        form.seed.data = secrets.randbelow(999_999) + 1
        form.frozen_on.process(None, today(request_now()))
        form.subject.data, form.method.data = Subject.ACTION_ITEMS.value, Method.RANDOM.value
        return render_template("audits/sample_new.html", form=form)
    if form.validate() and form.frozen_on.data:
        try:
            return _draw(form)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
    return render_template("audits/sample_new.html", form=form), 422


def _draw(form: SampleForm) -> ResponseReturnValue:
    now = request_now()
    frozen_at = now if form.frozen_on.data == today(now) else end_of(form.frozen_on.data)
    wish = service.Wish(
        form.title.data, Subject(form.subject.data), UUID(form.where.data) if form.where.data else None, Method(form.method.data),
        form.seed.data or 1, form.size.data or 1, frozen_at,
    )  # fmt: skip
    with unit_of_work() as session:
        claim(session, form, now)
        made = service.draw_sample(session, actor=current_actor(), now=now, wish=wish)
        location = url_for("audits.sample", sample_id=made.id)
        leads_to(session, form, location)
    flash(_("The sample was drawn and kept."), "success")
    return redirect(location, 303)


@blueprint.get("/audit/samples/<uuid:sample_id>")
@requires(Permission.AUDIT_SAMPLE)
def sample(sample_id: UUID) -> ResponseReturnValue:
    """Show a sample: how it was drawn, how to draw it again, and its working papers."""
    with reading() as session:
        found = sample_queries.get_sample(session, current_actor(), sample_id)
        rows = sample_queries.rows_of(session, sample_id)
        people = members.user_names(session, {found.auditor_id} | {row.checked_by_id for row in rows})
        place = _place(session, found)
        titles = sample_words.titles_of(session, rows)
    done = sum(1 for row in rows if row.check is not Check.OPEN)
    return render_template(
        "audits/sample.html", sample=found, rows=rows, people=people, place=place, done=done, method=method_text(found.method),
        check_text=check_text, weights=sampling.WEIGHTS, sampling=sampling,
        subject=SUBJECTS[found.subject], risk=risk_text(found.subject), titles=titles, sum_of=sample_words.sum_of,
    )  # fmt: skip


def _place(session: Session, found: Sample) -> str:
    if found.committee_id is None:
        return _("All committees")
    committee = members.find_committee(session, found.committee_id)
    return name_of(committee) if committee else ""


@blueprint.route("/audit/samples/<uuid:sample_id>/rows/<uuid:row_id>", methods=["GET", "POST"])
@requires(Permission.AUDIT_SAMPLE)
def check(sample_id: UUID, row_id: UUID) -> ResponseReturnValue:
    """Write the working paper of one chosen item."""
    with reading() as session:
        found = sample_queries.get_sample(session, current_actor(), sample_id)
        row = sample_queries.get_row(session, sample_id, row_id)
        title = sample_words.titles_of(session, [row])[0]
    form = CheckForm()
    status = 200
    if request.method == "GET":
        form = CheckForm(formdata=None, check=row.check.value, conclusion=row.conclusion, version=str(row.version))
    elif not form.validate():
        status = 422
    else:
        try:
            with unit_of_work() as session:
                service.check_row(
                    session, actor=current_actor(), now=request_now(), row_id=row_id, check=Check(form.check.data),
                    conclusion=form.conclusion.data, expected_version=form.expected_version,
                )  # fmt: skip
        except VersionConflict as conflict:
            form.version.data = str(conflict.current_version)
            form.form_errors.append(_("Somebody changed this meanwhile: read it again, then send."))
            status = 409
        else:
            flash(_("Recorded."), "success")
            return redirect(url_for("audits.sample", sample_id=sample_id, _anchor=f"row-{row.number}"), 303)
    return render_template(
        "audits/sample_check.html", form=form, sample=found, row=row, title=title, theirs=status == 409
    ), status


@blueprint.get("/audit/samples/<uuid:sample_id>.<any(csv, xlsx):kind>")
@requires(Permission.AUDIT_SAMPLE)
def sample_file(sample_id: UUID, kind: str) -> ResponseReturnValue:
    """Take the working papers away."""
    with reading() as session:
        found = sample_queries.get_sample(session, current_actor(), sample_id)
        rows = sample_queries.rows_of(session, sample_id)
        people = members.user_names(session, {row.checked_by_id for row in rows})
        titles = sample_words.titles_of(session, rows)
    head = (
        _("Number"),
        _("Drawn by"),
        _("Item"),
        _("Amount in whole baht"),
        _("Result of the check"),
        _("Conclusion"),
        _("Checked by"),
    )
    cells = [
        (row.number, str(row.drawn), title, sample_words.sum_of(found.subject, row.amount), check_text(row.check), row.conclusion, people.get(row.checked_by_id, "") if row.checked_by_id else "")
        for row, title in zip(rows, titles, strict=True)
    ]  # fmt: skip
    return take_away(kind, found.title, head, cells, target=Ref("audit_sample", sample_id))


@blueprint.get("/audit/samples/<uuid:sample_id>/population.<any(csv, xlsx):kind>")
@requires(Permission.AUDIT_SAMPLE)
def population_file(sample_id: UUID, kind: str) -> ResponseReturnValue:
    """Take the numbered population away, read again from the history, so that the draw can be done again elsewhere."""
    with reading() as session:
        found = sample_queries.get_sample(session, current_actor(), sample_id)
        units = populations.population_at(session, current_actor(), found.subject, found.committee_id, found.frozen_at)
        titles = sample_words.titles_of(session, units)
    head = (
        _("Number"),
        "ID",
        _("Item"),
        _("Amount in whole baht"),
        _("Running total"),
        _("Late"),
        _("Without authority"),
        _("Times moved"),
        _("Points"),
    )
    cells: list[Any] = []
    running = 0
    for number, (unit, title) in enumerate(zip(units, titles, strict=True), start=1):
        running += unit.amount
        cells.append(
            (
                number,
                str(unit.id),
                title,
                unit.amount,
                running,
                int(unit.is_late),
                int(unit.without_authority),
                unit.slips,
                sampling.score(unit),
            )
        )
    same = sample_queries.digest_of(units) == found.population_sha256
    name = _("Population of the sample") if same else _("Population (differs from the one drawn from)")
    return take_away(kind, name, head, cells, target=Ref("audit_sample", sample_id))
