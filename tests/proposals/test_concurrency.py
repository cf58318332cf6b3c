"""Several clerks at the same instant: the register has no gap and no double, one proposal is submitted once."""

from datetime import datetime
from uuid import UUID

from collab.kernel.db import Database
from collab.kernel.errors import StateConflict
from collab.proposals import service
from tests.factories.proposals import proposal_in
from tests.factories.world import World
from tests.threads import at_once


def _submit(database: Database, people: World, now: datetime, proposal_id: UUID) -> int:
    with database.unit_of_work() as session:
        made = service.submit_proposal(
            session, actor=people.actors["clerk_banphru"], now=now, proposal_id=proposal_id, expected_version=None
        )
        assert made.number_in_year is not None
        return made.number_in_year


def test_numbers_taken_at_once_have_no_gap_and_no_double(committed: Database, people: World, now: datetime) -> None:
    with committed.unit_of_work() as session:
        keys = [proposal_in(session, people, now).id for _number in range(8)]
    numbers = at_once(8, lambda number: _submit(committed, people, now, keys[number]))
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 8))


def test_one_proposal_is_submitted_once(committed: Database, people: World, now: datetime) -> None:
    with committed.unit_of_work() as session:
        key = proposal_in(session, people, now).id
    results = at_once(4, lambda _number: _submit(committed, people, now, key))
    assert [type(result) for result in results].count(int) == 1
    assert sum(isinstance(result, StateConflict) for result in results) == 3
