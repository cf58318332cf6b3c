"""A plan between two points: what is told, that it adds up, who may see it, and how it is taken away."""

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.action_plans import compare_rules, service
from collab.action_plans.compare_rules import Money, weigh
from collab.action_plans.compare_words import Names, is_told, value_text
from collab.action_plans.comparison import PlanComparison, compare_plan
from collab.action_plans.models import ActionItem, ActionPlan, Baseline, DeadlineChange
from collab.action_plans.states import ChangeState
from collab.history.comparison import Change
from collab.kernel.db import Base
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

HOUR = timedelta(hours=1)


# --- pure rules


@pytest.mark.parametrize(
    ("own", "parts", "said"),
    [
        (Change.ADDED, [Change.REMOVED], Change.ADDED),
        (Change.REMOVED, [Change.CHANGED], Change.REMOVED),
        (Change.PASSING, [Change.ADDED], Change.PASSING),
        (Change.CHANGED, [], Change.CHANGED),
        (None, [Change.ADDED], Change.CHANGED),
        (Change.NOTED, [Change.REMOVED], Change.CHANGED),
        (Change.REVERTED, [Change.CHANGED], Change.CHANGED),
        (Change.REVERTED, [], Change.REVERTED),
        (None, [Change.PASSING], Change.REVERTED),
        (Change.NOTED, [], None),
        (None, [], None),
    ],
)
def test_an_item_is_weighed_with_its_parts(own: Change | None, parts: list[Change], said: Change | None) -> None:
    assert weigh(own, parts) is said


def test_every_code_of_a_part_of_a_plan_has_words() -> None:
    names = Names({}, {}, {}, {})
    bare = []
    for mapper in Base.registry.mappers:
        tracked = getattr(mapper.class_, "__tracked__", None)
        if tracked is None or not mapper.class_.__module__.startswith("collab.action_plans."):
            continue
        for column in mapper.columns:
            codes = [code for code in getattr(column.type, "enums", ()) if words_of(tracked.kind, column.key)]
            bare += [
                (tracked.kind, column.key, code) for code in codes if value_text(tracked.kind, column.key, code, names) == code
            ]
    assert bare == []


def words_of(kind: str, name: str) -> bool:
    """Say whether a comparison tells this field: templates and the rules of a committee belong to no plan."""
    return is_told(name) and kind not in {"plan_template", "plan_template_item", "plan_template_link", "slip_rule"}


def state(lead: str, budget: int, code: str = "planned") -> dict[str, Any]:
    return {"lead_organisation_id": lead, "budget_planned": f"{budget}.00", "state": code}


ORGANISATIONS = st.sampled_from("abc")
ITEMS = st.dictionaries(
    st.sampled_from("xyz"),
    st.builds(state, ORGANISATIONS, st.integers(0, 10**9), st.sampled_from(["planned", "done", "cancelled"])),
)
LINES = st.lists(
    st.builds(
        lambda item, who, planned, committed, spent: {
            "item_id": item,
            "organisation_id": who,
            "planned": f"{planned}.25",
            "committed": f"{committed}.00",
            "spent": f"{spent}.00",
        },
        st.sampled_from("xyz"),
        ORGANISATIONS,
        *[st.integers(0, 10**6)] * 3,
    )
)


@settings(deadline=None)
@given(items=ITEMS, lines=LINES)
def test_money_by_organisation_adds_up_to_the_items(items: dict[str, Any], lines: list[Any]) -> None:
    found = compare_rules.total(compare_rules.money_by_organisation(items, lines, []))
    counted = [line for line in lines if line["item_id"] in items]
    active = {key for key, item in items.items() if item["state"] != "cancelled"}
    planned = sum(
        (Decimal(items[key]["budget_planned"]) for key in active - {line["item_id"] for line in counted}), Decimal(0)
    ) + sum((Decimal(line["planned"]) for line in counted if line["item_id"] in active), Decimal(0))
    assert found == Money(
        planned,
        sum((Decimal(line["committed"]) for line in counted), Decimal(0)),
        sum((Decimal(line["spent"]) for line in counted), Decimal(0)),
    )


