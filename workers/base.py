"""The frame around a job: the database, the time, the log fields and the heartbeat.

    @job(Job.REMINDERS_SWEEP)
    def sweep(context: JobContext) -> Counts:
        with context.unit_of_work() as session:
            return {"recorded": service.sweep(session, now=context.now)}

A job takes ids, re-checks state on its first line, and may run twice, late, or after being killed half-way.
"""

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol, cast

from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from collab.kernel.clock import utc_now
from collab.kernel.db import Database
from collab.kernel.jobs import Job
from collab.kernel.logs import speaking_of
from config import Settings
from workers.application import REQUEST_ID, SHARE, job_sender
from workers.stopping import is_stopping

logger = logging.getLogger("workers.job")

Counts = Mapping[str, int]


class Outcome(StrEnum):
    """How a run of a job ended."""

    DONE = "done"
    FAILED = "failed"
    TOO_LONG = "too_long"


class Core(Protocol):
    """What `collab.factory.create_core` gives: the product without the web."""

    @property
    def settings(self) -> Settings:
        """Return the installation's settings."""

    @property
    def database(self) -> Database:
        """Return the database of the application's role."""

    def may_run(self, *, job: Job, period: datetime | None) -> bool:
        """Return whether `job` is not paused, and was not run for `period` before."""

    def record_heartbeat(
        self, *, job: Job, started_at: datetime, seconds: float, outcome: str, counts: Counts, period: datetime | None
    ) -> None:
        """Remember the last run of `job`, for the operations page; and, when it was done, that it was for `period`."""


@dataclass(frozen=True)
class JobContext:
    """What a job is given: settings, database, the moment it started (UTC), the id that its log lines carry, and its time."""

    settings: Settings
    database: Database
    now: datetime
    job_id: str
    #: Until when (`time.monotonic`) the run should be over.
    deadline: float = math.inf

    @property
    def worker(self) -> str:
        """Return the name under which this run claims rows: host, process, and the id of the run."""
        return f"{socket.gethostname()}:{os.getpid()}:{self.job_id}"

    def should_stop(self) -> bool:
        """Return whether to finish what is under way and leave the rest: the worker is being stopped, or the time is nearly up."""
        return is_stopping() or time.monotonic() > self.deadline

    def unit_of_work(self) -> AbstractContextManager[Session]:
        """Return a unit of work; jobs commit in small ones, so that a kill loses at most one batch."""
        return self.database.unit_of_work()


_cores: dict[int, Core] = {}


def core_for(settings: Settings) -> Core:
    """Return the product for this process; a forked child makes its own, because connections must not be shared."""
    process = os.getpid()
    if process not in _cores:
        from collab.factory import create_core  # here, so that the scheduler does not load the whole product

        _cores.clear()
        _cores[process] = create_core(settings, job_sender(settings))
    return _cores[process]


def job(name: Job | str, **options: Any) -> Callable[[Callable[..., Counts | None]], Any]:
    """Return a decorator that makes a function the task `name`; `options` are Celery's, e.g. `soft_time_limit`.

    The function takes a JobContext and the wake-up's arguments, and returns what it has done as counts.
    """

    def decorate(body: Callable[..., Counts | None]) -> Any:
        @wraps(body)
        def run(task: Task, period: str | None = None, **arguments: Any) -> None:
            begun = datetime.fromisoformat(period) if period else None
            request_id = (task.request.headers or {}).get(REQUEST_ID)
            # Who asked for the job, where a person did: their request's lines and the job's are found by one id.
            with speaking_of(**({REQUEST_ID: request_id} if request_id else {})):
                run_job(str(name), task.request.id, core_for(task.app.settings), body, arguments, begun)

        return shared_task(name=str(name), bind=True, ignore_result=True, **options)(run)

    return decorate


def run_job(
    name: str, job_id: str, core: Core, body: Callable[..., Counts | None], arguments: Mapping[str, Any],
    period: datetime | None = None,
) -> None:  # fmt: skip
    """Run `body` once with log fields around it and a heartbeat after it, whatever happens; errors are passed on.

    Nothing is run, and no heart beats, when the job is paused or was run for this `period` of the timetable before.
    """
    with speaking_of(job=name, job_id=job_id):
        if name not in set(Job) or core.may_run(job=Job(name), period=period):
            _run(name, job_id, core, body, arguments, period)
        else:
            logger.info("job passed over")


def _run(
    name: str, job_id: str, core: Core, body: Callable[..., Counts | None], arguments: Mapping[str, Any], period: datetime | None
) -> None:
    began = time.monotonic()
    deadline = began + SHARE.total_seconds()
    context = JobContext(settings=core.settings, database=core.database, now=utc_now(), job_id=job_id, deadline=deadline)
    outcome, counts = Outcome.FAILED, cast(Counts, {})
    try:
        counts = body(context, **arguments) or {}
        outcome = Outcome.DONE
    except SoftTimeLimitExceeded:
        outcome = Outcome.TOO_LONG
        raise
    finally:
        seconds = round(time.monotonic() - began, 3)
        logger.log(
            logging.INFO if outcome is Outcome.DONE else logging.ERROR,
            "job %s",
            outcome.value,
            extra={"seconds": seconds, "counts": dict(counts)},
        )
        _beat(core, name, context.now, seconds, outcome, counts, period)


def _beat(
    core: Core, name: str, started_at: datetime, seconds: float, outcome: Outcome, counts: Counts, period: datetime | None
) -> None:
    """Leave a heartbeat; one that cannot be written is logged and never hides how the job itself ended."""
    if name not in set(Job):
        return
    try:
        core.record_heartbeat(
            job=Job(name), started_at=started_at, seconds=seconds, outcome=outcome.value, counts=counts, period=period
        )
    except Exception:
        logger.exception("heartbeat not written")
