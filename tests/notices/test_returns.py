"""What a report about mail leads to: the fate of that mail, the flag of that person's address, and nothing for anybody else."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.errors import NotAllowed, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import address_queries
from collab.members.models import AddressFlag
from collab.members.service import addresses
from collab.notices import delivery, digest, envelope, queries, reports, returns, service
from collab.notices.events import Fate
from collab.notices.kinds import Mode
from collab.notices.models import Finding, MailReport, Message, MessageState, ReportSource
from config import Settings
from tests.factories.notices import Remembering, smtp_sink
from tests.factories.reports import auto_reply, complaint, delivery_report, imap_server, maildir
from tests.factories.world import World
from workers.base import JobContext
from workers.tasks import notices as tasks

Browse = Callable[[str], FlaskClient]
WHO = "clerk_banphru"
ADDRESS = f"{WHO}@example.test"


def send(database: Database, world: World, now: datetime, who: str = WHO, kind: str = "agreement") -> Message:
    """Queue a message and hand it over."""
    with database.unit_of_work() as session:
        key = service.queue_message(
            session, now=now, recipient_id=world.users[who].id, kind=kind, subject="เรื่อง", text="ข้อความ", url="/x",
            target=Ref("agreement", new_id()), urgent=True,
        )  # fmt: skip
    delivery.deliver_batch(database, Remembering(), now, sender="collab@example.test", base_url="https://c.test")
    with database.reading() as session:
        return session.get_one(Message, key)


def come_back(database: Database, now: datetime, raw: bytes) -> Finding | None:
    with database.unit_of_work() as session:
        actor = job_actor("test")
        return returns.take(session, actor=actor, now=now, raw=raw, report=reports.read_mail(raw), source=ReportSource.MAILBOX)


def fate(database: Database, message: Message) -> Fate | None:
    with database.reading() as session:
        return session.get_one(Message, message.id).fate


def flagged(database: Database) -> set[UUID]:
    with database.reading() as session:
        return set(session.scalars(address_queries.flagged_people()))


def test_a_failure_for_good_flags_the_address_once(database: Database, world: World, now: datetime) -> None:
    message = send(database, world, now)
    raw = delivery_report(message.mail_id, ADDRESS.upper())
    assert come_back(database, now, raw) is Finding.FLAGGED
    assert come_back(database, now, raw) is None, "the same bytes"
    assert come_back(database, now, raw + b"\r\n") is Finding.FLAGGED, "another copy changes nothing more"
    assert fate(database, message) is Fate.BOUNCED
    assert flagged(database) == {world.users[WHO].id}
    with database.reading() as session:
        flag = session.scalars(sa.select(AddressFlag)).one()
    assert (flag.address, flag.status, flag.flagged_at, flag.version) == (ADDRESS, "5.1.1", now, 1)


def test_mail_to_a_flagged_address_waits_and_stays_in_the_centre(database: Database, world: World, now: datetime) -> None:
    come_back(database, now, delivery_report(send(database, world, now).mail_id, ADDRESS))
    post = Remembering()

    def tell(moment: datetime, *, urgent: bool = False) -> None:
        with database.unit_of_work() as session:
            service.queue_message(
                session, now=moment, recipient_id=world.users[WHO].id, kind="agreement", subject="อีกเรื่อง", text="ข้อความ", url="/x",
                target=Ref("agreement", new_id()), urgent=urgent,
            )  # fmt: skip

    def run(moment: datetime) -> dict[str, int]:
        digest.compose_due(database, now=moment)
        return delivery.deliver_batch(database, post, moment, sender="collab@example.test", base_url="https://c.test")

    tell(now, urgent=True)
    for days in (0, 3, 6):
        tell(now + timedelta(days=days))
        assert run(now + timedelta(days=days + 2)) == {}
    later = now + timedelta(days=9)
    with database.reading() as session:
        assert queries.count_unread(session, world.actors[WHO]) == 5, "nothing is lost: all of it stands in the product"
        assert queries.oldest_waiting(session, later) is None, "what is held is no backlog that anybody must look after"
    with database.unit_of_work() as session:
        addresses.confirm_address(session, actor=world.actors[WHO], now=later, user_id=world.users[WHO].id)
    assert run(later) == {"accepted": 2}, "the urgent one, and one digest of all the days"
    assert flagged(database) == set()


def test_a_one_time_link_is_mailed_all_the_same(database: Database, world: World, now: datetime) -> None:
    come_back(database, now, delivery_report(send(database, world, now).mail_id, ADDRESS))
    with database.unit_of_work() as session:
        service.queue_message(
            session, now=now, recipient_id=world.users[WHO].id, kind="account", subject="s", text="t", url="/reset/x", secret=True
        )
    post = Remembering()
    assert delivery.deliver_batch(database, post, now, sender="c@e.test", base_url="https://c.test") == {"accepted": 1}


def test_an_address_that_was_corrected_gets_mail_at_once(
    database: Database, world: World, now: datetime, session: Session
) -> None:
    from collab.members.service.people import change_user

    come_back(database, now, delivery_report(send(database, world, now).mail_id, ADDRESS))
    user = world.users[WHO]
    values = {"email": "new@example.test", "name_th": user.name_th, "name_en": user.name_en, "position": user.position}
    with database.unit_of_work() as writing:
        change_user(
            writing, actor=world.actors["administrator"], now=now, user_id=user.id, organisation_id=user.organisation_id,
            values=values, expected_version=None,
        )  # fmt: skip
    assert flagged(database) == set()
    assert come_back(database, now, delivery_report(send(database, world, now).mail_id, "new@example.test")) is Finding.FLAGGED
    assert flagged(database) == {user.id}


def test_what_may_pass_flags_only_the_third_time(database: Database, world: World, now: datetime) -> None:
    for number, expected in ((1, Finding.BOUNCED), (2, Finding.BOUNCED), (3, Finding.FLAGGED)):
        message = send(database, world, now)
        assert come_back(database, now, delivery_report(message.mail_id, ADDRESS, status="5.2.2")) is expected, number
        assert fate(database, message) is Fate.BOUNCED


@pytest.mark.parametrize(
    ("action", "finding", "expected"),
    [("delayed", Finding.NOTED, None), ("delivered", Finding.DELIVERED, Fate.DELIVERED)],
)
def test_a_delay_changes_nothing_and_a_delivery_is_noted(
    database: Database, world: World, now: datetime, action: str, finding: Finding, expected: Fate | None
) -> None:
    message = send(database, world, now)
    status = {"delayed": "4.4.1", "delivered": "2.0.0"}[action]
    assert come_back(database, now, delivery_report(message.mail_id, ADDRESS, action=action, status=status)) is finding
    assert fate(database, message) is expected
    assert flagged(database) == set()


def test_nobody_can_have_a_stranger_flagged(database: Database, world: World, now: datetime) -> None:
    mine = send(database, world, now)
    victim = "coordinator@example.test"
    foreign = [
        (delivery_report(mine.mail_id, victim), Finding.BOUNCED),  # my own mail, a stranger's address
        (delivery_report(f"<{new_id()}@collab>", victim), Finding.UNMATCHED),  # a Message-ID that was never written
        (delivery_report("<x@elsewhere>", victim), Finding.UNMATCHED),
        (auto_reply(mine.mail_id), Finding.UNMATCHED),
        (b"\x00\xff" * 100, Finding.UNMATCHED),
        (delivery_report(mine.mail_id, victim, to=f"reports+{'a' * 42}@example.test"), Finding.BOUNCED),  # a forged envelope
    ]
    for raw, expected in foreign:
        assert come_back(database, now, raw) is expected
    assert flagged(database) == set()


def test_a_report_about_two_mails_at_once_is_believed_in_neither(database: Database, world: World, now: datetime) -> None:
    envelope.configure("test-only", "reports@example.test")
    mine, others = send(database, world, now), send(database, world, now, who="coordinator")
    to = envelope.sender_for(mine.mail_id, "")
    assert come_back(database, now, delivery_report(others.mail_id, "coordinator@example.test", to=to)) is Finding.UNMATCHED
    assert come_back(database, now, delivery_report("<lost@mx>", ADDRESS, to=to)) is Finding.FLAGGED, (
        "the envelope alone is enough"
    )
    envelope.configure("test-only", "")


def test_mail_that_never_left_cannot_come_back(database: Database, world: World, now: datetime) -> None:
    with database.unit_of_work() as session:
        key = service.queue_message(
            session,
            now=now,
            recipient_id=world.users[WHO].id,
            kind="agreement",
            subject="s",
            text="t",
            target=Ref("agreement", new_id()),
        )
    assert come_back(database, now, delivery_report(f"<{key}@collab>", ADDRESS)) is Finding.UNMATCHED


def test_a_complaint_switches_off_what_may_be_switched_off(database: Database, world: World, now: datetime) -> None:
    now += timedelta(days=2)  # On a Saturday no reminder leaves.
    for kind in ("agreement", "reminder"):
        assert come_back(database, now, complaint(send(database, world, now, kind=kind).mail_id)) is Finding.COMPLAINED
    with database.reading() as session:
        chosen = queries.preferences(session, world.actors[WHO])
    assert chosen["agreement"] is Mode.OFF
    assert chosen["reminder"] is Mode.DIGEST, "what follows from a duty stays"
    assert flagged(database) == set()


def test_the_fate_of_a_digest_is_that_of_all_it_carried(database: Database, world: World, now: datetime) -> None:
    with database.unit_of_work() as session:
        keys = [
            service.queue_message(
                session, now=now, recipient_id=world.users[WHO].id, kind="agreement", subject="s", text="t",
                target=Ref("agreement", new_id()),
            )
            for _number in range(2)
        ]  # fmt: skip
    later, post = now + timedelta(days=4), Remembering()
    digest.compose_due(database, now=later)
    delivery.deliver_batch(database, post, later, sender="c@e.test", base_url="https://c.test")
    come_back(database, later, delivery_report(post.mails[0]["Message-ID"], ADDRESS))
    with database.reading() as session:
        assert {session.get_one(Message, key).fate for key in keys if key} == {Fate.BOUNCED}


def test_what_named_no_mail_of_ours_is_forgotten(database: Database, world: World, now: datetime) -> None:
    come_back(database, now, b"spam")
    come_back(database, now, delivery_report(send(database, world, now).mail_id, ADDRESS))
    with database.unit_of_work() as session:
        assert returns.forget(session, now=now) == 0
        assert returns.forget(session, now=now + returns.KEPT + timedelta(hours=1)) == 1
        assert session.scalars(sa.select(MailReport.finding)).all() == [Finding.FLAGGED]


def test_the_envelope_sender_is_what_the_server_hears(database: Database, world: World, now: datetime) -> None:
    envelope.configure("test-only", "reports@example.test")
    with smtp_sink() as (server, box):
        from collab.notices.mail import SmtpPost

        post = SmtpPost(server)
        with database.unit_of_work() as session:
            key = service.queue_message(
                session, now=now, recipient_id=world.users[WHO].id, kind="agreement", subject="s", text="t",
                target=Ref("agreement", new_id()), urgent=True,
            )  # fmt: skip
        delivery.deliver_batch(database, post, now, sender="collab@example.test", base_url="https://c.test")
        post.close()
    envelope.configure("test-only", "")
    assert [envelope.read(sender) for sender in box.senders] == [key]


# --- the mailbox and the job ---


def context(settings: Settings, database: Database, now: datetime, url: str) -> JobContext:
    from dataclasses import replace

    return JobContext(replace(settings, report_mailbox=url), database, now, "job")


def test_a_maildir_is_read_to_its_end(
    database: Database, world: World, now: datetime, settings: Settings, tmp_path: Path
) -> None:
    mail = delivery_report(send(database, world, now).mail_id, ADDRESS)
    folder = maildir(tmp_path / "box", b"\xff\x00 rubbish", mail, auto_reply("<x@y>"))
    body = _body(tasks.read_reports)
    assert body(context(settings, database, now, f"maildir://{folder}")) == {"flagged": 1, "unmatched": 2}
    assert list((folder / "new").iterdir()) == []
    assert len(list((folder / "cur").iterdir())) == 3
    assert body(context(settings, database, now, f"maildir://{folder}")) == {}
    assert flagged(database) == {world.users[WHO].id}


def _body(task: Any) -> Callable[[JobContext], Any]:
    """Return the function that a task runs."""
    return task.run.__wrapped__  # type: ignore[no-any-return]


def test_an_imap_folder_is_read_and_marked(database: Database, world: World, now: datetime, settings: Settings) -> None:
    mail = delivery_report(send(database, world, now).mail_id, ADDRESS)
    with imap_server(b"not a mail", mail) as (url, box):
        body = _body(tasks.read_reports)
        assert body(context(settings, database, now, url)) == {"flagged": 1, "unmatched": 1}
        assert box.seen == {0, 1}
        assert body(context(settings, database, now, url)) == {}


def test_a_mailbox_that_is_away_fails_the_job_and_not_more(
    settings: Settings, database: Database, now: datetime, tmp_path: Path
) -> None:
    from collab.notices.mailbox import MailboxAway

    for url in (f"maildir://{tmp_path}/none", "imap://u:p@127.0.0.1:1/INBOX?tls=0"):
        with pytest.raises(MailboxAway):
            _body(tasks.read_reports)(context(settings, database, now, url))
    assert _body(tasks.read_reports)(context(settings, database, now, "")) == {}


# --- the door for mail services ---

SECRET = "s" * 32


@pytest.fixture
def door(client: FlaskClient) -> FlaskClient:
    """The door, open to who knows the secret."""
    from dataclasses import replace

    core = client.application.extensions["collab"]
    core.settings = replace(core.settings, report_secret=SECRET)
    return client


def push(client: FlaskClient, raw: bytes, now: datetime, *, secret: str = SECRET, kind: str = "message/rfc822") -> int:
    moment = int(now.timestamp())
    made = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"X-Collab-Timestamp": str(moment), "X-Collab-Signature": f"sha256={made}", "Content-Type": kind}
    return client.post("/mail-reports", data=raw, headers=headers).status_code


def test_a_signed_report_counts(door: FlaskClient, database: Database, world: World, now: datetime) -> None:
    message = send(database, world, now)
    event = {"event": "bounced", "message_id": message.mail_id, "recipient": ADDRESS, "status": "5.1.1"}
    assert push(door, json.dumps(event).encode(), now, kind="application/json") == 204
    assert flagged(database) == {world.users[WHO].id}
    assert push(door, delivery_report(message.mail_id, ADDRESS), now) == 204
    assert push(door, delivery_report(message.mail_id, ADDRESS), now) == 204, "said twice"


def test_the_door_stays_shut_without_the_secret(client: FlaskClient, database: Database, world: World, now: datetime) -> None:
    assert push(client, b"x", now) == 404


def test_forged_old_and_broken_calls_change_nothing(door: FlaskClient, database: Database, world: World, now: datetime) -> None:
    raw = delivery_report(send(database, world, now).mail_id, ADDRESS)
    assert push(door, raw, now, secret="t" * 32) == 401
    assert push(door, raw, now - timedelta(minutes=6)) == 401, "a recorded call"
    for headers in ({}, {"X-Collab-Timestamp": "9" * 40, "X-Collab-Signature": "ก"}, {"X-Collab-Timestamp": "x"}):
        assert door.post("/mail-reports", data=raw, headers=headers).status_code == 401
    assert push(door, b"{}", now, kind="application/json") == 422
    assert push(door, b"\x00", now) == 422
    assert push(door, b"x" * (reports.LONGEST + 1), now) == 413
    assert flagged(database) == set()


# --- who sees it, who confirms it ---


def flag(database: Database, world: World, now: datetime, who: str = WHO) -> None:
    with database.unit_of_work() as session:
        addresses.flag_address(session, actor=job_actor("test"), now=now, user_id=world.users[who].id, status="5.1.1")


def test_the_person_and_those_who_keep_the_members_see_it(
    database: Database, world: World, now: datetime, browse: Browse
) -> None:
    flag(database, world, now)
    flag(database, world, now, who="clerk_outside")
    assert "ระบบหยุดส่งอีเมลถึงท่าน" in browse(WHO).get("/notices").get_data(as_text=True)
    own = browse(WHO).get("/account").get_data(as_text=True)
    assert "ที่อยู่นี้รับอีเมลได้แล้ว" in own
    person = f"/members/people/{world.users[WHO].id}"
    assert "ถูกตีกลับ" in browse("coordinator").get(person).get_data(as_text=True)
    assert "ถูกตีกลับ" not in browse("clerk_khohong").get(person).get_data(as_text=True), "others are not told"
    listed = browse("coordinator").get("/members/addresses").get_data(as_text=True)
    assert ADDRESS in listed
    assert "clerk_outside@example.test" not in listed, "of another committee"
    assert "clerk_outside@example.test" in browse("administrator").get("/members/addresses").get_data(as_text=True)
    assert browse("clerk_khohong").get("/members/addresses").status_code == 403
    assert "2 แห่ง" in browse("administrator").get("/operations").get_data(as_text=True)
    assert browse("administrator").get("/notices/reports").status_code == 200


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (WHO, 303),
        ("coordinator", 303),
        ("administrator", 303),
        ("clerk_khohong", 403),
        ("auditor", 403),
        ("executive_banphru", 403),
    ],
)
def test_who_may_confirm_an_address(
    database: Database, world: World, now: datetime, browse: Browse, who: str, status: int
) -> None:
    flag(database, world, now)
    path = f"/members/people/{world.users[WHO].id}/address/confirm"
    assert browse(who).post(path).status_code == status
    assert (flagged(database) == set()) is (status == 303)


def test_nothing_to_confirm_is_said_so(session: Session, world: World, now: datetime) -> None:
    with pytest.raises(StateConflict):
        addresses.confirm_address(session, actor=world.actors[WHO], now=now, user_id=world.users[WHO].id)
    with pytest.raises(NotAllowed):
        addresses.confirm_address(session, actor=world.actors["clerk_khohong"], now=now, user_id=world.users[WHO].id)


def test_lists_cost_the_same_for_many(
    database: Database, world: World, now: datetime, browse: Browse, count_queries: Any
) -> None:
    def queries_for(path: str) -> int:
        person = browse("administrator")
        person.get(path)
        with count_queries() as statements:
            assert person.get(path).status_code == 200
        return len(statements)

    flag(database, world, now)
    come_back(database, now, delivery_report(send(database, world, now, who="chair").mail_id, "chair@example.test"))
    few = [queries_for("/members/addresses"), queries_for("/notices/reports")]
    for who in ("coordinator", "clerk_khohong", "executive_khohong"):
        flag(database, world, now, who=who)
        come_back(database, now, delivery_report(send(database, world, now, who="auditor").mail_id, "auditor@example.test"))
    assert [queries_for("/members/addresses"), queries_for("/notices/reports")] == few


def test_one_message_stays_held(database: Database, world: World, now: datetime) -> None:
    """What a worker claimed before the flag leaves; what it did not claim yet does not."""
    flag(database, world, now)
    with database.unit_of_work() as session:
        key = service.queue_message(
            session, now=now, recipient_id=world.users[WHO].id, kind="agreement", subject="s", text="t",
            target=Ref("agreement", new_id()), urgent=True,
        )  # fmt: skip
    delivery.deliver_batch(database, Remembering(), now, sender="c@e.test", base_url="https://c.test")
    with database.reading() as session:
        assert session.get_one(Message, key).state is MessageState.WAITING
