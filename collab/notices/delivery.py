"""Delivers the outbox: claim a batch, hand each mail over, record what became of it. Safe to run twice, late, or killed.

A crash between the server's acceptance and our commit repeats that mail under the same Message-ID; nothing else is repeated.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.db import Database
from collab.members.models import User
from collab.notices.kinds import can_be_muted
from collab.notices.mail import DeliveryFailed, Letter, Post, write_mail
from collab.notices.models import DeliveryAttempt, Message, MessageState, MutedKind

PostFor = Callable[[Session], Post]

logger = logging.getLogger(__name__)
BATCH = 50
MOST_ATTEMPTS = 8
#: A claim older than this belongs to a worker that is gone.
CLAIM_LASTS = timedelta(minutes=15)
FIRST_WAIT = timedelta(minutes=1)
SERVER_WAIT = timedelta(minutes=5)


def claim(session: Session, now: datetime, size: int = BATCH) -> list[UUID]:
    """Claim up to ``size`` messages whose time has come, the urgent first, skipping those another worker holds; return their ids."""
    ready = sa.or_(
        sa.and_(Message.state == MessageState.WAITING, Message.next_attempt_at <= now),
        sa.and_(Message.state == MessageState.CLAIMED, Message.claimed_at < now - CLAIM_LASTS),
    )
    rows = session.scalars(
        sa.select(Message)
        .where(ready)
        .order_by(Message.is_urgent.desc(), Message.next_attempt_at, Message.id)
        .limit(size)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state, row.claimed_at = MessageState.CLAIMED, now
    return [row.id for row in rows]


def deliver_batch(
    database: Database, post_for: PostFor, now: datetime, *, sender: str, base_url: str, size: int = BATCH
) -> dict[str, int]:
    """Claim one batch and deliver it, each message in a transaction of its own; return counts by outcome."""
    with database.unit_of_work() as session:
        keys = claim(session, now, size)
    counts: dict[str, int] = {}
    for key in keys:
        try:
            with database.unit_of_work() as session:
                outcome = _deliver(session, post_for(session), key, now, sender, base_url)
        except Exception:  # one bad row must not stop the batch; its claim runs out and it is tried again
            logger.exception("message not delivered", extra={"message_key": str(key)})
            outcome = _note_error(database, key, now)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _note_error(database: Database, key: UUID, now: datetime) -> str:
    """Count what nobody foresaw as a failed attempt, so that it is not tried for ever; its reason is in the log."""
    with database.unit_of_work() as session:
        message = session.get(Message, key, with_for_update=True)
        if message is None or message.state is not MessageState.CLAIMED:
            return "passed"
        return _postpone(session, message, now, DeliveryFailed("unforeseen error, see the log"))


def _deliver(session: Session, post: Post, key: UUID, now: datetime, sender: str, base_url: str) -> str:
    message = session.get(Message, key, with_for_update=True)
    if message is None or message.state is not MessageState.CLAIMED:
        return "passed"
    user = session.get_one(User, message.recipient_id)
    if user.disabled_at is not None:
        return _give_up(session, message, now, "the account is disabled")
    if not user.email:
        return _give_up(session, message, now, "no address")
    if can_be_muted(message.kind) and session.get(MutedKind, (user.id, message.kind)) is not None:
        message.state = MessageState.MUTED
        return "muted"
    mail = write_mail(_letter(message, user), sender, base_url)
    try:
        answer = post.hand_over(mail)
    except DeliveryFailed as failure:
        return _postpone(session, message, now, failure)
    session.add(DeliveryAttempt(message_id=key, tried_at=now, is_accepted=True, answer=answer))
    message.state, message.accepted_at, message.attempts = MessageState.ACCEPTED, now, message.attempts + 1
    if message.is_secret:
        # The link has left; nobody who reads the table later may use it.
        message.text = message.url = ""
    return "accepted"


def _letter(message: Message, user: User) -> Letter:
    return Letter(
        mail_id=message.mail_id, address=user.email, name=user.name_en if user.locale == "en" else user.name_th, locale=user.locale,
        subject=message.subject, text=message.text, url=message.url, written_at=message.created_at, may_mute=can_be_muted(message.kind),
    )  # fmt: skip


def _postpone(session: Session, message: Message, now: datetime, failure: DeliveryFailed) -> str:
    session.add(DeliveryAttempt(message_id=message.id, tried_at=now, is_accepted=False, answer=failure.reason[:500]))
    if failure.is_server_away:
        # Nobody's fault of this message: it waits for the server without using up its attempts.
        message.state, message.next_attempt_at = MessageState.WAITING, now + SERVER_WAIT
        return "postponed"
    message.attempts += 1
    if failure.is_final or message.attempts >= MOST_ATTEMPTS:
        message.state = MessageState.DEAD
        return "dead"
    message.state, message.next_attempt_at = MessageState.WAITING, now + FIRST_WAIT * 2 ** (message.attempts - 1)
    return "postponed"


def _give_up(session: Session, message: Message, now: datetime, reason: str) -> str:
    session.add(DeliveryAttempt(message_id=message.id, tried_at=now, is_accepted=False, answer=reason))
    message.state = MessageState.DEAD
    return "dead"
