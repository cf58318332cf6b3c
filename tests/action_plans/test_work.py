"""The work list in its orders: each page is what sorting everything gives, forwards and back, whatever the cursor says."""

import base64
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ItemState
from collab.action_plans.work import Order, View, WorkQuery, list_work, orders_of
from collab.action_plans.work_stripes import STATES
from collab.kernel.targets import Ref
from collab.members.models import Organisation
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], Any]
Count = Callable[[], Any]
DAY = date(2026, 12, 20)
PLACES = ("banphru", "khohong", "phatong")


@pytest.fixture
def items(session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref) -> list[ActionItem]:
    """Open items of two plans and three organisations, in all open states, changed one after the other; several share a due date."""
    other = made.make_plan(session, world, now, "แผนที่สอง")
    made.make_item(session, world, now, other, authority)
    made.activate(session, world, now, other)
    states = (ItemState.PLANNED, ItemState.AWAITING_VERIFICATION, ItemState.IN_PROGRESS)
    for number in range(14):
        item = made.make_item(
            session, world, now + timedelta(minutes=number), plan if number % 3 else other, authority, title=f"รายการ {number}",
            lead_organisation_id=world.org_id(PLACES[number % 3]), supporter_ids=frozenset({world.org_id(PLACES[(number + 1) % 3])}),
            owner_id=None, due_on=date(2026, 12, 1 + number // 2 * 4),
        )  # fmt: skip
        later = now + timedelta(hours=9 - number % 5)
        with history.act(session, verb="progress.reported", actor=world.actors["coordinator"], now=later, subject=item):
            item.state = states[number % 3]
    session.commit()
    return list(session.query(ActionItem).filter(ActionItem.is_open))


def _sorted(session: Session, items: list[ActionItem], order: Order) -> list[Any]:
    plans = {plan.id: plan for plan in session.query(ActionPlan)}
    names = {row.id: row.sort_key for row in session.query(Organisation)}
    keys: dict[Order, Callable[[ActionItem], Any]] = {
        Order.DUE: lambda item: (item.due_on, item.id),
        Order.STATE: lambda item: (STATES.index(item.state), item.due_on, item.id),
        Order.PLAN: lambda item: (-plans[item.plan_id].fiscal_year, str(item.plan_id), item.due_on, item.id),
        Order.ORGANISATION: lambda item: (names[item.lead_organisation_id], item.due_on, item.id),
        Order.CHANGED: lambda item: (item.changed_at, item.id),
    }
    return [item.id for item in sorted(items, key=keys[order], reverse=order is Order.CHANGED)]


@pytest.mark.parametrize("late_only", [False, True])
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("view", [View.COMMITTEES, View.ORGANISATION])
def test_pages_are_what_sorting_gives(
    session: Session, world: World, items: list[ActionItem], order: Order, view: View, late_only: bool
) -> None:
    if order not in orders_of(view, late_only=late_only):
        return
    actor = world.actors["coordinator" if view is View.COMMITTEES else "clerk_banphru"]
    chosen = [
        item
        for item in items
        if (view is View.COMMITTEES or item.lead_organisation_id == actor.organisation_id)
        and not (late_only and item.due_on >= DAY)
    ]
    wanted = _sorted(session, chosen, order)
    asked = WorkQuery(view, late_only, order)
    forwards: list[Any] = []
    page = list_work(session, actor, asked, DAY, size=3)
    assert page.previous_cursor is None
    forwards += page.rows
    while page.next_cursor:
        page = list_work(session, actor, asked, DAY, page.next_cursor, size=3)
        forwards += page.rows
    assert [row.id for row in forwards] == wanted
    assert len(wanted) > 3
    back = list(page.rows)
    while page.previous_cursor:
        page = list_work(session, actor, asked, DAY, page.previous_cursor, size=3)
        back = page.rows + back
    assert [row.id for row in back] == wanted


def test_all_open_states_have_their_place() -> None:
    assert set(STATES) == {ItemState.AWAITING_VERIFICATION, ItemState.IN_PROGRESS, ItemState.PLANNED}


def test_a_change_comes_first(session: Session, world: World, now: datetime, items: list[ActionItem]) -> None:
    actor, later = world.actors["coordinator"], now + timedelta(days=1)
    oldest = list_work(session, actor, WorkQuery(View.COMMITTEES, order=Order.CHANGED), DAY).rows[-1]
    item = session.get_one(ActionItem, oldest.id)
    with history.act(session, verb="action_item.edited", actor=actor, now=later, subject=item):
        item.weight = 9
    session.commit()
    first = list_work(session, actor, WorkQuery(View.COMMITTEES, order=Order.CHANGED), DAY).rows[0]
    assert (first.id, first.changed_at) == (item.id, later)


def test_the_orders_on_the_page(browse: Browse, items: list[ActionItem], count_queries: Count) -> None:
    client = browse("coordinator")
    for order in orders_of(View.COMMITTEES, late_only=False):
        with count_queries() as statements:
            page = client.get(f"/work?view=committees&order={order}").text
        assert len(statements) <= 4
        assert page.count("/action-plans/items/") == len(items)
        assert page.count('<strong aria-current="true">') == 1
    assert "แผนที่สอง" in client.get("/work?view=committees&order=plan").text
    assert re.search(r"พฤศจิกายน 2569 เวลา \d\d\.\d\d น\.", page)


def test_what_the_list_is_narrowed_to_stays_with_the_order(browse: Browse, items: list[ActionItem]) -> None:
    page = browse("coordinator").get("/work?view=committees&late=1&order=state").text
    assert 'href="?view=committees&amp;order=state"' in page
    assert 'href="?view=committees&amp;late=1&amp;order=plan"' in page
    assert "order=changed" not in page


@pytest.mark.parametrize(
    "values", [["x", "y"], [1, 2], ["x", "y", "z"], [2**40, {"d": "2026-12-01"}, {"u": "0" * 32}], [{"d": "x"}], {}]
)
def test_a_cursor_of_another_list_is_the_first_page(browse: Browse, items: list[ActionItem], values: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["n", *values]).encode()).decode().rstrip("=")
    client = browse("coordinator")
    for order in Order:
        answer = client.get(f"/work?view=committees&order={order}&cursor={cursor}")
        assert answer.status_code == 200
        assert answer.text.count("/action-plans/items/") == len(items)
