"""Delivers recorded reminders: claims a batch, looks again at each, queues its message, and leaves the evidence."""

import logging
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
from collab.kernel.jobs import Job
from collab.kernel.targets import Ref, TargetInfo
from collab.members.models import User
from collab.notices.service import queue_message
from collab.reminders.models import Reminder, ReminderEvidence, ReminderRule, ReminderState
from collab.reminders.registry import due_kinds

logger = logging.getLogger(__name__)
BATCH = 100
#: A claim older than this belongs to a worker that is gone.
CLAIM_LASTS = timedelta(minutes=15)
MOST_ATTEMPTS = 5


def claim(session: Session, now: datetime, size: int = BATCH) -> list[UUID]:
    """Claim up to ``size`` reminders, the oldest first, skipping those another worker holds; return their ids."""
    rows = session.scalars(
        sa.select(Reminder)
        .where(Reminder.state == ReminderState.DUE)
        .order_by(Reminder.created_at, Reminder.id)
        .limit(size)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state, row.claimed_at, row.attempts = ReminderState.CLAIMED, now, row.attempts + 1
    return [row.id for row in rows]


def rescue(session: Session, *, now: datetime) -> int:
    """Give back what a worker claimed and never settled; what was tried too often fails with the reason. Returns how many."""
    stuck = session.scalars(
        sa.select(Reminder)
        .where(Reminder.state == ReminderState.CLAIMED, Reminder.claimed_at < now - CLAIM_LASTS)
        .with_for_update(skip_locked=True)
    ).all()
    for row in stuck:
        given_up = row.attempts >= MOST_ATTEMPTS
        if given_up:
            _settle(session, row, now, ReminderState.FAILED, "interrupted too often")
        else:
            row.state = ReminderState.DUE
    return len(stuck)


def deliver_batch(database: Database, now: datetime, size: int = BATCH) -> dict[str, int]:
    """Claim one batch and deliver it, each reminder in a transaction of its own; return counts by outcome."""
    with database.unit_of_work() as session:
        keys = claim(session, now, size)
    counts: dict[str, int] = {}
    for key in keys:
        outcome = _deliver_one(database, key, now)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _deliver_one(database: Database, key: UUID, now: datetime) -> str:
    try:
        with database.unit_of_work() as session:
            return deliver(session, key, now).value
    except Exception as error:  # one bad row must not stop the batch
        logger.exception("reminder failed", extra={"reminder": str(key)})
        with database.unit_of_work() as session:
            row = session.get(Reminder, key, with_for_update=True)
            if row is not None and row.state is ReminderState.CLAIMED:
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
    ref = Ref(row.target_kind, row.target_id)
    info = targets.load(session, [ref]).get(ref)
    if info is None:
        return _settle(session, row, now, ReminderState.SKIPPED, "no longer there")
    subject, text = words(row, info, user, now)
    message_id = queue_message(
        session, now=now, recipient_id=user.id, kind="reminder", subject=subject, text=text, target=ref, url=info.url,
        dedupe_key=f"reminder:{row.id}", urgent=row.due_on < today(now),
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
    rule = session.get_one(ReminderRule, row.rule_id)
    row.state, row.settled_at, row.reason = state, now, reason
    evidence = ReminderEvidence(
        reminder_id=row.id, target_kind=row.target_kind, target_id=row.target_id, due_on=row.due_on, recipient_id=row.recipient_id,
        deputy_for_id=row.deputy_for_id, audience=rule.audience, outcome=state, message_id=message_id, note=reason, happened_at=now,
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
