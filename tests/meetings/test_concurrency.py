"""Two recorders at the same instant: numbers of resolutions have no gap and no double, one item is decided once."""

from datetime import datetime
from uuid import UUID

from collab.kernel.db import Database
from collab.kernel.errors import StateConflict
from collab.meetings.states import Choice, MeetingState
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.world import World
from tests.threads import at_once

ALL_FOR = {"banphru": Choice.FOR, "khohong": Choice.FOR, "phatong": Choice.FOR}


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