def test_the_last_report_with_a_cost_says_what_was_spent() -> None:
    reports = [
        {"item_id": "x", "cost_spent": "5.00", "reported_at": "2026-11-02"},
        {"item_id": "x", "cost_spent": "7.00", "reported_at": "2026-11-03"},
        {"item_id": "x", "cost_spent": None, "reported_at": "2026-11-04"},
        {"item_id": "gone", "cost_spent": "9.00", "reported_at": "2026-11-04"},
    ]
    assert compare_rules.money_by_organisation({"x": state("a", 10)}, [], reports) == {
        "a": Money(Decimal("10.00"), Decimal(0), Decimal("7.00"))
    }


# --- a plan's story


@pytest.fixture
def told(session: Session, world: World, now: datetime, authority: Ref, plan: ActionPlan, item: ActionItem) -> ActionPlan:
    """An active plan to which, from hour to hour, everything happens that a comparison must tell."""
    coordinator, clerk, chair = (world.actors[key] for key in ("coordinator", "clerk_banphru", "chair"))
    other = made.make_item(session, world, now, plan, authority, title="งานที่จะถูกนำออก", budget_planned=Decimal(1000))
    swing = made.make_item(session, world, now, plan, authority, title="งานที่แก้แล้วกลับ")
    made.make_item(session, world, now + HOUR, plan, authority, title="งานใหม่", budget_planned=Decimal(500))
    service.remove_item(session, actor=coordinator, now=now + HOUR, item_id=other.id, reason="ซ้ำกับงานของจังหวัด")
    for weight in (9, 2):
        row = session.get_one(ActionItem, swing.id)
        facts = made.facts(world, authority, title="งานที่แก้แล้วกลับ", weight=weight)
        service.edit_item(
            session, actor=coordinator, now=now + 2 * HOUR, item_id=swing.id, expected_version=row.version, facts=facts
        )
        session.commit()
    service.ask_deadline(
        session, actor=clerk, now=now + HOUR, item_id=item.id, new_due_on=made.DUE + timedelta(days=30), reason="น้ำท่วมทางเข้า"
    )
    session.commit()
    service.decide_deadline(session, actor=chair, now=now + 2 * HOUR, item_id=item.id, approved=True, words="เห็นชอบ")
    session.commit()
    made.report(session, world, now + 3 * HOUR, item, 40, sent=made.evidence)
    made.budget_line(session, world, now + 3 * HOUR, item, "khohong", 700, committed=300)
    made.link(session, world, now + 3 * HOUR, swing, item)
    return plan


def compared(session: Session, plan: ActionPlan, now: datetime) -> PlanComparison:
    return compare_plan(session, plan.id, now, now + 5 * HOUR)


def test_every_item_is_told_once_in_the_order_of_the_telling(session: Session, told: ActionPlan, now: datetime) -> None:
    found = compared(session, told, now)
    assert [(row.change, row.state["title"]) for row in found.rows] == [
        (Change.REMOVED, "งานที่จะถูกนำออก"),
        (Change.ADDED, "งานใหม่"),
        (Change.CHANGED, "ซื้อรถเก็บขยะ 2 คัน"),
        (Change.REVERTED, "งานที่แก้แล้วกลับ"),
    ]
    assert {row.subject_kind for row in found.rows[2].parts} == {"action_budget_line", "action_dependency"}


def test_slips_evidence_and_money_are_summed(session: Session, told: ActionPlan, now: datetime) -> None:
    found = compared(session, told, now)
    assert (len(found.slips), found.slip_days) == (1, 30)
    assert len(found.reports) == 1
    total = found.money_total
    # Removed 1,000; added 500; the item with a budget line now counts by the line: 700 in place of 1,250,000.50.
    assert (total.after - total.before).planned == Decimal("-500") + Decimal("700") - Decimal("1250000.50")
    assert (total.before.committed, total.after.committed) == (Decimal(0), Decimal(300))


