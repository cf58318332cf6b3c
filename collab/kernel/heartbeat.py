"""The pulse of each job, so that a scheduler that stopped is seen and not guessed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat

#: The outcome of a run that ended well; any other says how it failed.
DONE = "done"


def record(session: Session, *, job: Job, started_at: datetime, seconds: float, outcome: str, counts: Mapping[str, int]) -> None:
    """Remember the last run of ``job``: when it started (UTC), how long it took, how it ended and what it did."""
    finished = started_at + timedelta(seconds=seconds)
    done = outcome == DONE
    values = {
        "job": job.value,
        "started_at": started_at,
        "failure": "" if done else outcome,
        "seconds": seconds,
        "counts": dict(counts),
    }
    values["succeeded_at" if done else "failed_at"] = finished
    statement = postgresql.insert(Heartbeat).values(**values)
    kept = {name: statement.excluded[name] for name in values if name != "job"}
    session.execute(statement.on_conflict_do_update(index_elements=["job"], set_=kept))
