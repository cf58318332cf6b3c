"""The commit: it writes what was recorded, then what those recorded who react to the writing, until nothing is left."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import canon
from collab.history.models import HistoryEvent, HistoryVersion
from collab.history.writer import ChangesRecorded
from collab.kernel import events
from tests.factories.world import World

Reaction = Callable[[Session, ChangesRecorded], None]


@pytest.fixture
def react() -> Iterator[Callable[[Reaction], None]]:
    """Return a function that lets a reaction follow what is recorded, to the end of the test."""
    reactions = events._reactions[ChangesRecorded]
    before = list(reactions)
    yield reactions.append
    reactions[:] = before


def rename(session: Session, world: World, now: datetime, name: str, verb: str = "committee.renamed") -> None:
    with history.act(session, verb=verb, actor=world.actors["administrator"], now=now, subject=world.committee):
        world.committee.name_en = name


def echo(world: World, now: datetime, names: list[str], heard: list[ChangesRecorded]) -> Reaction:
    """Return a reaction that renames the committee to each of ``names`` in turn, once for each writing that it hears of."""

    def reaction(session: Session, told: ChangesRecorded) -> None:
        heard.append(told)
        if names:
            rename(session, world, now, names.pop(0), "committee.echoed")

    return reaction


@pytest.mark.parametrize("echoes", [["Second"], ["Second", "Third", "Fourth"]])
def test_what_reacts_to_the_writing_is_written_by_the_same_commit(
    session: Session, world: World, now: datetime, react: Callable[[Reaction], None], echoes: list[str]
) -> None:
    heard: list[ChangesRecorded] = []
    react(echo(world, now, list(echoes), heard))
    rename(session, world, now, "First")
    session.commit()
    session.expire_all()
    assert world.committee.name_en == echoes[-1]
    stream = f"committee/{world.committee.id}"
    chain = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.stream_id == stream).order_by(HistoryEvent.seq)).all()
    assert [event.verb for event in chain[-1 - len(echoes) :]] == ["committee.renamed"] + ["committee.echoed"] * len(echoes)
    for before, event in pairwise(chain):
        assert (event.seq, canon.decode(event.body)["prev"]) == (before.seq + 1, before.leaf_hash.hex())
    assert [told.subjects for told in heard] == [(("committee", world.committee.id),)] * (1 + len(echoes))


def test_each_writing_closes_the_version_before(
    session: Session, world: World, now: datetime, react: Callable[[Reaction], None]
) -> None:
    react(echo(world, now, ["Second"], []))
    rename(session, world, now, "First")
    session.commit()
    versions = session.scalars(
        sa.select(HistoryVersion).where(HistoryVersion.subject_id == world.committee.id).order_by(HistoryVersion.event_id)
    ).all()
    assert [row.state["name_en"] for row in versions[-2:]] == ["First", "Second"]
    assert versions[-1].previous_event_id == versions[-2].event_id
    assert [row.recorded_to.year == 9999 for row in versions] == [False] * (len(versions) - 1) + [True]


def test_what_was_written_is_not_written_again(session: Session, world: World, now: datetime) -> None:
    rename(session, world, now, "First")
    history.write_pending(session)
    history.write_pending(session)
    session.commit()
    written = session.scalar(
        sa.select(sa.func.count()).where(HistoryEvent.subject_id == world.committee.id, HistoryEvent.verb == "committee.renamed")
    )
    assert written == 1


def test_to_add_nothing_needs_no_act(session: Session, world: World, now: datetime) -> None:
    history.add_each(session, actor=world.actors["administrator"], acts=[])
    rename(session, world, now, "First")
    session.commit()
