"""Reads of the outbox."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.kernel.targets import Ref
from collab.members.address_queries import flagged_people
from collab.notices.kinds import DIGEST, KINDS, Mode
from collab.notices.models import DeliveryAttempt, MailReport, Message, MessageState, MutedTarget, NoticePreference, SunkMail

_NEWEST = (
    Key(Message.created_at, lambda row: row.created_at, descending=True),
    Key(Message.id, lambda row: row.id, descending=True),
)
_message = Message.__table__.c
#: On every page, so it is put together once.
_UNREAD = (
    sa.select(sa.func.count())
    .select_from(Message.__table__)
    .where(
        _message.recipient_id == sa.bindparam("recipient_id", type_=sa.Uuid()),
        _message.read_at.is_(None),
        sa.not_(_message.is_secret),
        _message.kind != DIGEST,
    )
)
_REPORTS = (
    Key(MailReport.received_at, lambda row: row.received_at, descending=True),
    Key(MailReport.id, lambda row: row.id, descending=True),
)
_SUNK = (Key(SunkMail.id, lambda row: row.id, descending=True),)


def list_messages(
    session: Session, actor: Actor, cursor: str | None = None, *, kind: str = "", unread_only: bool = False
) -> Page[Message]:
    """Return a page of the person's messages, newest first, of one kind or all; those with one-time links are never shown."""
    statement = sa.select(Message).where(Message.recipient_id == actor.user_id, _shown())
    if kind:
        statement = statement.where(Message.kind == kind)
    if unread_only:
        statement = statement.where(Message.read_at.is_(None))
    return keyset(session, statement, _NEWEST, cursor, scalars=True)


def _shown() -> sa.ColumnElement[bool]:
    return sa.and_(Message.is_secret.is_(False), Message.kind != DIGEST)


def count_unread(session: Session, actor: Actor) -> int:
    """Return how many messages the person has not read; served by a partial index."""
    count: int = session.connection().execute(_UNREAD, {"recipient_id": actor.user_id}).scalar_one()
    return count


def preferences(session: Session, actor: Actor) -> dict[str, Mode]:
    """Return how the person wants mail of each kind: what was chosen, else gathered."""
    rows = session.execute(
        sa.select(NoticePreference.kind, NoticePreference.mode).where(NoticePreference.user_id == actor.user_id)
    )
    return dict.fromkeys(KINDS, Mode.DIGEST) | {kind: mode for kind, mode in rows if kind in KINDS}


def muted_targets(session: Session, actor: Actor) -> list[Ref]:
    """Return the objects of which the person wants no mail, the last one first."""
    rows = session.scalars(
        sa.select(MutedTarget).where(MutedTarget.user_id == actor.user_id).order_by(MutedTarget.muted_at.desc()).limit(200)
    )
    return [Ref(row.target_kind, row.target_id) for row in rows]


def may_leave() -> sa.ColumnElement[bool]:
    """Return the condition that a message may be mailed: mail to its recipient did not come back.

    A one-time link is mailed all the same: somebody asks for it at this moment, and it stands nowhere else.
    """
    return sa.or_(Message.is_secret, Message.recipient_id.not_in(flagged_people()))


def list_reports(session: Session, cursor: str | None = None) -> Page[MailReport]:
    """Return a page of the reports about mail of ours, newest first."""
    return keyset(session, sa.select(MailReport), _REPORTS, cursor, scalars=True)


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
    ready = sa.and_(Message.state.in_([MessageState.WAITING, MessageState.CLAIMED]), Message.next_attempt_at <= now)
    waiting = sa.and_(ready, may_leave())
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
