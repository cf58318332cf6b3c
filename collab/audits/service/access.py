"""Access for a period: granted, ended early, ended by itself; and the record of what was read and taken away under it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.audits.models import AuditAccess, AuditReading
from collab.audits.models.access import Reading
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.service import people
from collab.notices import service as notices

#: An audit that takes longer asks again, with a new letter.
LONGEST = timedelta(days=366)
READING_LOCK = 72_61_21


@dataclass(frozen=True)
class Mandate:
    """What is granted: to whom, for which committee (None: all), on which letter, why, from a day to a day (both included)."""

    auditor_id: UUID
    committee_id: UUID | None
    reference: str
    purpose: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Place:
    """The committee concerned, as the predicates of access look for it; None: the installation."""

    committee_id: UUID | None


def grant_access(session: Session, *, actor: Actor, now: datetime, mandate: Mandate) -> AuditAccess:
    """Give a person the role of an auditor for a period and record the mandate; it ends by itself after its last day.

    An administrator grants anywhere, a coordinator in their committee, nobody to themselves. Raises NotAllowed, NotFound, InvalidInput.
    """
    authorize(actor, Permission.AUDIT_GRANT, Place(mandate.committee_id))
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_GRANT.value)
    _check(actor, mandate, today(now))
    user = members.get_user(session, mandate.auditor_id)
    scope = Scope.COMMITTEE if mandate.committee_id else Scope.INSTALLATION
    role = people.enter_role(
        session, actor=actor, now=now, user=user, role=Role.AUDITOR, scope=scope, scope_id=mandate.committee_id,
        valid_from=mandate.valid_from, valid_to=mandate.valid_to,
    )  # fmt: skip
    access = AuditAccess(
        id=new_id(), auditor_id=user.id, committee_id=mandate.committee_id, role_assignment_id=role.id, reference=mandate.reference,
        purpose=mandate.purpose, valid_from=mandate.valid_from, valid_to=mandate.valid_to, granted_by_id=actor.user_id, granted_at=now,
    )  # fmt: skip
    with history.act(session, verb="audit_access.granted", actor=actor, now=now, subject=access, reason=mandate.purpose):
        session.add(access)
    notices.queue_message(
        session, now=now, recipient_id=user.id, kind="audit_access", subject=_("You were given access as an auditor"), text=mandate.purpose,
        target=Ref("audit_access", access.id), url="/audit",
    )  # fmt: skip
    return access


def _check(actor: Actor, mandate: Mandate, day: date) -> None:
    faults = {}
    if mandate.auditor_id == actor.user_id:
        faults["auditor_id"] = _("Nobody grants access to themselves.")
    if mandate.valid_to < mandate.valid_from:
        faults["valid_to"] = _("The last day comes before the first one.")
    elif mandate.valid_to - mandate.valid_from > LONGEST:
        faults["valid_to"] = _("Grant at most one year; a longer audit asks again.")
    if mandate.valid_from < day:
        faults["valid_from"] = _("Choose today or a later day.")
    if faults:
        raise InvalidInput(faults)


def end_access(
    session: Session, *, actor: Actor, now: datetime, access_id: UUID, reason: str, expected_version: int | None
) -> AuditAccess:
    """Take access back before its last day, with a reason. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    access = session.scalars(
        sa.select(AuditAccess).where(AuditAccess.id == access_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if access is None:
        raise NotFound("audit_access", access_id)
    authorize(actor, Permission.AUDIT_GRANT, Place(access.committee_id))
    check_version(access, expected_version)
    if access.ended_at is not None or access.valid_to < today(now):
        raise StateConflict(_("This access has ended already."))
    people.take_role(session, actor=actor, now=now, assignment_id=access.role_assignment_id, reason=reason)
    with history.act(session, verb="audit_access.ended", actor=actor, now=now, subject=access, reason=reason):
        access.ended_at = now
    return access


def record_reading(session: Session, *, actor: Actor, now: datetime, target: Ref) -> None:
    """Record that ``actor`` was shown ``target``, once a day; of two requests at once the first records it."""
    if actor.user_id is None:
        return
    row = AuditReading
    known = sa.select(row.id).where(
        row.auditor_id == actor.user_id, row.target_id == target.id, row.read_on == today(now), row.action == Reading.READ
    )
    if session.scalars(known).first() is not None:
        return
    session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"{actor.user_id}{target.id}", READING_LOCK)))
    )
    if session.scalars(known).first() is not None:
        return
    made = AuditReading(
        id=new_id(),
        auditor_id=actor.user_id,
        action=Reading.READ,
        target_kind=target.kind,
        target_id=target.id,
        read_on=today(now),
    )
    with history.act(session, verb="audit.read", actor=actor, now=now, subject=made):
        session.add(made)


def record_export(
    session: Session, *, actor: Actor, now: datetime, target: Ref | None, query: str, count: int | None, sha256: str
) -> None:
    """Record that ``actor`` took a file away: of what, asked for where, how many rows (None: unknown), and the file's fingerprint."""
    if actor.user_id is None:
        raise NotAllowed(Permission.HISTORY_VIEW.value)
    made = AuditReading(
        id=new_id(), auditor_id=actor.user_id, action=Reading.EXPORTED, target_kind=target.kind if target else None,
        target_id=target.id if target else None, read_on=today(now), query=query, count=count, sha256=sha256,
    )  # fmt: skip
    with history.act(session, verb="audit.exported", actor=actor, now=now, subject=made):
        session.add(made)
