"""The whole timetable: which job runs how often, and why.

Every job here takes all that is due, whenever it runs; a period missed or run twice changes nothing. `workers/scheduler.py` sends
each period once and finds those that were missed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collab.kernel.jobs import Job

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
#: A message older than this is not worth running: a worker that was away for a night does not look at five hundred of them. It is
#: longer than a few jobs that have much to do may keep every child busy, so that a job that waits behind them is not forgotten.
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Scheduled:
    """One line of the timetable: ``every`` so often, counted from midnight UTC plus ``at`` (08:00 in Bangkok is 1 hour)."""

    job: Job
    every: timedelta
    reason: str
    at: timedelta = timedelta(0)

    def period_at(self, now: datetime) -> datetime:
        """Return the first instant of the period in which ``now`` lies."""
        return now - (now - _EPOCH - self.at) % self.every

    @property
    def late_after(self) -> timedelta:
        """How long the job may go without success before somebody should look."""
        return self.every * 2 + timedelta(minutes=4)


SCHEDULE = (
    Scheduled(Job.REMINDERS_SWEEP, timedelta(minutes=1), "records what has become due, also what a lost message left undone"),
    Scheduled(Job.REMINDERS_DELIVER, timedelta(minutes=1), "delivers recorded reminders, whether or not their wake-up arrived"),
    Scheduled(Job.REMINDERS_RESCUE, timedelta(minutes=1), "frees what a killed worker had claimed"),
    Scheduled(Job.REMINDERS_FOLLOW, timedelta(minutes=1), "records what became of the mails of reminders"),
    Scheduled(Job.NOTICES_DELIVER, timedelta(minutes=1), "sends what waits in the outbox, also after a failure"),
    Scheduled(Job.NOTICES_DELIVER_URGENT, timedelta(minutes=1), "sends what is urgent, also while mass mail is under way"),
    Scheduled(Job.NOTICES_DIGEST, timedelta(minutes=1), "gathers what was held: the daily digest, and bundles of what is late"),
    Scheduled(Job.NOTICES_POST, timedelta(minutes=1), "posts to further channels, and frees what a killed worker had claimed"),
    Scheduled(Job.NOTICES_READ_REPORTS, timedelta(minutes=5), "reads what came back about our mail"),
    Scheduled(Job.HISTORY_SEAL, timedelta(minutes=1), "puts what was recorded into the log and signs its head"),
    Scheduled(Job.HISTORY_WITNESS, timedelta(minutes=10), "brings the newest checkpoint to the witnesses that have an address"),
    Scheduled(Job.HISTORY_RECONCILE, timedelta(days=1), "compares the tables with the events at night", at=timedelta(hours=18)),
    Scheduled(
        Job.ACTION_PLANS_APPLY_IMPORTS, timedelta(minutes=1), "applies sheets whose wake-up was lost, or whose worker was killed"
    ),
    Scheduled(Job.AUDITS_MAKE_BUNDLES, timedelta(minutes=1), "makes bundles whose wake-up was lost, or whose maker was killed"),
    Scheduled(Job.OPERATIONS_TICK, timedelta(minutes=1), "shows that scheduler, broker and worker are alive together"),
)
