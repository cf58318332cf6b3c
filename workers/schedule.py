"""The whole timetable: which job runs how often, and why.

Every job here takes all that is due, whenever it runs; a tick missed or run twice changes nothing. No interval is longer than an
hour, because the scheduler counts from its own start and would otherwise be put off for ever by daily restarts.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from collab.kernel.jobs import Job

LONGEST_INTERVAL = timedelta(hours=1)


@dataclass(frozen=True)
class Scheduled:
    """One line of the timetable."""

    job: Job
    every: timedelta
    reason: str


SCHEDULE = (
    Scheduled(Job.REMINDERS_SWEEP, timedelta(minutes=1), "records what has become due, also what a lost message left undone"),
    Scheduled(Job.REMINDERS_DELIVER, timedelta(minutes=1), "delivers recorded reminders, whether or not their wake-up arrived"),
    Scheduled(Job.REMINDERS_RESCUE, timedelta(minutes=5), "frees what a killed worker had claimed"),
    Scheduled(Job.NOTICES_DELIVER, timedelta(minutes=1), "sends what waits in the outbox, also after a failure"),
    Scheduled(Job.OPERATIONS_TICK, timedelta(minutes=1), "shows that scheduler, broker and worker are alive together"),
)


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return the timetable as Celery takes it.

    A tick expires when the next one is due, so that a worker that was away for a night does not run five hundred of them.
    """
    return {
        line.job.value: {
            "task": line.job.value,
            "schedule": line.every.total_seconds(),
            "options": {"expires": line.every.total_seconds()},
        }
        for line in SCHEDULE
    }
