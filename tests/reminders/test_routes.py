"""The pages of rules and operations, and the metrics."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel import heartbeat
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.notices import queries as notice_queries
from collab.notices.models import DeliveryAttempt, Message, MessageState
from collab.notices.service import queue_message
from collab.reminders import presenters, queries
from collab.reminders.models import Audience, Reminder, ReminderState
from tests.factories.reminders import KIND, Errands, add_rule
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
TODAY = date(2026, 11, 23)
RULE = {"audience": "owner", "days": "7", "direction": "before", "repeat_days": "0", "due_kind": ""}
STRANGERS = ("chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside")


def fail_one(session: Session, world: World, now: datetime, reason: str = "no address") -> UUID:
    rule = add_rule(session, world, now, Audience.OWNER, 0)
    row = Reminder(
        due_kind=KIND, target_kind=KIND, target_id=new_id(), rule_id=rule.id, due_on=TODAY, fire_on=TODAY, occurrence=0,
        audience=Audience.OWNER,
        recipient_id=world.users["clerk_banphru"].id, state=ReminderState.FAILED, created_at=now, next_attempt_at=now, reason=reason,
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


def kill_one(session: Session, world: World, now: datetime, subject: str = "เรื่อง") -> UUID:
    key = queue_message(
        session, now=now, recipient_id=world.users["clerk_banphru"].id, kind="agreement", subject=subject, text="x", urgent=True
    )
    assert key is not None
    session.get_one(Message, key).state = MessageState.DEAD
    session.add(DeliveryAttempt(message_id=key, tried_at=now, is_accepted=False, answer="550 no such <mailbox>"))
    session.commit()
    return key


def beat(session: Session, job: Job, at: datetime, outcome: str = "done") -> None:
    heartbeat.record(session, job=job, started_at=at, seconds=1, outcome=outcome, counts={"recorded": 3})
    session.commit()


@pytest.mark.parametrize(
    ("path", "readers"),
    [("/operations", {"administrator", "coordinator"}), ("/reminders/rules", {"administrator", "coordinator", "auditor"})],
)
def test_operations_and_the_rules_of_the_installation_are_for_few(browse: Browse, path: str, readers: set[str]) -> None:
    for role in ("administrator", "coordinator", *STRANGERS):
        assert browse(role).get(path).status_code == (200 if role in readers else 403), role


@pytest.mark.parametrize("role", ["coordinator", *STRANGERS])
def test_only_the_administrator_changes_anything(
    session: Session, world: World, now: datetime, browse: Browse, role: str
) -> None:
    reminder, message = fail_one(session, world, now), kill_one(session, world, now)
    rule = add_rule(session, world, now, Audience.CHAIR, 14)
    session.commit()
    person = browse(role)
    for path in (
        f"/operations/reminders/{reminder}/again", f"/operations/messages/{message}/again", f"/reminders/rules/{rule.id}/off",
        "/reminders/rules/new",
    ):  # fmt: skip
        assert person.post(path, data=RULE).status_code == 403, path
    if role == "coordinator":
        assert "/again" not in person.get("/operations").get_data(as_text=True)


def test_a_rule_is_added_once_shown_and_switched(session: Session, world: World, errands: Errands, browse: Browse) -> None:
    person = browse("administrator")
    assert person.get("/reminders/rules/new").status_code == 200
    data = {**RULE, "once": "the-same-key"}
    first, second = person.post("/reminders/rules/new", data=data), person.post("/reminders/rules/new", data=data)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    (rule,) = queries.list_rules(session)
    assert (rule.offset_days, rule.repeat_days, rule.audience, rule.enabled_on) == (-7, 0, Audience.OWNER, None)
    assert person.get(first.headers["Location"]).status_code == 200
    assert person.post(f"/reminders/rules/{rule.id}/on", data={"version": "1"}).status_code == 303
    session.expire_all()
    assert queries.list_rules(session)[0].enabled_on == TODAY
    assert person.post(f"/reminders/rules/{rule.id}/off", data={"version": "1"}).status_code == 409
    assert "7 วันทำการก่อนวันครบกำหนด" in person.get("/reminders/rules").get_data(as_text=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"days": "251"}, {"days": "-1"}, {"days": ""}, {"days": "9" * 300}, {"repeat_days": "x"}, {"audience": "king"},
        {"audience": ""}, {"direction": "sideways"}, {"due_kind": "nothing"}, {"due_kind": "😀" * 300},
    ],
)  # fmt: skip
def test_a_bad_form_comes_back_with_what_was_typed(session: Session, browse: Browse, bad: dict[str, str]) -> None:
    answer = browse("administrator").post("/reminders/rules/new", data={**RULE, **bad})
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.get_data(as_text=True)
    assert queries.list_rules(session) == []


@pytest.mark.parametrize("nothing", ["\x00", "   "])
def test_nothing_is_not_a_number(session: Session, browse: Browse, nothing: str) -> None:
    assert browse("administrator").post("/reminders/rules/new", data={**RULE, "days": nothing}).status_code == 422


def test_thai_digits_are_digits(session: Session, browse: Browse) -> None:
    assert browse("administrator").post("/reminders/rules/new", data={**RULE, "days": "๑๔"}).status_code == 303
    assert queries.list_rules(session)[0].offset_days == -14


def test_an_unknown_rule_is_not_there(browse: Browse) -> None:
    person = browse("administrator")
    assert person.get(f"/reminders/rules/{new_id()}").status_code == 404
    assert person.post(f"/reminders/rules/{new_id()}/on").status_code == 404
    assert person.post(f"/reminders/rules/{new_id()}/sideways").status_code == 404


def test_the_preview_names_whom_and_what(
    session: Session, world: World, errands: Errands, now: datetime, browse: Browse, count_queries: Callable[[], Any]
) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0, enable=False)
    session.commit()
    errands.add(TODAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    person, path = browse("administrator"), f"/reminders/rules/{rule.id}"
    text = person.get(path).get_data(as_text=True)
    assert "ผู้ทดสอบ clerk_banphru" in text
    assert "ธุระ" in text
    with count_queries() as few:
        person.get(path)
    for _number in range(30):
        errands.add(TODAY, owner=world.users["clerk_khohong"].id, organisation=world.org_id("khohong"))
    with count_queries() as many:
        person.get(path)
    assert len(many) == len(few)


def test_the_preview_shows_nothing_that_the_person_may_not_see(
    session: Session, world: World, errands: Errands, now: datetime, browse: Browse
) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0)
    session.commit()
    errands.add(TODAY, owner=world.users["clerk_outside"].id, organisation=world.org_id("outside"))
    errands.seen_by = set()
    assert "ธุระ" not in browse("coordinator").get(f"/reminders/rules/{rule.id}").get_data(as_text=True)


def test_a_dead_mail_tells_a_coordinator_nothing_of_other_committees(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    kill_one(session, world, now, subject="ร่างลับของคณะอื่น")
    assert "ร่างลับของคณะอื่น" not in browse("coordinator").get("/operations").get_data(as_text=True)


def test_failures_are_shown_with_reasons_and_can_be_sent_again(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    reminder, message = fail_one(session, world, now), kill_one(session, world, now)
    person = browse("administrator")
    text = person.get("/operations").get_data(as_text=True)
    assert "550 no such &lt;mailbox&gt;" in text
    assert "no address" in text
    for path in (f"/operations/reminders/{reminder}/again", f"/operations/messages/{message}/again"):
        assert path in text
        assert person.post(path).status_code == 303
        assert person.post(path).status_code == 409, "a second click"
    session.expire_all()
    assert session.get_one(Reminder, reminder).state is ReminderState.DUE
    assert session.get_one(Message, message).state is MessageState.WAITING


def test_a_one_time_link_is_not_shown_when_its_mail_died(session: Session, world: World, now: datetime, browse: Browse) -> None:
    key = queue_message(
        session, now=now, recipient_id=world.users["clerk_banphru"].id, kind="account", subject="ลิงก์ลับ", text="x",
        url="/password/reset/sesame", secret=True,
    )  # fmt: skip
    assert key is not None
    session.get_one(Message, key).state = MessageState.DEAD
    session.commit()
    text = browse("administrator").get("/operations").get_data(as_text=True)
    assert "sesame" not in text
    assert "ลิงก์ลับ" not in text


def test_the_state_of_each_job_is_in_words(session: Session, now: datetime, browse: Browse) -> None:
    person = browse("administrator")
    assert person.get("/operations").get_data(as_text=True).count("ยังไม่เคยทำงาน") == len(Job)
    for job in Job:
        beat(session, job, now - timedelta(seconds=30))
    assert person.get("/operations").get_data(as_text=True).count(">ทำงานอยู่<") == len(Job)
    beat(session, Job.REMINDERS_SWEEP, now - timedelta(seconds=10), "failed")
    assert "ล้มเหลวในครั้งล่าสุด" in person.get("/operations").get_data(as_text=True)
    beat(session, Job.REMINDERS_SWEEP, now - timedelta(hours=1))
    assert "ล้มเหลวในครั้งล่าสุด" in person.get("/operations").get_data(as_text=True), "an older success hides nothing"


def test_a_job_that_stopped_is_late(session: Session, now: datetime, browse: Browse) -> None:
    for job in Job:
        beat(session, job, now - timedelta(days=3))
    assert browse("administrator").get("/operations").get_data(as_text=True).count("ไม่ได้ทำงานนานเกินไป") == len(Job)


def test_a_job_of_every_minute_is_late_after_ten(session: Session, now: datetime, browse: Browse) -> None:
    for job in Job:
        beat(session, job, now - timedelta(minutes=10))
    assert "ไม่ได้ทำงานนานเกินไป" in browse("administrator").get("/operations").get_data(as_text=True)


def test_the_page_costs_the_same_however_much_failed(
    session: Session, world: World, now: datetime, browse: Browse, count_queries: Callable[[], Any]
) -> None:
    person = browse("administrator")
    fail_one(session, world, now)
    kill_one(session, world, now)
    person.get("/operations")
    with count_queries() as few:
        person.get("/operations")
    for _number in range(20):
        fail_one(session, world, now)
        kill_one(session, world, now)
    with count_queries() as many:
        person.get("/operations")
    assert len(many) == len(few) <= 14


def test_metrics_for_this_machine(session: Session, world: World, now: datetime, client: FlaskClient) -> None:
    beat(session, Job.OPERATIONS_TICK, now - timedelta(seconds=61))
    fail_one(session, world, now)
    kill_one(session, world, now)
    answer = client.get("/metrics")
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/plain"
    assert 'collab_job_age_seconds{job="operations.tick"} 60.0' in text
    assert 'collab_reminders{state="failed"} 1.0' in text
    assert 'collab_messages{state="dead"} 1.0' in text
    assert 'collab_oldest_undone_seconds{queue="reminders"} 0.0' in text


@pytest.mark.parametrize("address", ["10.0.0.7", "192.0.2.1", "2001:db8::1", "", "rubbish"])
def test_metrics_are_not_there_for_others(client: FlaskClient, address: str) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_metrics_are_not_there_through_a_proxy(client: FlaskClient, header: str) -> None:
    assert client.get("/metrics", headers={header: "198.51.100.7"}).status_code == 404


def test_a_job_is_paused_with_a_reason_and_goes_on(session: Session, now: datetime, browse: Browse) -> None:
    person, path = browse("administrator"), "/operations/jobs/notices.deliver"
    assert person.get(f"{path}/pause").status_code == 200
    assert person.post(f"{path}/pause", data={"reason": " "}).status_code == 422
    assert person.post(f"{path}/pause", data={"reason": "ย้ายเครื่องแม่ข่ายจดหมาย"}).status_code == 303
    assert queries.is_paused(session, Job.NOTICES_DELIVER)
    text = person.get("/operations").get_data(as_text=True)
    assert "ย้ายเครื่องแม่ข่ายจดหมาย" in text
    assert "ผู้ทดสอบ administrator" in text
    assert "หยุดงานชั่วคราว 1 งาน" in text
    seen = browse("coordinator").get("/operations").get_data(as_text=True)
    assert "ย้ายเครื่องแม่ข่ายจดหมาย" in seen, "who may only look reads why"
    assert "/resume" not in seen
    person = browse("administrator")
    assert person.post(f"{path}/resume").status_code == 303
    assert "หยุดงานชั่วคราว" not in person.get("/operations").get_data(as_text=True)
    assert person.post(f"{path}/resume").status_code == 303, "a second click"
    assert not queries.is_paused(session, Job.NOTICES_DELIVER)
    assert person.get("/operations/jobs/nothing/pause").status_code == 404
    assert person.post("/operations/jobs/nothing/resume").status_code == 404
    for role in ("coordinator", *STRANGERS):
        assert browse(role).post(f"{path}/pause", data={"reason": "x"}).status_code == 403
        assert browse(role).post("/operations/messages/again").status_code == 403


def test_all_of_one_reason_are_tried_again_and_no_other(session: Session, world: World, now: datetime, browse: Browse) -> None:
    for reason in ("no address", "no address", "other"):
        fail_one(session, world, now, reason)
        session.get_one(Message, kill_one(session, world, now)).reason = reason
    session.commit()
    person = browse("administrator")
    assert "บัญชีผู้ใช้ไม่มีที่อยู่อีเมล" in person.get("/operations").get_data(as_text=True)
    for queue in ("reminders", "messages"):
        assert person.post(f"/operations/{queue}/again", data={"reason": "no address"}).status_code == 303
        assert person.post(f"/operations/{queue}/again", data={"reason": "nothing \x00"}).status_code == 303
    assert queries.count_by_state(session) == {"due": 2, "failed": 1}
    assert notice_queries.count_by_state(session) == {"waiting": 2, "dead": 1}


def test_what_is_silent_or_waits_too_long_is_said_on_top(session: Session, world: World, now: datetime, browse: Browse) -> None:
    for job in Job:
        beat(session, job, now - timedelta(seconds=30))
    person = browse("administrator")
    calm = person.get("/operations").get_data(as_text=True)
    kill_one(session, world, now - timedelta(minutes=20))
    late = session.scalars(sa.select(Message)).one()
    late.state = MessageState.WAITING
    beat(session, Job.OPERATIONS_TICK, now - timedelta(hours=1))
    session.commit()
    alarmed = person.get("/operations").get_data(as_text=True)
    for words in ("เงียบไปนานเกินไป", "รออยู่นานเกิน 15 นาที", "(20 นาที)"):
        assert words not in calm
        assert words in alarmed


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 นาที"), (1, "1 นาที"), (119, "119 นาที"), (120, "2 ชั่วโมง"), (4_000, "66 ชั่วโมง")]
)
def test_an_age_is_told_in_a_unit_that_people_use(minutes: int, words: str) -> None:
    assert presenters.age_text(minutes * 60 + 59) == words


def test_metrics_tell_of_silence_pauses_and_rates(session: Session, world: World, now: datetime, client: FlaskClient) -> None:
    for job in Job:
        beat(session, job, now - timedelta(seconds=30))
    beat(session, Job.REMINDERS_SWEEP, now - timedelta(hours=2))
    kill_one(session, world, now)
    text = client.get("/metrics").get_data(as_text=True)
    assert 'collab_job_silent{job="reminders.sweep"} 1.0' in text
    assert 'collab_job_silent{job="reminders.deliver"} 0.0' in text
    assert 'collab_job_paused{job="reminders.sweep"} 0.0' in text
    assert 'collab_last_hour{what="mails_refused"} 1.0' in text
