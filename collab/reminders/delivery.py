"""Delivers recorded reminders: claims a batch, looks again at each, queues its message, and leaves the evidence.

A few are delivered by one transaction, with the same queries whatever their number. When it fails, each of them has another of its own,
so that one bad row stops nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel import targets
from collab.kernel.access import job_actor
from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.kernel.i18n import speaking
from collab.kernel.ids import new_id
from collab.kernel.jobs import LEASE, Job
from collab.kernel.retry import back_off, patiently
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members
from collab.members.models import User
from collab.notices.outbox import Draft, queue_messages
from collab.notices.rules import Haste, is_pressing
from collab.reminders.evidence import SETTLED, evidence_of, passed_over, still_due
from collab.reminders.models import Outcome, Reminder, ReminderPause, ReminderState
from collab.reminders.telling import Circumstances, tell

logger = logging.getLogger(__name__)
BATCH = 200
#: So many are delivered by one transaction.
TOGETHER = 50
MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=30)
INTERRUPTED = "interrupted too often"


def claim(session: Session, now: datetime, size: int = BATCH, *, worker: str = "") -> list[UUID]:
    """Claim up to ``size`` reminders for ``worker``, the oldest first, skipping those others hold; return their ids."""
    chosen = (
        sa.select(Reminder.id)
        .where(Reminder.state == ReminderState.DUE, Reminder.next_attempt_at <= now)
        .order_by(Reminder.next_attempt_at, Reminder.id)
        .limit(size)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    claimed = (
        sa.update(Reminder)
        .where(Reminder.id == chosen.c.id)
        .values(
            state=ReminderState.CLAIMED, claimed_by=worker, leased_until=sa.func.clock_timestamp() + LEASE,
            attempts=Reminder.attempts + 1,
        )
        .returning(Reminder.id)
    )  # fmt: skip
    return sorted(session.scalars(claimed.execution_options(synchronize_session=False)))


def rescue(session: Session, *, now: datetime) -> int:
    """Give back what a worker claimed and never settled; what was tried too often fails with the reason. Returns how many."""
    stuck = session.scalars(
        sa.select(Reminder)
        .where(Reminder.state == ReminderState.CLAIMED, Reminder.leased_until < sa.func.clock_timestamp())
        .with_for_update(skip_locked=True)
    ).all()
    for row in stuck:
        if row.attempts < MOST_ATTEMPTS:
            _give_back(row, now)
    _settle(session, [_End(row, ReminderState.FAILED, INTERRUPTED) for row in stuck if row.attempts >= MOST_ATTEMPTS], now)
    return len(stuck)


def _never() -> bool:
    return False


def deliver_batch(
    database: Database, now: datetime, size: int = BATCH, *, worker: str = "", stop: Callable[[], bool] = _never
) -> dict[str, int]:
    """Claim one batch for ``worker`` and deliver it, a few reminders at a time; return counts by outcome.

    When ``stop`` says so, those under way are finished and the rest is given back ("released").
    """
    worker = worker or f"batch-{new_id()}"
    with database.unit_of_work() as session:
        left = claim(session, now, size, worker=worker)
    counts: Counter[str] = Counter()
    try:
        while left and not stop():
            counts.update(_deliver_few(database, left[:TOGETHER], now))
            del left[:TOGETHER]
    finally:
        # Also when the database or the time limit ended the batch: what was not begun need not wait for the end of its lease.
        if left:
            counts["released"] = patiently(lambda: _release(database, left, worker, now))
    return dict(counts)


def _release(database: Database, keys: list[UUID], worker: str, now: datetime) -> int:
    with database.unit_of_work() as session:
        mine = sa.select(Reminder).where(
            Reminder.id.in_(keys), Reminder.state == ReminderState.CLAIMED, Reminder.claimed_by == worker
        )
        rows = session.scalars(mine.with_for_update()).all()
        for row in rows:
            _give_back(row, now)
            row.attempts -= 1
        return len(rows)


def _give_back(row: Reminder, moment: datetime) -> None:
    row.state, row.claimed_by, row.leased_until, row.next_attempt_at = ReminderState.DUE, None, None, moment


def _deliver_few(database: Database, keys: Sequence[UUID], now: datetime) -> list[str]:
    """Deliver claimed reminders; return their outcomes."""

    def attempt() -> list[str]:
        with database.unit_of_work() as session:
            return [state.value for state in deliver(session, keys, now).values()]

    try:
        return patiently(attempt)
    except Exception as error:  # one bad row must not stop the batch
        if len(keys) > 1:
            return [outcome for key in keys for outcome in _deliver_few(database, [key], now)]
        logger.exception("reminder failed", extra={"reminder": str(keys[0])})
        with database.unit_of_work() as session:
            return [_note_error(session, keys[0], now, error)]


def _note_error(session: Session, key: UUID, now: datetime, error: Exception) -> str:
    """Try later what the database refused, which may pass; anything else fails at once, with the reason."""
    row = session.get(Reminder, key, with_for_update=True)
    if row is None or row.state is not ReminderState.CLAIMED:
        return "passed"
    if isinstance(error, sa.exc.DBAPIError) and row.attempts < MOST_ATTEMPTS:
        _give_back(row, now + back_off(row.attempts, row.id, first=FIRST_WAIT, longest=LONGEST_WAIT))
        return "postponed"
    # The evidence names the kind of failure only: its text might hold somebody's data.
    _settle(session, [_End(row, ReminderState.FAILED, type(error).__name__)], now)
    row.reason = f"{type(error).__name__}: {error}"[:300]
    return ReminderState.FAILED.value


@dataclass(frozen=True)
class _End:
    """How a reminder ends: its state, the reason, and the message that tells it."""

    row: Reminder
    state: ReminderState
    reason: str = ""
    message_id: UUID | None = None


@dataclass(frozen=True)
class _Known:
    """What is true of reminders now, asked once for all of them."""

    users: dict[UUID, User]
    #: (kind, object, due day) of what is still due, and whose it is.
    due: dict[tuple[str, UUID, date], UUID | None]
    paused: set[UUID]
    infos: dict[Ref, TargetInfo]
    #: Names of people and organisations by language.
    names: dict[str, dict[UUID, str]]
    day: date

    def obstacle(self, row: Reminder) -> tuple[ReminderState, str] | None:
        """Return why nothing is to be said; None when something is."""
        user = self.users[row.recipient_id]
        if user.disabled_at is not None or not user.email:
            return ReminderState.FAILED, "account disabled" if user.disabled_at else "no address"
        if (row.due_kind, row.target_id, row.due_on) not in self.due:
            return ReminderState.SKIPPED, SETTLED
        if row.due_on < self.day and row.target_id in self.paused:
            return ReminderState.SKIPPED, "somebody works on it"
        if _ref(row) not in self.infos:
            return ReminderState.SKIPPED, "no longer there"
        return None


def deliver(session: Session, reminder_ids: Sequence[UUID], now: datetime) -> dict[UUID, ReminderState]:
    """Deliver claimed reminders, or skip them with the reason when they are no longer true; return their states.

    Running it again changes nothing.
    """
    locked = sa.select(Reminder).where(Reminder.id.in_(reminder_ids)).order_by(Reminder.id).with_for_update()
    found = session.scalars(locked.execution_options(populate_existing=True)).all()
    rows = [row for row in found if row.state is ReminderState.CLAIMED]
    known = _look(session, rows, today(now))
    obstacles = {row.id: known.obstacle(row) for row in rows}
    told = [row for row in rows if obstacles[row.id] is None]
    messages = queue_messages(session, now=now, drafts=[_draft(row, known, now) for row in told])
    ends = [_End(row, *obstacle) for row in rows if (obstacle := obstacles[row.id]) is not None]
    ends += [_End(row, ReminderState.QUEUED, "", key) for row, key in zip(told, messages, strict=True)]
    _settle(session, ends, now)
    return {row.id: row.state for row in found}


def _look(session: Session, rows: Sequence[Reminder], day: date) -> _Known:
    users = {user.id: user for user in session.scalars(sa.select(User).where(User.id.in_({row.recipient_id for row in rows})))}
    due = {
        (kind, *found): owner_id
        for kind in {row.due_kind for row in rows}
        for found, owner_id in still_due(session, kind, [row.target_id for row in rows if row.due_kind == kind]).items()
    }
    targeted = {row.target_id for row in rows}
    pauses = sa.select(ReminderPause.target_id).where(ReminderPause.target_id.in_(targeted), ReminderPause.until_on >= day)
    infos = targets.load(session, [_ref(row) for row in rows])
    people = {row.deputy_for_id for row in rows} | set(due.values())
    organisations = {row.organisation_id for row in rows}
    names: dict[str, dict[UUID, str]] = {}
    for locale in {user.locale for user in users.values()}:
        with speaking(locale):
            names[locale] = members.user_names(session, people) | members.organisation_names(session, organisations)
    return _Known(users, due, set(session.scalars(pauses)), infos, names, day)


def _ref(row: Reminder) -> Ref:
    return Ref(row.target_kind, row.target_id)


def _draft(row: Reminder, known: _Known, now: datetime) -> Draft:
    info, locale = known.infos[_ref(row)], known.users[row.recipient_id].locale
    owner_id = known.due[row.due_kind, row.target_id, row.due_on]
    with speaking(locale):
        told = tell(row, Circumstances(info, owner_id, known.day, known.names[locale]))
    haste = Haste.BUNDLED if is_pressing(row.due_on, now) else Haste.GATHERED
    return Draft(
        row.recipient_id,
        "reminder",
        told.subject,
        told.text,
        _ref(row),
        info.url,
        f"reminder:{row.id}",
        haste,
        because=told.because,
    )


def _settle(session: Session, ends: Sequence[_End], now: datetime) -> None:
    """Let reminders end, each with its evidence."""
    for end in ends:
        row = end.row
        row.state, row.settled_at, row.reason, row.claimed_by, row.leased_until = end.state, now, end.reason, None, None
        if end.message_id is not None:
            row.message_id, row.trace = end.message_id, Outcome.QUEUED
    notes = passed_over(session, [end.row for end in ends])
    actor = job_actor(Job.REMINDERS_DELIVER.value)
    acts = [
        (_VERBS[end.state], now, evidence_of(end.row, Outcome(end.state.value), end.reason or notes[end.row.id], now))
        for end in ends
    ]
    history.add_each(session, actor=actor, acts=acts)


_VERBS = {
    ReminderState.QUEUED: "reminder.queued",
    ReminderState.SKIPPED: "reminder.skipped",
    ReminderState.FAILED: "reminder.failed",
}
