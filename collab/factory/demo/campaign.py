"""A chapter of its own: a campaign that every local government of the district carries out, in a plan to which much has happened.

It fills the overview with every light, and the comparison of two days with everything that it can tell.
"""

import io
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from collab.action_plans import service
from collab.action_plans.models import ActionItem, ActionPlan
from collab.agreements import queries as agreements
from collab.agreements.models import Agreement
from collab.factory.demo.stage import HOUSE_KINDS, Stage
from collab.kernel.dates import fiscal_year
from collab.kernel.targets import Ref
from collab.kernel.text import sort_key
from collab.members.models import Organisation

DISTRICT = "หาดใหญ่"
TITLE = "แผนรณรงค์คัดแยกขยะที่ต้นทาง ทุกท้องถิ่นในอำเภอหาดใหญ่"
BEGAN, ACTIVE = 49, 47
#: How many days those who began at once have for it; the others begin a month later and have one of the lengths by turns.
FIRST = {"banphru": 80, "khohong": 120, "hatyai": 100, "khuanlang": 12, "phatong": 90, "banrai": 160}
LATER, LENGTHS = 16, (140, 200, 90)
#: How far those with an account have come, and how many days ago they said so.
REPORTS = {"banphru": (60, 12), "khohong": (100, 20), "hatyai": (35, 25), "khuanlang": (20, 30), "phatong": (45, 8)}
#: Something done so many days ago.
Deed = tuple[int, Callable[[], object]]


def tell(stage: Stage, pact: Agreement) -> ActionPlan:
    """Tell the campaign on the authority of the agreement's clauses, and return its plan."""
    coordinator, session = stage.actors["coordinator"], stage.session
    clauses = [Ref("clause", clause.id) for clause in agreements.clauses_of(session, pact.id)]
    plan = service.create_plan(
        session, actor=coordinator, now=stage.at(BEGAN), committee_id=stage.committee.id, fiscal_year=fiscal_year(stage.day(BEGAN)),
        title=TITLE, agreement_id=pact.id,
    )  # fmt: skip
    places = sorted(_local_governments(stage), key=lambda place: sort_key(place.name_th))
    items = {
        place.id: service.add_item(
            session, actor=coordinator, now=stage.at(BEGAN, 5), plan_id=plan.id, facts=_facts(stage, number, place, clauses)
        )
        for number, place in enumerate(places)
    }
    service.activate_plan(session, actor=coordinator, now=stage.at(ACTIVE), plan_id=plan.id)
    deeds: list[Deed] = [
        (days, partial(_report, stage, key, items[stage.place(key)])) for key, (_percent, days) in REPORTS.items()
    ]
    deeds.append((19, partial(_verify, stage, 19, items[stage.place("khohong")])))
    quiet = [item for key, item in items.items() if key not in {stage.place(name) for name in FIRST}]
    # A chain of events never runs backwards, so the deeds are done in the order of their days.
    for _days, deed in sorted([*deeds, *_changes_of_course(stage, plan, quiet, clauses[0])], key=lambda pair: -pair[0]):
        deed()
        session.flush()
    return plan


def _local_governments(stage: Stage) -> list[Organisation]:
    return [row for row in stage.organisations.values() if row.kind.value in HOUSE_KINDS and row.district == DISTRICT]


def _facts(stage: Stage, number: int, place: Organisation, clauses: list[Ref]) -> service.ItemFacts:
    key = next((key for key in FIRST if stage.place(key) == place.id), None)
    starts, length = (BEGAN - 1, FIRST[key]) if key else (LATER, LENGTHS[number % len(LENGTHS)])
    return service.ItemFacts(
        title=f"คัดแยกขยะที่ต้นทางใน{place.name_th}", lead_organisation_id=place.id, starts_on=stage.day(starts),
        due_on=stage.day(starts - length), group_name="ครัวเรือน" if number % 2 else "ตลาดและสถานศึกษา",
        weight=number % 3 + 1, budget_planned=Decimal(50_000 + 10_000 * number), authority=clauses[number % len(clauses)],
    )  # fmt: skip


def _report(stage: Stage, key: str, item: ActionItem) -> None:
    percent, days_ago = REPORTS[key]
    evidence = service.FileSent(io.BytesIO("ภาพและบัญชีครัวเรือน (เอกสารสมมติ)\n".encode()), "บัญชีครัวเรือน.txt")
    service.report_progress(
        stage.session, actor=stage.actors[f"clerk.{key}"], now=stage.at(days_ago), item_id=item.id, percent=percent,
        words="จัดตั้งธนาคารขยะและอบรมอาสาสมัครแล้ว (สมมติ)", cost_spent=Decimal(500 * percent), evidence=evidence if percent == 100 else None,
    )  # fmt: skip


def _verify(stage: Stage, days_ago: int, item: ActionItem) -> None:
    coordinator = stage.actors["coordinator"]
    service.judge_report(stage.session, actor=coordinator, now=stage.at(days_ago), item_id=item.id, accepted=True, words="ครบถ้วน")


def _changes_of_course(stage: Stage, plan: ActionPlan, quiet: list[ActionItem], authority: Ref) -> list[Deed]:
    """Return what happens after the approval: one item comes, one goes, one comes and goes, one is changed and put back."""
    session, coordinator = stage.session, stage.actors["coordinator"]
    swung, leaving = quiet[0], quiet[-1]
    budget, tried = swung.budget_planned, list[ActionItem]()

    def add(title: str, place: str, starts: int, due: int, baht: int) -> ActionItem:
        facts = service.ItemFacts(
            title=title, lead_organisation_id=stage.place(place), starts_on=stage.day(starts), due_on=stage.day(due),
            budget_planned=Decimal(baht), authority=authority,
        )  # fmt: skip
        return service.add_item(session, actor=coordinator, now=stage.at(starts), plan_id=plan.id, facts=facts)

    def remove(item: ActionItem, days: int, reason: str) -> None:
        service.remove_item(session, actor=coordinator, now=stage.at(days), item_id=item.id, reason=reason)

    def rebudget(days: int, amount: Decimal) -> None:
        facts = _with_budget(swung, amount)
        service.edit_item(session, actor=coordinator, now=stage.at(days), item_id=swung.id, expected_version=None, facts=facts)

    return [
        (20, lambda: add("จัดทำสื่อกลางและป้ายมาตรฐาน", "hatyai", 20, -20, 120_000)),
        (18, lambda: tried.append(add("ทดลองถังขยะเปียกระบบเซนเซอร์", "khohong", 18, -40, 300_000))),
        (15, lambda: remove(leaving, 15, "เทศบาลดำเนินการในแผนของตนเองแล้ว (สมมติ)")),
        (14, lambda: rebudget(14, budget + 40_000)),
        (11, lambda: remove(tried[0], 11, "ผู้ขายถอนข้อเสนอ (สมมติ)")),
        (10, lambda: rebudget(10, budget)),
    ]


def _with_budget(item: ActionItem, budget: Decimal) -> service.ItemFacts:
    return service.ItemFacts(
        title=item.title, lead_organisation_id=item.lead_organisation_id, starts_on=item.starts_on, due_on=item.due_on,
        group_name=item.group_name, weight=item.weight, budget_planned=budget, authority=Ref(str(item.authority_kind), item.authority_id) if item.authority_id else None,
    )  # fmt: skip
