"""The ladder stands still while somebody works on it; what became of each reminder is recorded as it becomes known."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.audits import coverage
from collab.history import queries as events
from collab.history.log_models import IntegrityAlarm
from collab.kernel.access import Actor, job_actor
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import channel_delivery, channels, digest, links, reports, returns
from collab.notices import delivery as mail
from collab.notices.channel_way import SinkWay
from collab.notices.links import Purpose
from collab.notices.mail import DeliveryFailed
from collab.notices.models import Message, MessageState, ReportSource
from collab.reminders import delivery, evidence, queries, service, sweep
from collab.reminders.models import Audience, Outcome, Reminder, ReminderEvidence
from tests.factories.notices import Remembering
from tests.factories.reminders import KIND, Errands, add_rule
from tests.factories.reports import delivery_report
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
DAY = timedelta(days=1)
#: A Monday.
TODAY = date(2026, 11, 23)


def late(database: Database, world: World, errands: Errands, now: datetime, *rules: tuple[Audience, int]) -> UUID:
    """Open an errand that was due on Friday, with rules in force for weeks; sweep and queue what they say on Monday."""
    key = errands.add(
        TODAY - 3 * DAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"), committee=world.committee.id
    )
    with database.unit_of_work() as session:
        for audience, offset in rules or ((Audience.OWNER, 1), (Audience.EXECUTIVE, 2), (Audience.CHAIR, 3)):
            add_rule(session, world, now - 30 * DAY, audience, offset)
    turn(database, now)
    return key


def turn(database: Database, now: datetime) -> None:
    """Sweep and queue."""
    with database.unit_of_work() as session:
        sweep.sweep(session, now=now)
    delivery.deliver_batch(database, now)


def send(database: Database, now: datetime, failure: Exception | None = None) -> list[Any]:
    """Gather, mail and follow."""
    post = Remembering(failure)
    digest.compose_due(database, now=now)
    mail.deliver_batch(database, post, now, sender="collab@example.test", base_url="https://c.test")
    with database.unit_of_work() as session:
        evidence.follow(session, actor=job_actor("test"), now=now)
    return post.mails


def told(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.value for row in session.scalars(sa.select(Reminder.audience).order_by(Reminder.created_at, Reminder.id))]


def outcomes(database: Database) -> list[Outcome]:
    with database.reading() as session:
        return list(session.scalars(sa.select(ReminderEvidence.outcome).order_by(ReminderEvidence.id)))


def acknowledge(database: Database, actor: Actor, now: datetime, key: UUID, until: date, note: str = "") -> None:
    with database.unit_of_work() as session:
        service.acknowledge(session, actor=actor, now=now, target=Ref(KIND, key), until_on=until, note=note)


def test_rung_after_rung_while_nobody_answers(database: Database, world: World, errands: Errands, now: datetime) -> None:
    late(database, world, errands, now)
    assert told(database) == ["owner"]
    for number in (1, 2, 3):
        turn(database, now + number * DAY)
    assert told(database) == ["owner", "executive", "chair"]


def test_who_acknowledges_keeps_the_ladder_still_until_that_day(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    key = late(database, world, errands, now)
    acknowledge(database, world.actors["clerk_banphru"], now, key, TODAY + 2 * DAY, "รอผู้รับจ้าง")
    for number in (1, 2):
        turn(database, now + number * DAY)
        assert told(database) == ["owner"]
    turn(database, now + 3 * DAY)
    assert sorted(told(database)) == ["chair", "executive", "owner"], "what was put off is told when the day has passed"
    assert Outcome.ACKNOWLEDGED in outcomes(database)
    with database.reading() as session:
        verbs = {event.verb for event in events.list_stream(session, f"reminder/{key}").rows}
    assert {"reminder_pause.acknowledged", "reminder.acknowledged"} <= verbs


def test_what_was_recorded_before_the_acknowledgement_is_not_sent_after_it(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    key = late(database, world, errands, now)
    with database.unit_of_work() as session:
        sweep.sweep(session, now=now + DAY)
    acknowledge(database, world.actors["clerk_banphru"], now + DAY, key, TODAY + 5 * DAY)
    assert delivery.deliver_batch(database, now + DAY) == {"skipped": 1}
    digest.compose_due(database, now=now + DAY)
    with database.reading() as session:
        assert set(session.scalars(sa.select(Message.state))) == {MessageState.DROPPED}, "nor what was held already"


def test_reported_progress_keeps_the_ladder_still(database: Database, world: World, errands: Errands, now: datetime) -> None:
    key = late(database, world, errands, now)
    with database.unit_of_work() as session:
        service.note_progress(session, actor=world.actors["clerk_banphru"], now=now, target=Ref(KIND, key))
    for number in range(1, 8):
        turn(database, now + number * DAY)
    assert told(database) == ["owner"], "five working days"
    turn(database, now + 8 * DAY)
    assert len(told(database)) == 3


@pytest.mark.parametrize("role", ["executive_banphru", "chair", "coordinator", "administrator", "auditor", "clerk_khohong"])
def test_only_who_was_reminded_acknowledges(database: Database, world: World, errands: Errands, now: datetime, role: str) -> None:
    key = late(database, world, errands, now)
    with pytest.raises(NotAllowed):
        acknowledge(database, world.actors[role], now, key, TODAY + DAY)
    with pytest.raises(NotFound):
        acknowledge(database, world.actors["clerk_banphru"], now, new_id(), TODAY + DAY)


@pytest.mark.parametrize(("days", "fine"), [(-1, False), (0, True), (28, True), (29, False), (4000, False)])
def test_for_how_long(database: Database, world: World, errands: Errands, now: datetime, days: int, fine: bool) -> None:
    key = late(database, world, errands, now)
    if fine:
        acknowledge(database, world.actors["clerk_banphru"], now, key, TODAY + days * DAY)
    else:
        with pytest.raises(InvalidInput):
            acknowledge(database, world.actors["clerk_banphru"], now, key, TODAY + days * DAY)


def test_accepted_is_recorded_once_and_never_called_delivered(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    late(database, world, errands, now)
    assert outcomes(database) == [Outcome.QUEUED]
    assert len(send(database, now + timedelta(minutes=10))) == 1
    send(database, now + timedelta(minutes=11))
    assert outcomes(database) == [Outcome.QUEUED, Outcome.ACCEPTED]


def test_what_no_server_takes_expires(database: Database, world: World, errands: Errands, now: datetime) -> None:
    late(database, world, errands, now)
    send(database, now + timedelta(minutes=10), DeliveryFailed("550 no such mailbox", is_final=True))
    assert outcomes(database) == [Outcome.QUEUED, Outcome.EXPIRED]


def test_a_reminder_in_a_digest_shares_its_fate(database: Database, world: World, errands: Errands, now: datetime) -> None:
    for _number in range(3):
        errands.add(TODAY - 3 * DAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    late(database, world, errands, now)
    assert len(send(database, now + timedelta(minutes=10))) == 1
    assert outcomes(database).count(Outcome.ACCEPTED) == 4


def test_what_is_settled_before_the_mail_leaves_is_not_mailed(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    key = late(database, world, errands, now)
    del errands.rows[key]
    assert send(database, now + timedelta(minutes=10)) == []
    assert outcomes(database) == [Outcome.QUEUED, Outcome.SKIPPED]


def test_the_page_of_an_object_says_who_was_told_and_takes_the_acknowledgement(
    database: Database, world: World, errands: Errands, now: datetime, browse: Browse
) -> None:
    key = late(database, world, errands, now)
    path, person = f"/reminders/about/{KIND}/{key}", browse("clerk_banphru")
    text = person.get(path).get_data(as_text=True)
    assert "ผู้ทดสอบ clerk_banphru" in text
    assert "รอส่ง" in text or "เข้าคิว" in text or "ส่ง" in text
    until = {"until_on-day": "27", "until_on-month": "11", "until_on-year": "2569"}
    for bad in ({}, {**until, "until_on-year": "2500"}, {**until, "until_on-day": "x"}):
        assert person.post(path, data=bad).status_code == 422
    assert person.post(path, data={**until, "note": "รออะไหล่"}).status_code == 303
    assert "รออะไหล่" in person.get(path).get_data(as_text=True)
    assert browse("chair").post(path, data=until).status_code == 403
    assert 'name="note"' not in browse("chair").get(path).get_data(as_text=True)
    errands.seen_by = {None}
    assert browse("chair").get(path).status_code == 404
    assert person.get(f"/reminders/about/rubbish/{key}").status_code == 404


def test_the_page_costs_the_same_however_much_is_known(
    database: Database, world: World, errands: Errands, now: datetime, browse: Browse, count_queries: Callable[[], Any]
) -> None:
    key = late(database, world, errands, now, *((Audience.OWNER, 1) for _rule in range(2)))
    person, counts = browse("auditor"), []
    person.get(f"/reminders/about/{KIND}/{key}")  # the first reading of a day by an auditor is itself recorded
    for number in (0, 30):
        for place in range(number):
            with database.unit_of_work() as session:
                add_rule(session, world, now - 30 * DAY, Audience.CHAIR if place % 2 else Audience.EXECUTIVE, 1)
        turn(database, now)
        with count_queries() as statements:
            assert person.get(f"/reminders/about/{KIND}/{key}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_an_auditor_sees_each_reminder_once_with_all_that_is_known(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    key = late(database, world, errands, now)
    send(database, now + timedelta(minutes=10))
    acknowledge(database, world.actors["clerk_banphru"], now + DAY, key, TODAY + 2 * DAY)
    with database.reading() as session:
        page = coverage.list_reminders(
            session, world.actors["auditor"], recipient_id=world.users["clerk_banphru"].id, target_id=key, first=None, last=None
        )
    assert [[code for code, _at in coverage.evidence_steps(row)] for row in page.rows] == [
        ["queued", "accepted", "acknowledged", "unknown"]
    ]


def test_the_link_of_the_mail_asks_first_and_works_once(
    database: Database, world: World, errands: Errands, now: datetime, client: FlaskClient
) -> None:
    key = late(database, world, errands, now)
    (sent,) = send(database, now + timedelta(minutes=10))
    body = sent.get_body(("plain",)).get_content()
    path = next(word for word in body.split() if "/reminders/acknowledge/" in word).removeprefix("https://c.test")
    page = client.get(path)
    assert (page.status_code, "ธุระ" in page.get_data(as_text=True)) == (200, True)
    with database.reading() as session:
        assert queries.standstills_of(session, Ref(KIND, key)) == [], "opening changes nothing"
    until = {"until_on-day": "27", "until_on-month": "11", "until_on-year": "2569"}
    assert client.post(path, data={**until, "until_on-year": "2599"}).status_code == 422
    assert client.post(path, data=until).status_code == 200
    used = client.post(path, data=until)
    assert (used.status_code, "ถูกใช้แล้ว" in used.get_data(as_text=True)) == (410, True)
    assert client.get(path).status_code == 410
    with database.reading() as session:
        (pause,) = queries.standstills_of(session, Ref(KIND, key))
    assert pause.user_id == world.users["clerk_banphru"].id


@pytest.mark.parametrize("fault", ["rubbish", "expired", "stranger", "gone", "crossed"])
def test_a_link_that_does_not_work_changes_nothing(
    database: Database, world: World, errands: Errands, now: datetime, client: FlaskClient, session: Session, fault: str
) -> None:
    key = late(database, world, errands, now)
    who = "clerk_khohong" if fault == "stranger" else "clerk_banphru"
    made = links.Link(world.users[who].id, KIND, key, new_id(), now + (-DAY if fault == "expired" else DAY))
    token = links.sign(Purpose.UNSUBSCRIBE if fault == "crossed" else Purpose.ACKNOWLEDGE, made)
    if fault == "gone":
        errands.lost.add(key)
    path = "/reminders/acknowledge/" + ("rubbish" if fault == "rubbish" else token)
    until = {"until_on-day": "27", "until_on-month": "11", "until_on-year": "2569"}
    assert client.post(path, data=until).status_code == (410 if fault == "expired" else 404)
    assert queries.standstills_of(session, Ref(KIND, key)) == []


# --- what others report of the mail ---


def report(database: Database, now: datetime, mail_id: str, address: str, action: str, status: str) -> None:
    raw = delivery_report(mail_id, address, action=action, status=status)
    with database.unit_of_work() as session:
        found = reports.read_mail(raw)
        returns.take(session, actor=job_actor("test"), now=now, raw=raw, report=found, source=ReportSource.MAILBOX)


@pytest.mark.parametrize(
    ("action", "status", "last"),
    [("failed", "5.1.1", [Outcome.BOUNCED]), ("delivered", "2.0.0", [Outcome.DELIVERED]), ("delayed", "4.4.1", [])],
)
def test_what_another_server_reports_is_evidence(
    database: Database, world: World, errands: Errands, now: datetime, action: str, status: str, last: list[Outcome]
) -> None:
    late(database, world, errands, now)
    (sent,) = send(database, now + timedelta(minutes=20))
    report(database, now + timedelta(hours=1), sent["Message-ID"], "clerk_banphru@example.test", action, status)
    assert outcomes(database) == [Outcome.QUEUED, Outcome.ACCEPTED, *last]
    with database.reading() as session:
        notes = session.scalars(sa.select(ReminderEvidence.note).where(ReminderEvidence.outcome == Outcome.BOUNCED)).all()
    assert notes == (["5.1.1"] if action == "failed" else [])


def test_a_report_that_is_faster_than_our_own_following_loses_no_step(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    late(database, world, errands, now)
    later, post = now + timedelta(minutes=20), Remembering()
    digest.compose_due(database, now=later)
    mail.deliver_batch(database, post, later, sender="collab@example.test", base_url="https://c.test")
    report(database, later, post.mails[0]["Message-ID"], "clerk_banphru@example.test", "failed", "5.1.1")
    with database.unit_of_work() as session:
        assert evidence.follow(session, actor=job_actor("test"), now=later) == 0
    assert outcomes(database) == [Outcome.QUEUED, Outcome.ACCEPTED, Outcome.BOUNCED]


def test_a_post_to_a_channel_is_evidence_beside_the_mail(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    channels.configure("test-only", [])
    with database.unit_of_work() as session:
        made = channels.add_channel(
            session, actor=world.actors["clerk_banphru"], now=now, organisation_id=world.org_id("banphru"), name="กลุ่ม",
            address="line://token/U123456", kinds=["reminder"],
        )  # fmt: skip
        channels.switch_channel(session, actor=world.actors["clerk_banphru"], now=now, channel_id=made.id, on=True)
    late(database, world, errands, now)
    with database.unit_of_work() as session:
        channel_delivery.enlist(session, now=now)
    way, later = SinkWay(database, lambda: now), now + timedelta(minutes=20)
    assert channel_delivery.post_batch(database, way, later, base_url="", worker="w") == {"accepted": 1}
    assert len(send(database, later)) == 1
    assert outcomes(database) == [Outcome.QUEUED, Outcome.POSTED, Outcome.ACCEPTED]
    with database.reading() as session:
        assert session.scalars(sa.select(ReminderEvidence.note).where(ReminderEvidence.outcome == Outcome.POSTED)).one() == "LINE"


def test_a_message_called_accepted_without_a_receipt_proves_nothing(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    """Attack 59: somebody writes that the mail went out. Of the reminder nothing is known then, and nothing is claimed."""
    late(database, world, errands, now)
    with database.unit_of_work() as session:
        session.execute(sa.update(Message).values(state=MessageState.ACCEPTED, accepted_at=now))
        evidence.follow(session, actor=job_actor("test"), now=now)
    assert outcomes(database) == [Outcome.QUEUED]
    with database.unit_of_work() as session:
        session.execute(sa.update(Message).values(state=MessageState.WAITING, accepted_at=None, next_attempt_at=now))
    send(database, now)
    assert outcomes(database) == [Outcome.QUEUED, Outcome.ACCEPTED], "with the server's answer it counts"


def test_an_acceptance_recorded_without_a_receipt_becomes_an_alarm_once(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    """Attack 59 by somebody who can write events: the nightly comparison asks for the server's answer."""
    late(database, world, errands, now, (Audience.OWNER, 1), (Audience.EXECUTIVE, 2))
    send(database, now)
    turn(database, now + DAY)
    for days in (1, 2):
        send(database, now + days * DAY)
    assert outcomes(database).count(Outcome.ACCEPTED) == 2
    with database.unit_of_work() as session:
        assert evidence.raise_alarms(session, now=now) == 0, "an honest acceptance has its receipt"
        row = session.scalars(sa.select(Reminder)).first()
        assert row is not None
        row.message_id = new_id()
        evidence.record(session, actor=job_actor("test"), now=now, row=row, outcome=Outcome.ACCEPTED)
        assert evidence.raise_alarms(session, now=now) == 1
        assert evidence.raise_alarms(session, now=now) == 0
        alarm = session.scalars(sa.select(IntegrityAlarm)).one()
    assert (alarm.subject_table, alarm.fields) == ("reminder_evidence", evidence.NO_RECEIPT)