def test_a_deadline_that_followed_another_is_told_and_not_summed(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    cause = None
    for days in (10, 4):
        change = DeadlineChange(
            id=new_id(), plan_id=plan.id, item_id=item.id, committee_id=plan.committee_id, state=ChangeState.APPROVED,
            old_due_on=made.DUE, new_due_on=made.DUE + timedelta(days=days), reason="", asked_by=world.users["coordinator"].id,
            asked_at=now, decision="", cause_id=cause,
        )  # fmt: skip
        made.put(session, world, now + HOUR, change, "deadline.approved")
        cause = change.id
    found = compared(session, plan, now)
    assert ([row.is_caused for row in found.slips], found.slip_days) == ([False, True], 10)


# --- pages


def page(client: FlaskClient, plan: ActionPlan, **args: Any) -> Any:
    return client.get(f"/action-plans/{plan.id}/compare", query_string=args)


DAYS = {
    "earlier": "day", "earlier_day-day": "20", "earlier_day-month": "11", "earlier_day-year": "2569",
    "later": "day", "later_day-day": "22", "later_day-month": "11", "later_day-year": "2569",
}  # fmt: skip


def test_the_page_tells_what_came_since_the_approval(
    told: ActionPlan, browse: Callable[[str], FlaskClient], app: Any, now: datetime, core: Any
) -> None:
    core.clock = lambda: now + 5 * HOUR
    text = page(browse("clerk_khohong"), told).get_data(as_text=True)
    for part in ("งานที่จะถูกนำออก", "ซ้ำกับงานของจังหวัด", "น้ำท่วมทางเข้า", "เห็นชอบ", "ส่งมอบแล้ว", "แก้ไขแล้วกลับเป็นเดิม", "งานใหม่"):
        assert part in text
    assert "ผู้ทดสอบ chair" in text


def test_a_long_text_is_told_word_by_word(
    plan: ActionPlan,
    item: ActionItem,
    world: World,
    authority: Ref,
    browse: Callable[[str], FlaskClient],
    core: Any,
    now: datetime,
    session: Session,
) -> None:
    for hours, words in ((1, "ทุกวันจันทร์"), (30, "ทุกวันศุกร์")):
        text = f"เก็บขนขยะมูลฝอยจากตลาดสดเทศบาลไปยังบ่อขยะบ้านพรุ{words}ตั้งแต่เวลาหกนาฬิกา"
        facts = made.facts(world, authority, title=item.title, description=text)
        actor = world.actors["coordinator"]
        service.edit_item(session, actor=actor, now=now + hours * HOUR, item_id=item.id, expected_version=None, facts=facts)
        session.commit()
    core.clock = lambda: now + 40 * HOUR
    day = (now + HOUR).date()
    since = {"earlier_day-day": str(day.day), "earlier_day-month": str(day.month), "earlier_day-year": str(day.year + 543)}
    text = page(browse("coordinator"), plan, earlier="day", later="now", **since).get_data(as_text=True)
    assert re.search(r"เก็บขนขยะ[^<]+<del>[^<]*จันทร์</del>ตั้งแต่", text)
    assert re.search(r"เก็บขนขยะ[^<]+<ins>[^<]*ศุกร์</ins>ตั้งแต่", text)


def test_each_figure_opens_exactly_its_rows(
    told: ActionPlan, browse: Callable[[str], FlaskClient], core: Any, now: datetime, session: Session
) -> None:
    core.clock = lambda: now + 5 * HOUR
    client = browse("coordinator")
    expected = compare_plan(session, told.id, told.activated_at or now, now + 5 * HOUR).counts
    assert sum(expected.values()) == 4
    for change, number in expected.items():
        text = page(client, told, earlier="activation", later="now", show=change.value).get_data(as_text=True)
        assert text.count('<section class="collab-card"') == number, change


def test_who_may_not_see_the_plan_does_not_see_its_comparison(plan: ActionPlan, browse: Callable[[str], FlaskClient]) -> None:
    assert page(browse("clerk_outside"), plan).status_code == 404
    assert browse("clerk_outside").get(f"/action-plans/{plan.id}/compare.xlsx").status_code == 404


def test_what_a_draft_said_stays_with_those_who_prepare_it(
    session: Session, world: World, now: datetime, authority: Ref, draft: ActionPlan, browse: Callable[[str], FlaskClient]
) -> None:
    made.make_item(session, world, now, draft, authority)
    gone = made.make_item(session, world, now, draft, authority, title="ความลับของร่าง")
    service.remove_item(session, actor=world.actors["coordinator"], now=now, item_id=gone.id, reason="เปลี่ยนใจ")
    session.commit()
    made.activate(session, world, now + HOUR, draft)
    assert "ความลับของร่าง" in page(browse("coordinator"), draft, **DAYS).get_data(as_text=True)
    assert "ความลับของร่าง" not in page(browse("clerk_khohong"), draft, **DAYS).get_data(as_text=True)


BAD: tuple[dict[str, str], ...] = (
    {"earlier": "day", "later": "now"},
    {**DAYS, "earlier_day-day": "31", "earlier_day-month": "2"},
    {**DAYS, "earlier_day-year": "2570"},
    {"earlier": "\x00", "later": "now"},
    {"earlier": "now", "later": "activation"},
)


def test_bad_points_come_back_with_the_fault(plan: ActionPlan, browse: Callable[[str], FlaskClient]) -> None:
    client = browse("coordinator")
    for args in BAD:
        for suffix in ("", ".xlsx", ".pdf"):
            answer = client.get(f"/action-plans/{plan.id}/compare{suffix}", query_string=args)
            assert answer.status_code == 422, args
            assert "govuk-error-summary" in answer.get_data(as_text=True)


def test_a_cursor_or_filter_that_says_nothing_is_the_first_page(plan: ActionPlan, browse: Callable[[str], FlaskClient]) -> None:
    assert page(browse("coordinator"), plan, show="x", cursor="'; --").status_code == 200


def test_workbook_and_paper_hold_the_whole(
    told: ActionPlan, browse: Callable[[str], FlaskClient], core: Any, now: datetime
) -> None:
    core.clock = lambda: now + 5 * HOUR
    client = browse("auditor")
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/action-plans/{told.id}/compare.xlsx").data))
    assert len(book.sheetnames) == 7
    cells = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None}
    assert {"งานที่จะถูกนำออก", "น้ำท่วมทางเข้า", "ซ้ำกับงานของจังหวัด"} <= cells
    paper = client.get(f"/action-plans/{told.id}/compare.pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")


