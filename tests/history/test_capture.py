"""Capture: what changes within an act becomes an event; what changes outside any act fails."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import canon, queries
from collab.history.models import FOREVER, HistoryEvent, HistoryVersion
from collab.members.models import Committee, Organisation
from collab.reminders.models import Audience, ReminderRule
from tests.factories.world import World


def test_an_act_writes_one_event_with_the_diff(session: Session, world: World, now: datetime) -> None:
    later = now + timedelta(hours=1)
    with history.act(
        session, verb="committee.renamed", actor=world.actors["administrator"], now=later, subject=world.committee, reason="ชื่อใหม่"
    ):
        world.committee.name_en = "Renamed"
    session.commit()
    entry = queries.list_subject(session, world.committee.id).rows[0]
    assert entry.verb == "committee.renamed"
    assert entry.reason == "ชื่อใหม่"
    assert [(change.name, change.old, change.new) for change in entry.changes] == [
        ("name_en", "Test Cooperation Committee", "Renamed")
    ]


def added_rules(now: datetime) -> list[ReminderRule]:
    options = {"audience": Audience.OWNER, "repeat_days": 0, "due_kind": "errand", "enabled_on": now.date()}
    return [ReminderRule(offset_days=days, **options) for days in (1, 2, 3)]


def test_what_is_added_together_has_an_event_each_at_its_instant(session: Session, world: World, now: datetime) -> None:
    rules = added_rules(now)
    instants = [now - timedelta(minutes=number) for number in range(3)]
    acts = [("reminder_rule.added", moment, rule) for moment, rule in zip(instants, rules, strict=True)]
    history.add_each(session, actor=world.actors["administrator"], acts=acts)
    session.commit()
    for moment, rule in zip(instants, rules, strict=True):
        (event,) = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.subject_id == rule.id))
        assert (event.verb, event.occurred_at) == ("reminder_rule.added", moment)


def test_nothing_slips_in_with_what_is_added_together(session: Session, world: World, now: datetime) -> None:
    rules = added_rules(now)
    session.add(rules.pop())
    acts = [("reminder_rule.added", now, rule) for rule in rules]
    with pytest.raises(history.UnrecordedChange, match="together"):
        history.add_each(session, actor=world.actors["administrator"], acts=acts)


def test_a_change_outside_an_act_fails(session: Session, world: World) -> None:
    world.committee.name_en = "Quietly renamed"
    with pytest.raises(history.UnrecordedChange):
        session.flush()


def test_a_bulk_change_is_refused(session: Session, world: World) -> None:
    with pytest.raises(history.UnrecordedChange):
        session.execute(sa.update(Committee).values(name_en="x"))
    with pytest.raises(history.UnrecordedChange):
        session.execute(sa.update(Committee.__table__).values(name_en="x"))
    with pytest.raises(history.UnrecordedChange):
        session.execute(sa.delete(Committee))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE committee SET name_en = 'x'",
        "UPDATE committee SET name_en = 'x', version = version + 2",
        "UPDATE action_item_supporter SET removed_at = now()",  # a table without a count of versions
        "INSERT INTO holiday (id, day) SELECT gen_random_uuid(), '2026-11-21'",
    ],
)
def test_raw_sql_without_an_act_is_refused_by_the_database(session: Session, world: World, statement: str) -> None:
    session.connection().execute(sa.text("SELECT set_config('collab.act', '', true)"))
    with pytest.raises(sa.exc.IntegrityError, match="without a recorded act"):
        session.execute(sa.text(statement))


@pytest.mark.parametrize("statement", ["DELETE FROM committee", "TRUNCATE committee CASCADE"])
def test_nothing_tracked_is_deleted(session: Session, world: World, statement: str) -> None:
    with pytest.raises((sa.exc.IntegrityError, sa.exc.ProgrammingError)):
        session.execute(sa.text(statement))


@pytest.mark.parametrize("table", ["history_event", "history_opening", "history_version", "history_stream"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_only_grows(session: Session, world: World, table: str, verb: str) -> None:
    with pytest.raises((sa.exc.IntegrityError, sa.exc.ProgrammingError)):
        session.execute(sa.text(verb.format(table)))


def test_streams_are_gap_free_and_chained(session: Session, world: World, now: datetime) -> None:
    for number in range(3):
        with history.act(
            session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee
        ):
            world.committee.name_en = f"Name {number}"
        session.commit()
    stream = f"committee/{world.committee.id}"
    events = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.stream_id == stream).order_by(HistoryEvent.seq)).all()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    previous = bytes(32)
    for event in events:
        body = canon.decode(event.body)
        assert body["prev"] == previous.hex()
        assert canon.leaf_hash(event.body) == event.leaf_hash
        previous = event.leaf_hash


def test_private_text_is_not_in_the_hashed_bytes(session: Session, world: World) -> None:
    user = world.users["clerk_banphru"]
    bodies = session.scalars(sa.select(HistoryEvent.body).where(HistoryEvent.subject_id == user.id)).all()
    assert bodies
    assert all(user.email.encode() not in body and user.name_th.encode() not in body for body in bodies)


def test_as_of_shows_the_state_of_then(session: Session, world: World, now: datetime) -> None:
    later = now + timedelta(days=1)
    organisation: Organisation = world.organisations["banphru"]
    with history.act(session, verb="organisation.renamed", actor=world.actors["administrator"], now=later, subject=organisation):
        organisation.name_en = "New name"
    session.commit()
    before = queries.subject_as_of(session, organisation.id, now + timedelta(hours=1))
    after = queries.subject_as_of(session, organisation.id, later)
    assert before is not None
    assert after is not None
    assert (before.state["name_en"], after.state["name_en"]) == ("Ban Phru Town Municipality", "New name")
    current = session.scalars(
        sa.select(HistoryVersion).where(HistoryVersion.subject_id == organisation.id, HistoryVersion.recorded_to == FOREVER)
    ).all()
    assert len(current) == 1


def test_a_late_entry_needs_a_reason_and_a_second_person(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    last_week = now - timedelta(days=7)

    def rename(reason: str, second: UUID | None) -> None:
        with history.act(
            session, verb="committee.renamed", actor=actor, now=now, subject=world.committee, reason=reason, occurred_at=last_week,
            second_person=second,
        ):  # fmt: skip
            world.committee.name_en = "Late"

    for reason, second in (("", None), ("เหตุผล", None), ("", world.users["auditor"].id), ("เหตุผล", actor.user_id)):
        with pytest.raises(history.LateEntry):
            rename(reason, second)
    rename("เหตุผล", world.users["auditor"].id)
    session.commit()
    event = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.occurred_at == last_week)).one()
    body = canon.decode(event.body)
    assert (body["late"], body["second"], body["occurred_src"]) == (True, str(world.users["auditor"].id), "user")


def test_a_correction_names_what_it_corrects(session: Session, world: World, now: datetime) -> None:
    first = queries.list_subject(session, world.committee.id).rows[0].event_id
    with history.act(
        session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee, corrects=first
    ):
        world.committee.name_en = "Corrected"
    session.commit()
    event = session.scalars(
        sa.select(HistoryEvent).where(HistoryEvent.subject_id == world.committee.id).order_by(HistoryEvent.seq.desc()).limit(1)
    ).one()
    assert canon.decode(event.body)["corrects"] == str(first)


def test_a_sum_is_recorded_in_the_decimals_of_its_column(session: Session, world: World, now: datetime) -> None:
    """What was given as 2 comes back from the database as 2.00: the next event must not tell that as a change."""
    seat = world.seats["banphru"]
    for later, weight in ((1, Decimal(2)), (2, Decimal("2.0"))):
        session.expire(seat)
        with history.act(
            session, verb="seat.changed", actor=world.actors["administrator"], now=now + timedelta(hours=later), subject=seat
        ):
            seat.weight = weight
        session.commit()
    newest, first = queries.list_subject(session, seat.id).rows[:2]
    assert newest.changes == ()
    assert [change.new for change in first.changes] == ["2.00"]


def test_the_guard_on_versions_looks_at_every_column(session: Session) -> None:
    fixed = session.scalar(
        sa.text(
            "SELECT array_agg(a.attname::text) FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid AND "
            "a.attnum = ANY(t.tgattr) WHERE t.tgname = 'history_version_keep'"
        )
    )
    assert set(fixed or ()) == {column.name for column in HistoryVersion.__table__.columns} - {"recorded_to"}


def test_a_version_is_closed_once(session: Session, world: World, now: datetime) -> None:
    with history.act(session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee):
        world.committee.name_en = "Renamed"
    history.write_pending(session)
    with pytest.raises(sa.exc.IntegrityError, match="only be closed, once"):
        session.execute(
            sa.text("UPDATE history_version SET recorded_to = recorded_from WHERE subject_id = :id"), {"id": world.committee.id}
        )
