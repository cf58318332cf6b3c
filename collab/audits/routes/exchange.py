"""One finding and the exchange on it: answered with evidence, judged, opened again, withdrawn."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import presenters, queries, service
from collab.audits.forms import EndForm, JudgeForm, ReopenForm, ReplyForm
from collab.audits.models import Finding
from collab.audits.routes.blueprint import blueprint
from collab.audits.states import MACHINE, FindingVerb, Step
from collab.audits.targets import severity_text, state_text
from collab.documents import queries as documents
from collab.history import queries as history_queries
from collab.kernel import targets
from collab.kernel.access import Permission, can, could
from collab.kernel.errors import InvalidInput, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires, signed_in


@blueprint.get("/audit/findings/<uuid:finding_id>")
@signed_in
def finding(finding_id: UUID) -> ResponseReturnValue:
    """Show one finding and the exchange on it."""
    return _page(finding_id, None, 200)


@blueprint.post("/audit/findings/<uuid:finding_id>/reply")
@requires(Permission.FINDING_REPLY)
def reply(finding_id: UUID) -> ResponseReturnValue:
    """Answer for the audited organisation, with a file that proves it if there is one."""
    form = ReplyForm()
    sent = request.files.get("evidence")
    evidence = service.Evidence(sent.stream, sent.filename) if sent and sent.filename else None
    return _do(finding_id, form, lambda session, common: service.reply(session, text=form.text.data, evidence=evidence, **common))


@blueprint.post("/audit/findings/<uuid:finding_id>/judge")
@requires(Permission.AUDIT_MANAGE)
def judge(finding_id: UUID) -> ResponseReturnValue:
    """Judge an answer: ask again, accept and follow up, or close."""
    form = JudgeForm()

    def act(session: Session, common: dict[str, Any]) -> Finding:
        if form.step.data == "close":
            return service.close(session, text=form.text.data, lesson=form.lesson.data or "", **common)
        if form.due_on.data is None:
            raise InvalidInput({"due_on": _("Fill in the date.")})
        step = service.ask_again if form.step.data == "ask" else service.follow_up
        return step(session, text=form.text.data, due_on=form.due_on.data, **common)

    return _do(finding_id, form, act)


@blueprint.post("/audit/findings/<uuid:finding_id>/reopen")
@requires(Permission.AUDIT_MANAGE)
def reopen(finding_id: UUID) -> ResponseReturnValue:
    """Open a closed finding again."""
    form = ReopenForm()
    return _do(
        finding_id, form, lambda session, common: service.reopen(session, text=form.text.data, due_on=form.due_on.data, **common)
    )


@blueprint.post("/audit/findings/<uuid:finding_id>/withdraw")
@requires(Permission.AUDIT_MANAGE)
def withdraw(finding_id: UUID) -> ResponseReturnValue:
    """Take back a draft, or a question that was never answered."""
    form = EndForm()
    return _do(finding_id, form, lambda session, common: service.withdraw_finding(session, reason=form.reason.data, **common))


def _do(finding_id: UUID, form: CollabForm, act: Any) -> ResponseReturnValue:
    """Run ``act(session, common arguments)`` and go back to the finding; what is wrong comes back with what was typed."""
    if not form.validate():
        return _page(finding_id, form, 422)
    location = url_for("audits.finding", finding_id=finding_id)
    common = {
        "actor": current_actor(), "now": request_now(), "finding_id": finding_id, "expected_version": form.expected_version,
    }  # fmt: skip
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            act(session, common)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _page(finding_id, form, 422)
    except VersionConflict as conflict:
        # Nothing is overwritten here: the exchange grew meanwhile. Show it, with the words typed still in the box.
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody wrote meanwhile: read the exchange again, then send."))
        return _page(finding_id, form, 409)
    flash(_("Recorded."), "success")
    return redirect(location, 303)


STEPS = {
    Step.REPLY: lambda: _("Answer of the organisation"),
    Step.ASKED_AGAIN: lambda: _("Asked again"),
    Step.FOLLOW_UP: lambda: _("Accepted, to be followed up"),
    Step.CLOSED: lambda: _("Judgement: closed"),
    Step.REOPENED: lambda: _("Opened again"),
}


def _page(finding_id: UUID, sent: CollabForm | None, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        found = queries.get_finding(session, actor, finding_id)
        ref = Ref(found.target_kind, found.target_id)
        turns = queries.replies_of(session, finding_id)
        people = members.user_names(session, {found.auditor_id, *(item.author_id for item in turns)})
        names = members.organisation_names(session, {found.organisation_id, *(item.organisation_id for item in turns)})
        target = targets.load(session, [ref]).get(ref)
        files = documents.list_documents(session, {Ref("finding", finding_id)}).get(Ref("finding", finding_id), [])
        event = _event(session, found)
    may = {verb.value for verb in MACHINE.allowed(found.state)}
    answers, judges = can(actor, Permission.FINDING_REPLY, found), can(actor, Permission.AUDIT_MANAGE, found)
    forms = _forms(sent, found)
    return render_template(
        "audits/finding.html", finding=found, replies=turns, people=people, names=names, target=target, sent=sent, files=files, event=event,
        forms=forms, state=state_text(found.state), severity=severity_text(found.severity), step_text=lambda step: STEPS[step](),
        may_reply=answers and FindingVerb.REPLY in may, may_judge=judges and FindingVerb.CLOSE in may,
        may_reopen=judges and FindingVerb.REOPEN in may, may_edit=judges and FindingVerb.EDIT in may,
        may_withdraw=judges and FindingVerb.WITHDRAW in may, may_learn=found.lesson and can(actor, Permission.LEARNING_VIEW),
        may_write_up=found.lesson and could(actor, Permission.LEARNING_MANAGE),
    ), status  # fmt: skip


def _event(session: Session, found: Finding) -> Any:
    if found.event_id is None:
        return None
    entries = history_queries.entries_by_ids(session, [found.event_id])
    shown = presenters.present(session, list(entries.values()))
    return shown[0] if shown else None


def _forms(sent: CollabForm | None, found: Finding) -> dict[str, CollabForm]:
    """Return one form for each thing that can be done; the one that was sent keeps what was typed."""
    forms: dict[str, CollabForm] = {}
    for name, kind in (("reply", ReplyForm), ("judge", JudgeForm), ("reopen", ReopenForm), ("withdraw", EndForm)):
        if isinstance(sent, kind):
            forms[name] = sent
        else:
            forms[name] = kind(formdata=None)
            forms[name].version.data = str(found.version)
    return forms
