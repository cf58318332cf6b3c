"""Plans made from others: last year's copied, begun from a template, items that come again."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.action_plans import queries, rules, service
from collab.action_plans.models import ActionItem, ActionPlan, Recurrence
from collab.action_plans.service import Measure, Start, Sums
from collab.action_plans.states import Frequency, ItemState, PlanState, ServiceKind
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
F = Frequency


@pytest.fixture
def rich(session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref) -> list[ActionItem]:
    """The active plan with two linked items, a weighted group, a budget line and an indicator; the first one is done."""
    coordinator = world.actors["coordinator"]
    start = made.DUE + timedelta(days=1)
    second = made.make_item(
        session, world, now, plan, authority, title="ส่งมอบรถ", starts_on=start, due_on=start + timedelta(days=11)
    )
    service.link_items(session, actor=coordinator, now=now, successor_id=second.id, predecessor_id=item.id)
    service.save_group(
        session, actor=coordinator, now=now, plan_id=plan.id, name=item.group_name, new_name=item.group_name, weight=4, position=1
    )
    service.save_budget_line(
        session, actor=coordinator, now=now, item_id=item.id, organisation_id=world.org_id("banphru"),
        sums=Sums(Decimal(500), Decimal(400), Decimal(300)),
    )  # fmt: skip
    service.save_indicator(
        session,
        actor=coordinator,
        now=now,
        item_id=item.id,
        indicator_id=None,
        measure=Measure("รถ", "คัน", Decimal(2), Decimal(1)),
    )
    session.commit()
    made.report(session, world, now, item, 100)
    service.judge_report(session, actor=world.actors["clerk_khohong"], now=now, item_id=item.id, accepted=True, words="")
    session.commit()
    return [item, second]


def copied(
    session: Session, world: World, now: datetime, plan: ActionPlan, unfinished_only: bool, year: int = 2571
) -> ActionPlan:
    found = service.copy_plan(
        session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, fiscal_year=year, title="แผนปีหน้า",
        unfinished_only=unfinished_only,
    )  # fmt: skip
    session.commit()
    return found


def test_last_years_plan_is_copied_without_its_progress(
    session: Session, world: World, now: datetime, plan: ActionPlan, rich: list[ActionItem]
) -> None:
    copy = copied(session, world, now, plan, unfinished_only=False)
    first, second = queries.items_of(session, copy.id)
    assert (copy.state, copy.previous_id, copy.fiscal_year) == (PlanState.DRAFT, plan.id, 2571)
    assert (first.state, first.percent, first.previous_id, first.is_open) == (ItemState.PLANNED, 0, rich[0].id, False)
    # 15 October 2570 is a Friday; 31 January was a Sunday and its work ended on the Friday before.
    assert first.starts_on == date(2027, 10, 15)
    assert second.starts_on > first.due_on
    assert all(day.weekday() < 5 for row in (first, second) for day in (row.starts_on, row.due_on))
    line = queries.budget_lines_of(session, [first.id])[0]
    assert (line.planned, line.committed, line.spent) == (Decimal(500), Decimal(0), Decimal(0))
    assert [(row.target, row.reached) for row in queries.indicators_of(session, [first.id])] == [(Decimal(2), None)]
    assert queries.supporters_of(session, [first.id])[first.id] == [world.org_id("khohong")]
    assert [(group.name, group.weight) for group in queries.groups_of(session, [copy.id])] == [("การเก็บขน", 4)]
    assert [(link.predecessor, link.successor) for link in queries.links_of(session, copy.id)] == [(first.id, second.id)]


def test_only_what_was_not_finished_is_copied_when_asked(
    session: Session, world: World, now: datetime, plan: ActionPlan, rich: list[ActionItem]
) -> None:
    copy = copied(session, world, now, plan, unfinished_only=True)
    assert [row.title for row in queries.items_of(session, copy.id)] == ["ส่งมอบรถ"]
    assert queries.links_of(session, copy.id) == []
    for year in (2570, 2569, 2590):
        with pytest.raises(InvalidInput):
            copied(session, world, now, plan, unfinished_only=False, year=year)
    with pytest.raises(NotAllowed):
        service.copy_plan(
            session, actor=world.actors["chair"], now=now, plan_id=plan.id, fiscal_year=2571, title="x", unfinished_only=False
        )


def test_a_plan_is_begun_from_a_template(
    session: Session, world: World, now: datetime, plan: ActionPlan, rich: list[ActionItem]
) -> None:
    coordinator = world.actors["coordinator"]
    template = service.make_template(
        session, actor=coordinator, now=now, plan_id=plan.id, service=ServiceKind.WASTE, title="จัดซื้อรถร่วม"
    )
    session.commit()
    items = queries.template_items(session, template.id)
    assert [(row.offset_days, row.length_days) for row in items] == [(0, 77), (77, 10)]
    start = Start(world.committee.id, 2571, "แผนจากแม่แบบ", date(2027, 10, 2), world.org_id("khohong"))
    begun = service.start_plan(session, actor=coordinator, now=now, template_id=template.id, start=start)
    session.commit()
    first, second = queries.items_of(session, begun.id)
    # 2 October 2570 is a Saturday.
    assert first.starts_on == date(2027, 10, 4)
    assert first.lead_organisation_id == world.org_id("khohong")
    days = queries.working_days(session, [first.starts_on])
    assert [days.count(row.starts_on, row.due_on) for row in (first, second)] == [77, 10]
    assert len(queries.links_of(session, begun.id)) == 1
    outside = Start(world.committee.id, 2571, "x", date(2027, 10, 2), world.org_id("outside"))
    with pytest.raises(InvalidInput):
        service.start_plan(session, actor=coordinator, now=now, template_id=template.id, start=outside)
    session.rollback()
    for who in ("clerk_banphru", "chair", "auditor"):
        with pytest.raises((NotFound, NotAllowed)):
            service.start_plan(session, actor=world.actors[who], now=now, template_id=template.id, start=start)
    service.remove_template(session, actor=coordinator, now=now, template_id=template.id, reason="ล้าสมัย")
    session.commit()
    with pytest.raises(NotFound):
        service.start_plan(session, actor=coordinator, now=now, template_id=template.id, start=start)


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.sampled_from(list(F)))
def test_periods_hold_their_days_and_follow_one_another(day: date, frequency: Frequency) -> None:
    period = rules.period_of(day, frequency)
    following = rules.periods_between(day, day + timedelta(days=800), frequency)
    assert period <= day < following[0]
    assert all(rules.period_of(one, frequency) == one for one in [period, *following])
    assert following == sorted(set(following))


def recur(session: Session, world: World, now: datetime, item: ActionItem, ends_on: date, **facts: object) -> Recurrence:
    values = {"frequency": F.MONTHLY, "working_day": 3, **facts}
    rule = service.make_recurring(session, actor=world.actors["coordinator"], now=now, item_id=item.id, ends_on=ends_on, **values)  # type: ignore[arg-type]
    session.commit()
    return rule


def test_an_item_comes_again_on_the_working_day_of_each_month(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    rule = recur(session, world, now, item, date(2027, 4, 10))
    rows = queries.occurrences_of(session, rule.id)
    # Working day 3: Wednesday 3 February, Wednesday 3 March, Monday 5 April (1 April is a Thursday).
    assert [row.due_on for row in rows] == [made.DUE, date(2027, 2, 3), date(2027, 3, 3), date(2027, 4, 5)]
    assert rows[1].title == "ซื้อรถเก็บขยะ 2 คัน (ก.พ. 2570)"
    assert all(row.is_open and row.owner_id == item.owner_id for row in rows)
    assert queries.supporters_of(session, [rows[3].id])[rows[3].id] == [world.org_id("khohong")]
    with pytest.raises(StateConflict):
        recur(session, world, now, item, date(2027, 9, 30))
    session.rollback()
    later = now + timedelta(days=100)
    service.end_recurrence(session, actor=world.actors["coordinator"], now=later, recurrence_id=rule.id, reason="ยกเลิกรายงาน")
    session.commit()
    # In March the items of February and March stay: they may be late, and late is not forgotten.
    assert [row.due_on.month for row in queries.occurrences_of(session, rule.id)] == [1, 2, 3]
    with pytest.raises(NotFound):
        service.end_recurrence(session, actor=world.actors["coordinator"], now=later, recurrence_id=rule.id, reason="อีก")


@pytest.mark.parametrize(("facts", "field"), [
    ({"working_day": 0}, "working_day"), ({"working_day": 21}, "working_day"), ({"ends_on": date(2027, 1, 31)}, "ends_on"),
    ({"ends_on": date(2032, 1, 31)}, "ends_on"),
])  # fmt: skip
def test_recurrences_that_make_no_sense(
    session: Session, world: World, now: datetime, item: ActionItem, facts: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as fault:
        recur(session, world, now, item, **{"ends_on": date(2027, 9, 30), **facts})  # type: ignore[arg-type]
    assert set(fault.value.errors) == {field}


def test_the_pages_of_copies_templates_and_recurrences(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    client, clerk = browse("coordinator"), browse("clerk_banphru")
    copy = f"/action-plans/{plan.id}/copy"
    assert copy in client.get(f"/action-plans/{plan.id}").text
    assert copy not in clerk.get(f"/action-plans/{plan.id}").text
    assert (client.get(copy).status_code, clerk.get(copy).status_code) == (200, 403)
    data = {"title": "ปีหน้า", "fiscal_year": "2571", "what": "all", "once": str(new_id())}
    assert client.post(copy, data={**data, "fiscal_year": "2570"}).status_code == 422
    first, second = client.post(copy, data=data), client.post(copy, data=data)
    assert first.location == second.location
    template = f"/action-plans/{plan.id}/template"
    assert client.get(template).status_code == 200
    assert client.post(template, data={"title": "", "service": "waste"}).status_code == 422
    page = client.post(template, data={"title": "รถร่วม", "service": "waste"}).location
    assert "รถร่วม" in client.get("/action-plans/templates").text
    assert client.get(page).status_code == 200
    assert client.get(f"{page}/start").status_code == 200
    assert clerk.get("/action-plans/templates").status_code == 403
    sent = {
        "committee_id": str(world.committee.id), "title": "เริ่ม", "fiscal_year": "2571", "starts_on-day": "1", "starts_on-month": "10",
        "starts_on-year": "2570", "lead_organisation_id": str(world.org_id("banphru")),
    }  # fmt: skip
    assert client.post(f"{page}/start", data={**sent, "starts_on-day": "x"}).status_code == 422
    assert client.post(f"{page}/start", data=sent).status_code == 303
    assert client.get(f"{page}/remove").status_code == 200
    assert client.post(f"{page}/remove", data={"reason": "เก่า"}).status_code == 303
    recurring = f"/action-plans/items/{item.id}/recur"
    assert client.get(recurring).status_code == 200
    again = {"frequency": "quarterly", "working_day": "5", "ends_on-day": "30", "ends_on-month": "9", "ends_on-year": "2570"}
    assert client.post(recurring, data={**again, "working_day": "99"}).status_code == 422
    assert client.post(recurring, data=again).status_code == 303
    session.refresh(item)
    end = f"/action-plans/recurrences/{item.recurrence_id}/end"
    assert end in client.get(f"/action-plans/items/{item.id}").text
    assert clerk.get(end).status_code == 403
    assert client.post(end, data={"reason": "พอ"}).status_code == 303
