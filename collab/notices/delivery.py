"""Delivers the outbox: claim a batch and commit, hand each mail over, record at once what became of it. Safe to run twice, late, or killed.

No row is locked and no transaction is open while the mail server is spoken to. A crash between the server's acceptance and our
commit repeats that one mail under the same Message-ID; nothing else is repeated. What a killed worker had claimed is its own until
its lease ends by the database's clock, the only one that all workers share; `rescue` then gives it back.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.db import Database, UtcDateTime
from collab.kernel.ids import new_id
from collab.kernel.jobs import LEASE
from collab.kernel.retry import back_off, patiently
from collab.members.models import User
from collab.notices import links
from collab.notices.digest import Entry, entries_of
from collab.notices.kinds import DIGEST, Mode, can_be_muted
from collab.notices.links import Purpose
from collab.notices.mail import DeliveryFailed, Letter, Post, write_mail
from collab.notices.models import DeliveryAttempt, Message, MessageState, NoticePreference
from collab.notices.queries import may_leave

logger = logging.getLogger(__name__)
_MESSAGE = cast(sa.Table, Message.__table__)
_ATTEMPT = cast(sa.Table, DeliveryAttempt.__table__)
BATCH = 50
MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=2)
SERVER_WAIT = timedelta(minutes=5)
#: So many lines lost in one batch mean that the server is not well: the rest of the batch is left for later.
MOST_LINES_LOST = 3
INTERRUPTED = "interrupted too often"


def claim(session: Session, now: datetime, size: int = BATCH, *, worker: str = "", urgent_only: bool = False) -> list[UUID]:
    """Claim up to ``size`` messages whose time has come for ``worker``, the urgent first, skipping those others hold; return the ids."""
    ready = [Message.state == MessageState.WAITING, Message.next_attempt_at <= now, may_leave()]
    order = (Message.is_urgent.desc(), Message.next_attempt_at, Message.id)
    chosen = (
        sa.select(Message.id)
        .where(*ready, *([Message.is_urgent] if urgent_only else []))
        .order_by(*order)
        .limit(size)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    claimed = (
        sa.update(Message)
        .where(Message.id == chosen.c.id)
        .values(
            state=MessageState.CLAIMED, claimed_by=worker, leased_until=sa.func.clock_timestamp() + LEASE, attempts=Message.attempts + 1
        )
        .returning(Message.id, Message.is_urgent, Message.next_attempt_at)
    )  # fmt: skip
    rows = session.execute(claimed.execution_options(synchronize_session=False)).all()
    return [row.id for row in sorted(rows, key=lambda row: (not row.is_urgent, row.next_attempt_at, row.id))]


def rescue(session: Session, *, now: datetime) -> int:
    """Give back what workers claimed and never settled; what was tried too often is given up. Returns how many."""
    stuck = sa.and_(Message.state == MessageState.CLAIMED, Message.leased_until < sa.func.clock_timestamp())
    chosen = sa.select(Message.id).where(stuck).with_for_update(skip_locked=True).cte("chosen")
    given_up = Message.attempts >= MOST_ATTEMPTS
    freed = (
        sa.update(Message)
        .where(Message.id == chosen.c.id)
        .values(
            state=sa.case((given_up, MessageState.DEAD.value), else_=MessageState.WAITING.value), claimed_by=None, leased_until=None,
            reason=sa.case((given_up, INTERRUPTED), else_=""),
        )
        .returning(Message.id, Message.state)
    )  # fmt: skip
    rows = session.execute(freed.execution_options(synchronize_session=False)).all()
    dead = [row.id for row in rows if row.state is MessageState.DEAD]
    session.add_all(DeliveryAttempt(message_id=key, tried_at=now, is_accepted=False, answer=INTERRUPTED) for key in dead)
    return len(rows)


@dataclass(frozen=True)
class _Ready:
    """A claimed message with what its delivery needs of the recipient; ``obstacle`` says why nothing can be mailed to them."""

    id: UUID
    attempts: int
    is_secret: bool
    is_muted: bool
    obstacle: str
    letter: Letter


@dataclass
class _Batch:
    """One batch under way, in the hands of ``worker``."""

    database: Database
    post: Post
    now: datetime
    sender: str
    base_url: str
    worker: str
    lines_lost: int = 0
    is_server_away: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str, number: int = 1) -> None:
        """Add to the counts of an outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + number

    @property
    def is_hopeless(self) -> bool:
        """Whether to go on makes sense."""
        return self.is_server_away or self.lines_lost >= MOST_LINES_LOST


