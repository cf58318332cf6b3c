"""What auditors and the audited do with findings: written, issued, answered with evidence, judged, followed up, closed, reopened."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import IO
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.audits import queries
from collab.audits.models import Finding, FindingReply
from collab.audits.states import MACHINE, FindingState, FindingVerb, Severity, Step
from collab.documents import service as documents
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members
from collab.notices import service as notices


@dataclass(frozen=True)
class Statement:
    """What a finding says: to whom, the question, by when, how grave, and the five parts of what was found ('' while unknown)."""

    organisation_id: UUID
    question: str
    due_on: date
    severity: Severity = Severity.MEDIUM
    criteria: str = ""
    condition: str = ""
    cause: str = ""
    effect: str = ""
    recommendation: str = ""


@dataclass(frozen=True)
class Evidence:
    """A file that comes with a reply."""

    stream: IO[bytes]
    filename: str


def draft_finding(session: Session, *, actor: Actor, now: datetime, target: Ref, statement: Statement, event_id: UUID | None = None,
                  ) -> Finding:  # fmt: skip
    """Write a finding about ``target`` (or one event of its history) that nobody else sees until it is issued.

    Raises NotAllowed unless the actor audits, NotFound for an object the auditor may not see or an event of another object,
    InvalidInput for a past day or an organisation that is not there.
    """
    info = _auditable(session, actor, target)
    if event_id is not None and not queries.event_belongs(session, event_id, target):
        raise NotFound("event", event_id)
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_MANAGE.value)
    _check(session, statement, today(now))
    finding = Finding(
        id=new_id(), target_kind=target.kind, target_id=target.id, event_id=event_id, committee_id=info.committee_id,
        auditor_id=actor.user_id, state=FindingState.DRAFT, **vars(statement),
    )  # fmt: skip
    with history.act(session, verb="finding.drafted", actor=actor, now=now, subject=finding):
        session.add(finding)
    return finding


def edit_finding(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, statement: Statement,
                 expected_version: int | None) -> Finding:  # fmt: skip
    """Change a draft. Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    MACHINE.advance(finding.state, FindingVerb.EDIT)
    _check(session, statement, today(now))
    with history.act(session, verb="finding.edited", actor=actor, now=now, subject=finding):
        for name, value in vars(statement).items():
            setattr(finding, name, value)
    return finding


def issue_finding(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, expected_version: int | None) -> Finding:
    """Put a draft to the organisation: its clerks are told, and its day begins to count. Raises as `edit_finding`."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.ISSUE)
    if finding.due_on < today(now):
        raise InvalidInput({"due_on": _("Choose today or a later day.")})
    with history.act(session, verb="finding.issued", actor=actor, now=now, subject=finding):
        finding.state, finding.issued_at = state, now
    _tell_organisation(session, finding, now, _("An auditor asks your organisation"), finding.question)
    return finding


def raise_finding(session: Session, *, actor: Actor, now: datetime, target: Ref, statement: Statement, event_id: UUID | None = None,
                  ) -> Finding:  # fmt: skip
    """Write a finding and issue it at once. Raises as `draft_finding`."""
    finding = draft_finding(session, actor=actor, now=now, target=target, statement=statement, event_id=event_id)
    return issue_finding(session, actor=actor, now=now, finding_id=finding.id, expected_version=None)


def withdraw_finding(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, reason: str,
                     expected_version: int | None) -> Finding:  # fmt: skip
    """Take back a draft, or a question that was never answered. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.WITHDRAW)
    with history.act(session, verb="finding.withdrawn", actor=actor, now=now, subject=finding, reason=reason):
        finding.state, finding.closed_at = state, now
    if finding.issued_at is not None:
        _tell_organisation(session, finding, now, _("An auditor withdrew a question"), reason)
    return finding


def reply(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, expected_version: int | None,
          evidence: Evidence | None = None) -> Finding:  # fmt: skip
    """Answer a finding, or report on its follow-up, for the audited organisation; a file may prove it.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput({"evidence": …}) for a file that is not kept.
    """
    finding = queries.lock_finding(session, actor, finding_id)
    authorize(actor, Permission.FINDING_REPLY, finding)
    check_version(finding, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.REPLY)
    due_on = finding.follow_up_on if finding.state is FindingState.FOLLOW_UP else finding.due_on
    if evidence is not None:
        _store(session, actor, now, finding, evidence)
    with history.act(session, verb="finding.answered", actor=actor, now=now, subject=finding):
        finding.state, finding.answered_at = state, now
        _add_turn(session, actor, now, finding, Step.REPLY, text, due_on)
    notices.queue_message(
        session, now=now, recipient_id=finding.auditor_id, kind="finding", subject=_("A finding was answered"), text=text,
        target=Ref("finding", finding.id), url=f"/audit/findings/{finding.id}",
    )  # fmt: skip
    return finding


