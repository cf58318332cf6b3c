"""Many writers at once: no gap, no fork, no deadlock; a transaction that fails leaves no trace."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.audits.service import record_export
from collab.history import canon, store
from collab.history.integrity.whole import verify_log
from collab.history.models import FOREVER, HistoryEvent, HistoryStream, HistoryVersion
from collab.history.writer import ChangesRecorded
from collab.kernel import events as events_of_kernel
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.text import sort_key
from collab.members.models import FactKind, Organisation, OrganisationFact, OrganisationKind
from tests.factories.world import World
from tests.threads import wait_for

WRITERS, EACH = 8, 6
ACTOR = job_actor("test")


def add_organisation(session: Session, name: str) -> Organisation:
    made = Organisation(
        kind=OrganisationKind.OTHER, name_th=name, name_en=name, short_th=name, short_en=name, district="", sort_key=sort_key(name)
    )  # fmt: skip
    with history.act(session, verb="organisation.created", actor=ACTOR, now=datetime.now(UTC), subject=made):
        session.add(made)
    return made


def rename(database: Database, key: UUID, name: str) -> None:
    with database.unit_of_work() as session:
        row = session.get(Organisation, key, with_for_update=True)
        assert row is not None
        with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
            row.name_en = name


def test_eight_writers_on_one_stream_leave_no_gap_and_no_fork(committed: Database) -> None:
    with committed.unit_of_work() as session:
        key = add_organisation(session, "one stream").id
    names = [f"name {number}" for number in range(WRITERS * EACH)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda name: rename(committed, key, name), names))
    with committed.reading() as session:
        events = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.subject_id == key).order_by(HistoryEvent.seq)).all()
        stream = session.get(HistoryStream, f"organisation/{key}")
    assert [event.seq for event in events] == list(range(1, WRITERS * EACH + 2))
    assert stream is not None
    assert (stream.seq, bytes(stream.head)) == (events[-1].seq, events[-1].leaf_hash)
    instants = [event.recorded_at for event in events]
    assert instants == sorted(instants)


def test_eight_writers_of_different_rows_in_one_stream_leave_no_gap_and_no_fork(committed: Database, people: World) -> None:
    """Attack 48: no row is shared, so nothing but the lock on the stream stands between the writers."""
    auditor = people.actors["auditor"]

    def take(number: int) -> None:
        with committed.unit_of_work() as session:
            record_export(session, actor=auditor, now=datetime.now(UTC), target=None, query=str(number), count=1, sha256="0" * 64)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(take, range(WRITERS * EACH)))
    stream_id = f"audit_reading/{auditor.user_id}"
    with committed.reading() as session:
        events = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.stream_id == stream_id).order_by(HistoryEvent.seq)
        ).all()
        stream = session.get_one(HistoryStream, stream_id)
    assert [event.seq for event in events] == list(range(1, WRITERS * EACH + 1))
    before = bytes(32)
    for event in events:
        assert json.loads(event.body)["prev"] == before.hex()
        before = bytes(event.leaf_hash)
    assert bytes(stream.head) == before


def test_writers_that_touch_two_streams_in_opposite_order_do_not_deadlock(committed: Database) -> None:
    with committed.unit_of_work() as session:
        keys = [add_organisation(session, f"pair {number}").id for number in range(2)]

    def both(order: int) -> None:
        with committed.unit_of_work() as session:
            rows = {key: session.get(Organisation, key, with_for_update=True) for key in sorted(keys)}
            for key in keys if order % 2 else reversed(keys):
                row = rows[key]
                assert row is not None
                with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
                    row.name_en = f"turn {order}"

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(both, range(WRITERS)))
    with committed.reading() as session:
        for key in keys:
            count = session.scalar(sa.select(sa.func.count()).where(HistoryEvent.subject_id == key))
            assert count == WRITERS + 1


def test_what_rolls_back_leaves_no_event(committed: Database) -> None:
    made: list[UUID] = []

    def fail() -> None:
        with committed.unit_of_work() as session:
            made.append(add_organisation(session, "rolled back").id)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    with committed.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(HistoryEvent.subject_id == made[0])) == 0
        assert session.get(HistoryStream, f"organisation/{made[0]}") is None


def test_a_clock_that_runs_backwards_does_not_disorder_a_stream(committed: Database) -> None:
    with committed.unit_of_work() as session:
        made = add_organisation(session, "clock")
    with committed.unit_of_work() as session:
        row = session.get(Organisation, made.id, with_for_update=True)
        assert row is not None
        with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime(2020, 1, 1, tzinfo=UTC), subject=row):
            row.name_en = "earlier?"
    with committed.reading() as session:
        events = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.subject_id == made.id).order_by(HistoryEvent.seq)
        ).all()
    assert events[1].recorded_at >= events[0].recorded_at


def new_fact(organisation_id: UUID, value: str) -> OrganisationFact:
    return OrganisationFact(organisation_id=organisation_id, kind=FactKind.POPULATION, value=value, source="census")


def put_fact(session: Session, organisation_id: UUID, value: str) -> UUID:
    fact = new_fact(organisation_id, value)
    with history.act(session, verb="organisation.fact_added", actor=ACTOR, now=datetime.now(UTC), subject=fact):
        session.add(fact)
    return fact.id


def add_fact(database: Database, organisation_id: UUID, value: str) -> UUID:
    with database.unit_of_work() as session:
        return put_fact(session, organisation_id, value)


def correct(session: Session, fact_id: UUID, value: str) -> None:
    fact = session.get(OrganisationFact, fact_id)
    assert fact is not None
    with history.act(session, verb="organisation.fact_corrected", actor=ACTOR, now=datetime.now(UTC), subject=fact):
        fact.value = value


@pytest.mark.parametrize("acts", [1, 2])
@pytest.mark.parametrize("way", ["a row is changed", "a row is added"])
def test_a_stream_that_moved_on_meanwhile_is_gone_on_with_where_it_ends(committed: Database, way: str, acts: int) -> None:
    """Who changes a row is chained by the server; who adds one looked at the stream before, and opens it again."""
    with committed.unit_of_work() as session:
        key = add_organisation(session, "moves on").id
    others, again, mine = (add_fact(committed, key, str(number)) for number in range(3))
    with committed.unit_of_work() as session:
        if way == "a row is changed":
            correct(session, mine, "10")
        else:
            mine = put_fact(session, key, "10")
        with committed.unit_of_work() as meanwhile:
            correct(meanwhile, others, "20")
        if acts == 2:
            correct(session, again, "30")
    with committed.reading() as session:
        events = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.stream_id == f"organisation/{key}").order_by(HistoryEvent.seq)
        ).all()
        stream = session.get(HistoryStream, f"organisation/{key}")
    bodies = [canon.decode(event.body) for event in events]
    assert [body["seq"] for body in bodies] == list(range(1, 6 + acts))
    assert [body["prev"] for body in bodies[1:]] == [event.leaf_hash.hex() for event in events[:-1]]
    assert stream is not None
    assert (stream.seq, bytes(stream.head)) == (events[-1].seq, events[-1].leaf_hash)
    assert [event.subject_id for event in events[4:]] == [others, mine, again][: 1 + acts]


@pytest.mark.parametrize("streams", [1, 2])
def test_an_act_on_two_rows_writes_both_or_opens_again_when_one_stream_moved_on(committed: Database, streams: int) -> None:
    with committed.unit_of_work() as session:
        keys = [add_organisation(session, f"two rows {number}").id for number in range(streams)]
    first, second, others = (add_fact(committed, key, "0") for key in (keys[0], keys[-1], keys[-1]))
    with committed.unit_of_work() as session:
        one, other = (session.get_one(OrganisationFact, fact_id) for fact_id in (first, second))
        with history.act(session, verb="organisation.fact_corrected", actor=ACTOR, now=datetime.now(UTC), subject=one):
            one.value = other.value = "10"
        with committed.unit_of_work() as meanwhile:
            correct(meanwhile, others, "20")
    with committed.reading() as session:
        versions = session.scalars(
            sa.select(HistoryVersion).where(HistoryVersion.subject_id.in_([first, second]), HistoryVersion.recorded_to == FOREVER)
        ).all()
        events = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.stream_id == f"organisation/{keys[-1]}").order_by(HistoryEvent.seq)
        ).all()
        assert {fault.mechanism for fault in verify_log(session).faults} <= {"BACKDATE"}
    assert [version.state["value"] for version in versions] == ["10", "10"]
    written = [event.subject_id for event in events if event.verb == "organisation.fact_corrected"]
    assert written == [others, *[first, second][streams - 1 :]]


def test_writers_of_several_streams_that_moved_on_meanwhile_do_not_deadlock(committed: Database) -> None:
    with committed.unit_of_work() as session:
        keys = [add_organisation(session, f"several {number}").id for number in range(2)]
    facts = [[add_fact(committed, key, "0") for key in keys] for _writer in range(4)]

    def work(number: int) -> None:
        for turn in range(EACH):
            with committed.unit_of_work() as session:
                for fact_id in facts[number][:: 1 if number % 2 else -1]:
                    correct(session, fact_id, f"{number} {turn}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with committed.reading() as session:
        # The test before this one entered something as of 2020.
        assert {fault.mechanism for fault in verify_log(session).faults} <= {"BACKDATE"}
        ends = session.scalars(sa.select(HistoryStream.seq).where(HistoryStream.id.in_([f"organisation/{key}" for key in keys])))
        assert ends.all() == [1 + 4 + 4 * EACH] * 2


def test_an_act_is_announced_again_after_a_savepoint_that_was_taken_back(committed: Database) -> None:
    with committed.unit_of_work() as session:
        key = add_organisation(session, "savepoint").id
    with committed.unit_of_work() as session:
        savepoint = session.begin_nested()
        put_fact(session, key, "taken back")
        savepoint.rollback()
        put_fact(session, key, "kept")
    with committed.reading() as session:
        facts = session.scalars(sa.select(OrganisationFact.value).where(OrganisationFact.organisation_id == key))
        assert facts.all() == ["kept"]


def test_who_waits_for_another_s_commit_is_chained_to_it_without_opening_the_stream(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(store, "open_streams", lambda *given, ours=store.open_streams: opened.append(given) or ours(*given))
    with committed.unit_of_work() as session:
        key = add_organisation(session, "waits").id
    mine, others = (add_fact(committed, key, "0") for _fact in range(2))
    opened.clear()

    def correct_mine() -> None:
        with committed.unit_of_work() as session:
            correct(session, mine, "10")

    def somebody_waits() -> bool:
        with committed.reading() as session:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return bool(session.scalar(sa.text(waiting)))

    with committed.unit_of_work() as session, ThreadPoolExecutor(1) as pool:
        correct(session, others, "20")
        history.write_pending(session)
        waiting = pool.submit(correct_mine)
        assert wait_for(somebody_waits)
        session.commit()
        waiting.result()
    with committed.reading() as session:
        events = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.stream_id == f"organisation/{key}").order_by(HistoryEvent.seq)
        ).all()
    assert [event.subject_id for event in events[3:]] == [others, mine]
    assert canon.decode(events[4].body)["prev"] == events[3].leaf_hash.hex()
    assert opened == []


def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that tells whenever the history is written before the COMMIT, and how."""
    told: list[str] = []

    def telling(name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: told.append(name) or ours(*given)

    for name in ("done", "open_streams"):
        monkeypatch.setattr(store, name, telling(name, getattr(store, name)))
    return told


@pytest.mark.parametrize("way", ["a row is changed", "a row is added", "two rows are changed"])
def test_the_history_travels_with_the_commit(committed: Database, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    with committed.unit_of_work() as session:
        key = add_organisation(session, way).id
    one, other = (add_fact(committed, key, "0") for _fact in range(2))
    told = calls(monkeypatch)
    with committed.unit_of_work() as session:
        if way == "a row is added":
            put_fact(session, key, "10")
        else:
            correct(session, one, "10")
        if way == "two rows are changed":
            correct(session, other, "20")
    # Several acts are many rows: they open their streams, once for all.
    assert told == (["open_streams", "done"] if way == "two rows are changed" else [])
    with committed.reading() as session:
        found = session.scalars(sa.select(HistoryEvent.verb).where(HistoryEvent.stream_id == f"organisation/{key}")).all()
        assert len(found) == 5 if way == "two rows are changed" else 4
        assert {fault.mechanism for fault in verify_log(session).faults} <= {"BACKDATE"}


def test_a_row_that_was_not_looked_at_is_not_taken_for_new(committed: Database) -> None:
    with committed.unit_of_work() as session:
        key = add_organisation(session, "second flush").id
    old = add_fact(committed, key, "0")
    with committed.unit_of_work() as session:
        organisation, fact = session.get_one(Organisation, key), session.get_one(OrganisationFact, old)
        with history.act(session, verb="organisation.facts_changed", actor=ACTOR, now=datetime.now(UTC), subject=organisation):
            session.add(new_fact(key, "10"))
            session.flush()
            fact.value = "20"
    with committed.reading() as session:
        versions = session.scalars(sa.select(HistoryVersion).where(HistoryVersion.subject_id == old)).all()
        assert sorted((row.state["value"], row.previous_event_id is None) for row in versions) == [("0", True), ("20", False)]


def test_what_a_reaction_records_is_the_last_that_travels_with_the_commit(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with committed.unit_of_work() as session:
        key = add_organisation(session, "reaction").id
    mine, others = (add_fact(committed, key, "0") for _fact in range(2))

    def reaction(session: Session, told: ChangesRecorded) -> None:
        if told.subjects == (("organisation_fact", mine),):
            correct(session, others, "20")

    monkeypatch.setitem(events_of_kernel._reactions, ChangesRecorded, [reaction])
    told = calls(monkeypatch)
    with committed.unit_of_work() as session:
        correct(session, mine, "10")
    assert told == ["done"]
    with committed.reading() as session:
        found = session.execute(
            sa.select(HistoryEvent.subject_id, HistoryEvent.seq).where(HistoryEvent.stream_id == f"organisation/{key}")
        ).all()
    assert sorted(found, key=lambda row: row.seq)[-2:] == [(mine, 4), (others, 5)]


def test_what_the_history_refuses_with_the_commit_is_written_before_it(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody wrote past the history: the event is written upon the version in force, so that it tells of both."""
    with committed.unit_of_work() as session:
        key = add_organisation(session, "past the history").id
    with committed.unit_of_work() as session:
        script = "UPDATE organisation SET name_th = 'by hand', version = version + 1 WHERE id = :id"
        session.execute(sa.text(script), {"id": key})
    told = calls(monkeypatch)
    rename(committed, key, "as it should be")
    assert told == ["open_streams", "done"]
    with committed.reading() as session:
        last = session.scalars(
            sa.select(HistoryEvent).where(HistoryEvent.subject_id == key).order_by(HistoryEvent.seq.desc()).limit(1)
        ).one()
        assert [change["f"] for change in canon.decode(last.body)["changes"]] == ["name_en", "name_th"]
        assert session.get_one(Organisation, key).name_en == "as it should be"
