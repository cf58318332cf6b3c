"""The story itself, three fiscal years of it, chapter by chapter, ending today with something true to do for everybody."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import service as action_plans
from collab.action_plans.models import ActionItem, ActionPlan
from collab.agreements import queries as agreements
from collab.agreements.models import Agreement
from collab.cost_sharing import service as cost_sharing
from collab.cost_sharing.rules import Method, Terms
from collab.factory.demo import auditing, beyond_mail, campaign, daily_work, evidence, reminding, routine, steps
from collab.factory.demo.stage import Stage, build
from collab.forum import service as forum
from collab.kernel.targets import Ref
from collab.learning import service as learning
from collab.meetings.models import Resolution
from collab.notices.models import Message, MessageState
from collab.proposals import service as proposals
from collab.proposals.models import Proposal
from collab.proposals.states import Stance
from collab.service_plans.service.plans import PlanText

BEGAN_DAYS_AGO = 1000
#: Something that happens at an instant of the story.
Happening = tuple[datetime, Callable[[], None]]
TONNES_A_DAY = {"banphru": 20, "khohong": 40, "banrai": 6, "phatong": 16}
EVIDENCE = "รายงานผลการดำเนินงาน (เอกสารสมมติเพื่อการสาธิต)\n"


@dataclass(frozen=True)
class Job:
    """One item of a plan: days count back from today; ``percent`` is how far it is, ``verified_by`` who accepted it."""

    title: str
    lead: str
    helpers: tuple[str, ...]
    starts: int
    due: int
    percent: int
    verified_by: str = ""
    weight: int = 1
    budget: int = 0


def tell(session: Session, now: datetime) -> None:
    """Tell the whole story into an empty installation, in the caller's transaction: it is there whole or not at all."""
    stage = build(session, now, BEGAN_DAYS_AGO)
    ban_phru = _ban_phru(stage)
    campaign.tell(stage, ban_phru)
    _khuan_lang(stage)
    daily_work.tell(stage, ban_phru)
    _canals(stage)
    _waiting_proposals(stage)
    _beside(stage, ban_phru)
    routine.close_months(stage)
    reminding.remind(stage)
    evidence.tell(stage, now)
    _settle_old_messages(session, now)
    reminding.settle(stage)
    beyond_mail.tell(stage)


def _ban_phru(stage: Stage) -> Agreement:
    """The Ban Phru site: proposed, resolved, agreed, carried out for three fiscal years; its agreement now runs out."""
    proposal = steps.submit(stage, "banphru", 960, {
        "title": "การใช้บ่อขยะบ้านพรุร่วมกัน",
        "problem": "เทศบาลเมืองคอหงส์ เทศบาลตำบลบ้านไร่ และเทศบาลตำบลพะตงไม่มีที่กำจัดขยะของตนเอง บ่อขยะบ้านพรุรับขยะวันละประมาณ 82 ตัน",
        "objective": "ใช้บ่อขยะบ้านพรุร่วมกันตามหลักสุขาภิบาล แบ่งค่าใช้จ่ายตามน้ำหนักที่นำมาทิ้งจริง",
        "area": "เขตเทศบาลเมืองบ้านพรุ เทศบาลเมืองคอหงส์ เทศบาลตำบลบ้านไร่ และเทศบาลตำบลพะตง",
        "legal_basis": "decentralisation_21",
        "partner_ids": sorted(str(stage.place(place)) for place in TONNES_A_DAY),
        "cost_amount": Decimal("10475500.00"),
        "funding": "ค่ากำจัดตันละ 350 บาท (อัตราที่เคยเสนอ พ.ศ. 2550; ยอดรวมเป็นตัวเลขสมมติ)",
        "readiness": {"law": 4, "structure": 3, "technology": 2, "executives": 4, "staff": 3, "people": 3, "oversight": 3},
    })  # fmt: skip
    asked = steps.ask_opinions(stage, proposal, 955, ("khohong", "banrai", "phatong", "hatyai"), wait_days=25)
    steps.answer(stage, asked, "khohong", 945, Stance.SUPPORT)
    steps.answer(stage, asked, "banrai", 943, Stance.SUPPORT)
    steps.answer(stage, asked, "phatong", 940, Stance.WITH_CONDITIONS, "ขอให้ตรวจวัดกลิ่นและน้ำชะขยะทุกสามเดือน")
    steps.answer(stage, asked, "hatyai", 938, Stance.NEUTRAL)
    steps.close_opinions(stage, proposal, 936)
    resolution = steps.meet(
        stage, 910, "การประชุมคณะกรรมการ เรื่องบ่อขยะบ้านพรุ", {"เห็นชอบให้ใช้บ่อขยะบ้านพรุร่วมกัน": Ref("proposal", proposal.id)}
    )[0]
    text = PlanText("แผนบริการกำจัดขยะ ณ บ่อขยะบ้านพรุ", "กำจัดขยะวันละ 82 ตันอย่างถูกหลักสุขาภิบาล", "ชั่งน้ำหนักทุกเที่ยว รับขยะเวลา 06.00–18.00 น.")
    plan = steps.service_plan(stage, proposal, resolution, 900, text, {"banphru": 2_555_000, "khohong": 5_110_000})
    pact = steps.agreement(stage, plan, 890, steps.Pact(
        "บันทึกการทำความตกลงร่วมมือกำจัดขยะมูลฝอย ณ บ่อขยะบ้านพรุ", ("banphru", "khohong", "banrai", "phatong"), stage.day(860),
        stage.day(-60), stage.day(865),
    ))  # fmt: skip
    for place, days_ago in (("banphru", 880), ("khohong", 878), ("banrai", 875), ("phatong", 872)):
        steps.ratify(stage, pact, place, days_ago, "ขอให้ตรวจวัดกลิ่นทุกสามเดือน" if place == "phatong" else "")
    _yearly_plans(stage, pact)
    return pact


