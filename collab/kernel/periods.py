"""Which period of the timetable has been sent and done: one row a job and period, whoever schedules.

Two schedulers harm nothing, because a period can be taken once; a period that was missed is found by the next tick, because it has
no row; one that was sent and never done is sent again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collab.kernel.models import JobPeriod

#: A period that was sent and not finished is sent again after this time: its message was lost, or its worker was killed.
PATIENCE = timedelta(minutes=5)
#: Rows are kept for a week, for whoever asks why a job did not run.
KEPT = timedelta(days=7)


def take(connection: sa.Connection, periods: Mapping[str, datetime], now: datetime) -> set[str]:
    """Take for each job the period (its first instant, UTC) that is not taken yet; return the jobs to send now."""
    if not periods:
        return set()
    rows = [{"job": job, "period_at": period, "sent_at": now} for job, period in periods.items()]
    statement = postgresql.insert(JobPeriod).values(rows)
    lost = sa.and_(JobPeriod.finished_at.is_(None), JobPeriod.sent_at < now - PATIENCE)
    taken = statement.on_conflict_do_update(
        index_elements=["job", "period_at"], set_={"sent_at": statement.excluded.sent_at}, where=lost
    ).returning(JobPeriod.job)
    return set(connection.execute(taken).scalars())


def forget(connection: sa.Connection, now: datetime) -> int:
    """Forget periods that are long past, and those that have not come yet: a clock that was ahead has been put right."""
    statement = sa.delete(JobPeriod).where(sa.or_(JobPeriod.period_at > now, JobPeriod.period_at < now - KEPT))
    return connection.execute(statement).rowcount


def is_finished(connection: sa.Connection, job: str, period: datetime) -> bool:
    """Return whether a run for this period has ended well; then a second message for it is a double."""
    statement = sa.select(JobPeriod.finished_at).where(JobPeriod.job == job, JobPeriod.period_at == period)
    return connection.execute(statement).scalar_one_or_none() is not None


def finish(connection: sa.Connection, job: str, begun: datetime, now: datetime) -> None:
    """Remember that a run has ended well which took all that was due at ``begun``: no period that had begun by then needs another.

    So what waited behind a busy worker is one run, however many messages there are.
    """
    covered = sa.and_(JobPeriod.job == job, JobPeriod.period_at <= begun, JobPeriod.finished_at.is_(None))
    connection.execute(sa.update(JobPeriod).where(covered).values(finished_at=now))
