"""What is recorded, when, and for whom."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.calendar.models import Holiday
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.members.models import RoleAssignment
from collab.reminders import service, sweep
from collab.reminders.models import Audience, Reminder, ReminderState
from collab.reminders.rules import Place
from tests.databases import own_database
from tests.factories.reminders import KIND, Errands, add_rule, name_deputy, send_away
from tests.factories.reminders import errands as made_up
from tests.factories.world import World, build_world

DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)


def recorded(session: Session) -> list[Reminder]:
    return list(session.scalars(sa.select(Reminder).order_by(Reminder.due_on, Reminder.recipient_id)))


def run(session: Session, now: datetime) -> int:
    """Sweep, and return how many reminders are there that were not before."""
    counting = sa.select(sa.func.count()).select_from(Reminder)
    before = session.scalar(counting) or 0
    sweep.sweep(session, now=now)
    return (session.scalar(counting) or 0) - before


def names(session: Session, world: World) -> set[str]:
    keys = {user.id: key for key, user in world.users.items()}
    return {keys[row.recipient_id] for row in recorded(session)}


def add(errands: Errands, world: World, due_on: date, owner: str | None = "clerk_banphru", organisation: str = "banphru") -> Any:
    return errands.add(
        due_on,
        owner=world.users[owner].id if owner else None,
        organisation=world.org_id(organisation),
        committee=world.committee.id,
    )


def close_offices(session: Session, now: datetime, day: date) -> None:
    row = Holiday(day=day, name_th="วันหยุดพิเศษ", name_en="Special", is_office_closed=True, source="test")
    with history.act(session, verb="holiday.entered", actor=job_actor("test"), now=now, subject=row):
        session.add(row)


@pytest.mark.parametrize(
    ("offset", "due_in", "fires"),
    [
        (-5, 7, True),
        (-5, 8, False),
        (-5, 6, True),
        (-5, 4, False),
        (0, 0, True),
        (0, 1, False),
        (1, -3, True),
        (2, -3, False),
        (2, -5, True),
    ],
)
def test_a_rule_fires_on_its_day(
    session: Session, world: World, errands: Errands, now: datetime, offset: int, due_in: int, fires: bool
) -> None:
    add_rule(session, world, now, Audience.OWNER, offset)
    close_offices(session, now, TODAY - 4 * DAY)
    key = add(errands, world, TODAY + due_in * DAY)
    assert run(session, now) == int(fires)
    rows = recorded(session)
    if fires:
        (row,) = rows
        assert (row.target_id, row.target_kind, row.due_kind, row.fire_on) == (key, KIND, KIND, TODAY)
        assert (row.state, row.created_at, row.attempts) == (ReminderState.DUE, now, 0)


def test_a_second_run_adds_nothing(
    database: Database, world: World, errands: Errands, now: datetime, sent_jobs: list[Any]
) -> None:
    add(errands, world, TODAY)
    with database.unit_of_work() as session:
        add_rule(session, world, now, Audience.OWNER, 0)
    with database.unit_of_work() as session:
        assert run(session, now) == 1
    assert [job for job, _arguments in sent_jobs] == [Job.REMINDERS_DELIVER]
    for later in (timedelta(minutes=1), timedelta(days=1), timedelta(days=9)):
        with database.unit_of_work() as session:
            assert run(session, now + later) == 0


def test_the_sweep_says_how_much_it_recorded_and_wakes_nobody_for_nothing(
    database: Database, world: World, errands: Errands, now: datetime, sent_jobs: list[Any]
) -> None:
    add(errands, world, TODAY)
    with database.unit_of_work() as session:
        add_rule(session, world, now, Audience.OWNER, 0)
    counts = []
    for _turn in range(2):
        with database.unit_of_work() as session:
            counts.append(sweep.sweep(session, now=now))
    assert counts == [1, 0]
    assert len(sent_jobs) == 1


@pytest.mark.parametrize(("moment", "working"), [(timedelta(days=-1), False), (timedelta(days=-2), False), (timedelta(0), True)])
def test_what_falls_on_a_weekend_is_sent_on_monday(
    session: Session, world: World, errands: Errands, now: datetime, moment: timedelta, working: bool
) -> None:
    add_rule(session, world, now - 5 * DAY, Audience.OWNER, 0)
    add(errands, world, TODAY - 2 * DAY)
    assert run(session, now + moment) == int(working)
    if working:
        assert recorded(session)[0].fire_on == TODAY


def test_what_falls_on_a_holiday_is_sent_on_the_next_working_day(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY + DAY)
    close_offices(session, now, TODAY + DAY)
    assert run(session, now) == 0, "not on the working day before"
    assert run(session, now + DAY) == 0
    assert run(session, now + 2 * DAY) == 1


def test_the_day_is_that_of_bangkok(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY + DAY)
    assert run(session, now.replace(hour=16, minute=59)) == 0
    assert run(session, now.replace(hour=17, minute=0)) == 1


def test_missed_days_are_caught_up(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    for number in range(5):
        add(errands, world, TODAY + number * DAY)
    assert run(session, now + 9 * DAY) == 5


def test_switching_on_never_mails_the_past(session: Session, world: World, errands: Errands, now: datetime) -> None:
    for offset, repeat in ((0, 0), (3, 5), (-5, 0)):
        add_rule(session, world, now, Audience.OWNER, offset, repeat)
    for days in (3, 4, 6, 30, 400):
        add(errands, world, TODAY - days * DAY)
    assert run(session, now) == 0
    assert run(session, now + 2 * DAY) == 2, (
        "three working days after Thursday and Friday; the rest stays past, also when it repeats"
    )
    assert run(session, now + 60 * DAY) == 2


def test_a_rule_that_is_off_sends_nothing(session: Session, world: World, errands: Errands, now: datetime) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0, enable=False)
    add(errands, world, TODAY)
    assert run(session, now) == 0
    service.switch_rule(
        session, actor=world.actors["administrator"], now=now, rule_id=rule.id, enable=True, expected_version=rule.version
    )
    assert run(session, now) == 1


def test_what_is_overdue_is_told_weekly_and_once_after_a_standstill(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.OWNER, 3, 5)
    add(errands, world, TODAY)
    counts = [run(session, now + number * DAY) for number in range(11)]
    assert counts == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert run(session, now + 39 * DAY) == 1, "four weeks later: one, not four"
    assert [(row.fire_on, row.occurrence) for row in recorded(session)] == [
        (TODAY + 3 * DAY, 0), (TODAY + 10 * DAY, 1), (TODAY + 38 * DAY, 5),
    ]  # fmt: skip


def test_a_moved_deadline_is_a_new_reminder(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    key = add(errands, world, TODAY)
    run(session, now)
    errands.move(key, TODAY + DAY)
    assert run(session, now + DAY) == 1
    assert [row.due_on for row in recorded(session)] == [TODAY, TODAY + DAY]


@pytest.mark.parametrize(
    ("audience", "wanted"),
    [
        (Audience.OWNER, {"executive_khohong"}),
        (Audience.CLERK, {"clerk_banphru"}),
        (Audience.EXECUTIVE, {"executive_banphru"}),
        (Audience.CHAIR, {"chair"}),
        (Audience.COORDINATOR, {"coordinator"}),
    ],
)
def test_each_rung_reaches_its_people(
    session: Session, world: World, errands: Errands, now: datetime, audience: Audience, wanted: set[str]
) -> None:
    add_rule(session, world, now, audience, 0)
    add(errands, world, TODAY, owner="executive_khohong")
    run(session, now)
    assert names(session, world) == wanted


def test_without_an_owner_the_clerks_are_responsible(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY, owner=None, organisation="khohong")
    run(session, now)
    assert names(session, world) == {"clerk_khohong"}


def test_whose_role_ended_is_reminded_of_nothing_and_the_next_rung_is_told(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.CLERK, 0)
    add(errands, world, TODAY, owner=None)
    role = session.scalars(sa.select(RoleAssignment).where(RoleAssignment.user_id == world.users["clerk_banphru"].id)).one()
    with history.act(session, verb="role.ended", actor=job_actor("test"), now=now, subject=role):
        role.valid_to = TODAY - DAY
    assert run(session, now) == 1
    assert names(session, world) == {"executive_banphru"}


def test_who_owns_the_matter_is_not_told_again_for_the_office_nor_passed_over(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.CLERK, 0)
    add(errands, world, TODAY)
    assert run(session, now) == 0, "the only clerk is the owner: neither the clerk again nor the executive"


def test_in_the_place_of_one_who_is_away_the_deputy(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    name_deputy(session, world, now, "clerk_banphru", "clerk_phatong", TODAY - 9 * DAY)
    send_away(session, world, now, "clerk_banphru", TODAY, TODAY)
    run(session, now)
    (row,) = recorded(session)
    assert row.recipient_id == world.users["clerk_phatong"].id
    assert row.deputy_for_id == world.users["clerk_banphru"].id


@pytest.mark.parametrize(
    ("away_from", "deputy_since", "told"), [(1, -9, "clerk_banphru"), (0, 1, "executive_banphru"), (0, -9, "clerk_phatong")]
)
def test_a_deputy_stands_in_only_while_it_holds(
    session: Session, world: World, errands: Errands, now: datetime, away_from: int, deputy_since: int, told: str
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    name_deputy(session, world, now, "clerk_banphru", "clerk_phatong", TODAY + deputy_since * DAY)
    send_away(session, world, now, "clerk_banphru", TODAY + away_from * DAY, TODAY + 5 * DAY)
    run(session, now)
    assert names(session, world) == {told}


def test_when_the_deputy_is_away_too_the_next_rung_is_told(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    other = add(errands, world, TODAY, owner="clerk_khohong", organisation="khohong")
    name_deputy(session, world, now, "clerk_banphru", "clerk_phatong", TODAY - 9 * DAY)
    for who in ("clerk_banphru", "clerk_phatong"):
        send_away(session, world, now, who, TODAY, TODAY)
    assert run(session, now) == 2
    told = {row.target_id: (row.audience, row.recipient_id) for row in recorded(session)}
    assert told.pop(other) == (Audience.OWNER, world.users["clerk_khohong"].id)
    assert list(told.values()) == [(Audience.EXECUTIVE, world.users["executive_banphru"].id)], "no clerk but the owner is there"
    assert run(session, now + DAY) == 0, "who comes back is not told of what the next rung was told"


def test_when_everybody_of_the_organisation_is_away_the_chair_is_told(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    for who in ("clerk_banphru", "executive_banphru"):
        send_away(session, world, now, who, TODAY, TODAY)
    run(session, now)
    assert names(session, world) == {"chair"}


def test_who_takes_over_is_not_told_a_second_time(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    key = add(errands, world, TODAY)
    assert run(session, now) == 1
    name_deputy(session, world, now, "clerk_banphru", "clerk_phatong", TODAY)
    send_away(session, world, now, "clerk_banphru", TODAY + DAY, TODAY + DAY)
    assert run(session, now + DAY) == 0, "the absence begins after the reminder"
    errands.rows[key] = (TODAY, world.org_id("banphru"), world.users["clerk_khohong"].id, world.committee.id)
    assert run(session, now + DAY) == 0


def test_a_deputy_who_left_does_not_stand_in(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    name_deputy(session, world, now, "clerk_banphru", "clerk_phatong", TODAY - 9 * DAY)
    send_away(session, world, now, "clerk_banphru", TODAY, TODAY)
    left = session.merge(world.users["clerk_phatong"])
    with history.act(session, verb="user.disabled", actor=job_actor("test"), now=now, subject=left):
        left.disabled_at = now
    run(session, now)
    assert names(session, world) == {"executive_banphru"}


def test_for_an_owner_who_left_the_clerks_are_responsible(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY, owner="executive_khohong")
    user = session.merge(world.users["executive_khohong"])
    with history.act(session, verb="user.disabled", actor=job_actor("test"), now=now, subject=user):
        user.disabled_at = now
    run(session, now)
    assert names(session, world) == {"clerk_banphru"}


def test_a_reminder_before_the_day_that_falls_on_a_weekend_is_sent_on_monday(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    add_rule(session, world, now - 5 * DAY, Audience.OWNER, -1)
    add(errands, world, TODAY - DAY)
    assert run(session, now) == 1


def test_an_object_that_is_due_in_two_ways_is_told_of_both(
    session: Session, world: World, errands: Errands, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collab.kernel.i18n import lazy
    from collab.reminders import registry

    monkeypatch.setitem(registry._kinds, "other", registry.DueKind("other", KIND, lazy("Reminder"), errands.select))
    add_rule(session, world, now, Audience.OWNER, 0)
    add(errands, world, TODAY)
    assert run(session, now) == 2


def test_a_rule_of_one_committee_or_kind_stays_within(session: Session, world: World, errands: Errands, now: datetime) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0, due_kind=KIND, committee_id=world.committee.id)
    inside = add(errands, world, TODAY)
    errands.add(TODAY, owner=world.users["clerk_khohong"].id, organisation=world.org_id("khohong"))
    assert run(session, now) == 1
    (row,) = recorded(session)
    assert (row.target_id, row.rule_id, row.committee_id) == (inside, rule.id, world.committee.id)


def test_the_sweep_is_one_statement_a_rule_however_much_is_due(
    session: Session, world: World, errands: Errands, now: datetime, connection: sa.Connection
) -> None:
    add_rule(session, world, now, Audience.OWNER, 0)
    for _number in range(50):
        add(errands, world, TODAY)
    session.flush()
    statements: list[str] = []
    listen: Any = lambda _c, _cursor, statement, *_rest: statements.append(statement)  # noqa: E731
    sa.event.listen(connection, "before_cursor_execute", listen)
    try:
        assert run(session, now) == 50
    finally:
        sa.event.remove(connection, "before_cursor_execute", listen)
    assert sum("INSERT INTO reminder" in statement for statement in statements) == 1


@pytest.fixture(scope="module")
def own(template: str) -> Iterator[tuple[Database, World]]:
    """A database of this file alone that really commits."""
    from tests.reminders.conftest import MONDAY

    with own_database("sweep", template) as database:
        with database.unit_of_work() as session:
            world = build_world(session, MONDAY)
            add_rule(session, world, MONDAY, Audience.OWNER, 0)
            add_rule(session, world, MONDAY, Audience.COORDINATOR, 0)
        yield database, world


def test_two_beats_at_once_record_everything_once(
    own: tuple[Database, World], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, world = own
    errands = made_up(monkeypatch)
    for _number in range(200):
        add(errands, world, TODAY)
    sweepers = 4
    together = Barrier(sweepers)

    def beat(_number: int) -> None:
        together.wait(10)
        with database.unit_of_work() as session:
            sweep.sweep(session, now=now)

    with ThreadPoolExecutor(sweepers) as pool:
        list(pool.map(beat, range(sweepers)))
    with database.reading() as session:
        rows = recorded(session)
    assert len(rows) == len({(row.target_id, row.rule_id, row.recipient_id) for row in rows}) == 400


def test_a_committee_and_a_plan_are_under_their_own_values(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    rule, plan = add_rule(session, world, now - 30 * DAY, Audience.OWNER, 0), new_id()
    admin, committee = world.actors["administrator"], world.committee.id
    for place, offset, is_on in (
        (Place(committee), 1, None),
        (Place(committee, plan), 2, None),
        (Place(committee, new_id()), None, False),
    ):
        service.set_override(
            session, actor=admin, now=now - 20 * DAY, rule_id=rule.id, place=place, facts=service.RuleFacts(offset, None),
            is_enabled=is_on, expected_version=0,
        )  # fmt: skip
    in_committee = add(errands, world, TODAY)
    outside = errands.add(TODAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    in_plan = add(errands, world, TODAY)
    errands.plans[in_plan] = plan
    told = []
    for number in range(3):
        run(session, now + number * DAY)
        told.append({row.target_id for row in recorded(session)})
    assert told == [{outside}, {outside, in_committee}, {outside, in_committee, in_plan}]


def test_a_rule_of_a_plan_reaches_that_plan_only(session: Session, world: World, errands: Errands, now: datetime) -> None:
    plan = new_id()
    add_rule(session, world, now, Audience.OWNER, 0, committee_id=world.committee.id, plan_id=plan)
    add(errands, world, TODAY)
    inside = add(errands, world, TODAY)
    errands.plans[inside] = plan
    assert run(session, now) == 1
    assert recorded(session)[0].target_id == inside


def merge(session: Session, world: World, now: datetime, gone: str, successor: str) -> None:
    """Let ``gone`` become a part of ``successor``: its offices end, its people move over."""
    with history.act(session, verb="organisation.changed", actor=job_actor("test"), now=now, subject=world.organisations[gone]):
        for key, user in world.users.items():
            if not key.endswith(gone):
                continue
            user.organisation_id = world.org_id(successor)
            for role in session.scalars(sa.select(RoleAssignment).where(RoleAssignment.user_id == user.id)):
                role.valid_to = TODAY - DAY


def test_when_an_organisation_was_merged_its_matters_are_told_to_who_is_there(
    session: Session, world: World, errands: Errands, now: datetime
) -> None:
    """The owner stays the owner wherever they work; without one the committee's chair hears of it, until the successor leads it."""
    merge(session, world, now, "phatong", "banphru")
    owned = add(errands, world, TODAY, "clerk_phatong", "phatong")
    orphan = add(errands, world, TODAY, None, "phatong")
    handed_over = add(errands, world, TODAY, None, "banphru")
    add_rule(session, world, now, Audience.OWNER, 0)
    assert run(session, now) == 3
    told = {row.target_id: (row.recipient_id, row.audience) for row in recorded(session)}
    assert told == {
        owned: (world.users["clerk_phatong"].id, Audience.OWNER),
        orphan: (world.users["chair"].id, Audience.CHAIR),
        handed_over: (world.users["clerk_banphru"].id, Audience.OWNER),
    }
    errands.rows[orphan] = (TODAY + DAY, world.org_id("banphru"), None, world.committee.id)
    assert run(session, now + DAY) == 1
    assert recorded(session)[-1].recipient_id == world.users["clerk_banphru"].id
