"""``flask demo scale``: consistent mass data, fast. Up to a million items and ten million events.

Committees, people, meetings and plans are made by the services; items, reports, edits, evidence and their true history go in by
COPY, a plan a transaction, by several processes. What is there already stays; running it again adds more.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.factory.demo import scale_stage
from collab.factory.demo.scale_chain import Chain
from collab.factory.demo.scale_copy import Batch
from collab.factory.demo.scale_items import ItemMaker, Share
from collab.factory.demo.scale_stage import Ground
from collab.history import store
from collab.history.models import HistoryEvent
from collab.history.writer import ChangesRecorded
from collab.kernel.db import Database, create_engine
from collab.kernel.events import publish
from config import Settings

MOST_COMMITTEES, MOST_ITEMS, MOST_EVENTS = 2_000, 1_000_000, 10_000_000
#: More than the services write for one committee with its people, seats, meetings and plans.
GROUND_EVENTS = 250
#: Events of one item at most: beyond that a timeline would say the same again and again.
EVENTS_AN_ITEM = 200


class ScaleError(ValueError):
    """The numbers asked for make no sense; the message says which and why."""


@dataclass(frozen=True)
class Wanted:
    """How much to make. ``events`` counts every event of the run; with ``is_searchable`` items and reports enter the search index."""

    committees: int
    items: int
    events: int
    seed: int = 0
    is_searchable: bool = True
    #: 0: one a processor.
    processes: int = 0

    @property
    def plans(self) -> int:
        """How many plans there will be, each with a first item that the services make."""
        return self.committees * scale_stage.YEARS

    def check(self) -> None:
        """Raise ScaleError for numbers that cannot be met."""
        for name, value, most in (("committees", self.committees, MOST_COMMITTEES), ("items", self.items, MOST_ITEMS),
                                  ("events", self.events, MOST_EVENTS)):  # fmt: skip
            if not 1 <= value <= most:
                raise ScaleError(f"--{name} must be from 1 to {most:,}, not {value:,}")
        least = self.plans * 2
        if self.items < least:
            raise ScaleError(
                f"--items {self.items:,} is too few: {self.committees:,} committees have {self.plans:,} plans of two items at least, "
                f"so that {least:,} are needed"
            )
        least = self.committees * GROUND_EVENTS + self.items
        if self.events < least:
            raise ScaleError(
                f"--events {self.events:,} is too few: every item has one at least and every committee up to {GROUND_EVENTS}, "
                f"so that {least:,} are needed"
            )
        if self.events > least + self.items * EVENTS_AN_ITEM:
            raise ScaleError(f"--events {self.events:,} is too many: that is over {EVENTS_AN_ITEM} for each item")


@dataclass(frozen=True)
class Done:
    """How long a run took, and the address of somebody who can sign in (`people.PASSWORD`) and has a full work list."""

    seconds: float
    example: str


def build(settings: Settings, wanted: Wanted, now: datetime, say: Callable[[str], None]) -> Done:
    """Make what is ``wanted`` in the database of ``settings`` as of ``now``, telling ``say`` how far it is; raise ScaleError first."""
    wanted.check()
    began = time.monotonic()
    database = _open(settings)
    with database.unit_of_work() as session:
        first, before = scale_stage.committees_known(session) + 1, _count_events(session)
        agency_id = scale_stage.enter_agency(session, now)
    password_hash = scale_stage.shared_password_hash()
    numbers = range(first, first + wanted.committees)
    with _processes(settings, wanted.processes) as spread:
        asked = [(now, number, agency_id, password_hash) for number in numbers]
        grounds = list(_told(spread(_make_ground, asked), len(asked), "committees", say))
        with database.reading() as session:
            left = wanted.events - (_count_events(session) - before)
        share = Share(wanted.items - wanted.plans, left - (wanted.items - wanted.plans))
        jobs = _jobs(wanted, now, grounds, share)
        _tell(spread(_fill_plan, jobs), share, say)
    database.engine.dispose()
    _analyse(settings)
    return Done(time.monotonic() - began, f"clerk.{first}-1@demo.invalid")


@dataclass(frozen=True)
class _Job:
    """One plan to fill."""

    ground: Ground
    plan: int
    share: Share
    until: datetime
    seed: str
    is_searchable: bool


def _jobs(wanted: Wanted, now: datetime, grounds: list[Ground], share: Share) -> list[_Job]:
    """Divide ``share`` evenly among all plans."""
    jobs = []
    for number in range(wanted.plans):
        committee, plan = divmod(number, scale_stage.YEARS)
        seed = f"{wanted.seed}/{committee}/{plan}"
        jobs.append(_Job(grounds[committee], plan, share.part(wanted.plans, number), now, seed, wanted.is_searchable))
    return jobs


_here: Database | None = None


def _enter(settings: Settings) -> None:
    """Prepare a process of the pool."""
    global _here
    _here = _open(settings)


def _open(settings: Settings) -> Database:
    """Return the database with every area registered. Wake-ups are not sent: the next sweep finds what the services queued."""
    from collab.factory import create_core

    engine = create_engine(settings.database_url, pool_size=1)
    database = Database(engine, lambda _job, _arguments: None)
    return create_core(settings, database.send_job, database=database).database


@contextmanager
def _processes(settings: Settings, count: int) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]]:
    """Yield what maps a function over arguments in ``count`` processes (0: one a processor; 1: this one), results in order."""
    if count == 1:
        _enter(settings)
        yield map
        assert _here is not None
        _here.engine.dispose()
        return
    with multiprocessing.get_context("spawn").Pool(count or len(os.sched_getaffinity(0)), _enter, (settings,)) as pool:
        yield pool.imap


def _make_ground(asked: tuple[datetime, int, UUID, str]) -> Ground:
    assert _here is not None
    with _here.unit_of_work() as session:
        return scale_stage.prepare(session, *asked)


def _fill_plan(job: _Job) -> Share:
    """Write one plan's items in one transaction; return what was written."""
    assert _here is not None
    batch, plan = Batch(), job.ground.plans[job.plan]
    with _here.unit_of_work() as session:
        session.execute(sa.text("SELECT set_config('collab.act', '1', true)"))
        cursor, stream_id = store.cursor_of(session), f"action_plan/{plan.id}"
        heads, _known = store.open_streams(cursor, {stream_id: plan.since}, [])
        maker = ItemMaker(batch, job.ground, plan, Chain(batch, stream_id, heads[stream_id]), job.seed)
        for touched in maker.waves(job.share, job.until):
            batch.write(cursor)
            if job.is_searchable:
                publish(session, ChangesRecorded(tuple(touched)))
        store.move(cursor, heads)
    return job.share


def _told(done: Iterator[Any], whole: int, what: str, say: Callable[[str], None]) -> Iterator[Any]:
    for number, result in enumerate(done, start=1):
        if number == whole or number % 20 == 0:
            say(f"{number:,} of {whole:,} {what}")
        yield result


def _tell(done: Iterator[Share], whole: Share, say: Callable[[str], None]) -> None:
    """Say, at most every two seconds, how much is written and at what rate."""
    items = events = 0
    began = told = time.monotonic()
    for share in done:
        items, events = items + share.items, events + share.events
        now = time.monotonic()
        if items == whole.items or now - told > 2:
            say(f"{items:,} of {whole.items:,} items, {events:,} events, {events / (now - began):,.0f} events/s")
            told = now


def _count_events(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(HistoryEvent)) or 0


def _analyse(settings: Settings) -> None:
    """Let the planner know of the new rows now. Only the owner may; without its address autovacuum does it in a minute or so."""
    if settings.database_owner_url is None:
        return
    engine = create_engine(settings.database_owner_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
    engine.dispose()
