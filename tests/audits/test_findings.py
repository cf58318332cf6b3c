"""Findings: every state and every role, drafts that stay private, evidence, late replies, two at once, foreign ids."""

import html
import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.audits import queries, service
from collab.audits.models import Finding
from collab.audits.states import MACHINE, FindingState, FindingVerb, Severity
from collab.documents.models import Document
from collab.history.models import HistoryEvent
from collab.kernel import turns
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.reminders.registry import due_kinds
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
ROLES = (
    "administrator",
    "coordinator",
    "chair",
    "auditor",
    "clerk_banphru",
    "executive_banphru",
    "clerk_khohong",
    "clerk_outside",
)
ANSWERING = {"coordinator", "clerk_banphru", "executive_banphru"}
STATES = list(FindingState)


def statement(world: World, now: datetime, **changes: Any) -> service.Statement:
    values = {
        "organisation_id": world.org_id("banphru"),
        "question": "ขอหลักฐานใบชั่งน้ำหนัก",
        "due_on": today(now) + timedelta(days=30),
    }
    return service.Statement(**{**values, **changes})


def make(session: Session, world: World, now: datetime, state: FindingState, **changes: Any) -> Finding:
    """Return a finding led to ``state`` by the verbs that lead there."""
    auditor, clerk, day = world.actors["auditor"], world.actors["clerk_banphru"], today(now) + timedelta(days=20)
    target = Ref("committee", world.committee.id)
    found = service.draft_finding(session, actor=auditor, now=now, target=target, statement=statement(world, now, **changes))
    common: dict[str, Any] = {"now": now, "finding_id": found.id, "expected_version": None}
    path = {
        FindingState.DRAFT: "", FindingState.OPEN: "i", FindingState.ANSWERED: "ir", FindingState.FOLLOW_UP: "irf", FindingState.CLOSED: "irc",
        FindingState.WITHDRAWN: "iw",
    }[state]  # fmt: skip
    steps: dict[str, Callable[[], Any]] = {
        "i": lambda: service.issue_finding(session, actor=auditor, **common),
        "r": lambda: service.reply(session, actor=clerk, text="ตามเอกสารแนบ", **common),
        "f": lambda: service.follow_up(session, actor=auditor, text="รับ", due_on=day, **common),
        "c": lambda: service.close(session, actor=auditor, text="ครบ", lesson="ทำแต่แรก", **common),
        "w": lambda: service.withdraw_finding(session, actor=auditor, reason="ถามผิด", **common),
    }
    for step in path:
        steps[step]()
    session.commit()
    return found


def verbs(session: Session, world: World, now: datetime, finding: Finding, who: str) -> dict[FindingVerb, Callable[[], Any]]:
    common: dict[str, Any] = {"actor": world.actors[who], "now": now, "finding_id": finding.id, "expected_version": None}
    day = today(now) + timedelta(days=9)
    return {
        FindingVerb.EDIT: lambda: service.edit_finding(session, statement=statement(world, now), **common),
        FindingVerb.ISSUE: lambda: service.issue_finding(session, **common),
        FindingVerb.REPLY: lambda: service.reply(session, text="ก", **common),
        FindingVerb.ASK_AGAIN: lambda: service.ask_again(session, text="ก", due_on=day, **common),
        FindingVerb.FOLLOW_UP: lambda: service.follow_up(session, text="ก", due_on=day, **common),
        FindingVerb.CLOSE: lambda: service.close(session, text="ก", **common),
        FindingVerb.REOPEN: lambda: service.reopen(session, text="ก", due_on=day, **common),
        FindingVerb.WITHDRAW: lambda: service.withdraw_finding(session, reason="ก", **common),
    }


def outcome(who: str, state: FindingState, verb: FindingVerb) -> type[Exception] | None:
    private = state is FindingState.DRAFT
    if who != "auditor" and (private or who in ("clerk_khohong", "clerk_outside")):
        return NotFound
    allowed = who in ANSWERING if verb is FindingVerb.REPLY else who == "auditor"
    if not allowed:
        return NotAllowed
    return None if MACHINE.allows(state, verb) else StateConflict