def _never() -> bool:
    return False


def deliver_batch(
    database: Database, post: Post, now: datetime, *, sender: str, base_url: str, size: int = BATCH, urgent_only: bool = False,
    worker: str = "", stop: Callable[[], bool] = _never,
) -> dict[str, int]:  # fmt: skip
    """Claim one batch for ``worker`` and deliver it; return counts by outcome.

    When ``stop`` says so, or the server is not well, the mail under way is finished and the rest is given back ("released").
    """
    worker = worker or f"batch-{new_id()}"
    with database.unit_of_work() as session:
        rows = _load(session, claim(session, now, size, worker=worker, urgent_only=urgent_only))
    batch = _Batch(database, post, now, sender, base_url, worker)
    left = [row.id for row in rows]
    try:
        for row in rows:
            if batch.is_hopeless or stop():
                break
            batch.count(_deliver(batch, row))
            left.remove(row.id)
    finally:
        # Also when the database or the time limit ended the batch: what was not begun need not wait for the end of its lease.
        if left:
            batch.count("released", patiently(lambda: _release(batch, left)))
    return batch.counts


def _load(session: Session, keys: Sequence[UUID]) -> list[_Ready]:
    chosen = sa.and_(NoticePreference.user_id == Message.recipient_id, NoticePreference.kind == Message.kind)
    muted = sa.exists().where(chosen, NoticePreference.mode == Mode.OFF)
    statement = sa.select(Message, User, muted).join(User, User.id == Message.recipient_id).where(Message.id.in_(keys))
    rows = session.execute(statement).all()
    carried = entries_of(session, [message.id for message, _user, _muted in rows if message.kind == DIGEST])
    found = {message.id: _ready(message, user, is_muted, carried.get(message.id)) for message, user, is_muted in rows}
    return [found[key] for key in keys]


def _ready(message: Message, user: User, is_muted: bool, carried: tuple[list[Entry], int] | None) -> _Ready:
    may_mute = can_be_muted(message.kind)
    letter = Letter(
        mail_id=message.mail_id, address=user.email, name=user.name_en if user.locale == "en" else user.name_th, locale=user.locale,
        subject=message.subject, text=message.text, url=message.url, written_at=message.created_at, **_links_of(message, may_mute),
        entries=tuple(carried[0]) if carried else (), more=carried[1] - len(carried[0]) if carried else 0,
    )  # fmt: skip
    obstacle = "the account is disabled" if user.disabled_at is not None else "" if user.email else "no address"
    return _Ready(message.id, message.attempts, message.is_secret, is_muted and may_mute, obstacle, letter)


def _links_of(message: Message, may_mute: bool) -> dict[str, str]:
    """Return the signed links of a mail: to switch its kind off where that may be, to acknowledge what it reminds of."""
    until = message.created_at + links.LASTS
    found = {}
    if may_mute or message.kind == DIGEST:
        link = links.Link(message.recipient_id, message.kind, None, message.id, until)
        found["unsubscribe"] = links.path_to(Purpose.UNSUBSCRIBE, link)
    if message.kind == "reminder" and message.target_kind and message.target_id:
        link = links.Link(message.recipient_id, message.target_kind, message.target_id, message.id, until)
        found["acknowledge"] = links.path_to(Purpose.ACKNOWLEDGE, link)
    return found


