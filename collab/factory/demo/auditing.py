"""The audit of the story: access for a period, findings at every stage, a sample with its seed, a private note."""

from datetime import timedelta

import sqlalchemy as sa

from collab import history
from collab.action_plans.models import ActionItem
from collab.agreements.models import Agreement
from collab.audits import sample_queries
from collab.audits import service as audits
from collab.audits.models.samples import Check
from collab.audits.sampling import Method, Subject
from collab.audits.service.access import Mandate
from collab.audits.states import Severity
from collab.factory.demo.people import PAO
from collab.factory.demo.stage import SYSTEM, Stage
from collab.kernel.targets import Ref
from collab.members.service import people


def tell(stage: Stage, pact: Agreement) -> None:
    """Tell the audit of the agreement ``pact`` and of its plan, from the letter that announces it to what is still open."""
    _grant(stage)
    _settled(stage, pact)
    _followed_up(stage)
    _waiting(stage, pact)
    _samples(stage)
    _erasure(stage)


def _grant(stage: Stage) -> None:
    """The internal auditor of the province reads one committee for the weeks of the audit; the role ends by itself."""
    first = stage.day(20)
    values = {
        "email": "auditor.pao@demo.invalid", "name_th": "กานดา สอบทาน (สมมติ)", "name_en": "Kanda Sopthan (invented)",
        "position": "นักวิชาการตรวจสอบภายใน",
    }  # fmt: skip
    person = people.enter_user(
        stage.session, actor=SYSTEM, now=stage.at(20), organisation_id=stage.organisations[PAO].id, values=values
    )
    audits.grant_access(
        stage.session, actor=stage.actors["admin"], now=stage.at(20), mandate=Mandate(
            auditor_id=person.id, committee_id=stage.committee.id, reference="ตส 42/2570 (สมมติ)",
            purpose="ตรวจสอบภายในเรื่องการใช้บ่อขยะร่วมกัน", valid_from=first, valid_to=first + timedelta(days=60),
        ),
    )  # fmt: skip


def _settled(stage: Stage, pact: Agreement) -> None:
    """A finding asked, answered, followed up, reported and closed, with its lesson."""
    session, auditor, clerk = stage.session, stage.actors["auditor"], stage.actors["clerk.khohong"]
    found = audits.raise_finding(
        session, actor=auditor, now=stage.at(120), target=Ref("agreement", pact.id), statement=audits.Statement(
            organisation_id=stage.place("khohong"), question="เหตุใดใบชั่งน้ำหนักเดือนมีนาคมจึงไม่มีลายมือชื่อผู้รับรอง", due_on=stage.day(90), severity=Severity.MEDIUM,
            criteria="ข้อตกลงกำหนดให้ชั่งน้ำหนักทุกเที่ยวและรับรองทุกวัน", condition="ใบชั่ง 12 ฉบับไม่มีลายมือชื่อ", cause="ไม่ได้มอบหมายผู้รับรองแทนในวันลา",
            effect="ยืนยันปริมาณขยะที่ใช้คิดค่ากำจัดไม่ได้", recommendation="แต่งตั้งผู้รับรองสำรอง",
        ),
    )  # fmt: skip
    number, fresh = found.id, None
    audits.reply(session, actor=clerk, now=stage.at(100), text="แต่งตั้งผู้รับรองสำรองแล้ว จะตรวจใบชั่งย้อนหลัง", finding_id=number, expected_version=fresh)  # fmt: skip
    audits.follow_up(
        session, actor=auditor, now=stage.at(95), text="รับคำชี้แจง โปรดรายงานผลการตรวจย้อนหลัง", due_on=stage.day(60),
        finding_id=number, expected_version=fresh,
    )  # fmt: skip
    audits.reply(session, actor=clerk, now=stage.at(65), text="ตรวจใบชั่งย้อนหลังครบ 12 ฉบับ ไม่พบผลต่าง", finding_id=number, expected_version=fresh)  # fmt: skip
    audits.close(
        session, actor=auditor, now=stage.at(58), text="แก้ไขครบถ้วน", lesson="มอบหมายผู้รับรองสำรองไว้ในคำสั่งตั้งแต่แรก", finding_id=number, expected_version=fresh,
    )  # fmt: skip


