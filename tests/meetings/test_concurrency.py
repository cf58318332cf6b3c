"""Two recorders at the same instant: numbers of resolutions have no gap and no double, one item is decided once."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config

from collab.factory import register_areas
from collab.kernel import bootstrap
from collab.kernel.db import Database, create_engine
from collab.kernel.errors import StateConflict
from collab.kernel.jobs import Job
from collab.meetings.states import Choice, MeetingState
from tests.conftest import NOW, ROOT
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.world import World, build_world
from tests.services import app_url, superuser_url

ALL_FOR = {"banphru": Choice.FOR, "khohong": Choice.FOR, "phatong": Choice.FOR}


def _send_nothing(_job: Job, _arguments: dict[str, Any]) -> None:
    return None


@pytest.fixture(scope="module")
def committed() -> Iterator[Database]:
    """A database of its own that really commits, so that threads see one another's work."""
    name = f"collab_meeting_threads_{os.getpid()}"
    server = superuser_url()
    bootstrap.drop_database(server, name)
    bootstrap.create_database(server, name)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", app_url(server, bootstrap.OWNER_ROLE, name).replace("%", "%%"))
    command.upgrade(config, "head")
    engine = create_engine(app_url(server, bootstrap.APP_ROLE, name))
    register_areas()
    yield Database(engine, _send_nothing)
    engine.dispose()
    bootstrap.drop_database(server, name)


@pytest.fixture(scope="module")
def people(committed: Database) -> World:
    """A world that stays for the module."""
    with committed.unit_of_work() as session:
        return build_world(session, NOW)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work`` in ``count`` threads that start together; return results, refusals as exceptions."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except StateConflict as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def _items(committed: Database, people: World, now: datetime, meetings: int) -> list[UUID]:
    found = []
    for _number in range(meetings):
        with committed.unit_of_work() as session:
            meeting = make_meeting(session, people, now, MeetingState.IN_SESSION)
            seat_all(session, people, now, meeting)
            found.append(add_item(session, people, now, meeting).id)
    return found


def _vote(committed: Database, people: World, now: datetime, item_id: UUID) -> int:
    from collab.meetings import queries

    with committed.unit_of_work() as session:
        return vote(session, people, now, queries.get_item(session, item_id), ballot(people, **ALL_FOR)).number_in_year


def test_resolutions_of_two_meetings_at_once_get_neighbouring_numbers(committed: Database, people: World, now: datetime) -> None:
    items = _items(committed, people, now, 4)
    numbers = sorted(at_once(4, lambda number: _vote(committed, people, now, items[number])))
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_one_item_is_decided_once(committed: Database, people: World, now: datetime) -> None:
    (item,) = _items(committed, people, now, 1)
    results = at_once(2, lambda _number: _vote(committed, people, now, item))
    assert sorted(isinstance(result, StateConflict) for result in results) == [False, True]
