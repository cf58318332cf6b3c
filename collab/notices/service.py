"""Putting messages into the outbox, reading them, muting kinds, sending dead ones again."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.targets import Ref
from collab.notices.models import Message, MessageState, MutedKind

#: Messages that are not urgent wait this long, so that several changes in ten minutes are told in one mail.
GATHERING = timedelta(minutes=10)
LONGEST_SUBJECT = 200


def queue_message(session: Session, *, now: datetime, recipient_id: UUID, kind: str, subject: str, text: str,
                  target: Ref | None = None, url: str = "", dedupe_key: str | None = None, urgent: bool = False,
                  secret: bool = False) -> UUID | None:  # fmt: skip
    """Put a message to ``recipient_id`` into the outbox, within the caller's transaction.

    A non-urgent message joins one of the same kind about the same object that still gathers. Returns the message's id, or None
    when ``dedupe_key`` was used before: then it has been said already.
    """
    if not urgent and not secret and target is not None:
        joined = _join(session, recipient_id, kind, target, text, now)
        if joined is not None:
            return joined
    key = new_id()
    statement = (
        postgresql.insert(Message)
        .values(
            id=key, recipient_id=recipient_id, kind=kind, subject=subject[:LONGEST_SUBJECT], text=text, url=url,
            target_kind=target.kind if target else None, target_id=target.id if target else None, is_urgent=urgent,
            is_secret=secret, dedupe_key=dedupe_key, mail_id=f"<{key}@collab>", state=MessageState.WAITING, created_at=now,
            next_attempt_at=now if urgent or secret else now + GATHERING, attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Message.id)
    )  # fmt: skip
    made = session.execute(statement).scalar_one_or_none()
    if made is not None and (urgent or secret):
        enqueue_after_commit(session, Job.NOTICES_DELIVER)
    return made


def _join(session: Session, recipient_id: UUID, kind: str, target: Ref, text: str, now: datetime) -> UUID | None:
    gathering = session.scalars(
        sa.select(Message)
        .where(
            Message.recipient_id == recipient_id, Message.kind == kind, Message.target_id == target.id,
            Message.state == MessageState.WAITING, Message.attempts == 0, Message.is_urgent.is_(False),
            Message.next_attempt_at > now, Message.read_at.is_(None),
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()  # fmt: skip
    if gathering is None:
        return None
    if text not in gathering.text.split("\n\n"):
        gathering.text = f"{gathering.text}\n\n{text}"
    return gathering.id


def mark_read(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> Message:
    """Mark one of the person's own messages as read. Raises NotFound for another's."""
    found = session.scalars(
        sa.select(Message).where(Message.id == message_id, Message.recipient_id == actor.user_id, Message.is_secret.is_(False))
    ).one_or_none()
    if found is None:
        raise NotFound("message", message_id)
    found.read_at = found.read_at or now
    return found


def mark_all_read(session: Session, *, actor: Actor, now: datetime) -> None:
    """Mark all of the person's messages as read."""
    unread = sa.and_(Message.recipient_id == actor.user_id, Message.read_at.is_(None))
    session.execute(sa.update(Message).where(unread).values(read_at=now))


def set_muted(session: Session, *, actor: Actor, kinds: set[str]) -> None:
    """Mute exactly ``kinds`` by mail for the person."""
    session.execute(sa.delete(MutedKind).where(MutedKind.user_id == actor.user_id))
    if kinds and actor.user_id is not None:
        session.execute(sa.insert(MutedKind), [{"user_id": actor.user_id, "kind": kind} for kind in sorted(kinds)])


def send_again(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> None:
    """Give a dead message a new round of attempts. Raises NotAllowed, NotFound, StateConflict when it is not dead."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    found = session.get(Message, message_id, with_for_update=True)
    if found is None:
        raise NotFound("message", message_id)
    if found.state is not MessageState.DEAD:
        raise StateConflict(_("Only a message that was given up can be sent again."))
    found.state, found.attempts, found.next_attempt_at = MessageState.WAITING, 0, now
    enqueue_after_commit(session, Job.NOTICES_DELIVER)