@pytest.mark.parametrize("state", STATES)
def test_every_role_at_every_state(session: Session, world: World, now: datetime, state: FindingState) -> None:
    finding = make(session, world, now, state)
    for who in ROLES:
        for verb, act in verbs(session, world, now, finding, who).items():
            wanted = outcome(who, state, verb)
            with session.begin_nested() as savepoint:
                if wanted is None:
                    assert act().state is MACHINE.advance(state, verb), (who, verb)
                else:
                    with pytest.raises(wanted):
                        act()
                savepoint.rollback()
            session.info.clear()
            session.expire_all()


def test_the_author_alone_sees_a_draft(session: Session, world: World, now: datetime, browse: Browse) -> None:
    finding = make(session, world, now, FindingState.DRAFT, question="ร่างลับสุดยอด")
    for who in ROLES:
        seen = {row.id for row in queries.list_findings(session, world.actors[who]).rows}
        assert (finding.id in seen) is (who == "auditor")
    assert browse("clerk_banphru").get(f"/audit/findings/{finding.id}").status_code == 404
    assert "ร่างลับสุดยอด" not in browse("administrator").get("/audit?view=every").get_data(as_text=True)
    assert "ร่างลับสุดยอด" in browse("auditor").get("/audit/findings").get_data(as_text=True)


def test_who_is_asked_finds_it_in_the_work_list_until_answered(session: Session, world: World, now: datetime) -> None:
    def waits(who: str) -> int:
        return turns.work_of(session, world.actors[who], now).count

    before = {who: waits(who) for who in ("clerk_banphru", "clerk_khohong", "auditor")}
    finding = make(session, world, now, FindingState.OPEN)
    assert waits("clerk_banphru") == before["clerk_banphru"] + 1
    assert waits("clerk_khohong") == before["clerk_khohong"]
    service.reply(session, actor=world.actors["clerk_banphru"], now=now, finding_id=finding.id, text="ก", expected_version=None)
    session.commit()
    assert waits("clerk_banphru") == before["clerk_banphru"]
    assert waits("auditor") == before["auditor"] + 1


@pytest.mark.parametrize(("state", "kinds"), [(FindingState.OPEN, {"finding"}), (FindingState.FOLLOW_UP, {"finding_follow_up"}),
                                              (FindingState.ANSWERED, set()), (FindingState.DRAFT, set()), (FindingState.CLOSED, set())])  # fmt: skip
def test_the_audited_are_reminded_while_it_is_their_turn(
    session: Session, world: World, now: datetime, state: FindingState, kinds: set[str]
) -> None:
    finding = make(session, world, now, state)
    found = {
        name
        for name in ("finding", "finding_follow_up")
        if finding.id in {row.target_id for row in session.execute(due_kinds()[name].select())}
    }
    assert found == kinds


def test_versions_days_and_foreign_ids(session: Session, world: World, now: datetime) -> None:
    finding = make(session, world, now, FindingState.OPEN)
    with pytest.raises(VersionConflict):
        service.reply(session, actor=world.actors["clerk_banphru"], now=now, finding_id=finding.id, text="ก", expected_version=99)
    target = Ref("committee", world.committee.id)
    auditor = world.actors["auditor"]
    for changes in ({"due_on": today(now) - timedelta(days=1)}, {"organisation_id": new_id()}):
        with pytest.raises(InvalidInput):
            service.draft_finding(session, actor=auditor, now=now, target=target, statement=statement(world, now, **changes))
    foreign = session.scalars(sa.select(HistoryEvent.id).where(HistoryEvent.subject_kind == "user")).first()
    own = session.scalars(sa.select(HistoryEvent.id).where(HistoryEvent.subject_id == world.committee.id)).first()
    for event_id in (foreign, new_id()):
        with pytest.raises(NotFound):
            service.draft_finding(
                session, actor=auditor, now=now, target=target, statement=statement(world, now), event_id=event_id
            )
    made = service.draft_finding(session, actor=auditor, now=now, target=target, statement=statement(world, now), event_id=own)
    assert made.event_id == own
    with pytest.raises(NotFound):
        service.draft_finding(session, actor=auditor, now=now, target=Ref("agreement", new_id()), statement=statement(world, now))
    with pytest.raises(NotAllowed):
        service.draft_finding(
            session, actor=world.actors["clerk_banphru"], now=now, target=target, statement=statement(world, now)
        )


