"""A chapter of its own: a plan in which items wait for one another, slip twice, cost several organisations, and ask for help.

It has two baselines, an item that comes every month, a template, kept filters, calendar links, and a draft for next year.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from collab.action_plans import board, feeds, filters_saved, service
from collab.action_plans.filters import OPEN, Filters, Order
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.service import Measure, Sums, UnseenConsequences
from collab.action_plans.states import Frequency, ItemKind, ServiceKind
from collab.agreements import queries as agreements
from collab.agreements.models import Agreement
from collab.factory.demo import steps
from collab.factory.demo.people import PAO
from collab.factory.demo.stage import Stage
from collab.kernel.dates import fiscal_year
from collab.kernel.targets import Ref

TITLE = "แผนปรับปรุงระบบบำบัดน้ำชะขยะ บ่อขยะบ้านพรุ"
GROUP = "งานก่อสร้าง"
#: Title, group, leading place, helpers, first and last day in days before today (negative: to come), weight.
ITEMS = (
    ("สำรวจพื้นที่คงเหลือและจัดทำผังบ่อขยะ", "งานเตรียมการ", "banphru", ("khohong",), 56, 32, 1),
    ("จัดจ้างปรับปรุงบ่อบำบัดน้ำชะขยะ", GROUP, "banphru", ("khohong", "phatong"), 28, 5, 3),
    ("ติดตั้งเครื่องสูบและทดสอบระบบ", GROUP, "khohong", ("banphru",), -1, -20, 2),
    ("ระบบบำบัดน้ำชะขยะพร้อมใช้งาน", GROUP, "banphru", ("phatong",), -25, -25, 1),
    ("อบรมเจ้าหน้าที่เดินระบบ", "งานเตรียมการ", "phatong", ("banphru",), -26, -40, 1),
    ("ตรวจวัดคุณภาพน้ำชะขยะประจำเดือน", "งานติดตาม", "khohong", ("banphru",), -2, -6, 1),
)
MILESTONE, COURSE, MONTHLY = 3, 4, 5
#: What the course is about, at first and after the committee had looked at it again.
ABOUT = "อบรมเจ้าหน้าที่ของเทศบาลตำบลพะตงและเทศบาลเมืองบ้านพรุ จำนวน 12 คน เป็นเวลา 2 วัน ณ อาคารอเนกประสงค์ โดยวิทยากรของผู้รับจ้าง"
ABOUT_NOW = "อบรมเจ้าหน้าที่ของเทศบาลทุกแห่งที่นำขยะมาทิ้ง จำนวน 20 คน เป็นเวลา 3 วัน ณ บ่อขยะบ้านพรุ โดยวิทยากรของผู้รับจ้าง"


def tell(stage: Stage, pact: Agreement) -> ActionPlan:
    """Tell the chapter on the authority of the agreement's clauses, in the order of its days, and return its plan."""
    coordinator, session = stage.actors["coordinator"], stage.session
    plan = service.create_plan(
        session, actor=coordinator, now=stage.at(63), committee_id=stage.committee.id, fiscal_year=fiscal_year(stage.day(0)), title=TITLE,
        agreement_id=pact.id,
    )  # fmt: skip
    clauses = [Ref("clause", clause.id) for clause in agreements.clauses_of(session, pact.id)]
    items = [_add(stage, plan, number, clauses[number % len(clauses)]) for number in range(len(ITEMS))]
    _arrange(stage, plan, items)
    resolution = steps.meet(
        stage,
        58,
        "การประชุมคณะกรรมการ เรื่องแผนปรับปรุงบ่อขยะบ้านพรุ",
        {"เห็นชอบแผนปรับปรุงระบบบำบัดน้ำชะขยะเป็นแผนฐาน": Ref("action_plan", plan.id)},
    )[0]
    service.activate_plan(session, actor=coordinator, now=stage.at(57, 3), plan_id=plan.id)
    service.approve_baseline(
        session, actor=coordinator, now=stage.at(57, 4), plan_id=plan.id, resolution_id=resolution.id, note="แผนฐานแรก (สมมติ)"
    )
    _carry_out(stage, items)
    _approve_again(stage, plan)
    _ask_last(stage, items)
    _keep_ways_back(stage, plan)
    service.make_template(
        session,
        actor=coordinator,
        now=stage.at(2),
        plan_id=plan.id,
        service=ServiceKind.WASTE_WATER,
        title="ปรับปรุงระบบบำบัดน้ำชะขยะร่วมกัน",
    )
    service.copy_plan(
        session, actor=coordinator, now=stage.at(1, 5), plan_id=plan.id, fiscal_year=plan.fiscal_year + 1,
        title=f"ร่าง{TITLE} ปีถัดไป", unfinished_only=True,
    )  # fmt: skip
    return plan


