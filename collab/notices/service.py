"""Putting messages into the outbox, reading them, muting kinds, sending dead ones again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.targets import Ref
from collab.notices import rules
from collab.notices.kinds import KINDS, Mode, modes_of
from collab.notices.links import Link
from collab.notices.models import Message, MessageKey, MessageState, MutedTarget, NoticePreference
from collab.notices.rules import Haste

LONGEST_SUBJECT = 200
#: No run of closed days is longer: mail is put off to the first working day within so many days.
LOOK_AHEAD = timedelta(days=45)


def queue_message(session: Session, *, now: datetime, recipient_id: UUID, kind: str, subject: str, text: str,
                  target: Ref | None = None, url: str = "", dedupe_key: str | None = None, urgent: bool = False,
                  bundle: bool = False, secret: bool = False) -> UUID | None:  # fmt: skip
    """Put a message to ``recipient_id`` into the outbox, within the caller's transaction.

    It is mailed as the person chose: by default within the next digest; ``urgent`` at once; ``bundle`` within ten minutes together
    with others of that haste, while offices are open. A message joins one of the same kind about the same object of the last ten
    minutes that has not left; one that is urgent waits for the end of these ten minutes when another has left. Returns the message's id, or None when ``dedupe_key`` was used before: then it has been said already.
    """
    haste = Haste.AT_ONCE if urgent or secret else Haste.BUNDLED if bundle else Haste.GATHERED
    gathering = None if secret or target is None else _gathering(session, recipient_id, kind, target, haste, now)
    key = gathering.id if gathering is not None else new_id()
    if dedupe_key is not None and not _first_time(session, dedupe_key, key):
        return None
    if gathering is not None:
        if text not in gathering.text.split("\n\n"):
            gathering.text = f"{gathering.text}\n\n{text}"
        return key
    state, mailed_at = _mail_of(session, recipient_id, kind, target, haste, now)
    session.execute(
        sa.insert(Message).values(
            id=key, recipient_id=recipient_id, kind=kind, subject=subject[:LONGEST_SUBJECT], text=text, url=url,
            target_kind=target.kind if target else None, target_id=target.id if target else None,
            is_urgent=haste is not Haste.GATHERED, is_secret=secret, mail_id=mail_id(key), state=state, created_at=now,
            next_attempt_at=mailed_at, attempts=0,
        )
    )  # fmt: skip
    if state is MessageState.WAITING and mailed_at <= now:
        enqueue_after_commit(session, Job.NOTICES_DELIVER_URGENT)
    return key


def _mail_of(
    session: Session, recipient_id: UUID, kind: str, target: Ref | None, haste: Haste, now: datetime
) -> tuple[MessageState, datetime]:
    """Return with which state a message begins, and when it is mailed, as the person chose."""
    own = sa.and_(NoticePreference.user_id == recipient_id, NoticePreference.kind == kind)
    muted = sa.exists().where(MutedTarget.user_id == recipient_id, MutedTarget.target_id == (target.id if target else None))
    chosen, is_muted = session.execute(sa.select(sa.select(NoticePreference.mode).where(own).scalar_subquery(), muted)).one()
    mode = rules.mode_for(kind, chosen, haste, is_target_muted=is_muted)
    if mode is Mode.OFF:
        return MessageState.MUTED, now
    if haste is Haste.AT_ONCE:
        return MessageState.WAITING, _calmly(session, recipient_id, kind, target, now)
    day = today(now)
    closed = calendar.closed_days(session, day, day + LOOK_AHEAD)
    state = MessageState.HELD if mode is Mode.DIGEST else MessageState.WAITING
    return state, rules.mailed_at(mode, haste, now, closed)


def _calmly(session: Session, recipient_id: UUID, kind: str, target: Ref | None, now: datetime) -> datetime:
    """Return when something urgent is mailed: now, but ten minutes after the last of its kind about the same object."""
    if target is None:
        return now
    same = sa.and_(Message.recipient_id == recipient_id, Message.kind == kind, Message.target_id == target.id, Message.is_urgent)
    told = sa.and_(Message.state != MessageState.MUTED, Message.created_at > now - rules.GATHERING)
    last = session.scalar(sa.select(sa.func.max(Message.created_at)).where(same, told))
    return last + rules.GATHERING if last is not None else now


def mail_id(key: UUID) -> str:
    """Return the Message-ID of the message ``key``: the same at every attempt, from whatever worker."""
    return f"<{key}@collab>"


def _first_time(session: Session, dedupe_key: str, message_id: UUID) -> bool:
    """Take ``dedupe_key``; of several transactions that take it at once, one succeeds."""
    statement = postgresql.insert(MessageKey).values(key=dedupe_key, message_id=message_id)
    taken = session.execute(statement.on_conflict_do_nothing(index_elements=["key"]).returning(MessageKey.key))
    return taken.scalar_one_or_none() is not None


def _gathering(session: Session, recipient_id: UUID, kind: str, target: Ref, haste: Haste, now: datetime) -> Message | None:
    """Return, locked, the message that still gathers what happens to ``target``; what is urgent joins no digest."""
    states = [MessageState.WAITING] if haste is Haste.AT_ONCE else [MessageState.HELD, MessageState.WAITING, MessageState.MUTED]
    return session.scalars(
        sa.select(Message)
        .where(
            Message.recipient_id == recipient_id, Message.kind == kind, Message.target_id == target.id,
            Message.state.in_(states), Message.attempts == 0,
            Message.created_at > now - rules.GATHERING, Message.read_at.is_(None), Message.is_secret.is_(False),
            sa.or_(Message.state != MessageState.WAITING, Message.next_attempt_at > now),
        )
        .order_by(Message.created_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()  # fmt: skip


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


def set_preferences(session: Session, *, actor: Actor, modes: Mapping[str, Mode]) -> None:
    """Choose for the person how mail of each kind in ``modes`` comes. Raises InvalidInput where that may not be chosen."""
    faults = {kind: _("Choose one of the ways in the list.") for kind, mode in modes.items() if mode not in modes_of(kind)}
    if faults or not set(modes) <= set(KINDS):
        raise InvalidInput(faults)
    if actor.user_id is None:
        return
    statement = postgresql.insert(NoticePreference)
    for kind, mode in sorted(modes.items()):
        values = statement.values(user_id=actor.user_id, kind=kind, mode=mode)
        session.execute(values.on_conflict_do_update(index_elements=["user_id", "kind"], set_={"mode": mode.value}))


def unsubscribe(session: Session, *, link: Link) -> None:
    """Switch off by mail what the person's link names: one kind, or from a digest every kind that may be switched off."""
    kinds = [link.kind] if link.kind in KINDS else list(KINDS)
    modes = {kind: Mode.OFF for kind in kinds if Mode.OFF in modes_of(kind)}
    set_preferences(session, actor=Actor(user_id=link.user_id, kind="link"), modes=modes)


