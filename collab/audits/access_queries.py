"""Reads of mandates, of what auditors read and took away, and of private notes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits.models import AuditAccess, AuditNote, AuditReading
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.members.models import User


def visible_access(actor: Actor) -> sa.Select[AuditAccess]:
    """Return the mandates that ``actor`` may see: whoever is audited may know by whom, on which letter and until when."""
    statement = sa.select(AuditAccess)
    if any(actor.everywhere(role) for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR)):
        return statement
    committees = (
        actor.committee_ids | actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.AUDITOR, Scope.COMMITTEE)
    )
    everywhere = AuditAccess.committee_id.is_(None)
    return statement.where(sa.or_(everywhere, AuditAccess.committee_id.in_(committees), AuditAccess.auditor_id == actor.user_id))


def get_access(session: Session, actor: Actor, access_id: UUID) -> AuditAccess:
    """Return the mandate; raise NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_access(actor).where(AuditAccess.id == access_id)).one_or_none()
    if found is None:
        raise NotFound("audit_access", access_id)
    return found


def list_access(session: Session, actor: Actor, cursor: str | None = None) -> Page[AuditAccess]:
    """Return a page of the mandates that ``actor`` may see, the last to end first."""
    keys = (
        Key(AuditAccess.valid_to, lambda row: row.valid_to, descending=True),
        Key(AuditAccess.id, lambda row: row.id, descending=True),
    )
    return keyset(session, visible_access(actor), keys, cursor, scalars=True)


def access_by_ids(session: Session, keys: Sequence[UUID]) -> list[AuditAccess]:
    """Return the mandates with these ids, whoever asks."""
    return list(session.scalars(sa.select(AuditAccess).where(AuditAccess.id.in_(keys))))


def state_of(access: AuditAccess, day: date) -> str:
    """Return how a mandate stands on ``day``: upcoming, running, ended (taken back) or over (its last day is past)."""
    if access.ended_at is not None:
        return "ended"
    if day < access.valid_from:
        return "upcoming"
    return "running" if day <= access.valid_to else "over"


def list_readings(session: Session, auditor_id: UUID, cursor: str | None = None) -> Page[AuditReading]:
    """Return a page of what one auditor read and took away, newest first."""
    keys = (Key(AuditReading.id, lambda row: row.id, descending=True),)
    return keyset(session, sa.select(AuditReading).where(AuditReading.auditor_id == auditor_id), keys, cursor, scalars=True)


def readings_by_ids(session: Session, keys: Sequence[UUID]) -> list[AuditReading]:
    """Return the records of reading with these ids, whoever asks."""
    return list(session.scalars(sa.select(AuditReading).where(AuditReading.id.in_(keys))))


def notes_on(session: Session, actor: Actor, target_id: UUID) -> list[AuditNote]:
    """Return the actor's own notes on an object, oldest first; never another's."""
    row = AuditNote
    mine = sa.select(row).where(row.target_id == target_id, row.auditor_id == actor.user_id, row.removed_at.is_(None))
    return list(session.scalars(mine.order_by(row.id)))


def notes_by_ids(session: Session, keys: Sequence[UUID]) -> list[AuditNote]:
    """Return the notes with these ids, whoever asks; their texts are shown to nobody but their author."""
    return list(session.scalars(sa.select(AuditNote).where(AuditNote.id.in_(keys))))


def possible_auditors(session: Session) -> list[User]:
    """Return the people to whom access can be granted: those who are not disabled, by address."""
    return list(session.scalars(sa.select(User).where(User.disabled_at.is_(None)).order_by(User.email)))
