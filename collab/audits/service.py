"""What auditors and the audited do with findings."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.audits import queries
from collab.audits.models import Finding, FindingReply
from collab.audits.states import MACHINE, FindingState, FindingVerb
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.notices import service as notices


def raise_finding(session: Session, *, actor: Actor, now: datetime, target: Ref, organisation_id: UUID, question: str, due_on: date,
                  event_id: UUID | None = None) -> Finding:  # fmt: skip
    """Ask ``organisation_id`` about ``target`` (or one event of it), to be answered by ``due_on``; tell its clerks.

    Raises NotAllowed unless the actor audits, NotFound for an object the auditor may not see, InvalidInput for a past day.
    """
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None:
        raise NotFound(target.kind, target.id)
    authorize(actor, Permission.AUDIT_MANAGE, info)
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_MANAGE.value)
    if due_on < today(now):
        raise InvalidInput({"due_on": _("Choose today or a later day.")})
    finding = Finding(
        target_kind=target.kind, target_id=target.id, event_id=event_id, committee_id=info.committee_id,
        organisation_id=organisation_id, auditor_id=actor.user_id, question=question, due_on=due_on, state=FindingState.OPEN,
    )  # fmt: skip
    with history.act(session, verb="finding.raised", actor=actor, now=now, subject=finding):
        session.add(finding)
    _tell_organisation(session, finding, now, info.title)
    return finding


def reply(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, expected_version: int | None) -> Finding:
    """Answer a finding for the audited organisation. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    finding = queries.lock_finding(session, actor, finding_id)
    authorize(actor, Permission.FINDING_REPLY, finding)
    check_version(finding, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.REPLY)
    with history.act(session, verb="finding.answered", actor=actor, now=now, subject=finding):
        finding.state = state
        _add_reply(session, actor, now, finding, text)
    notices.queue_message(
        session, now=now, recipient_id=finding.auditor_id, kind="finding", subject=_("A finding was answered"), text=text,
        target=Ref("finding", finding.id), url=f"/audit/findings/{finding.id}",
    )  # fmt: skip
    return finding


def ask_again(
    session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, expected_version: int | None
) -> Finding:
    """Put a further question. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    finding = queries.lock_finding(session, actor, finding_id)
    authorize(actor, Permission.AUDIT_MANAGE, finding)
    check_version(finding, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.ASK_AGAIN)
    with history.act(session, verb="finding.asked_again", actor=actor, now=now, subject=finding):
        finding.state = state
        _add_reply(session, actor, now, finding, text)
    _tell_organisation(session, finding, now, text)
    return finding


def close(session: Session, *, actor: Actor, now: datetime, finding_id: UUID, text: str, expected_version: int | None) -> Finding:
    """Close a finding with the auditor's conclusion. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    finding = queries.lock_finding(session, actor, finding_id)
    authorize(actor, Permission.AUDIT_MANAGE, finding)
    check_version(finding, expected_version)
    state = MACHINE.advance(finding.state, FindingVerb.CLOSE)
    with history.act(session, verb="finding.closed", actor=actor, now=now, subject=finding):
        finding.state = state
        finding.conclusion = text
        finding.closed_at = now
    return finding


def _add_reply(session: Session, actor: Actor, now: datetime, finding: Finding, text: str) -> None:
    if actor.user_id is None or actor.organisation_id is None:
        raise NotAllowed(Permission.FINDING_REPLY.value)
    session.add(
        FindingReply(
            finding_id=finding.id, author_id=actor.user_id, organisation_id=actor.organisation_id, text=text, written_at=now
        )
    )


def _tell_organisation(session: Session, finding: Finding, now: datetime, text: str) -> None:
    day = today(now)
    for user in members.users_with_role(session, Role.CLERK, Scope.ORGANISATION, finding.organisation_id, day):
        notices.queue_message(
            session, now=now, recipient_id=user.id, kind="finding", subject=_("An auditor asks your organisation"), text=text,
            target=Ref("finding", finding.id), url=f"/audit/findings/{finding.id}", urgent=True,
        )  # fmt: skip