def ask_again(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, due_on: date,
              expected_version: int | None) -> Finding:  # fmt: skip
    """Put a further question, to be answered by ``due_on``. Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.ASK_AGAIN)
    _check_day(due_on, today(now))
    with history.act(session, verb="finding.asked_again", actor=actor, now=now, subject=finding):
        finding.state, finding.due_on, finding.follow_up_on = state, due_on, None
        _add_turn(session, actor, now, finding, Step.ASKED_AGAIN, text, due_on)
    _tell_organisation(session, finding, now, _("An auditor asks your organisation again"), text)
    return finding


def follow_up(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, due_on: date,
              expected_version: int | None) -> Finding:  # fmt: skip
    """Accept the reply and have what it promises done and reported by ``due_on``. Raises as `ask_again`."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.FOLLOW_UP)
    _check_day(due_on, today(now))
    with history.act(session, verb="finding.followed_up", actor=actor, now=now, subject=finding):
        finding.state, finding.follow_up_on = state, due_on
        _add_turn(session, actor, now, finding, Step.FOLLOW_UP, text, due_on)
    _tell_organisation(session, finding, now, _("Your reply to an auditor was accepted; report what was done"), text)
    return finding


def close(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, expected_version: int | None,
          lesson: str = "") -> Finding:  # fmt: skip
    """Close a finding with the auditor's judgement, and a lesson for others if there is one. Raises as `withdraw_finding`."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.CLOSE)
    with history.act(session, verb="finding.closed", actor=actor, now=now, subject=finding):
        finding.state, finding.conclusion, finding.closed_at, finding.lesson = state, text, now, lesson
        _add_turn(session, actor, now, finding, Step.CLOSED, text, None)
    _tell_organisation(session, finding, now, _("A finding on your organisation was closed"), text)
    return finding


def reopen(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, due_on: date,
           expected_version: int | None) -> Finding:  # fmt: skip
    """Open a closed finding again, with the reason, to be answered by ``due_on``. Raises as `ask_again`."""
    finding = _lock_to_judge(session, actor, finding_id, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.REOPEN)
    _check_day(due_on, today(now))
    with history.act(session, verb="finding.reopened", actor=actor, now=now, subject=finding, reason=text):
        finding.state, finding.due_on, finding.closed_at, finding.follow_up_on = state, due_on, None, None
        finding.reopened += 1
        _add_turn(session, actor, now, finding, Step.REOPENED, text, due_on)
    _tell_organisation(session, finding, now, _("A finding on your organisation was opened again"), text)
    return finding


def _auditable(session: Session, actor: Actor, target: Ref) -> TargetInfo:
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None:
        raise NotFound(target.kind, target.id)
    authorize(actor, Permission.AUDIT_MANAGE, info)
    return info


def _lock_to_judge(session: Session, actor: Actor, finding_id: UUID, expected_version: int | None) -> Finding:
    finding = queries.lock_finding(session, actor, finding_id)
    authorize(actor, Permission.AUDIT_MANAGE, finding)
    check_version(finding, expected_version)
    return finding


def _check(session: Session, statement: Statement, day: date) -> None:
    faults = {}
    if statement.due_on < day:
        faults["due_on"] = _("Choose today or a later day.")
    if members.find_organisation(session, statement.organisation_id) is None:
        faults["organisation_id"] = _("Choose an organisation.")
    if faults:
        raise InvalidInput(faults)


def _check_day(due_on: date, day: date) -> None:
    if due_on < day:
        raise InvalidInput({"due_on": _("Choose today or a later day.")})


def _store(session: Session, actor: Actor, now: datetime, finding: Finding, evidence: Evidence) -> None:
    target = Ref("finding", finding.id)
    try:
        documents.store_file(session, actor=actor, now=now, stream=evidence.stream, filename=evidence.filename, target=target)
    except InvalidInput as error:
        raise InvalidInput({"evidence": " ".join(error.errors.values())}) from None


def _add_turn(
    session: Session, actor: Actor, now: datetime, finding: Finding, step: Step, text: str, due_on: date | None
) -> None:
    if actor.user_id is None or actor.organisation_id is None:
        raise NotAllowed(Permission.FINDING_REPLY.value)
    session.add(
        FindingReply(
            finding_id=finding.id, step=step, author_id=actor.user_id, organisation_id=actor.organisation_id, text=text,
            due_on=due_on, written_at=now,
        )
    )  # fmt: skip


def _tell_organisation(session: Session, finding: Finding, now: datetime, subject: str, text: str) -> None:
    for user in members.users_with_role(session, Role.CLERK, Scope.ORGANISATION, finding.organisation_id, today(now)):
        notices.queue_message(
            session, now=now, recipient_id=user.id, kind="finding", subject=subject, text=text, target=Ref("finding", finding.id),
            url=f"/audit/findings/{finding.id}",
        )  # fmt: skip
