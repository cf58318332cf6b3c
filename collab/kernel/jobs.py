"""Names of background jobs, and the list of those that leave only after the commit.

The areas know names; `workers/tasks/` holds the tasks; a test keeps the two equal.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

_PENDING = "collab.pending_jobs"
#: A claimed row is its worker's for this long. No job lives that long (`workers/application.py` holds the limits, a test both).
LEASE = timedelta(minutes=3)


class Job(StrEnum):
    """Every job there is, as ``area.verb``."""

    ACTION_PLANS_APPLY_IMPORTS = "action_plans.apply_imports"
    AUDITS_MAKE_BUNDLES = "audits.make_bundles"
    HISTORY_RECONCILE = "history.reconcile"
    HISTORY_SEAL = "history.seal"
    HISTORY_WITNESS = "history.witness"
    NOTICES_DELIVER = "notices.deliver"
    NOTICES_DELIVER_URGENT = "notices.deliver_urgent"
    NOTICES_DIGEST = "notices.digest"
    NOTICES_POST = "notices.post"
    NOTICES_READ_REPORTS = "notices.read_reports"
    OPERATIONS_TICK = "operations.tick"
    REMINDERS_DELIVER = "reminders.deliver"
    REMINDERS_FOLLOW = "reminders.follow"
    REMINDERS_RESCUE = "reminders.rescue"
    REMINDERS_SWEEP = "reminders.sweep"


class Lane(StrEnum):
    """The queue that a job waits in: mass work never stands before what is urgent."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


_LANES = {
    Job.NOTICES_DELIVER_URGENT: Lane.URGENT,
    Job.REMINDERS_RESCUE: Lane.URGENT,
    Job.AUDITS_MAKE_BUNDLES: Lane.BULK,
    Job.HISTORY_RECONCILE: Lane.BULK,
    Job.REMINDERS_DELIVER: Lane.BULK,
    Job.REMINDERS_FOLLOW: Lane.BULK,
    Job.REMINDERS_SWEEP: Lane.BULK,
}


def lane_of(job: str) -> Lane:
    """Return the lane of a job; what says nothing of itself is normal."""
    return _LANES.get(Job(job), Lane.NORMAL) if job in set(Job) else Lane.NORMAL


def enqueue_after_commit(session: Session, job: Job, **arguments: Any) -> None:
    """Send ``job`` once the transaction of ``session`` is committed; nothing leaves if it rolls back.

    Asked several times with the same arguments it is sent once: it is a wake-up, and the work is in tables.
    """
    pending = session.info.setdefault(_PENDING, [])
    if (job, arguments) not in pending:
        pending.append((job, arguments))


def take_pending(session: Session) -> list[tuple[Job, dict[str, Any]]]:
    """Return and forget the jobs waiting for the commit of ``session``."""
    pending: list[tuple[Job, dict[str, Any]]] = session.info.pop(_PENDING, [])
    return pending
