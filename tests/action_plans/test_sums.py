"""Weights, money and indicators: sums that can be made again on paper, and who may write them."""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.action_plans import queries, rules, service, sums
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.rules import Counted
from collab.action_plans.service import Measure, Sums
from collab.action_plans.states import ItemState
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]

counted = st.builds(
    Counted, group=st.sampled_from(["", "ก", "ข", "ค"]), weight=st.integers(1, 1000), percent=st.integers(0, 100),
    state=st.sampled_from(list(ItemState)),
)  # fmt: skip
group_weights = st.dictionaries(st.sampled_from(["ก", "ข", "ค"]), st.none() | st.integers(1, 1000))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(counted, max_size=30), group_weights)
def test_progress_is_a_weighted_mean_that_leaves_out_what_was_cancelled(
    items: list[Counted], weights: dict[str, int | None]
) -> None:
    found = rules.roll_up_plan(items, weights)
    live = [item for item in items if item.state is not ItemState.CANCELLED]
    assert 0 <= found.verified <= 100
    assert found.weights == sum(group.weight for group in found.groups)
    assert {group.name for group in found.groups} == {item.group for item in live}
    if live:
        assert min(item.percent for item in live) - Decimal("0.05") <= found.reported
        assert found.reported <= max(item.percent for item in live) + Decimal("0.05")
    else:
        assert found.reported == found.verified == 0
    again = [Counted(item.group, item.weight, 77, ItemState.CANCELLED) for item in items]
    assert rules.roll_up_plan([*items, *again], weights) == found


@given(st.lists(counted, max_size=30))
def test_without_weights_of_groups_only_the_items_count(items: list[Counted]) -> None:
    found = rules.roll_up_plan(items, {})
    flat = rules.roll_up((item.weight, item.percent, item.state) for item in items)
    assert (found.reported, found.verified) == (flat.reported, flat.verified)
    assert not found.is_weighted


@given(st.lists(counted, min_size=1, max_size=20), group_weights)
def test_the_figure_can_be_made_again_from_the_terms(items: list[Counted], weights: dict[str, int | None]) -> None:
    found = rules.roll_up_plan(items, weights)
    if not found.groups:
        return
    exact = sum((Fraction(group.weight * group.sums.points, group.sums.weights) for group in found.groups), Fraction(0)) / sum(
        group.weight for group in found.groups
    )
    tenth = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert found.reported == tenth


def test_a_group_weighs_what_it_was_given() -> None:
    items = [Counted("ก", 1, 100, ItemState.DONE), Counted("ข", 9, 0, ItemState.PLANNED)]
    assert rules.roll_up_plan(items, {}).reported == Decimal("10.0")
    assert rules.roll_up_plan(items, {"ก": 3, "ข": 1}).reported == Decimal("75.0")
    # A weight on one side only: the other group weighs as its items do.
    assert rules.roll_up_plan(items, {"ก": 9}).reported == Decimal("50.0")


@pytest.fixture
def two(session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref) -> list[ActionItem]:
    """Two items in two groups of the active plan."""
    other = made.make_item(session, world, now, plan, authority, title="รณรงค์", group_name="ประชาสัมพันธ์", weight=1)
    return [queries.items_of(session, plan.id)[0], other]


def group(session: Session, world: World, now: datetime, plan: ActionPlan, name: str, new_name: str, **facts: Any) -> None:
    values = {"weight": None, "position": 0, "actor": world.actors["coordinator"], **facts}
    service.save_group(session, now=now, plan_id=plan.id, name=name, new_name=new_name, **values)
    session.commit()


def test_a_weight_of_a_group_changes_the_progress(
    session: Session, world: World, now: datetime, plan: ActionPlan, two: list[ActionItem]
) -> None:
    made.report(session, world, now, two[1], 60)
    assert queries.progress_of(session, [plan.id])[plan.id].reported == Decimal("20.0")
    group(session, world, now, plan, "ประชาสัมพันธ์", "ประชาสัมพันธ์", weight=2)
    assert queries.progress_of(session, [plan.id])[plan.id].reported == Decimal("30.0")


def test_another_name_is_given_to_the_items(
    session: Session, world: World, now: datetime, plan: ActionPlan, two: list[ActionItem]
) -> None:
    group(session, world, now, plan, "การเก็บขน", "เก็บและขน", weight=5)
    assert two[0].group_name == "เก็บและขน"
    for bad in ({"new_name": "ประชาสัมพันธ์"}, {"new_name": " "}, {"new_name": "x", "weight": 0}, {"new_name": "x", "position": -1}):
        with pytest.raises(InvalidInput):
            group(session, world, now, plan, "เก็บและขน", **bad)
        session.rollback()
    with pytest.raises(NotFound):
        group(session, world, now, plan, "ไม่มี", "x")
    with pytest.raises(NotAllowed):
        group(session, world, now, plan, "เก็บและขน", "x", actor=world.actors["clerk_banphru"])
    with pytest.raises(StateConflict):
        service.remove_group(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, name="เก็บและขน", reason="ยุบ")