def _add(stage: Stage, plan: ActionPlan, number: int, authority: Ref) -> ActionItem:
    title, group, lead, helpers, starts, due, weight = ITEMS[number]
    facts = service.ItemFacts(
        title=title, group_name=group, lead_organisation_id=stage.place(lead), supporter_ids=frozenset(stage.place(key) for key in helpers),
        owner_id=stage.users[f"clerk.{lead}"].id, starts_on=stage.day(starts), due_on=stage.day(due), weight=weight, authority=authority,
        kind=ItemKind.MILESTONE if number == MILESTONE else ItemKind.TASK, location="บ่อขยะบ้านพรุ",
        description=ABOUT if number == COURSE else "",
    )  # fmt: skip
    return service.add_item(stage.session, actor=stage.actors["coordinator"], now=stage.at(62), plan_id=plan.id, facts=facts)


def _arrange(stage: Stage, plan: ActionPlan, items: list[ActionItem]) -> None:
    """Link the items, weigh a group, and say who pays and by what it is measured."""
    session = stage.session
    by: dict[str, Any] = {"actor": stage.actors["coordinator"], "now": stage.at(61)}
    for before, after, lag in ((0, 1, 0), (1, 2, 2), (2, 3, 0), (3, 4, 0)):
        _agreed(service.link_items, session, successor_id=items[after].id, predecessor_id=items[before].id, lag_days=lag, **by)
    service.save_group(session, plan_id=plan.id, name=GROUP, new_name=GROUP, weight=8, position=2, **by)
    until = stage.day(-200)
    service.make_recurring(session, item_id=items[MONTHLY].id, frequency=Frequency.MONTHLY, working_day=5, ends_on=until, **by)
    lines: list[tuple[int, UUID, int, int]] = [
        (1, stage.place("banphru"), 1_200_000, 950_000), (1, stage.organisations[PAO].id, 800_000, 0), (2, stage.place("khohong"), 600_000, 0),
    ]  # fmt: skip
    for number, organisation_id, planned, committed in lines:
        sums = Sums(Decimal(planned), Decimal(committed), Decimal(0))
        service.save_budget_line(session, item_id=items[number].id, organisation_id=organisation_id, sums=sums, **by)
    measure = Measure("ค่าบีโอดีของน้ำทิ้งหลังบำบัด", "มิลลิกรัมต่อลิตร", Decimal(20))
    service.save_indicator(session, item_id=items[1].id, indicator_id=None, measure=measure, **by)