def test_statistics_count_what_was_issued(session: Session, world: World, now: datetime, browse: Browse) -> None:
    make(session, world, now, FindingState.DRAFT)
    make(session, world, now, FindingState.CLOSED, severity=Severity.HIGH)
    late = make(session, world, now, FindingState.OPEN, due_on=today(now) + timedelta(days=1))
    service.reply(
        session,
        actor=world.actors["clerk_banphru"],
        now=now + timedelta(days=4),
        finding_id=late.id,
        text="ก",
        expected_version=None,
    )
    make(session, world, now, FindingState.OPEN)
    session.commit()
    found = queries.statistics(session, world.actors["auditor"], today(now) + timedelta(days=60))
    assert found.by_state == {
        FindingState.CLOSED: {Severity.HIGH: 1}, FindingState.ANSWERED: {Severity.MEDIUM: 1}, FindingState.OPEN: {Severity.MEDIUM: 1},
    }  # fmt: skip
    assert found.by_organisation == [
        (world.org_id("banphru"), {"issued": 3, "waiting": 1, "overdue": 1, "late": 1, "reopened": 0})
    ]
    assert found.median_days_to_reply == 2.0
    assert [row.lesson for row in found.lessons] == ["ทำแต่แรก"]
    assert queries.statistics(session, world.actors["clerk_outside"], today(now)).by_organisation == []
    page = browse("auditor").get("/audit/findings/statistics").get_data(as_text=True)
    assert "ทำแต่แรก" in page


def test_a_lesson_becomes_a_case_for_others(session: Session, world: World, now: datetime, browse: Browse) -> None:
    found = make(session, world, now, FindingState.CLOSED)
    page = browse("clerk_banphru").get(f"/audit/findings/{found.id}").get_data(as_text=True)
    (address,) = re.findall(r'href="(/learning/cases/new[^"]*)"', page)
    form = browse("clerk_banphru").get(html.unescape(address)).get_data(as_text=True)
    assert "ทำแต่แรก</textarea>" in form
    assert f'value="{found.question}"' in form
    assert "/learning/cases/new" not in browse("auditor").get(f"/audit/findings/{found.id}").get_data(as_text=True)
    rubbish = (
        browse("clerk_banphru").get("/learning/cases/new?lesson=" + "ก" * 2000 + "&title=%3Cscript%3E").get_data(as_text=True)
    )
    assert "<script>" not in rubbish.split("<main")[1].split("</main")[0]
    assert "ก" * 601 not in rubbish


def ask_form(world: World, **changes: str) -> dict[str, str]:
    values = {"organisation_id": str(world.org_id("banphru")), "question": "เหตุใดจึงล่าช้า", "severity": "high", "once": "q1",
              "due_on-day": "21", "due_on-month": "12", "due_on-year": "2569", "criteria": "ระเบียบ"}  # fmt: skip
    return {**values, **changes}


def test_the_whole_exchange_in_the_browser(session: Session, world: World, browse: Browse) -> None:
    auditor, clerk = browse("auditor"), browse("clerk_banphru")
    event = session.scalars(sa.select(HistoryEvent.id).where(HistoryEvent.subject_id == world.committee.id)).first()
    path = f"/history/committee/{world.committee.id}/ask?event={event}"
    assert auditor.get(path).status_code == 200
    first, second = auditor.post(path, data=ask_form(world)), auditor.post(path, data=ask_form(world))
    assert first.headers["Location"] == second.headers["Location"]
    page = first.headers["Location"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Finding)) == 1
    assert "การเปลี่ยนแปลงที่ซักถาม" in auditor.get(page).get_data(as_text=True)
    bad = clerk.post(page + "/reply", data={"text": "แนบไฟล์", "version": "2", "evidence": (io.BytesIO(b"MZ"), "x.exe")})
    assert bad.status_code == 422
    assert "แนบไฟล์" in bad.get_data(as_text=True)
    sent = {"text": "แนบรายงาน", "version": "2", "once": "r1"}
    good = clerk.post(page + "/reply", data={**sent, "evidence": (io.BytesIO("รายงาน".encode()), "รายงาน.txt")})
    assert good.status_code == 303
    assert clerk.post(page + "/reply", data=sent).status_code == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == 1
    assert "รายงาน.txt" in auditor.get(page).get_data(as_text=True)
    assert auditor.post(page + "/judge", data={"step": "follow_up", "text": "รับ", "version": "3"}).status_code == 422
    assert auditor.post(page + "/judge", data={"step": "nothing", "text": "รับ", "version": "3"}).status_code == 422
    stale = auditor.post(page + "/judge", data={"step": "close", "text": "ความเห็นที่พิมพ์ไว้", "version": "1"})
    assert stale.status_code == 409
    assert "ความเห็นที่พิมพ์ไว้" in stale.get_data(as_text=True)
    day = {"due_on-day": "1", "due_on-month": "2", "due_on-year": "2570"}
    assert (
        auditor.post(page + "/judge", data={"step": "follow_up", "text": "รับ", "version": "3", "once": "j1", **day}).status_code
        == 303
    )
    assert clerk.post(page + "/reply", data={"text": "ทำแล้ว", "version": "4", "once": "r2"}).status_code == 303
    assert auditor.post(page + "/judge", data={"step": "close", "text": "ครบ", "version": "5", "once": "j2"}).status_code == 303
    assert auditor.post(page + "/reopen", data={"text": "พบใหม่", "version": "6", "once": "o1", **day}).status_code == 303
    assert session.scalars(sa.select(Finding.reopened)).one() == 1
    assert auditor.post(page + "/withdraw", data={"reason": "ผิด", "version": "7", "once": "w1"}).status_code == 303


