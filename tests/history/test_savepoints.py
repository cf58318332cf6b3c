"""Savepoints: what is taken back leaves no event, version or gap, and takes nothing else with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction

from collab import history
from collab.history import canon
from collab.history.models import FOREVER, HistoryEvent, HistoryStream, HistoryVersion
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.text import sort_key
from collab.members.models import FactKind, Organisation, OrganisationFact, OrganisationKind

ACTOR = job_actor("test")
Told = Callable[[UUID], list[tuple[str, str]]]


def make(session: Session, name: str) -> UUID:
    made = Organisation(
        kind=OrganisationKind.OTHER, name_th=name, name_en=name, short_th=name, short_en=name, district="", sort_key=sort_key(name)
    )  # fmt: skip
    with history.act(session, verb="organisation.created", actor=ACTOR, now=datetime.now(UTC), subject=made):
        session.add(made)
    return made.id


def rename(session: Session, key: UUID, name: str) -> None:
    row = session.get_one(Organisation, key, with_for_update=True)
    with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
        row.name_en = name


@pytest.fixture
def key(committed: Database) -> UUID:
    """An organisation called ``old`` with one event."""
    with committed.unit_of_work() as session:
        return make(session, "old")


@pytest.fixture
def told(committed: Database) -> Told:
    """Return a function: (verb, name_en) of each event of an organisation, once stream, chain, versions and row were found to agree."""

    def read(key: UUID) -> list[tuple[str, str]]:
        with committed.reading() as session:
            events = session.scalars(
                sa.select(HistoryEvent).where(HistoryEvent.stream_id == f"organisation/{key}").order_by(HistoryEvent.seq)
            ).all()
            versions = {
                row.event_id: row
                for row in session.scalars(sa.select(HistoryVersion).where(HistoryVersion.stream_id == f"organisation/{key}"))
            }
            stream, row = session.get(HistoryStream, f"organisation/{key}"), session.get(Organisation, key)
        assert (stream is None) == (row is None) == (not events)
        before = bytes(32)
        for number, event in enumerate(events, 1):
            body = canon.decode(event.body)
            assert (event.seq, body["seq"], body["prev"]) == (number, number, before.hex())
            before = bytes(event.leaf_hash)
        assert versions.keys() == {event.id for event in events}
        if stream is not None and row is not None:
            assert (stream.seq, bytes(stream.head)) == (len(events), before)
            in_force = [version for version in versions.values() if version.recorded_to == FOREVER]
            assert [version.state["name_en"] for version in in_force if version.subject_id == key] == [row.name_en]
        return [(event.verb, versions[event.id].state.get("name_en", "")) for event in events]

    return read


OLD = ("organisation.created", "old")


def test_a_change_taken_back_with_its_savepoint_leaves_no_event(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        savepoint = session.begin_nested()
        rename(session, key, "taken back")
        gone = make(session, "never was")
        savepoint.rollback()
    assert told(key) == [OLD]
    assert told(gone) == []


def test_what_was_recorded_before_and_after_stays(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        rename(session, key, "before")
        savepoint = session.begin_nested()
        rename(session, key, "taken back")
        savepoint.rollback()
        rename(session, key, "after")
    assert told(key) == [OLD, ("organisation.renamed", "before"), ("organisation.renamed", "after")]


def test_a_savepoint_released_within_one_that_is_taken_back_goes_with_it(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        rename(session, key, "before")
        outer = session.begin_nested()
        rename(session, key, "outer")
        with session.begin_nested():
            rename(session, key, "inner")
        outer.rollback()
    assert told(key) == [OLD, ("organisation.renamed", "before")]


def test_a_savepoint_taken_back_within_one_that_is_released_takes_only_its_own(
    committed: Database, key: UUID, told: Told
) -> None:
    with committed.unit_of_work() as session, session.begin_nested():
        rename(session, key, "outer")
        inner = session.begin_nested()
        rename(session, key, "inner")
        inner.rollback()
    assert told(key) == [OLD, ("organisation.renamed", "outer")]


def test_an_outer_savepoint_taken_back_while_the_inner_is_open_takes_both(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        outer = session.begin_nested()
        rename(session, key, "outer")
        session.begin_nested()
        rename(session, key, "inner")
        outer.rollback()
        rename(session, key, "after")
    assert told(key) == [OLD, ("organisation.renamed", "after")]


def test_a_transaction_taken_back_after_a_release_leaves_nothing(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        with session.begin_nested():
            rename(session, key, "released")
        session.rollback()
        rename(session, key, "next transaction")
    assert told(key) == [OLD, ("organisation.renamed", "next transaction")]


def test_a_session_closed_without_a_commit_carries_nothing_into_its_next_transaction(
    committed: Database, key: UUID, told: Told
) -> None:
    with committed.unit_of_work() as session:
        rename(session, key, "dropped")
        session.close()
        rename(session, key, "kept")
    assert told(key) == [OLD, ("organisation.renamed", "kept")]


def test_a_change_that_fails_in_a_savepoint_leaves_what_came_before(committed: Database, key: UUID, told: Told) -> None:
    def fail(session: Session) -> None:
        with session.begin_nested():
            rename(session, key, "taken back")
            session.execute(sa.insert(HistoryStream).values(id=f"organisation/{key}", seq=0, head=b"", recorded_at=FOREVER))

    with committed.unit_of_work() as session:
        rename(session, key, "before")
        with pytest.raises(sa.exc.IntegrityError):
            fail(session)
    assert told(key) == [OLD, ("organisation.renamed", "before")]


def test_a_savepoint_taken_back_within_an_act_takes_its_rows_out_of_the_act(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        row = session.get_one(Organisation, key, with_for_update=True)
        with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
            row.name_en = "kept"
            savepoint = session.begin_nested()
            session.add(OrganisationFact(organisation_id=key, kind=FactKind.POPULATION, value="1", source="census"))
            session.flush()
            savepoint.rollback()
    assert told(key) == [OLD, ("organisation.renamed", "kept")]


def test_an_act_does_not_outlive_the_savepoint_in_which_it_began(committed: Database, key: UUID, told: Told) -> None:
    def act(session: Session, row: Organisation, savepoint: SessionTransaction) -> None:
        with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
            row.name_en = "taken back"
            session.flush()
            savepoint.rollback()

    with committed.unit_of_work() as session:
        row = session.get_one(Organisation, key, with_for_update=True)
        savepoint = session.begin_nested()
        with pytest.raises(history.UnrecordedChange, match="taken back"):
            act(session, row, savepoint)
    assert told(key) == [OLD]


def test_a_transaction_is_not_committed_over_an_open_savepoint(committed: Database, key: UUID, told: Told) -> None:
    """The session says before a commit only that there is one: not whether the savepoint ends or what is around it."""
    with committed.unit_of_work() as session:
        rename(session, key, "before")
        session.begin_nested()
        rename(session, key, "within")
        transaction = session.get_transaction()
        assert transaction is not None
        with pytest.raises(history.UnrecordedChange, match="open savepoint"):
            transaction.commit()
        session.rollback()
    assert told(key) == [OLD]


def test_the_history_is_not_written_within_a_savepoint(committed: Database, key: UUID, told: Told) -> None:
    with committed.unit_of_work() as session:
        rename(session, key, "before")
        savepoint = session.begin_nested()
        with pytest.raises(history.UnrecordedChange, match="within a savepoint"):
            history.write_pending(session)
        savepoint.rollback()
        history.write_pending(session)
        rename(session, key, "after")
    assert told(key) == [OLD, ("organisation.renamed", "before"), ("organisation.renamed", "after")]
