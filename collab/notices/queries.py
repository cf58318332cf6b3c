"""Reads of the outbox."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.notices.models import DeliveryAttempt, Message, MessageState, MutedKind, SunkMail

_NEWEST = (
    Key(Message.created_at, lambda row: row.created_at, descending=True),
    Key(Message.id, lambda row: row.id, descending=True),
)
_SUNK = (Key(SunkMail.id, lambda row: row.id, descending=True),)


def list_messages(session: Session, actor: Actor, cursor: str | None = None) -> Page[Message]:
    """Return a page of the person's messages, newest first; those with one-time links are never shown."""
    statement = sa.select(Message).where(Message.recipient_id == actor.user_id, Message.is_secret.is_(False))
    return keyset(session, statement, _NEWEST, cursor, scalars=True)


def count_unread(session: Session, actor: Actor) -> int:
    """Return how many messages the person has not read; served by a partial index."""
    unread = sa.and_(Message.recipient_id == actor.user_id, Message.read_at.is_(None), sa.not_(Message.is_secret))
    return session.scalar(sa.select(sa.func.count()).select_from(Message).where(unread)) or 0


def muted_kinds(session: Session, actor: Actor) -> set[str]:
    """Return the kinds that the person switched off by mail."""
    return set(session.scalars(sa.select(MutedKind.kind).where(MutedKind.user_id == actor.user_id)))


def list_dead(session: Session, size: int = 50) -> list[tuple[Message, str]]:
    """Return the messages that were given up, oldest first, each with the last answer."""
    last = (
        sa.select(DeliveryAttempt.answer)
        .where(DeliveryAttempt.message_id == Message.id)
        .order_by(DeliveryAttempt.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(Message, last).where(Message.state == MessageState.DEAD).order_by(Message.created_at).limit(size)
    )
    return [(message, answer or "") for message, answer in rows]


def oldest_waiting(session: Session, now: datetime) -> datetime | None:
    """Return since when the oldest message that should have left is waiting, None when none is."""
    waiting = sa.and_(Message.state.in_([MessageState.WAITING, MessageState.CLAIMED]), Message.next_attempt_at <= now)
    return session.scalar(sa.select(sa.func.min(Message.next_attempt_at)).where(waiting))


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many messages there are in each state."""
    return {
        state.value: count for state, count in session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state))
    }


def list_sunk(session: Session, cursor: str | None = None) -> Page[SunkMail]:
    """Return a page of the mails the local sink took, newest first."""
    return keyset(session, sa.select(SunkMail), _SUNK, cursor, scalars=True)


def get_sunk(session: Session, sunk_id: UUID) -> SunkMail:
    """Return one mail of the local sink; NotFound otherwise."""
    found = session.get(SunkMail, sunk_id)
    if found is None:
        raise NotFound("mail", sunk_id)
    return found
