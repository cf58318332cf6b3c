"""Giving failed reminders another chance; pausing background jobs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.reminders.models import JobPause, Reminder, ReminderState

#: The key of the lock under which pauses change, any number that no other advisory lock has.
PAUSE_LOCK = 2_569_003


def send_again(session: Session, *, actor: Actor, now: datetime, reminder_id: UUID) -> None:
    """Put a failed reminder back into the queue. Raises NotAllowed, NotFound, StateConflict when it did not fail."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    row = session.get(Reminder, reminder_id, with_for_update=True)
    if row is None:
        raise NotFound("reminder", reminder_id)
    if row.state is not ReminderState.FAILED:
        raise StateConflict(_("Only a reminder that failed can be sent again."))
    # The evidence of the failure stays; a later outcome is another reminder's evidence.
    row.state, row.attempts, row.reason, row.next_attempt_at = ReminderState.DUE, 0, "", now
    enqueue_after_commit(session, Job.REMINDERS_DELIVER)


def send_all_again(session: Session, *, actor: Actor, now: datetime, reason: str) -> int:
    """Put every reminder that failed for ``reason`` back into the queue; return how many. Raises NotAllowed."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    failed = sa.and_(Reminder.state == ReminderState.FAILED, Reminder.reason == reason)
    again = {"state": ReminderState.DUE, "attempts": 0, "reason": "", "next_attempt_at": now}
    rows = session.execute(sa.update(Reminder).where(failed).values(again).returning(Reminder.id)).all()
    if rows:
        enqueue_after_commit(session, Job.REMINDERS_DELIVER)
    return len(rows)


def switch_job(session: Session, *, actor: Actor, now: datetime, job: str, pause: bool, reason: str) -> JobPause:
    """Pause a background job, or let it go on. Pausing needs a reason; doing again what holds already changes nothing.

    Raises NotAllowed, NotFound for an unknown job, InvalidInput without a reason.
    """
    authorize(actor, Permission.OPERATIONS_MANAGE)
    if job not in set(Job):
        raise NotFound("job", job)
    if pause and not reason:
        raise InvalidInput({"reason": _("Say why the job is paused.")})
    # Two people at once: the second waits for the first and sees what holds.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(PAUSE_LOCK)))
    row = session.scalars(sa.select(JobPause).where(JobPause.job == job)).one_or_none()
    if row is None:
        row = JobPause(job=job, is_paused=False, changed_at=now, changed_by_id=actor.user_id, reason="")
    if row.is_paused == pause:
        return row
    with history.act(session, verb="job.paused" if pause else "job.resumed", actor=actor, now=now, subject=row, reason=reason):
        session.add(row)
        row.is_paused, row.changed_at, row.changed_by_id, row.reason = pause, now, actor.user_id, reason
    if not pause:
        enqueue_after_commit(session, Job(job))
    return row
