"""Delivers recorded reminders: claims a batch, looks again at each, queues its message, and leaves the evidence."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel import targets
from collab.kernel.access import job_actor
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.db import Database
from collab.kernel.i18n import _, ngettext, speaking
from collab.kernel.ids import new_id
from collab.kernel.jobs import LEASE, Job
from collab.kernel.retry import back_off, patiently
from collab.kernel.targets import Ref, TargetInfo
from collab.members.models import User
from collab.notices.rules import is_pressing
from collab.notices.service import queue_message
from collab.reminders.evidence import passed_over
from collab.reminders.firing import paused
from collab.reminders.models import Outcome, Reminder, ReminderEvidence, ReminderState
from collab.reminders.registry import due_kinds

logger = logging.getLogger(__name__)
BATCH = 100
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
        if row.attempts >= MOST_ATTEMPTS:
            _settle(session, row, now, ReminderState.FAILED, INTERRUPTED)
        else:
            _give_back(row, now)
    return len(stuck)


def _never() -> bool:
    return False


def deliver_batch(
    database: Database, now: datetime, size: int = BATCH, *, worker: str = "", stop: Callable[[], bool] = _never
) -> dict[str, int]:
    """Claim one batch for ``worker`` and deliver it, each reminder in a transaction of its own; return counts by outcome.

    When ``stop`` says so, the reminder under way is finished and the rest is given back ("released").
    """
    worker = worker or f"batch-{new_id()}"
    with database.unit_of_work() as session:
        keys = claim(session, now, size, worker=worker)
    counts: dict[str, int] = {}
    left = list(keys)
    try:
        for key in keys:
            if stop():
                break
            outcome = _deliver_one(database, key, now)
            counts[outcome] = counts.get(outcome, 0) + 1
            left.remove(key)
    finally:
        # Also when the database or the time limit ended the batch: what was not begun need not wait for the end of its lease.
        if left:
            counts["released"] = patiently(lambda: _release(database, left, worker, now))
    return counts


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


def _deliver_one(database: Database, key: UUID, now: datetime) -> str:
    def attempt() -> str:
        with database.unit_of_work() as session:
            return deliver(session, key, now).value

    try:
        return patiently(attempt)
    except Exception as error:  # one bad row must not stop the batch
        logger.exception("reminder failed", extra={"reminder": str(key)})
        with database.unit_of_work() as session:
            return _note_error(session, key, now, error)


def _note_error(session: Session, key: UUID, now: datetime, error: Exception) -> str:
    """Try later what the database refused, which may pass; anything else fails at once, with the reason."""
    row = session.get(Reminder, key, with_for_update=True)
    if row is None or row.state is not ReminderState.CLAIMED:
        return "passed"
    if isinstance(error, sa.exc.DBAPIError) and row.attempts < MOST_ATTEMPTS:
        _give_back(row, now + back_off(row.attempts, row.id, first=FIRST_WAIT, longest=LONGEST_WAIT))
        return "postponed"
    # The evidence names the kind of failure only: its text might hold somebody's data.
    _settle(session, row, now, ReminderState.FAILED, type(error).__name__)
    row.reason = f"{type(error).__name__}: {error}"[:300]
    return ReminderState.FAILED.value


def deliver(session: Session, reminder_id: UUID, now: datetime) -> ReminderState:
    """Deliver one claimed reminder, or skip it with the reason when it is no longer true. Running it again changes nothing."""
    row = session.get(Reminder, reminder_id, with_for_update=True)
    if row is None or row.state is not ReminderState.CLAIMED:
        return ReminderState.SKIPPED if row is None else row.state
    user = session.get_one(User, row.recipient_id)
    if user.disabled_at is not None or not user.email:
        return _settle(session, row, now, ReminderState.FAILED, "account disabled" if user.disabled_at else "no address")
    if not _is_still_due(session, row):
        return _settle(session, row, now, ReminderState.SKIPPED, "settled or moved meanwhile")
    day = today(now)
    if row.due_on < day and session.scalar(sa.select(paused(row.target_id, day))):
        return _settle(session, row, now, ReminderState.SKIPPED, "somebody works on it")
    ref = Ref(row.target_kind, row.target_id)
    info = targets.load(session, [ref]).get(ref)
    if info is None:
        return _settle(session, row, now, ReminderState.SKIPPED, "no longer there")
    subject, text = words(row, info, user, now)
    message_id = queue_message(
        session, now=now, recipient_id=user.id, kind="reminder", subject=subject, text=text, target=ref, url=info.url,
        dedupe_key=f"reminder:{row.id}", bundle=is_pressing(row.due_on, now),
    )  # fmt: skip
    return _settle(session, row, now, ReminderState.QUEUED, "", message_id)


def _is_still_due(session: Session, row: Reminder) -> bool:
    kind = due_kinds().get(row.due_kind)
    if kind is None:
        return False
    due = kind.select().subquery()
    return (
        session.execute(sa.select(due.c.target_id).where(due.c.target_id == row.target_id, due.c.due_on == row.due_on)).first()
        is not None
    )


def words(row: Reminder, info: TargetInfo, user: User, now: datetime) -> tuple[str, str]:
    """Return subject and text in the recipient's language."""
    with speaking(user.locale):
        label = str(due_kinds()[row.due_kind].label)
        day, late = format_date(row.due_on, user.locale), (today(now) - row.due_on).days
        title = f"{info.number} {info.title}".strip()
        if late > 0:
            subject = _("Late: %(title)s", title=title)
            when = ngettext("It was due on %(day)s, %(num)s day ago.", "It was due on %(day)s, %(num)s days ago.", late, day=day)
        else:
            subject = _("Due on %(day)s: %(title)s", day=day, title=title)
            when = _("It is due on %(day)s.", day=day)
        return subject, f"{label}: {title}\n{when}"


def _settle(
    session: Session, row: Reminder, now: datetime, state: ReminderState, reason: str, message_id: UUID | None = None
) -> ReminderState:
    row.state, row.settled_at, row.reason, row.claimed_by, row.leased_until = state, now, reason, None, None
    if message_id is not None:
        row.message_id, row.trace = message_id, Outcome.QUEUED
    evidence = ReminderEvidence(
        reminder_id=row.id, target_kind=row.target_kind, target_id=row.target_id, due_on=row.due_on, recipient_id=row.recipient_id,
        deputy_for_id=row.deputy_for_id, audience=row.audience, outcome=Outcome(state.value), message_id=message_id, note=reason or passed_over(session, row),
        happened_at=now,
    )  # fmt: skip
    actor = job_actor(Job.REMINDERS_DELIVER.value)
    with history.act(session, verb=_VERBS[state], actor=actor, now=now, subject=evidence):
        session.add(evidence)
    return state


_VERBS = {
    ReminderState.QUEUED: "reminder.queued",
    ReminderState.SKIPPED: "reminder.skipped",
    ReminderState.FAILED: "reminder.failed",
}