def _deliver(batch: _Batch, row: _Ready) -> str:
    if row.obstacle:
        return _fail(batch, row, DeliveryFailed(row.obstacle, is_final=True))
    if row.is_muted:
        return _mark(batch, row, "muted", {"state": MessageState.MUTED})
    try:
        answer = batch.post.hand_over(write_mail(row.letter, batch.sender, batch.base_url))
    except DeliveryFailed as failure:
        return _fail(batch, row, failure)
    except Exception:  # one bad row must not stop the batch; its reason is in the log
        logger.exception("message not delivered", extra={"message_key": str(row.id)})
        return _fail(batch, row, DeliveryFailed("unforeseen error, see the log"))
    values: dict[str, Any] = {"state": MessageState.ACCEPTED, "accepted_at": batch.now}
    if row.is_secret:
        # The link has left; nobody who reads the table later may use it.
        values |= {"text": "", "url": ""}
    return _mark(batch, row, "accepted", values, answer=answer)


def _fail(batch: _Batch, row: _Ready, failure: DeliveryFailed) -> str:
    batch.lines_lost += failure.is_line_lost
    if failure.is_server_away:
        # Nobody's fault of this message: it waits for the server without using up its attempts.
        batch.is_server_away = True
        later = batch.now + back_off(1, row.id, first=SERVER_WAIT, longest=SERVER_WAIT)
        values = {"state": MessageState.WAITING, "next_attempt_at": later, "attempts": row.attempts - 1}
    elif failure.is_final or row.attempts >= MOST_ATTEMPTS:
        values = {"state": MessageState.DEAD, "reason": failure.reason[:300]}
    else:
        later = batch.now + back_off(row.attempts, row.id, first=FIRST_WAIT, longest=LONGEST_WAIT)
        values = {"state": MessageState.WAITING, "next_attempt_at": later}
    outcome = "dead" if values["state"] is MessageState.DEAD else "postponed"
    return _mark(batch, row, outcome, values, answer=failure.reason[:500], is_accepted=False)


def _mark(
    batch: _Batch, row: _Ready, outcome: str, values: dict[str, Any], *, answer: str | None = None, is_accepted: bool = True
) -> str:
    """Record what became of a message, if it is still this worker's; return ``outcome``, or "passed" when it is not."""
    mine = sa.update(_MESSAGE).where(_MESSAGE.c.id == row.id, _held_by(batch.worker))
    marked = mine.values(claimed_by=None, leased_until=None, **values).returning(_MESSAGE.c.id)
    statement: sa.Executable = marked
    if answer is not None:
        # One statement for both, because this is done once a mail.
        done = marked.cte("marked")
        told = [
            sa.literal(new_id(), sa.Uuid()),
            done.c.id,
            sa.literal(batch.now, UtcDateTime),
            sa.literal(is_accepted),
            sa.literal(answer),
        ]
        columns = ["id", "message_id", "tried_at", "is_accepted", "answer"]
        statement = sa.insert(_ATTEMPT).from_select(columns, sa.select(*told)).returning(_ATTEMPT.c.id)

    def record() -> bool:
        with batch.database.unit_of_work() as session:
            return session.connection().execute(statement).first() is not None

    return outcome if patiently(record) else "passed"


def _release(batch: _Batch, keys: list[UUID]) -> int:
    """Give claimed messages back as if they had not been claimed."""
    with batch.database.unit_of_work() as session:
        mine = sa.update(Message).where(Message.id.in_(keys), _held_by(batch.worker))
        freed = mine.values(state=MessageState.WAITING, claimed_by=None, leased_until=None, attempts=Message.attempts - 1)
        rows = session.execute(freed.returning(Message.id).execution_options(synchronize_session=False))
        return len(rows.all())


def _held_by(worker: str) -> sa.ColumnElement[bool]:
    return sa.and_(Message.state == MessageState.CLAIMED, Message.claimed_by == worker)