def _yearly_plans(stage: Stage, pact: Agreement) -> None:
    for year_ago, title in ((2, "แผนปฏิบัติการร่วม บ่อขยะบ้านพรุ ปีแรก"), (1, "แผนปฏิบัติการร่วม บ่อขยะบ้านพรุ ปีที่สอง")):
        first = 365 * year_ago + 40
        jobs = [
            Job("ติดตั้งและสอบเทียบเครื่องชั่งน้ำหนัก", "banphru", ("khohong",), first, first - 60, 100, "khohong", 2, 850_000),
            Job("ตรวจวัดคุณภาพน้ำชะขยะรายไตรมาส", "banphru", ("phatong",), first, first - 200, 100, "phatong", 1, 120_000),
            Job("รณรงค์คัดแยกขยะที่ต้นทาง", "khohong", ("banrai", "phatong"), first - 20, first - 300, 100, "banrai", 3, 400_000),
        ]
        plan = _carry_out(stage, pact, first + 20, title, jobs)
        action_plans.close_plan(
            stage.session,
            actor=stage.actors["coordinator"],
            now=stage.at(first - 360),
            plan_id=plan.id,
            reason="สิ้นปีงบประมาณ งานเสร็จครบทุกรายการ",
        )
    now = [
        Job("ต่ออายุใบอนุญาตและสำรวจพื้นที่คงเหลือของบ่อขยะ", "banphru", ("khohong",), 45, 12, 40, "", 2, 300_000),
        Job("จัดหารถบรรทุกขยะแบบอัดท้ายร่วมกัน", "khohong", ("banphru", "banrai"), 40, 5, 60, "", 3, 2_400_000),
        Job("ตรวจวัดกลิ่นรอบบ่อขยะ ไตรมาสที่ 1", "banphru", ("phatong",), 40, -9, 100, "", 1, 60_000),
        Job("ประชุมชี้แจงประชาชนรอบบ่อขยะ", "phatong", ("banphru",), 30, -14, 20, "", 1, 45_000),
        Job("จัดทำรายงานปริมาณขยะประจำเดือน", "banrai", ("banphru",), 35, -30, 0, "", 1, 0),
        Job("ติดตั้งระบบบำบัดน้ำชะขยะระยะที่ 2", "banphru", ("khohong", "phatong"), 30, -200, 10, "", 4, 3_500_000),
        Job("ทบทวนอัตราค่ากำจัดต่อตัน", "khohong", ("banphru", "phatong"), 20, -75, 0, "", 2, 0),
        Job("จัดทำร่างบันทึกข้อตกลงฉบับต่ออายุ", "banphru", ("khohong", "banrai", "phatong"), 25, 3, 30, "", 3, 0),
    ]
    _carry_out(stage, pact, 50, "แผนปฏิบัติการร่วม บ่อขยะบ้านพรุ ปีงบประมาณนี้", now, slips=True)


