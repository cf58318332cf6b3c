"""One change of one object: chained by the server in one call, to the same bytes that the long way writes."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import canon, store, tracking, writer
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.whole import verify_log
from collab.history.models import FOREVER, HistoryEvent, HistoryOpening, HistoryVersion
from collab.kernel.access import Actor
from collab.members.models import User
from collab.reminders.models import Audience, ReminderRule
from tests.factories.world import World

Change = Callable[..., UUID]
OTHER = "what a script wrote"


@pytest.fixture
def row(session: Session, world: World) -> User:
    """A person, whose names are private."""
    session.commit()
    return world.users["administrator"]


@pytest.fixture
def change(session: Session, world: World, now: datetime) -> Change:
    """Return a function that gives a person new values in a transaction of its own and returns the event's id."""
    return lambda row, minutes=1, **options: changed(
        session, row, world.actors["administrator"], now + timedelta(minutes=minutes), **options
    )


def changed(
    session: Session,
    row: User,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    later: dict[str, Any] | None = None,
    **values: Any,
) -> UUID:
    """Give ``row`` new values, and ``later`` ones after a flush."""
    with history.act(session, verb="user.changed", actor=actor, now=now, subject=row, reason=reason) as done:
        for name, value in values.items():
            setattr(row, name, value)
        if later:
            session.flush()
            for name, value in later.items():
                setattr(row, name, value)
    session.commit()
    return done.event_id


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that tells whenever streams are opened, or looked at before the end."""
    taken: list[str] = []

    def telling(name: str) -> Callable[..., Any]:
        ours = getattr(store, name)

        def told(*given: Any) -> Any:
            taken.append(name)
            return ours(*given)

        return told

    for name in ("open_streams", "announce"):
        monkeypatch.setattr(store, name, telling(name))
    return taken


def body_of(session: Session, event_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = canon.decode(session.get_one(HistoryEvent, event_id).body)
    return found


def fields(body: dict[str, Any]) -> list[str]:
    return [one["f"] for one in body["changes"]]


def assert_whole(session: Session) -> None:
    """Find events, chains, openings and versions in agreement."""
    assert verify_log(session).faults == []
    assert list(check_versions(session)) == []


def test_a_change_of_one_row_is_one_call(session: Session, row: User, change: Change, long_way: list[str]) -> None:
    first, second = change(row, name_en="One"), change(row, 2, name_en="Two", reason="เหตุผล")
    assert long_way == []
    before, after = body_of(session, first), body_of(session, second)
    assert (after["seq"], after["prev"]) == (before["seq"] + 1, session.get_one(HistoryEvent, first).leaf_hash.hex())
    assert after["changes"] == [{"f": "name_en", "oc": before["state_c"]["name_en"], "nc": after["state_c"]["name_en"]}]
    stay = before["state_c"].keys() - {"name_en"}
    assert {name: after["state_c"][name] for name in stay} == {name: before["state_c"][name] for name in stay}
    opened = session.scalars(sa.select(HistoryOpening).where(HistoryOpening.event_id == second)).all()
    assert {one.path: one.value for one in opened} == {"state.name_en": "Two", "reason": "เหตุผล"}
    for one in opened:
        expected = after["reason_c"] if one.path == "reason" else after["state_c"]["name_en"]
        assert canon.commitment(one.salt, one.path, one.value) == expected
    assert_whole(session)


def test_a_version_is_in_force_from_the_event_on(session: Session, row: User, change: Change) -> None:
    first, second = change(row, name_en="One"), change(row, 2, name_en="Two")
    versions = {key: session.get_one(HistoryVersion, key) for key in (first, second)}
    assert versions[first].recorded_to == versions[second].recorded_from
    assert versions[second].recorded_to == FOREVER
    assert (versions[first].state["name_en"], versions[second].state["name_en"]) == ("One", "Two")
    assert versions[second].previous_event_id == first


def test_an_act_that_changes_nothing_is_one_call(session: Session, row: User, change: Change, long_way: list[str]) -> None:
    event = change(row)
    assert long_way == []
    assert fields(body_of(session, event)) == []
    assert_whole(session)


def compared(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a body says but for what differs by nature: ids and hashes, and digests, of which only the names are kept."""
    kept = {name: value for name, value in body.items() if name not in ("id", "prev", "stream", "seq", "subject")}
    kept["state"] = {name: value for name, value in body["state"].items() if name != "organisation_id"}
    kept["state_c"] = sorted(body["state_c"])
    kept["changes"] = [one if "nc" not in one else (one["f"], one["oc"] is not None) for one in body["changes"]]
    return kept | {"reason_c": body["reason_c"] is not None, "version": body["subject"]["ver"]}