def test_an_empty_group_is_taken_out(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    group(session, world, now, plan, "", "ว่าง", weight=1)
    service.remove_group(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, name="ว่าง", reason="ไม่ใช้")
    session.commit()
    assert queries.groups_of(session, [plan.id]) == []


def line(session: Session, world: World, now: datetime, item: ActionItem, who: str, planned: int, committed: int = 0, spent: int = 0,
         actor: str = "coordinator", version: int | None = None) -> None:  # fmt: skip
    service.save_budget_line(
        session, actor=world.actors[actor], now=now, item_id=item.id, organisation_id=world.org_id(who),
        sums=Sums(Decimal(planned), Decimal(committed), Decimal(spent)), expected_version=version,
    )  # fmt: skip
    session.commit()


def test_the_budget_of_an_item_is_the_sum_of_its_lines(
    session: Session, world: World, now: datetime, plan: ActionPlan, two: list[ActionItem]
) -> None:
    line(session, world, now, two[0], "banphru", 600_000, 500_000, 100_000)
    line(session, world, now, two[0], "pao", 400_000)
    assert two[0].budget_planned == Decimal(1_000_000)
    line(session, world, now, two[0], "pao", 500_000)
    assert two[0].budget_planned == Decimal(1_100_000)
    money = sums.money_of(session, plan)
    assert money.total.sums == Sums(Decimal(1_100_000), Decimal(500_000), Decimal(100_000))
    assert [party.left for party in money.parties] == [Decimal(500_000), Decimal(500_000)]
    assert money.unassigned == two[1].budget_planned
    row = queries.budget_lines_of(session, [two[0].id])[1]
    service.remove_budget_line(session, actor=world.actors["coordinator"], now=now, line_id=row.id, reason="งดอุดหนุน")
    session.commit()
    assert two[0].budget_planned == Decimal(600_000)
    with pytest.raises(NotFound):
        service.remove_budget_line(session, actor=world.actors["coordinator"], now=now, line_id=row.id, reason="อีก")


def test_a_cancelled_item_counts_for_no_money(
    session: Session, world: World, now: datetime, plan: ActionPlan, two: list[ActionItem]
) -> None:
    line(session, world, now, two[0], "banphru", 600_000)
    service.cancel_item(session, actor=world.actors["coordinator"], now=now, item_id=two[0].id, reason="ยกเลิก")
    session.commit()
    assert sums.money_of(session, plan).total.sums.planned == 0


def test_an_organisation_reports_its_own_money_only(session: Session, world: World, now: datetime, two: list[ActionItem]) -> None:
    line(session, world, now, two[0], "banphru", 600_000)
    line(session, world, now, two[0], "khohong", 100_000)
    line(session, world, now, two[0], "khohong", 100_000, 90_000, 10_000, actor="clerk_khohong")
    for actor, who, planned in (
        ("clerk_khohong", "banphru", 600_000), ("clerk_khohong", "khohong", 1), ("clerk_khohong", "phatong", 1), ("auditor", "banphru", 600_000),
        ("clerk_phatong", "phatong", 0),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            line(session, world, now, two[0], who, planned, actor=actor)
        session.rollback()
    with pytest.raises(NotFound):
        line(session, world, now, two[0], "outside", 0, actor="clerk_outside")


def test_sums_that_make_no_sense_and_a_stale_form(session: Session, world: World, now: datetime, two: list[ActionItem]) -> None:
    with pytest.raises(InvalidInput) as fault:
        line(session, world, now, two[0], "banphru", -1)
    assert set(fault.value.errors) == {"planned"}
    session.rollback()
    with pytest.raises(InvalidInput) as fault:
        line(session, world, now, two[0], "outside", 1)
    assert set(fault.value.errors) == {"organisation_id"}
    session.rollback()
    line(session, world, now, two[0], "banphru", 5)
    line(session, world, now, two[0], "banphru", 6, version=1)
    with pytest.raises(VersionConflict):
        line(session, world, now, two[0], "banphru", 7, version=1)


def test_indicators(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    measure = Measure("เที่ยวรถที่ชั่งน้ำหนัก", "ร้อยละ", Decimal(100))
    save = {"now": now, "item_id": item.id}
    row = service.save_indicator(session, actor=world.actors["coordinator"], indicator_id=None, measure=measure, **save)
    session.commit()
    reached = Measure(measure.text, measure.unit, measure.target, Decimal("87.5"))
    service.save_indicator(session, actor=world.actors["clerk_banphru"], indicator_id=row.id, measure=reached, **save)
    session.commit()
    assert row.reached == Decimal("87.5")
    easier = Measure(measure.text, measure.unit, Decimal(50), Decimal("87.5"))
    for who in ("clerk_banphru", "clerk_khohong", "chair"):
        with pytest.raises(NotAllowed):
            service.save_indicator(session, actor=world.actors[who], indicator_id=row.id, measure=easier, **save)
    with pytest.raises(InvalidInput):
        service.save_indicator(
            session, actor=world.actors["coordinator"], indicator_id=None, measure=Measure(" ", "", Decimal(1)), **save
        )
    service.remove_indicator(session, actor=world.actors["coordinator"], now=now, indicator_id=row.id, reason="ซ้ำ")
    session.commit()
    assert queries.indicators_of(session, [item.id]) == []


def test_the_pages_of_sums(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    line(session, world, now, item, "banphru", 600_000, 500_000, 700_000)
    for who in ("coordinator", "clerk_phatong", "auditor", "chair"):
        page = browse(who).get(f"/action-plans/{plan.id}/money").text
        assert "600,000.00" in page
        page = browse(who).get(f"/action-plans/{plan.id}/progress").text
        assert "0 ÷ 2 = 0.0000 %" in page
    assert "เกินแผน" in browse("clerk_phatong").get(f"/action-plans/items/{item.id}").text
    assert browse("clerk_outside").get(f"/action-plans/{plan.id}/money").status_code == 404


def test_writing_money_on_the_page(browse: Browse, session: Session, world: World, plan: ActionPlan, item: ActionItem) -> None:
    client = browse("coordinator")
    path = f"/action-plans/items/{item.id}/budget/new"
    data = {
        "organisation_id": str(world.org_id("banphru")),
        "planned": "600,000",
        "committed": "",
        "spent": "x",
        "once": str(new_id()),
    }
    assert client.get(path).status_code == 200
    assert client.post(path, data=data).status_code == 422
    assert client.post(path, data={**data, "spent": "0"}).status_code == 303
    assert client.post(path, data={**data, "spent": "0"}).status_code == 303
    row = queries.budget_lines_of(session, [item.id])[0]
    clerk, edit = browse("clerk_banphru"), f"/action-plans/budget/{row.id}/edit"
    assert 'name="planned"' not in clerk.get(edit).text
    assert 'name="planned"' in client.get(edit).text
    assert browse("clerk_khohong").get(edit).status_code == browse("chair").get(edit).status_code == 403
    sent = {"committed": "500,000", "spent": "100,000.50", "version": "1"}
    assert clerk.post(edit, data={**sent, "once": str(new_id())}).status_code == 303
    stale = clerk.post(edit, data={**sent, "spent": "99", "once": str(new_id())})
    assert stale.status_code == 409
    assert "100,000.50" in stale.text
    assert browse("clerk_khohong").get(edit).status_code == 403
    remove = f"/action-plans/budget/{row.id}/remove"
    assert client.get(remove).status_code == 200
    assert client.post(remove, data={"reason": ""}).status_code == 422
    assert client.post(remove, data={"reason": "ผิด"}).status_code == 303
    assert clerk.get(edit).status_code == 404


def test_writing_groups_and_indicators_on_the_page(browse: Browse, session: Session, plan: ActionPlan, item: ActionItem) -> None:
    client, group_page = browse("coordinator"), f"/action-plans/{plan.id}/group?name=การเก็บขน"
    assert client.get(group_page).status_code == 200
    assert client.get(f"/action-plans/{plan.id}/group?name=ไม่มี").status_code == 404
    assert browse("clerk_banphru").get(group_page).status_code == 403
    assert client.post(group_page, data={"name": "", "position": "1"}).status_code == 422
    assert client.post(group_page, data={"name": "เก็บขน", "weight": "5", "position": "1"}).status_code == 303
    assert client.get(f"/action-plans/{plan.id}/progress").status_code == 200
    page = f"/action-plans/items/{item.id}/indicators/new"
    assert client.get(page).status_code == 200
    data = {"text": "เที่ยวที่ชั่ง", "unit": "ร้อยละ", "target": "เก้าสิบ"}
    assert client.post(page, data=data).status_code == 422
    assert client.post(page, data={**data, "target": "90"}).status_code == 303
    row = queries.indicators_of(session, [item.id])[0]
    edit, clerk = f"/action-plans/indicators/{row.id}/edit", browse("clerk_banphru")
    assert 'name="target"' not in clerk.get(edit).text
    assert clerk.post(edit, data={"reached": "85.25", "version": "1"}).status_code == 303
    assert "85.25" in clerk.get(f"/action-plans/items/{item.id}").text
    assert clerk.post(edit, data={"reached": "1", "version": "1"}).status_code == 409
    remove = f"/action-plans/indicators/{row.id}/remove"
    assert client.post(remove, data={"reason": "ซ้ำ"}).status_code == 303
    assert client.get(remove).status_code == 404