def _carry_out(stage: Stage, pact: Agreement, days_ago: int, title: str, jobs: list[Job], *, slips: bool = False) -> ActionPlan:
    """Plan, activate, report and verify the jobs on the authority of the agreement's clauses."""
    session, coordinator = stage.session, stage.actors["coordinator"]
    clauses = agreements.clauses_of(session, pact.id)
    year = (stage.day(days_ago - 30)).year + 543 + (1 if stage.day(days_ago - 30).month >= 10 else 0)
    plan = action_plans.create_plan(
        session,
        actor=coordinator,
        now=stage.at(days_ago),
        committee_id=stage.committee.id,
        fiscal_year=year,
        title=title,
        agreement_id=pact.id,
    )
    made = {}
    for number, job in enumerate(jobs):
        facts = action_plans.ItemFacts(
            title=job.title, lead_organisation_id=stage.place(job.lead), starts_on=stage.day(job.starts), due_on=stage.day(job.due),
            group_name="งานหลัก" if number % 2 == 0 else "งานสนับสนุน", supporter_ids=frozenset(stage.place(place) for place in job.helpers),
            owner_id=stage.users[f"clerk.{job.lead}"].id, weight=job.weight, budget_planned=Decimal(job.budget),
            authority=Ref("clause", clauses[number % len(clauses)].id),
        )  # fmt: skip
        made[job] = action_plans.add_item(session, actor=coordinator, now=stage.at(days_ago, 5), plan_id=plan.id, facts=facts)
    action_plans.activate_plan(session, actor=coordinator, now=stage.at(days_ago - 1), plan_id=plan.id)
    happenings = [happening for job, item in made.items() for happening in _reports(stage, job, item)]
    if slips:
        happenings += _slips(stage, list(made.values()))
    # In the order of time, as it happened: what is told of an earlier day after a later one would be a late entry.
    for _moment, happen in sorted(happenings, key=lambda pair: pair[0]):
        happen()
    return plan