def mute_target(session: Session, *, actor: Actor, now: datetime, target: Ref, mute: bool) -> None:
    """Want no mail about ``target`` any more, or want it again. What follows from a duty by law still comes."""
    if not mute:
        session.execute(sa.delete(MutedTarget).where(MutedTarget.user_id == actor.user_id, MutedTarget.target_id == target.id))
        return
    values = {"user_id": actor.user_id, "target_id": target.id, "target_kind": target.kind, "muted_at": now}
    session.execute(postgresql.insert(MutedTarget).values(values).on_conflict_do_nothing())


def send_again(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> None:
    """Give a dead message a new round of attempts. Raises NotAllowed, NotFound, StateConflict when it is not dead."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    found = session.get(Message, message_id, with_for_update=True)
    if found is None:
        raise NotFound("message", message_id)
    if found.state is not MessageState.DEAD:
        raise StateConflict(_("Only a message that was given up can be sent again."))
    found.state, found.attempts, found.next_attempt_at, found.reason = MessageState.WAITING, 0, now, ""
    enqueue_after_commit(session, Job.NOTICES_DELIVER)


def send_all_again(session: Session, *, actor: Actor, now: datetime, reason: str) -> int:
    """Give every message that was given up for ``reason`` a new round of attempts; return how many. Raises NotAllowed."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    given_up = sa.and_(Message.state == MessageState.DEAD, Message.reason == reason)
    again = {"state": MessageState.WAITING, "attempts": 0, "reason": "", "next_attempt_at": now}
    rows = session.execute(sa.update(Message).where(given_up).values(again).returning(Message.id)).all()
    if rows:
        enqueue_after_commit(session, Job.NOTICES_DELIVER)
    return len(rows)
