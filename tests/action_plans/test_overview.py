"""The overview: lights by rules that are told, earned against planned from what was recorded, and rows behind every figure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.action_plans import earned, lights, overview, queries, service
from collab.action_plans.earned import Part
from collab.action_plans.lights import Flag, ItemFacts, Light, Rule
from collab.action_plans.models import ActionPlan
from collab.action_plans.overview_queries import Scope
from collab.action_plans.states import ItemState
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

TODAY = date(2026, 11, 21)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


# --- lights


def facts(**changes: Any) -> ItemFacts:
    values: dict[str, Any] = {
        "id": UUID(int=1), "plan_id": UUID(int=2), "lead_organisation_id": UUID(int=3), "group": "", "weight": 1, "percent": 0,
        "state": ItemState.IN_PROGRESS, "starts_on": TODAY - timedelta(days=5), "due_on": TODAY + timedelta(days=100),
        "baseline_starts_on": None, "baseline_due_on": None, "reported_on": None,
    }  # fmt: skip
    return ItemFacts(**{**values, **changes})


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("changes", "rules", "light"),
    [
        ({}, [], Light.GREEN),
        ({"due_on": TODAY}, [], Light.GREEN),
        ({"due_on": ago(1)}, [Rule.LATE], Light.YELLOW),
        ({"due_on": ago(30)}, [Rule.LATE], Light.YELLOW),
        ({"due_on": ago(31)}, [Rule.LATE_LONG, Rule.LATE], Light.RED),
        ({"due_on": ago(31), "state": ItemState.DONE}, [], Light.GREEN),
        ({"due_on": ago(31), "state": ItemState.CANCELLED}, [], Light.NONE),
        ({"starts_on": ago(45)}, [], Light.GREEN),
        ({"starts_on": ago(46)}, [Rule.SILENT], Light.YELLOW),
        ({"starts_on": ago(46), "reported_on": ago(2)}, [], Light.GREEN),
        ({"starts_on": ago(46), "state": ItemState.AWAITING_VERIFICATION}, [], Light.GREEN),
        ({"baseline_due_on": TODAY + timedelta(days=40)}, [], Light.GREEN),
        ({"baseline_due_on": TODAY + timedelta(days=39)}, [Rule.SLIPPED], Light.YELLOW),
    ],
)
def test_each_rule_has_its_threshold(changes: dict[str, Any], rules: list[Rule], light: Light) -> None:
    verdict = lights.judge([facts(**changes)], Decimal(0), Decimal(0), TODAY)
    assert ([reason.rule for reason in verdict.reasons], verdict.light) == (rules, light)


@pytest.mark.parametrize(
    ("planned", "light"), [("49.9", Light.GREEN), ("50.0", Light.YELLOW), ("59.9", Light.YELLOW), ("60.0", Light.RED)]
)
def test_progress_behind_the_plan_changes_the_light(planned: str, light: Light) -> None:
    assert lights.judge([facts()], Decimal(planned), Decimal("40.0"), TODAY).light is light


STATES = st.sampled_from(list(ItemState))
FACTS = st.builds(
    lambda state, starts, length, base, reported: facts(
        state=state, starts_on=starts, due_on=starts + timedelta(days=length), baseline_due_on=base, reported_on=reported
    ),
    STATES,
    DAYS,
    st.integers(0, 400),
    st.none() | DAYS,
    st.none() | DAYS,
)


@settings(deadline=None)
@given(st.lists(FACTS, max_size=8), FACTS, st.decimals(0, 100, places=1), st.decimals(0, 100, places=1))
def test_another_item_never_makes_a_light_better(
    items: list[ItemFacts], more: ItemFacts, planned: Decimal, done: Decimal
) -> None:
    order = [Light.NONE, Light.GREEN, Light.YELLOW, Light.RED]
    one, two = (lights.judge(rows, planned, done, TODAY) for rows in (items, [*items, more]))
    assert order.index(two.light) >= order.index(one.light)
    assert two.light is max((reason.light for reason in two.reasons), key=order.index, default=two.light)
    assert (two.light is Light.NONE) == all(not lights.flags(item, TODAY) for item in [*items, more])


# --- earned against planned


def test_the_planned_share_grows_evenly() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 10)
    shares = [earned.planned_percent(first, last, first + timedelta(days=number)) for number in range(-1, 11)]
    assert shares == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]
    assert earned.planned_percent(first, first, first) == 100


@settings(deadline=None)
@given(DAYS, st.integers(0, 800), DAYS, DAYS)
def test_the_planned_share_never_falls(starts: date, length: int, one: date, two: date) -> None:
    due = starts + timedelta(days=length)
    early, late = sorted((one, two))
    assert 0 <= earned.planned_percent(starts, due, early) <= earned.planned_percent(starts, due, late) <= 100


PARTS = st.lists(st.builds(Part, st.sampled_from("ab"), st.integers(1, 1000), st.integers(0, 100)), min_size=1, max_size=8)


@settings(deadline=None)
@given(PARTS, st.dictionaries(st.sampled_from("ab"), st.integers(1, 1000)))
def test_a_share_lies_between_the_least_and_the_most(parts: list[Part], weights: dict[str, int]) -> None:
    found = earned.share(parts, weights)
    assert min(part.percent for part in parts) <= found <= max(part.percent for part in parts)
    assert earned.share([*parts, *parts]) == earned.share(parts)


def test_a_group_with_a_weight_counts_by_it() -> None:
    parts = [Part("a", 1, 100), Part("a", 3, 0), Part("b", 6, 50)]
    assert earned.share(parts) == Decimal("40.0")
    assert earned.share(parts, {"a": 30, "b": 70}) == Decimal("42.5")
    assert earned.share([]) == Decimal("0.0")


def test_a_fiscal_year_has_twelve_month_ends_and_today() -> None:
    assert earned.month_ends(2569, TODAY)[0] == date(2025, 10, 31)
    assert earned.month_ends(2569, TODAY)[-1] == date(2026, 9, 30)
    assert len(earned.month_ends(2569, TODAY)) == 12
    assert earned.month_ends(2570, TODAY)[:3] == [date(2026, 10, 31), TODAY, date(2026, 11, 30)]
    assert len(earned.month_ends(2570, date(2026, 11, 30))) == 12


# --- pages


@pytest.fixture
def plans(session: Session, world: World, authority: Ref) -> list[ActionPlan]:
    """Two active plans since October: late, silent, done, waiting and quiet items of two organisations."""
    october = datetime(2026, 10, 5, 3, tzinfo=UTC)
    found = []
    for title in ("แผนหนึ่ง", "แผนสอง"):
        plan = made.make_plan(session, world, october, title)
        items = [
            made.make_item(
                session, world, october, plan, authority, title=f"{title} {name}", starts_on=starts, due_on=due, **more
            )
            for name, starts, due, more in (
                ("ช้า", date(2026, 10, 1), date(2026, 11, 15), {}),
                ("ช้านาน", date(2026, 10, 1), date(2026, 10, 10), {"weight": 5}),
                ("เงียบ", date(2026, 10, 1), date(2027, 5, 1), {}),
                ("เสร็จ", date(2026, 10, 1), date(2026, 11, 1), {"group_name": "อื่น"}),
                ("ต่อไป", date(2027, 1, 1), date(2027, 5, 1), _led_by_khohong(world)),
            )
        ]
        made.activate(session, world, october, plan)
        made.report(session, world, datetime(2026, 10, 20, tzinfo=UTC), items[0], 40)
        made.report(session, world, datetime(2026, 11, 10, tzinfo=UTC), items[3], 100)
        found.append(plan)
    return found


def _led_by_khohong(world: World) -> dict[str, Any]:
    return {
        "lead_organisation_id": world.org_id("khohong"), "supporter_ids": frozenset({world.org_id("banphru")}),
        "owner_id": world.users["clerk_khohong"].id,
    }  # fmt: skip


def test_progress_of_a_month_is_what_was_reported_by_its_end(
    session: Session, world: World, plans: list[ActionPlan], now: datetime
) -> None:
    found = overview.read(session, world.actors["coordinator"], Scope(plan_id=plans[0].id), now)
    by_day = {month.day: month for month in found.months}
    # Weights 2, 5, 2, 2, 2: 40 of the first by the end of October; today the fourth says 100, and waits, late, to be verified.
    assert by_day[date(2026, 10, 31)].earned == Decimal("6.2")
    assert by_day[TODAY].earned == Decimal("21.5")
    assert found.total is not None
    assert (found.total.earned, by_day[TODAY].planned) == (Decimal("21.5"), found.total.planned)
    assert (by_day[date(2026, 10, 31)].late, by_day[TODAY].late) == (1, 3)
    assert by_day[date(2026, 11, 30)].earned is None


def test_whoever_coordinates_several_committees_sees_each(
    session: Session, world: World, plans: list[ActionPlan], now: datetime
) -> None:
    found = overview.read(session, world.actors["coordinator"], Scope(), now)
    assert [(row.key, row.figures[Flag.ALL]) for row in found.by_committee] == [(world.committee.id, 10)]
    assert {row.key: row.figures[Flag.ALL] for row in found.by_organisation} == {
        world.org_id("banphru"): 8,
        world.org_id("khohong"): 2,
    }


@pytest.mark.parametrize("who", ["coordinator", "clerk_banphru"])
def test_every_figure_opens_exactly_its_rows(
    plans: list[ActionPlan], browse: Callable[[str], FlaskClient], who: str, world: World
) -> None:
    client = browse(who)
    seen = 0
    for address in ("/action-plans/overview", f"/action-plans/overview?organisation={world.org_id('khohong')}"):
        text = client.get(address).get_data(as_text=True)
        for url, number in re.findall(r'href="(/action-plans/overview/items\?[^"]+)">(\d+)</a>', text):
            rows = client.get(url.replace("&amp;", "&")).get_data(as_text=True)
            assert rows.count('<th scope="row"') == int(number), url
            assert f"({number})</h1>" in rows
            seen += 1
    assert seen > 20


def test_the_lights_are_told_with_their_reasons(plans: list[ActionPlan], browse: Callable[[str], FlaskClient]) -> None:
    text = browse("chair").get("/action-plans/overview").get_data(as_text=True)
    assert "แดง: ต้องตัดสินใจแก้ไข" in text
    assert "1 รายการล่าช้าเกิน 30 วัน นานที่สุด 42 วัน" in text
    assert "3 รายการล่าช้า นานที่สุด 42 วัน" in text
    assert "<svg" in text


def test_nobody_sees_figures_of_plans_that_are_not_theirs(
    session: Session, world: World, plans: list[ActionPlan], browse: Callable[[str], FlaskClient]
) -> None:
    client = browse("clerk_outside")
    for query in ({}, {"plan": plans[0].id}, {"committee": world.committee.id}, {"organisation": world.org_id("banphru")}):
        for address in ("/action-plans/overview", "/action-plans/overview/items"):
            text = client.get(address, query_string=query).get_data(as_text=True)
            assert "แผนหนึ่ง" not in text
            assert '<th scope="row"' not in text


RUBBISH: tuple[dict[str, str], ...] = (
    {"plan": "x"}, {"organisation": "\x00"}, {"flag": "'--", "cursor": "x"}, {"committee": "0" * 99},
)  # fmt: skip


def test_rubbish_in_the_address_is_no_fault(plans: list[ActionPlan], browse: Callable[[str], FlaskClient]) -> None:
    client = browse("coordinator")
    for query in RUBBISH:
        for address in ("/action-plans/overview", "/action-plans/overview/items"):
            assert client.get(address, query_string=query).status_code == 200, query


def test_the_number_of_queries_does_not_grow(
    session: Session, world: World, now: datetime, authority: Ref, plans: list[ActionPlan], browse: Callable[[str], FlaskClient],
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    client, sizes = browse("coordinator"), []
    for _round in range(2):
        with count_queries() as statements:
            assert client.get("/action-plans/overview").status_code == 200
            assert client.get("/action-plans/overview/items").status_code == 200
        sizes.append(len(statements))
        another = made.make_plan(session, world, now, "แผนสาม")
        for number in range(4):
            made.make_item(session, world, now, another, authority, title=f"งาน {number}")
        made.activate(session, world, now, another)
    assert sizes[0] == sizes[1]


def test_what_was_taken_out_counts_until_then_and_not_after(
    session: Session, world: World, plans: list[ActionPlan], now: datetime
) -> None:
    item = next(row for row in queries.items_of(session, plans[0].id) if row.weight == 5)
    service.remove_item(session, actor=world.actors["coordinator"], now=now, item_id=item.id, reason="ซ้ำ")
    session.commit()
    found = overview.read(session, world.actors["coordinator"], Scope(plan_id=plans[0].id), now)
    by_day = {month.day: month.earned for month in found.months}
    assert (by_day[date(2026, 10, 31)], by_day[TODAY]) == (Decimal("6.2"), Decimal("35.0"))
    assert overview.rows_behind(session, world.actors["coordinator"], Scope(plan_id=plans[0].id), Flag.LATE_LONG, now)[1] == []


def test_a_plan_of_an_earlier_year_is_under_way_while_something_is_left_to_do(
    session: Session, world: World, plans: list[ActionPlan], now: datetime
) -> None:
    coordinator = world.actors["coordinator"]
    two_years_on = datetime(2028, 11, 21, tzinfo=UTC)
    assert len(overview.read(session, coordinator, Scope(), two_years_on).plans) == 2
    for item in queries.items_of(session, plans[0].id):
        if item.state is ItemState.AWAITING_VERIFICATION:
            service.judge_report(
                session, actor=world.actors["clerk_khohong"], now=now, item_id=item.id, accepted=True, words="ครบ"
            )
        elif item.is_open:
            service.cancel_item(session, actor=coordinator, now=now, item_id=item.id, reason="ปิดปี")
        session.commit()
    assert [plan.id for plan in overview.read(session, coordinator, Scope(), two_years_on).plans] == [plans[1].id]