def _carry_out(stage: Stage, items: list[ActionItem]) -> None:
    """The survey is finished and verified; the works slip twice, at two levels; help is asked and given; the course grows."""
    session, clerk = stage.session, stage.actors["clerk.banphru"]
    evidence = service.FileSent(io.BytesIO("ผังบ่อขยะและบันทึกการสำรวจ (เอกสารสมมติ)\n".encode()), "ผังบ่อขยะ.txt")
    service.report_progress(
        session, actor=clerk, now=stage.at(34), item_id=items[0].id, percent=100, words="สำรวจและจัดทำผังแล้วเสร็จ", evidence=evidence
    )
    service.judge_report(
        session, actor=stage.actors["clerk.khohong"], now=stage.at(33), item_id=items[0].id, accepted=True, words="ครบถ้วน"
    )
    service.report_progress(
        session, actor=clerk, now=stage.at(22), item_id=items[1].id, percent=40, words="ลงนามสัญญาและเริ่มขุดบ่อ (สมมติ)",
        milestone="ลงนามสัญญาจ้าง", cost_spent=Decimal(285_000),
    )  # fmt: skip
    slips = (
        (20, 7, "mayor.banphru", "ฝนตกหนักต่อเนื่อง เครื่องจักรเข้าพื้นที่ไม่ได้"), (12, 14, "coordinator", "ผู้รับจ้างรอแผ่นรองก้นบ่อจากผู้ผลิต"),
    )  # fmt: skip
    for asked, later, decider, reason in slips:
        new_due_on = stage.day(5 - 7 if asked == 20 else 5 - 7 - later)
        ask = {"actor": clerk, "now": stage.at(asked), "item_id": items[1].id, "new_due_on": new_due_on, "reason": reason}
        _agreed(service.ask_deadline, session, **ask)
        decide = {
            "actor": stage.actors[decider],
            "now": stage.at(asked - 2),
            "item_id": items[1].id,
            "approved": True,
            "words": "เห็นชอบ",
        }
        _agreed(service.decide_deadline, session, **decide)
    service.ask_help(session, actor=clerk, now=stage.at(9), item_id=items[1].id, words="ขอยืมเครื่องสูบน้ำระหว่างก่อสร้าง")
    helper = stage.actors["clerk.khohong"]
    service.answer_help(session, actor=helper, now=stage.at(8), item_id=items[1].id, words="ส่งเครื่องสูบขนาด 8 นิ้วให้หนึ่งเครื่อง")
    facts = replace(board.facts_of(session, [items[COURSE]])[items[COURSE].id], description=ABOUT_NOW)
    service.edit_item(
        session,
        actor=stage.actors["coordinator"],
        now=stage.at(8, 5),
        item_id=items[COURSE].id,
        expected_version=None,
        facts=facts,
    )


def _approve_again(stage: Stage, plan: ActionPlan) -> None:
    """After two postponements the committee approves the plan as it stands as its second baseline."""
    title = "การประชุมคณะกรรมการ เรื่องแผนปรับปรุงบ่อขยะบ้านพรุที่เลื่อน"
    matters = {"เห็นชอบแผนปรับปรุงระบบบำบัดน้ำชะขยะที่ปรับวันแล้วเป็นแผนฐานครั้งที่สอง": Ref("action_plan", plan.id)}
    resolution = steps.meet(stage, 7, title, matters)[0]
    service.approve_baseline(
        stage.session, actor=stage.actors["coordinator"], now=stage.at(7, 6), plan_id=plan.id, resolution_id=resolution.id,
        note="แผนฐานหลังเลื่อนงานก่อสร้างสองครั้ง (สมมติ)",
    )  # fmt: skip


def _ask_last(stage: Stage, items: list[ActionItem]) -> None:
    helper = stage.actors["clerk.khohong"]
    service.ask_help(stage.session, actor=helper, now=stage.at(6), item_id=items[2].id, words="ขอช่างไฟฟ้าสำหรับทดสอบระบบ")


def _keep_ways_back(stage: Stage, plan: ActionPlan) -> None:
    """Two people keep filters, one of them for the whole committee, and let their calendars read due dates."""
    session, coordinator, clerk = stage.session, stage.actors["coordinator"], stage.actors["clerk.banphru"]
    own = Filters(organisation=stage.place("banphru"), state=OPEN, order=Order.DUE)
    for actor, name, filters, is_shared in (
        (coordinator, "ล่าช้าทุกแห่ง", Filters(late=True), True),
        (clerk, "งานค้างของบ้านพรุ", own, False),
    ):
        filters_saved.save(
            session, actor=actor, now=stage.at(5), plan_id=plan.id, name=name, filters=filters, is_shared=is_shared
        )
    feeds.make_feed(session, actor=coordinator, now=stage.at(4), plan_id=plan.id)
    feeds.make_feed(session, actor=clerk, now=stage.at(4), plan_id=None)


def _agreed(verb: Callable[..., Any], *arguments: Any, **facts: Any) -> None:
    """Do what moves other items, as a person who has seen the moves and confirms them."""
    try:
        verb(*arguments, **facts)
    except UnseenConsequences as seen:
        verb(*arguments, **facts, accepted=seen.impact.digest)
