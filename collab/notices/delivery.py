"""Delivers the outbox: claim a batch and commit, hand each mail over, record what became of it. Safe to run twice, late, or killed.

No row is locked and no transaction is open while the mail server is spoken to. What became of mails is recorded a few at a time
(`books.py`), so that a crash repeats the few whose record was not committed yet, under the same Message-ID; nothing else is repeated. What a killed worker had claimed is its own until its lease ends by the database's clock, the only one that all
workers share; `rescue` then gives it back.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.db import Database
from collab.kernel.i18n import speaking
from collab.kernel.ids import new_id
from collab.kernel.jobs import LEASE
from collab.kernel.retry import back_off, patiently
from collab.members import queries as members
from collab.members.models import User
from collab.notices import links, quiet
from collab.notices.books import Books, Mark
from collab.notices.digest import groups_of
from collab.notices.kinds import DIGEST, Mode, because_of, call_of, can_be_muted
from collab.notices.letter import Group, Letter
from collab.notices.links import Purpose
from collab.notices.mail import DeliveryFailed, Post, write_mail
from collab.notices.models import DeliveryAttempt, Message, MessageState, NoticePreference
from collab.notices.queries import may_leave

logger = logging.getLogger(__name__)
BATCH = 200
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
    """One batch under way."""

    post: Post
    now: datetime
    sender: str
    base_url: str
    lines_lost: int = 0
    is_server_away: bool = False

    @property
    def is_hopeless(self) -> bool:
        """Whether the server is not well, so that the rest is left for later."""
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
        quiet.put_off(session, now)
        rows = load(session, claim(session, now, size, worker=worker, urgent_only=urgent_only))
    books = Books(database, now, worker)
    try:
        _send(_Batch(post, now, sender, base_url), books, rows, stop)
    finally:
        try:
            books.close()
        finally:
            # Also when the database or the time limit ended the batch: what was not begun need not wait for the end of its lease.
            if rows:
                books.counts["released"] = patiently(lambda: _release(database, worker, [row.id for row in rows]))
    return books.counts


def _send(batch: _Batch, books: Books, rows: deque[_Ready], stop: Callable[[], bool]) -> None:
    """Hand over one after the other, and take from ``rows`` what is done with; leave the rest when ``stop`` says so."""
    while rows and not batch.is_hopeless and not stop():
        mark = _deliver(batch, rows[0], books.meanwhile)
        rows.popleft()
        books.enter(mark)


def load(session: Session, keys: Sequence[UUID]) -> deque[_Ready]:
    """Return the messages ``keys``, in that order, with all that their mails need; three queries, one more where a digest is there."""
    chosen = sa.and_(NoticePreference.user_id == Message.recipient_id, NoticePreference.kind == Message.kind)
    muted = sa.exists().where(chosen, NoticePreference.mode == Mode.OFF)
    statement = sa.select(*_OF_MESSAGE, *_OF_USER, muted.label("is_muted")).join(User, User.id == Message.recipient_id)
    rows = session.execute(statement.where(Message.id.in_(keys))).all()
    digests = {row.id: row.locale for row in rows if row.kind == DIGEST}
    carried = groups_of(session, digests) if digests else {}
    agencies = members.agency_names(session) if rows else {}
    found = {row.id: _ready(row, carried.get(row.id, ()), agencies.get(row.locale, "")) for row in rows}
    return deque(found[key] for key in keys)


_OF_MESSAGE = (
    Message.id, Message.recipient_id, Message.kind, Message.subject, Message.text, Message.url, Message.target_kind,
    Message.target_id, Message.mail_id, Message.is_secret, Message.created_at, Message.attempts, Message.because,
)  # fmt: skip
_OF_USER = (User.email, User.name_th, User.name_en, User.locale, User.disabled_at)


def _ready(row: Any, groups: tuple[Group, ...], agency: str) -> _Ready:
    may_mute = can_be_muted(row.kind)
    with speaking(row.locale):
        because, call = row.because or because_of(row.kind), call_of(row.kind)
    letter = Letter(
        mail_id=row.mail_id, address=row.email, name=row.name_en if row.locale == "en" else row.name_th, locale=row.locale,
        subject=row.subject, text=row.text, url=row.url, written_at=row.created_at, call=call, because=because, groups=groups, agency=agency,
        **_links_of(row, may_mute),
    )  # fmt: skip
    obstacle = "the account is disabled" if row.disabled_at is not None else "" if row.email else "no address"
    return _Ready(row.id, row.attempts, row.is_secret, row.is_muted and may_mute, obstacle, letter)


def _links_of(message: Any, may_mute: bool) -> dict[str, str]:
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


def _deliver(batch: _Batch, row: _Ready, meanwhile: Callable[[], None]) -> Mark:
    """Hand one mail over, and do ``meanwhile`` while the server is silent; return what became of the mail."""
    if row.obstacle:
        return _failed(batch, row, DeliveryFailed(row.obstacle, is_final=True))
    if row.is_muted:
        return Mark(row.id, "muted", MessageState.MUTED, row.attempts)
    try:
        answer = batch.post.hand_over(write_mail(row.letter, batch.sender, batch.base_url), meanwhile)
    except DeliveryFailed as failure:
        return _failed(batch, row, failure)
    except Exception:  # one bad row must not stop the batch; its reason is in the log
        logger.exception("message not delivered", extra={"message_key": str(row.id)})
        return _failed(batch, row, DeliveryFailed("unforeseen error, see the log"))
    return Mark(
        row.id, "accepted", MessageState.ACCEPTED, row.attempts, accepted_at=batch.now, is_blanked=row.is_secret, answer=answer
    )


def _failed(batch: _Batch, row: _Ready, failure: DeliveryFailed) -> Mark:
    batch.lines_lost += failure.is_line_lost
    answer = failure.reason[:500]
    if failure.is_server_away:
        # Nobody's fault of this message: it waits for the server without using up its attempts.
        batch.is_server_away = True
        later = batch.now + back_off(1, row.id, first=SERVER_WAIT, longest=SERVER_WAIT)
        return Mark(row.id, "postponed", MessageState.WAITING, row.attempts - 1, next_attempt_at=later, answer=answer)
    if failure.is_final or row.attempts >= MOST_ATTEMPTS:
        return Mark(row.id, "dead", MessageState.DEAD, row.attempts, reason=failure.reason[:300], answer=answer)
    later = batch.now + back_off(row.attempts, row.id, first=FIRST_WAIT, longest=LONGEST_WAIT)
    return Mark(row.id, "postponed", MessageState.WAITING, row.attempts, next_attempt_at=later, answer=answer)


def _release(database: Database, worker: str, keys: list[UUID]) -> int:
    """Give claimed messages back as if they had not been claimed."""
    with database.unit_of_work() as session:
        mine = sa.update(Message).where(Message.id.in_(keys), Message.state == MessageState.CLAIMED, Message.claimed_by == worker)
        freed = mine.values(state=MessageState.WAITING, claimed_by=None, leased_until=None, attempts=Message.attempts - 1)
        rows = session.execute(freed.returning(Message.id).execution_options(synchronize_session=False))
        return len(rows.all())