def test_a_draft_is_changed_and_issued(session: Session, world: World, browse: Browse) -> None:
    auditor = browse("auditor")
    made = auditor.post(f"/history/committee/{world.committee.id}/ask", data=ask_form(world, draft="1"))
    page = made.headers["Location"]
    assert "เหตุใดจึงล่าช้า" in auditor.get(page + "/edit").get_data(as_text=True)
    stale = auditor.post(page + "/edit", data=ask_form(world, version="9", question="ของฉัน"))
    assert stale.status_code == 409
    assert {"ของฉัน", "เหตุใดจึงล่าช้า"} <= {word for word in ("ของฉัน", "เหตุใดจึงล่าช้า") if word in stale.get_data(as_text=True)}
    assert auditor.post(page + "/edit", data=ask_form(world, version="1", question=" ")).status_code == 422
    assert browse("clerk_banphru").get(page).status_code == 404
    assert auditor.post(page + "/edit", data=ask_form(world, version="1", question="ฉบับแก้")).status_code == 303
    assert "ฉบับแก้" in browse("clerk_banphru").get(page).get_data(as_text=True)
    assert auditor.get(page + "/edit").status_code == 409


@pytest.mark.parametrize("changes", [{"organisation_id": "x"}, {"organisation_id": str(UUID(int=5))}, {"severity": "x"}, {"due_on-day": "40"},
                                     {"due_on-year": "2500"}, {"question": ""}, {"question": "ก" * 5001}])  # fmt: skip
def test_rubbish_comes_back_with_what_was_typed(world: World, browse: Browse, changes: dict[str, str]) -> None:
    answer = browse("auditor").post(f"/history/committee/{world.committee.id}/ask", data=ask_form(world, **changes))
    assert answer.status_code == 422
    assert "ระเบียบ" in answer.get_data(as_text=True)


def test_lists_are_narrowed_and_rubbish_is_told(session: Session, world: World, now: datetime, browse: Browse) -> None:
    make(session, world, now, FindingState.OPEN, question="คำถามเปิด")
    client = browse("auditor")
    assert "คำถามเปิด" in client.get("/audit/findings?state=open&severity=medium").get_data(as_text=True)
    assert "คำถามเปิด" not in client.get("/audit/findings?state=closed").get_data(as_text=True)
    assert client.get("/audit/findings?state=x").status_code == 422


def test_a_finding_asked_before_the_due_day_was_changed_keeps_the_day_it_was_asked_for(
    session: Session, world: World, now: datetime
) -> None:
    finding = make(session, world, now, FindingState.ANSWERED)
    service.ask_again(
        session,
        actor=world.actors["auditor"],
        now=now,
        finding_id=finding.id,
        text="อีกครั้ง",
        due_on=date(2027, 1, 9),
        expected_version=None,
    )
    session.commit()
    assert [turn.due_on for turn in queries.replies_of(session, finding.id)] == [
        today(now) + timedelta(days=30),
        date(2027, 1, 9),
    ]
