"""What the tests of a file share does not carry anything from one to the next."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history.models import HistoryEvent
from collab.kernel.db import Database
from collab.members.models import Committee, Organisation
from tests.conftest import NOW
from tests.factories.world import World

FIRST = "Test Cooperation Committee"


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_gone_with_it(database: Database, session: Session, world: World, turn: int) -> None:
    stored = sa.select(Committee.name_en)
    assert (world.committee.name_en, session.scalar(stored)) == (FIRST, FIRST)
    before = session.scalar(sa.select(sa.func.count()).select_from(HistoryEvent))
    session.rollback()  # what it began holds the savepoint of the other
    with database.unit_of_work() as other:
        committee = other.get_one(Committee, world.committee.id)
        with history.act(other, verb="committee.changed", actor=world.actors["administrator"], now=NOW, subject=committee):
            committee.name_en = f"Changed {turn}"
    assert session.scalar(stored) == f"Changed {turn}"
    assert session.scalar(sa.select(sa.func.count()).select_from(HistoryEvent)) == before + 1


@pytest.mark.parametrize("turn", [1, 2])
def test_the_world_is_the_sessions_own(session: Session, world: World, turn: int) -> None:
    with history.act(session, verb="committee.changed", actor=world.actors["administrator"], now=NOW, subject=world.committee):
        world.committee.name_en = f"Changed {turn}"
    session.commit()
    assert session.scalar(sa.select(Committee.name_en)) == f"Changed {turn}"


def test_who_does_not_ask_for_the_world_does_not_find_it(session: Session) -> None:
    assert session.scalars(sa.select(Organisation.id)).all() == []
    assert session.scalars(sa.select(HistoryEvent.id)).all() == []


@pytest.mark.parametrize("turn", [1, 2])
def test_who_ends_the_transaction_ends_it_for_oneself_alone(
    connection: sa.Connection, session: Session, world: World, turn: int
) -> None:
    assert session.scalar(sa.select(Committee.id)) == world.committee.id
    session.close()
    connection.rollback()
