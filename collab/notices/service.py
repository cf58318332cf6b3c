"""Putting messages into the outbox, reading them, muting kinds, sending dead ones again."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.targets import Ref
from collab.notices.kinds import KINDS, Mode, modes_of
from collab.notices.links import Link
from collab.notices.models import Message, MessageState, MutedTarget, NoticePreference
from collab.notices.outbox import Draft, queue_messages
from collab.notices.rules import Haste


def queue_message(session: Session, *, now: datetime, recipient_id: UUID, kind: str, subject: str, text: str,
                  target: Ref | None = None, url: str = "", dedupe_key: str | None = None, urgent: bool = False,
                  bundle: bool = False, secret: bool = False, because: str = "") -> UUID | None:  # fmt: skip
    """Put a message to ``recipient_id`` into the outbox, within the caller's transaction.

    It is mailed as the person chose: by default within the next digest; ``urgent`` at once; ``bundle`` within ten minutes together
    with others of that haste, while offices are open. A message joins one of the same kind about the same object of the last ten
    minutes that has not left; one that is urgent waits for the end of these ten minutes when another has left. Returns the
    message's id, or None when ``dedupe_key`` was used before: then it has been said already.
    """
    haste = Haste.AT_ONCE if urgent or secret else Haste.BUNDLED if bundle else Haste.GATHERED
    draft = Draft(recipient_id, kind, subject, text, target, url, dedupe_key, haste, secret, because)
    (key,) = queue_messages(session, now=now, drafts=[draft])
    return key


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
