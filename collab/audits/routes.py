"""Pages of the audit workspace, and the history of any object for all who may see it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import presenters, queries, service, wording
from collab.audits.forms import DayForm, ExchangeForm, FindingForm
from collab.audits.targets import state_text
from collab.history import queries as history_queries
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, can
from collab.kernel.clock import at_bangkok, today
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.kernel.text import normalise
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires, signed_in

blueprint = Blueprint("audits", __name__)
#: Kinds that own a stream with parts: their state on a day can be shown as a whole.
STREAM_KINDS = frozenset({"action_plan", "agreement", "proposal", "service_plan", "meeting", "committee"})


@blueprint.get("/audit")
@requires(Permission.AUDIT_VIEW)
def index() -> ResponseReturnValue:
    """Show every change, newest first, narrowed by verb and kind."""
    verb, kind = normalise(request.args.get("verb", "")), normalise(request.args.get("kind", ""))
    with reading() as session:
        page = history_queries.list_all(session, request.args.get("cursor"), verb=verb, subject_kind=kind)
        entries = presenters.present(session, presenters.visible_to(session, current_actor(), page.rows))
        kinds = sorted((str(found.label), name) for name, found in targets.kinds().items())
    verbs = sorted((str(text), code) for code, text in wording.VERBS.items())
    return render_template("audits/index.html", page=page, entries=entries, verb=verb, kind=kind, verbs=verbs, kinds=kinds)


@blueprint.get("/history/<kind>/<uuid:target_id>")
@requires(Permission.HISTORY_VIEW)
def timeline(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the timeline of one object: its own events, or with ``all=1`` those of everything in its stream."""
    whole = request.args.get("all") == "1" and kind in STREAM_KINDS
    with reading() as session:
        info = _visible_target(session, current_actor(), kind, target_id)
        cursor = request.args.get("cursor")
        if whole:
            page = history_queries.list_stream(session, f"{kind}/{target_id}", cursor)
        else:
            page = history_queries.list_subject(session, target_id, cursor)
        entries = presenters.present(session, page.rows)
        findings = queries.findings_on(session, current_actor(), target_id)
        may_ask = can(current_actor(), Permission.AUDIT_MANAGE, info)
    return render_template(
        "audits/timeline.html", info=info, page=page, entries=entries, whole=whole, has_stream=kind in STREAM_KINDS,
        findings=findings, state_text=state_text, may_ask=may_ask,
    )  # fmt: skip


@blueprint.get("/history/<kind>/<uuid:target_id>/as-of")
@requires(Permission.HISTORY_VIEW)
def as_of(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the object and all its parts as they were recorded at the end of a day (Bangkok)."""
    if kind not in STREAM_KINDS:
        raise NotFound(kind, target_id)
    form = DayForm(formdata=request.args, day=today(request_now()))
    asked = bool(request.args)
    valid = not asked or form.validate()
    day: date | None = form.day.data or (None if asked else today(request_now()))
    with reading() as session:
        info = _visible_target(session, current_actor(), kind, target_id)
        tables = []
        if valid and day is not None:
            snapshots = history_queries.as_of(session, f"{kind}/{target_id}", _end_of(day))
            tables = presenters.past_tables(session, snapshots)
    status = 200 if valid else 422
    return render_template("audits/as_of.html", info=info, form=form, day=day if valid else None, tables=tables), status


def _end_of(day: date) -> datetime:
    return at_bangkok(day + timedelta(days=1)) - timedelta(microseconds=1)


@blueprint.route("/history/<kind>/<uuid:target_id>/ask", methods=["GET", "POST"])
@requires(Permission.AUDIT_MANAGE)
def ask(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Raise a finding on an object."""
    form = FindingForm()
    with reading() as session:
        info = _visible_target(session, current_actor(), kind, target_id)
        form.organisation_id.choices = options((str(row.id), name_of(row)) for row in members.list_organisations(session))
    if request.method == "GET":
        form.organisation_id.data = str(info.organisation_id or "")
        return render_template("audits/ask.html", form=form, info=info)
    if form.validate() and form.due_on.data:
        try:
            return _raise(form, Ref(kind, target_id))
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
    return render_template("audits/ask.html", form=form, info=info), 422


def _raise(form: FindingForm, target: Ref) -> ResponseReturnValue:
    with unit_of_work() as session:
        claim(session, form, request_now())
        finding = service.raise_finding(
            session, actor=current_actor(), now=request_now(), target=target, organisation_id=UUID(form.organisation_id.data),
            question=form.question.data, due_on=form.due_on.data,
        )  # fmt: skip
        location = url_for("audits.finding", finding_id=finding.id)
        leads_to(session, form, location)
    flash(_("The question was sent to the organisation."), "success")
    return redirect(location, 303)


@blueprint.get("/audit/findings")
@signed_in
def findings() -> ResponseReturnValue:
    """List the findings that the person may see."""
    with reading() as session:
        page = queries.list_findings(session, current_actor(), request.args.get("cursor"))
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    return render_template("audits/findings.html", page=page, names=names, state_text=state_text)


@blueprint.get("/audit/findings/<uuid:finding_id>")
@signed_in
def finding(finding_id: UUID) -> ResponseReturnValue:
    """Show one finding and the exchange on it."""
    return _finding_page(finding_id, ExchangeForm(), 200)


@blueprint.post("/audit/findings/<uuid:finding_id>/<any(reply, ask, close):step>")
@signed_in
def exchange(finding_id: UUID, step: str) -> ResponseReturnValue:
    """Answer, ask again or close."""
    form = ExchangeForm()
    if not form.validate():
        return _finding_page(finding_id, form, 422)
    verbs = {"reply": service.reply, "ask": service.ask_again, "close": service.close}
    try:
        with unit_of_work() as session:
            verbs[step](
                session, actor=current_actor(), now=request_now(), finding_id=finding_id, text=form.text.data,
                expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        # Nothing is overwritten here: the exchange grew meanwhile. Show it, with the words typed still in the box.
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody wrote meanwhile: read the exchange again, then send."))
        return _finding_page(finding_id, form, 409)
    flash(_("Recorded."), "success")
    return redirect(url_for("audits.finding", finding_id=finding_id), 303)


def _finding_page(finding_id: UUID, form: ExchangeForm, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        found = queries.get_finding(session, actor, finding_id)
        replies = queries.replies_of(session, finding_id)
        people = members.user_names(session, {found.auditor_id, *(item.author_id for item in replies)})
        names = members.organisation_names(session, {found.organisation_id, *(item.organisation_id for item in replies)})
        target = targets.load(session, [Ref(found.target_kind, found.target_id)]).get(Ref(found.target_kind, found.target_id))
    if not form.is_submitted():
        form.version.data = str(found.version)
    return render_template(
        "audits/finding.html", finding=found, replies=replies, people=people, names=names, target=target, form=form,
        state=state_text(found.state), may_reply=found.state == "open" and can(actor, Permission.FINDING_REPLY, found),
        may_judge=found.state != "closed" and can(actor, Permission.AUDIT_MANAGE, found), answered=found.state == "answered",
    ), status  # fmt: skip


def _visible_target(session: Session, actor: Actor, kind: str, target_id: UUID) -> TargetInfo:
    ref = Ref(kind, target_id)
    info = targets.resolve(session, actor, [ref]).get(ref)
    if info is None:
        raise NotFound(kind, target_id)
    return info