def _followed_up(stage: Stage) -> None:
    """A grave finding whose reply was accepted and whose follow-up is due soon."""
    session, auditor = stage.session, stage.actors["auditor"]
    session.flush()
    truck = session.scalars(sa.select(ActionItem).where(ActionItem.title == "จัดหารถบรรทุกขยะแบบอัดท้ายร่วมกัน")).one()
    found = audits.raise_finding(
        session, actor=auditor, now=stage.at(14), target=Ref("action_item", truck.id), statement=audits.Statement(
            organisation_id=stage.place("khohong"), question="การเลื่อนกำหนดส่งมอบรถอาศัยอำนาจใด และมีค่าปรับหรือไม่", due_on=stage.day(-10),
            severity=Severity.HIGH, criteria="ระเบียบพัสดุว่าด้วยค่าปรับกรณีส่งมอบล่าช้า", condition="เลื่อนกำหนดหนึ่งครั้งโดยไม่อ้างมติ",
        ),
    )  # fmt: skip
    number, fresh = found.id, None
    clerk = stage.actors["clerk.khohong"]
    audits.reply(session, actor=clerk, now=stage.at(9), text="ประธานอนุมัติเพราะน้ำท่วม จะคิดค่าปรับตามสัญญา", finding_id=number, expected_version=fresh)  # fmt: skip
    audits.follow_up(session, actor=auditor, now=stage.at(7), text="โปรดส่งหลักฐานการคิดค่าปรับ", due_on=stage.day(-12), finding_id=number, expected_version=fresh)  # fmt: skip


def _waiting(stage: Stage, pact: Agreement) -> None:
    """A question that waits for Ban Phru, and a note for the auditor's own eyes."""
    session, auditor = stage.session, stage.actors["auditor"]
    audits.raise_finding(
        session, actor=auditor, now=stage.at(6), target=Ref("agreement", pact.id), statement=audits.Statement(
            organisation_id=stage.place("banphru"), due_on=stage.day(-24), severity=Severity.HIGH,
            question="ขอหลักฐานการตรวจวัดน้ำชะขยะรายไตรมาสของปีที่ผ่านมา และเหตุที่ไตรมาสที่ 3 ล่าช้า",
        ),
    )  # fmt: skip
    audits.write_note(
        session,
        actor=auditor,
        now=stage.at(5),
        target=Ref("agreement", pact.id),
        text="เทียบปริมาณขยะกับใบชั่งของเทศบาลเมืองคอหงส์อีกครั้ง",
    )


def _samples(stage: Stage) -> None:
    """Three items chosen by money, with the seed drawn before witnesses, the first checked; four decisions by risk."""
    session, auditor = stage.session, stage.actors["auditor"]
    # The population is read from the history; the story still is there whole or not at all.
    history.write_pending(session)
    wish = audits.Wish(
        "สุ่มตรวจงานที่ใช้เงิน ปีงบประมาณนี้ (สมมติ)",
        Subject.ACTION_ITEMS,
        stage.committee.id,
        Method.MONETARY,
        seed=2570,
        size=3,
        frozen_at=stage.at(4),
    )
    sample = audits.draw_sample(session, actor=auditor, now=stage.at(4), wish=wish)
    row = sample_queries.rows_of(session, sample.id)[0]
    audits.check_row(
        session, actor=auditor, now=stage.at(3), row_id=row.id, check=Check.SATISFACTORY, expected_version=None,
        conclusion="ตรวจรายงานความก้าวหน้ากับหลักฐานแล้ว ตรงกัน",
    )  # fmt: skip
    riskiest = audits.Wish(
        "ตรวจการตัดสินใจตามความเสี่ยง (สมมติ)",
        Subject.DECISIONS,
        stage.committee.id,
        Method.RISK,
        seed=2571,
        size=4,
        frozen_at=stage.at(4),
    )
    audits.draw_sample(session, actor=auditor, now=stage.at(3), wish=riskiest)


def _erasure(stage: Stage) -> None:
    """One administrator asked that a clerk's former position be erased; it waits for the other."""
    audits.ask_erasure(
        stage.session, actor=stage.actors["admin"], now=stage.at(2), target=Ref("user", stage.users["clerk.banrai"].id), path="state.position",
        ground="คำขอตามมาตรา 33 แห่ง พ.ร.บ. คุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 เลขรับ 118/2570 (สมมติ)",
    )  # fmt: skip