def test_both_ways_write_the_same_of_random_changes(
    session: Session, world: World, now: datetime, change: Change, monkeypatch: pytest.MonkeyPatch, long_way: list[str]
) -> None:
    dice = random.Random(2569)
    ours = writer._chained
    values = ["", 'a "quoted" \\ name', "ชื่อ\u0001", "\U0001f600", "x" * 3000, "-seq.", "10"]
    twins = [world.users["clerk_khohong"], world.users["clerk_banphru"]]
    for row in twins:
        session.refresh(row)
        change(row, name_en="same", name_th="same", position="same")
    long_way.clear()
    for number in range(60):
        given = {name: dice.choice(values) for name in ("name_en", "name_th", "position") if dice.random() < 0.6}
        given["disabled_at"] = dice.choice([None, now + timedelta(days=number)])
        bodies = []
        for row, way in zip(twins, (ours, lambda *_given: None), strict=True):
            monkeypatch.setattr(writer, "_chained", way)
            later = {"name_en": "flushed twice", "position": "same"} if number % 3 == 0 else None
            event = change(row, 2 + number, reason="ก" * (number % 2), later=later, **given)
            bodies.append(compared(body_of(session, event)))
        assert bodies[0] == bodies[1]
    assert long_way == ["open_streams"] * 60
    assert_whole(session)


def test_what_changed_past_the_history_is_not_passed_over(
    session: Session, row: User, change: Change, long_way: list[str]
) -> None:
    """The version in force says otherwise than the row did: the event is written upon the version, so that it tells of both."""
    change(row, name_en="One")
    by_script = sa.text("UPDATE user_account SET position = :to, version = version + 1 WHERE id = :id")
    session.execute(by_script, {"to": OTHER, "id": row.id})
    session.refresh(row)
    event = change(row, 2, name_en="Two")
    assert long_way == ["open_streams"]
    assert fields(body_of(session, event)) == ["name_en", "position"]
    assert_whole(session)


def test_a_row_changed_without_having_been_read_goes_the_long_way(
    session: Session, world: World, row: User, now: datetime, long_way: list[str]
) -> None:
    session.expire(row, ["name_en"])
    with history.act(session, verb="user.changed", actor=world.actors["administrator"], now=now, subject=row) as done:
        row.name_en = "Blind"
        session.flush()
        assert tracking._before(done, row, is_new=False) == (None, {"name_en"})
    session.commit()
    assert long_way == ["open_streams"]
    assert fields(body_of(session, done.event_id)) == ["name_en"]
    assert_whole(session)


def test_a_stream_that_is_ahead_of_the_clock_goes_the_long_way(
    session: Session, row: User, change: Change, long_way: list[str]
) -> None:
    first, second = change(row, 5, name_en="One"), change(row, 4, name_en="Two")
    assert long_way == ["open_streams"]
    events = [session.get_one(HistoryEvent, key) for key in (first, second)]
    assert events[0].recorded_at == events[1].recorded_at
    assert_whole(session)


def test_the_old_bulk_ways_are_refused(session: Session, row: User) -> None:
    for way in (
        lambda: session.bulk_update_mappings(User, [{"id": row.id, "name_en": OTHER, "version": row.version}]),  # type: ignore[arg-type]
        lambda: session.bulk_insert_mappings(User, [{"name_en": OTHER}]),  # type: ignore[arg-type]
        lambda: session.bulk_save_objects([row]),
    ):
        with pytest.raises(tracking.UnrecordedChange):
            way()


def test_what_is_added_alone_is_not_taken_for_known(
    session: Session, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(store, "chaining", tried.append)
    made = ReminderRule(audience=Audience.OWNER, repeat_days=0, due_kind="errand", enabled_on=now.date(), offset_days=1)
    history.add_each(session, actor=world.actors["administrator"], acts=[("reminder_rule.made", now, made)])
    session.commit()
    assert tried == []
    assert_whole(session)
