"""Names of background jobs, and the list of those that leave only after the commit.

The areas know names; `workers/tasks/` holds the tasks; a test keeps the two equal.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

_PENDING = "collab.pending_jobs"


class Job(StrEnum):
    """Every job there is, as ``area.verb``."""

    NOTICES_DELIVER = "notices.deliver"
    OPERATIONS_TICK = "operations.tick"
    REMINDERS_DELIVER = "reminders.deliver"
    REMINDERS_RESCUE = "reminders.rescue"
    REMINDERS_SWEEP = "reminders.sweep"


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
