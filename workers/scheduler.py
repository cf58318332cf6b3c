"""The scheduler that beat runs: at most one of all that run is active, and each period of the timetable is sent once.

Any number of beats may run. The one that holds an advisory lock of PostgreSQL takes the periods that have begun and have no row yet
(`collab.kernel.periods`) and sends their jobs; the others stand by and take over when its connection ends, however it ends.
What fell due while no beat ran is sent by the first tick after.
"""

import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from celery.beat import Scheduler
from sqlalchemy.pool import NullPool

from collab.kernel import periods
from collab.kernel.clock import utc_now
from collab.kernel.db import create_engine
from collab.kernel.jobs import lane_of
from collab.kernel.timetable import LONGEST_WAIT, SCHEDULE
from config import Settings
from workers.application import queue_name

logger = logging.getLogger("workers.scheduler")

#: The key of the schedulers' lock, any number that no other advisory lock has.
SCHEDULER_LOCK = 2_569_002
TICK_SECONDS = 1.0
STAND_BY_SECONDS = 3.0


class Lead:
    """The right to schedule: held as long as one connection to the database lives."""

    def __init__(self, settings: Settings) -> None:
        self._engine = create_engine(settings.database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: sa.Connection | None = None

    def take(self) -> sa.Connection | None:
        """Return the connection that holds the lock; None while another scheduler has it."""
        if self._connection is None:
            connection = self._engine.connect()
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(SCHEDULER_LOCK))):
                connection.close()
                return None
            logger.info("this scheduler leads")
            self._connection = connection
        return self._connection

    def give_up(self) -> None:
        """Let another scheduler lead."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


class PeriodScheduler(Scheduler):
    """What `celery beat` is given as its scheduler; it needs no file and keeps nothing in memory that matters."""

    def setup_schedule(self) -> None:
        """Prepare to lead; nothing connects yet."""
        self._lead = Lead(self.app.settings)

    def tick(self, *_arguments: Any, **_options: Any) -> float:
        """Send what has begun and was not sent; return how long to sleep, in seconds."""
        try:
            connection = self._lead.take()
            if connection is None:
                return STAND_BY_SECONDS
            self._send_due(connection, utc_now())
        except sa.exc.DBAPIError:
            logger.exception("the database does not answer the scheduler")
            self._lead.give_up()
            return STAND_BY_SECONDS
        return TICK_SECONDS

    def _send_due(self, connection: sa.Connection, now: datetime) -> None:
        current = {line.job.value: line.period_at(now) for line in SCHEDULE}
        periods.forget(connection, now)
        for job in sorted(periods.take(connection, current, now)):
            try:
                self._send(job, current[job])
            except Exception:
                # The broker is away: the next period, or patience with this one, brings the job again.
                logger.exception("job not handed to the broker", extra={"job": job})

    def _send(self, job: str, period: datetime) -> None:
        self.app.send_task(
            job, kwargs={"period": period.isoformat()}, queue=queue_name(self.app.settings, lane_of(job)), ignore_result=True,
            expires=LONGEST_WAIT.total_seconds(),
        )  # fmt: skip

    def close(self) -> None:
        """Stop leading, so that another scheduler need not wait."""
        self._lead.give_up()