def _reports(stage: Stage, job: Job, item: ActionItem) -> list[Happening]:
    """The lead's clerk reports once or twice, with a file when it is finished; the helper verifies."""
    if not job.percent:
        return []
    actor, session = stage.actors[f"clerk.{job.lead}"], stage.session
    last = max(job.due + 3, 1) if job.percent == 100 else max(min(job.starts - 10, job.starts), 2)
    found: list[Happening] = []

    def half() -> None:
        action_plans.report_progress(
            session, actor=actor, now=stage.at(last + 5), item_id=item.id, percent=50, words="ดำเนินการไปแล้วครึ่งหนึ่ง", milestone=""
        )

    def report() -> None:
        evidence = action_plans.FileSent(io.BytesIO(EVIDENCE.encode()), "รายงานผล.txt") if job.percent == 100 else None
        action_plans.report_progress(
            session, actor=actor, now=stage.at(last, 6), item_id=item.id, percent=job.percent, words="รายงานผลการดำเนินงานตามแผน (สมมติ)",
            milestone="", cost_spent=Decimal(job.budget * job.percent // 100), evidence=evidence,
        )  # fmt: skip

    def verify() -> None:
        judge = stage.actors[f"clerk.{job.verified_by}"]
        action_plans.judge_report(session, actor=judge, now=stage.at(last - 1), item_id=item.id, accepted=True, words="ตรวจรับแล้ว")

    if job.percent == 100:
        last = max(last, 2)
        found.append((stage.at(last + 5), half))
    found.append((stage.at(last, 6), report))
    if job.verified_by:
        found.append((stage.at(last - 1), verify))
    return found


def _slips(stage: Stage, items: list[ActionItem]) -> list[Happening]:
    """One deadline was moved once by the chair; another request waits."""
    session, truck, outreach = stage.session, items[1], items[3]

    def ask() -> None:
        action_plans.ask_deadline(
            session, actor=stage.actors["clerk.khohong"], now=stage.at(18), item_id=truck.id, new_due_on=stage.day(-2),
            reason="ผู้ขายส่งมอบรถล่าช้าเพราะน้ำท่วม",
        )  # fmt: skip

    def approve() -> None:
        action_plans.decide_deadline(
            session, actor=stage.actors["chair"], now=stage.at(16), item_id=truck.id, approved=True, words="อนุมัติครั้งเดียว"
        )

    def ask_again() -> None:
        action_plans.ask_deadline(
            session, actor=stage.actors["clerk.phatong"], now=stage.at(2), item_id=outreach.id, new_due_on=stage.day(-40),
            reason="ขอเลื่อนเพราะตรงกับงานประเพณีของตำบล",
        )  # fmt: skip

    return [(stage.at(18), ask), (stage.at(16), approve), (stage.at(2), ask_again)]


def _khuan_lang(stage: Stage) -> None:
    """Khuan Lang: after the gates were closed an agreement is being ratified; one council has not decided yet."""
    proposal = steps.submit(stage, "hatyai", 180, {
        "title": "การใช้บ่อขยะควนลังของเทศบาลนครหาดใหญ่",
        "problem": "บ่อขยะของเทศบาลนครหาดใหญ่ตั้งอยู่ในเขตเทศบาลเมืองควนลัง เมื่อวันที่ 10 เมษายน 2567 รถขยะเข้าไม่ได้ และไม่มีทะเบียนข้อตกลงเดิมรวมไว้ที่เดียว",
        "objective": "มีข้อตกลงฉบับเดียวที่สภาทั้งสองแห่งเห็นชอบ ระบุเส้นทาง ปริมาณ และการดูแลชุมชน",
        "area": "บ่อขยะควนลัง 135 ไร่",
        "legal_basis": "municipality_57_bis",
        "partner_ids": [str(stage.place("khuanlang"))],
        "cost_amount": Decimal("29400000.00"),
        "funding": "งบประมาณเทศบาลนครหาดใหญ่ (ตัวเลขสมมติ)",
        "readiness": {"law": 3, "executives": 3, "people": 2},
    })  # fmt: skip
    asked = steps.ask_opinions(stage, proposal, 175, ("khuanlang", "khohong"), wait_days=22)
    steps.answer(stage, asked, "khohong", 162, Stance.SUPPORT)
    steps.answer(stage, asked, "khuanlang", 160, Stance.WITH_CONDITIONS, "รถขยะต้องใช้เส้นทางที่กำหนดและห้ามวิ่งหลัง 18.00 น.")
    steps.close_opinions(stage, proposal, 150)
    resolution = steps.meet(
        stage,
        120,
        "การประชุมคณะกรรมการ เรื่องบ่อขยะควนลัง",
        {"เห็นชอบข้อตกลงการใช้บ่อขยะควนลัง": Ref("proposal", proposal.id)},
        against=("phatong",),
    )[0]
    text = PlanText("แผนบริการขนส่งและกำจัดขยะ ณ บ่อขยะควนลัง", "ขนส่งขยะวันละ 230 ตันโดยไม่รบกวนชุมชน", "รถปิดคลุมทุกคัน มีระบบติดตาม")
    plan = steps.service_plan(stage, proposal, resolution, 100, text, {"hatyai": 20_000_000, "khuanlang": 1_500_000})
    pact = steps.agreement(stage, plan, 60, steps.Pact(
        "บันทึกข้อตกลงการใช้บ่อขยะควนลัง", ("khuanlang", "hatyai"), stage.day(-30), stage.day(-1125), stage.day(-10)
    ))  # fmt: skip
    steps.ratify(stage, pact, "hatyai", 20)


def _canals(stage: Stage) -> None:
    """Canal dredging: every council but one has answered, and the day is past."""
    proposal = steps.submit(stage, "khohong", 40, {
        "title": "การขุดลอกคลองร่วมกันก่อนฤดูฝน",
        "problem": "คลองเตยและคลองหวะไหลผ่านหลายท้องถิ่น ต่างคนต่างขุดลอกจึงระบายน้ำไม่ทัน",
        "objective": "แบ่งช่วงคลองและขุดลอกให้เสร็จก่อนเดือนตุลาคมของทุกปี",
        "area": "คลองเตย คลองหวะ และคลองอู่ตะเภาช่วงอำเภอหาดใหญ่",
        "legal_basis": "decentralisation_21",
        "partner_ids": sorted(str(stage.place(place)) for place in ("khohong", "hatyai", "banphru")),
        "cost_amount": Decimal("4200000.00"),
        "funding": "งบประมาณของแต่ละแห่งตามระยะทาง (ตัวเลขสมมติ)",
    })  # fmt: skip
    asked = steps.ask_opinions(stage, proposal, 30, ("hatyai", "banphru", "khuanlang"), wait_days=26)
    steps.answer(stage, asked, "hatyai", 15, Stance.SUPPORT)
    steps.answer(stage, asked, "khuanlang", 12, Stance.SUPPORT)


def _waiting_proposals(stage: Stage) -> None:
    """One proposal waits for the coordinator, one was returned, and one is a draft."""
    steps.submit(stage, "phatong", 4, {
        "title": "การจัดรถกู้ชีพฉุกเฉินร่วมเขตตอนใต้", "problem": "รถกู้ชีพไปถึงช้ากว่า 10 นาทีในหมู่บ้านชายเขต", "objective": "ส่งรถคันที่ใกล้ที่สุดไม่ว่าของท้องถิ่นใด",
        "area": "พะตง บ้านพรุ และบ้านไร่", "legal_basis": "decentralisation_21",
    })  # fmt: skip
    returned = steps.submit(stage, "banrai", 25, {
        "title": "กล้องวงจรปิดร่วม", "problem": "กล้องแต่ละแห่งดูร่วมกันไม่ได้", "objective": "มีห้องควบคุมร่วม", "area": "บ้านไร่และบ้านพรุ",
        "legal_basis": "decentralisation_21",
    })  # fmt: skip
    proposals.return_proposal(
        stage.session, actor=stage.actors["coordinator"], now=stage.at(21), proposal_id=returned.id, reason="ขอรายละเอียดการคุ้มครองข้อมูลส่วนบุคคล",
        expected_version=None,
    )  # fmt: skip
    proposals.draft_proposal(
        stage.session, actor=stage.actors["clerk.banphru"], now=stage.at(1), committee_id=stage.committee.id,
        organisation_id=stage.place("banphru"), values={"title": "ศูนย์คัดแยกวัสดุรีไซเคิลร่วม", "problem": "ขยะรีไซเคิลปนกับขยะทั่วไป"},
    )  # fmt: skip


def _beside(stage: Stage, pact: Agreement) -> None:
    """What stands beside the thread: shares of the cost, a talk, an audit finding, a lesson, the yearly self-assessment."""
    session = stage.session
    session.flush()
    first = session.scalars(sa.select(Proposal).order_by(Proposal.id)).first()
    resolution = session.scalars(sa.select(Resolution).order_by(Resolution.id)).first()
    if first is None or resolution is None:
        raise RuntimeError("the story begins with a proposal and a resolution")
    measures: dict[UUID, Decimal] = {stage.place(place): Decimal(tonnes) for place, tonnes in TONNES_A_DAY.items()}
    cost_sharing.reckon(
        session, actor=stage.actors["coordinator"], now=stage.at(935), target=Ref("proposal", first.id), method=Method.PER_UNIT,
        measures=measures, terms=Terms(rate=Decimal(350)), unit="ตันต่อวัน", source="ปริมาณที่นำมาทิ้ง ณ บ่อขยะบ้านพรุ (ข่าว พ.ศ. 2557–2558)",
        measured_on=None,
    )  # fmt: skip
    talk = Ref("agreement", pact.id)
    forum.write(
        session, actor=stage.actors["clerk.khohong"], now=stage.at(9), target=talk, text="ข้อตกลงจะหมดอายุแล้ว ขอให้เริ่มร่างฉบับต่ออายุ"
    )
    forum.write(session, actor=stage.actors["coordinator"], now=stage.at(8), target=talk, text="จะบรรจุในวาระการประชุมครั้งหน้า")
    auditing.tell(stage, pact)
    learning.write_case(
        session, actor=stage.actors["clerk.banphru"], now=stage.at(200), organisation_id=stage.place("banphru"),
        texts={
            "title": "ชั่งน้ำหนักทุกเที่ยว แบ่งค่าใช้จ่ายได้ไม่มีข้อโต้แย้ง", "situation": "เดิมแบ่งค่าใช้จ่ายจากการประมาณ จึงมีข้อโต้แย้งทุกเดือน",
            "measure": "ติดตั้งเครื่องชั่งและส่งรายงานให้ทุกแห่งในวันเดียวกัน", "result": "ชำระตรงเวลาทุกแห่งภายในหกเดือน (สมมติ)",
            "lesson": "ตกลงวิธีวัดก่อนตกลงราคา", "source": "",
        },
    )  # fmt: skip
    learning.assess(
        session, actor=stage.actors["coordinator"], now=stage.at(30), committee_id=stage.committee.id, expected_version=None,
        answers={"aims": 4, "councils": 3, "standard": 3, "cost": 4, "shares": 4, "minutes": 3, "complaints": 2, "burden": 3, "staff": 2, "future": 3},
        remark="ควรตอบข้อร้องเรียนเรื่องกลิ่นให้เร็วขึ้น",
    )  # fmt: skip


def _settle_old_messages(session: Session, now: datetime) -> None:
    """Mark the mails of the story's past as sent, so that the worker does not mail three years at its first start."""
    session.flush()
    old = sa.and_(Message.created_at < now - timedelta(days=2), Message.state.in_([MessageState.WAITING, MessageState.HELD]))
    session.execute(
        sa.update(Message)
        .where(old)
        .values(state=MessageState.ACCEPTED, accepted_at=Message.created_at, read_at=Message.created_at)
    )