def test_a_baseline_is_a_point(
    session: Session,
    world: World,
    now: datetime,
    authority: Ref,
    plan: ActionPlan,
    core: Any,
    browse: Callable[[str], FlaskClient],
) -> None:
    baseline = Baseline(
        id=new_id(), plan_id=plan.id, number=1, resolution_id=authority.id, approved_at=now + HOUR, made_by_id=world.users["coordinator"].id,
        note="", items_count=1, budget_planned=Decimal(1), digest="0" * 64,
    )  # fmt: skip
    made.put(session, world, now + HOUR, baseline, "action_baseline.approved")
    made.make_item(session, world, now + 2 * HOUR, plan, authority, title="หลังแผนฐาน")
    core.clock = lambda: now + 3 * HOUR
    text = page(browse("clerk_banphru"), plan, earlier=str(baseline.id), later="now").get_data(as_text=True)
    assert "หลังแผนฐาน" in text
    assert "ซื้อรถเก็บขยะ 2 คัน</a>" not in text


def test_the_number_of_queries_does_not_grow(
    session: Session, world: World, now: datetime, authority: Ref, plan: ActionPlan, browse: Callable[[str], FlaskClient], core: Any,
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    core.clock = lambda: now + 5 * HOUR
    client, sizes = browse("coordinator"), []
    for more in (1, 8):
        for number in range(more):
            item = made.make_item(session, world, now + HOUR, plan, authority, title=f"งาน {more}.{number}")
            made.report(session, world, now + 2 * HOUR, item, 30, sent=made.evidence)
            made.budget_line(session, world, now + 2 * HOUR, item, "khohong", 700)
        with count_queries() as statements:
            assert page(client, plan).status_code == 200
        sizes.append(len(statements))
    assert sizes[0] == sizes[1]
