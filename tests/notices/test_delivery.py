"""Handing the outbox over: once, with patience, and whatever breaks on the way."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members.events import InvitationSent, PasswordChanged, PasswordResetRequested
from collab.notices import delivery, queries, service, subscribers
from collab.notices.kinds import Mode
from collab.notices.mail import DeliveryFailed, Mail, SinkPost, SmtpPost
from collab.notices.models import DeliveryAttempt, Message, MessageState, SunkMail
from tests.databases import own_database
from tests.factories.notices import Mailbox, Remembering, smtp_sink
from tests.factories.world import World, build_world


def queue(database: Database, world: World, now: datetime, who: str = "clerk_banphru", **changes: Any) -> UUID:
    values: dict[str, Any] = {
        "kind": "agreement", "subject": "เรื่อง", "text": "ข้อความ", "url": "/x", "target": Ref("agreement", new_id()), "urgent": True,
    }  # fmt: skip
    with database.unit_of_work() as session:
        key = service.queue_message(session, now=now, recipient_id=world.users[who].id, **{**values, **changes})
    assert key is not None
    return key


def at_once(database: Database, world: World) -> None:
    """Let the clerk want agreements by themselves and not in the digest."""
    with database.unit_of_work() as session:
        service.set_preferences(session, actor=world.actors["clerk_banphru"], modes={"agreement": Mode.AT_ONCE})


def run(database: Database, post: Any, now: datetime, size: int = 50) -> dict[str, int]:
    return delivery.deliver_batch(database, post, now, sender="collab@example.test", base_url="https://c.test", size=size)


def end_leases(database: Database) -> None:
    """Let the time pass after which a claim is anybody's."""
    with database.unit_of_work() as session:
        session.execute(
            sa.text("UPDATE message SET leased_until = clock_timestamp() - interval '1 second' WHERE state = 'claimed'")
        )


def free(database: Database, now: datetime) -> int:
    with database.unit_of_work() as session:
        return delivery.rescue(session, now=now)


def message(database: Database, key: UUID) -> Message:
    with database.reading() as session:
        return session.get_one(Message, key)


def answers(database: Database, key: UUID) -> list[str]:
    with database.reading() as session:
        statement = sa.select(DeliveryAttempt.answer).where(DeliveryAttempt.message_id == key).order_by(DeliveryAttempt.id)
        return list(session.scalars(statement))


def test_what_is_ready_leaves_once(database: Database, world: World, now: datetime) -> None:
    key, post = queue(database, world, now), Remembering()
    assert run(database, post, now) == {"accepted": 1}
    assert run(database, post, now) == {}
    assert len(post.mails) == 1
    found = message(database, key)
    assert (found.state, found.accepted_at, found.attempts) == (MessageState.ACCEPTED, now, 1)
    assert answers(database, key) == ["250 kept"]


def test_a_button_says_what_it_does(database: Database, world: World, now: datetime) -> None:
    user = world.users["clerk_banphru"]
    with database.unit_of_work() as session:
        subscribers.mail_reset_link(session, PasswordResetRequested(user.id, "sesame", now, now + timedelta(hours=1)))
        subscribers.mail_invitation(session, InvitationSent(user.id, "opendoor", now, now + timedelta(days=7)))
        subscribers.tell_password_changed(session, PasswordChanged(user.id, now))
    queue(database, world, now)
    post = Remembering()
    run(database, post, now)
    calls = {}
    for mail in post.mails:
        plain = mail.get_body(("plain",))
        assert plain is not None
        calls |= dict(re.findall(r"^(.+):\nhttps://c.test(.+)$", plain.get_content(), re.MULTILINE))
    assert calls == {
        "ตั้งรหัสผ่านใหม่": "/password/reset/sesame",
        "รับคำเชิญและตั้งรหัสผ่าน": "/invitation/opendoor",
        "ดูแลบัญชีของท่าน": "/account",
        "เปิดใน Collab": "/x",
    }


def test_what_gathers_waits_its_time(database: Database, world: World, now: datetime) -> None:
    at_once(database, world)
    queue(database, world, now, urgent=False)
    post = Remembering()
    assert run(database, post, now + timedelta(minutes=9)) == {}
    assert run(database, post, now + timedelta(minutes=10)) == {"accepted": 1}


def test_urgent_goes_first(database: Database, world: World, now: datetime) -> None:
    at_once(database, world)
    queue(database, world, now - timedelta(hours=1), urgent=False, subject="calm")
    queue(database, world, now, subject="urgent")
    post = Remembering()
    run(database, post, now, size=1)
    assert [mail["Subject"] for mail in post.mails] == ["urgent"]


def test_a_failure_is_tried_later_and_later_under_the_same_id_until_it_is_given_up(
    database: Database, world: World, now: datetime
) -> None:
    key, moment, waits = queue(database, world, now), now, []
    for _attempt in range(7):
        assert run(database, Remembering(DeliveryFailed("451 later")), moment) == {"postponed": 1}
        due = message(database, key).next_attempt_at
        waits.append((due - moment) / timedelta(minutes=1))
        assert run(database, Remembering(), due - timedelta(seconds=1)) == {}
        moment = due
    assert all(doubled <= wait <= doubled * 1.1 for wait, doubled in zip(waits, (1, 2, 4, 8, 16, 32, 64), strict=True))
    assert run(database, Remembering(DeliveryFailed("451 later")), moment) == {"dead": 1}
    assert answers(database, key) == ["451 later"] * 8
    with database.reading() as session:
        assert [(row.id, answer) for row, answer in queries.list_dead(session)] == [(key, "451 later")]
    with database.unit_of_work() as session:
        service.send_again(session, actor=world.actors["administrator"], now=moment, message_id=key)
    post = Remembering()
    assert run(database, post, moment) == {"accepted": 1}
    assert post.mails[0]["Message-ID"] == message(database, key).mail_id


def test_a_mailbox_that_does_not_exist_is_not_tried_again(database: Database, world: World, now: datetime) -> None:
    key = queue(database, world, now)
    assert run(database, Remembering(DeliveryFailed("550 none", is_final=True)), now) == {"dead": 1}
    assert message(database, key).attempts == 1


def change_user(session: Session, world: World, now: datetime, **values: Any) -> None:
    user = session.get_one(type(world.users["clerk_banphru"]), world.users["clerk_banphru"].id)
    with history.act(session, verb="user.changed", actor=job_actor("test"), now=now, subject=user):
        for name, value in values.items():
            setattr(user, name, value)


@pytest.mark.parametrize(
    ("changed", "reason"), [({"email": ""}, "no address"), ({"disabled_at": datetime.fromtimestamp(0).astimezone()}, "disabled")]
)
def test_whom_nothing_can_be_mailed_to_is_given_up_with_the_reason(
    database: Database, world: World, now: datetime, changed: dict[str, Any], reason: str
) -> None:
    key = queue(database, world, now)
    with database.unit_of_work() as session:
        change_user(session, world, now, **changed)
    post = Remembering()
    assert run(database, post, now) == {"dead": 1}
    assert post.mails == []
    assert reason in answers(database, key)[0]


def test_a_disabled_account_gets_no_link_either(database: Database, world: World, now: datetime) -> None:
    queue(database, world, now, secret=True)
    with database.unit_of_work() as session:
        change_user(session, world, now, disabled_at=now)
    assert run(database, Remembering(), now) == {"dead": 1}


def test_muted_kinds_stay_in_the_centre_and_are_not_mailed(database: Database, world: World, now: datetime) -> None:
    actor = world.actors["clerk_banphru"]
    with database.unit_of_work() as session:
        service.set_preferences(session, actor=actor, modes={"agreement": Mode.AT_ONCE})
    key, kept = queue(database, world, now), queue(database, world, now, kind="reminder")
    with database.unit_of_work() as session:
        # Switched off after it was queued: asked again when it is sent.
        service.set_preferences(session, actor=actor, modes={"agreement": Mode.OFF})
    post = Remembering()
    assert run(database, post, now + timedelta(days=2)) == {"muted": 1, "accepted": 1}
    assert message(database, key).state is MessageState.MUTED
    assert post.mails[0]["Message-ID"] == message(database, kept).mail_id
    with database.reading() as session:
        assert len(queries.list_messages(session, actor).rows) == 2


def test_a_link_is_blanked_once_it_has_left(database: Database, world: World, now: datetime) -> None:
    key, post = queue(database, world, now, secret=True, url="/password/reset/sesame", text="ลิงก์"), Remembering()
    run(database, post, now)
    body = post.mails[0].get_body(("plain",))
    assert body is not None
    assert "https://c.test/password/reset/sesame" in body.get_content()
    assert (message(database, key).url, message(database, key).text) == ("", "")


def test_one_bad_row_does_not_stop_the_batch(database: Database, world: World, now: datetime) -> None:
    queue(database, world, now, subject="bad")
    queue(database, world, now, subject="good")
    kept = Remembering()

    class Choosy:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            if mail.subject == "bad":
                raise RuntimeError("unforeseen")
            return kept.hand_over(mail, meanwhile)

    assert run(database, Choosy(), now) == {"postponed": 1, "accepted": 1}
    assert [mail["Subject"] for mail in kept.mails] == ["good"]


def test_a_message_that_can_never_be_written_is_given_up(database: Database, world: World, now: datetime) -> None:
    key = queue(database, world, now)
    for turn in range(delivery.MOST_ATTEMPTS + 1):
        run(database, Remembering(RuntimeError("never")), now + timedelta(hours=3 * turn))
    assert message(database, key).state is MessageState.DEAD


def test_a_server_that_is_down_for_a_weekend_kills_nothing(database: Database, world: World, now: datetime) -> None:
    key = queue(database, world, now)
    with smtp_sink() as (server, _box):
        gone = SmtpPost(server)
    for hour in range(60):
        run(database, gone, now + timedelta(hours=hour))
    assert message(database, key).state is MessageState.WAITING


def test_nobody_who_reads_their_notices_waits_for_the_mail_server(own: tuple[Database, World], now: datetime) -> None:
    database, world = own
    key = queue(database, world, now)

    class Probing:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            with database.unit_of_work() as session:
                session.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
                session.execute(sa.select(Message.id).where(Message.id == key).with_for_update())
            return "250"

    assert run(database, Probing(), now) == {"accepted": 1}


def test_a_worker_killed_after_its_claim_leaves_work_that_another_finds(database: Database, world: World, now: datetime) -> None:
    key, post = queue(database, world, now), Remembering()
    with database.unit_of_work() as session:
        assert delivery.claim(session, now) == [key]
    assert free(database, now) == 0
    assert run(database, post, now + timedelta(days=1)) == {}, "a lease is reckoned by the database's clock"
    end_leases(database)
    assert free(database, now) == 1
    assert run(database, post, now) == {"accepted": 1}


def test_a_worker_killed_between_sending_and_recording_repeats_the_mail_under_the_same_id(
    database: Database, world: World, now: datetime
) -> None:
    queue(database, world, now)

    class Killed(BaseException):
        """As SIGKILL: nothing after it runs."""

    post = Remembering()

    class DiesAfterSending:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            post.hand_over(mail, meanwhile)
            raise Killed

    with pytest.raises(Killed):
        run(database, DiesAfterSending(), now)
    end_leases(database)
    free(database, now)
    assert run(database, post, now) == {"accepted": 1}
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert bytes(first).split(b"\n\n", 1)[0].count(b"Date") == bytes(second).split(b"\n\n", 1)[0].count(b"Date")


def test_over_a_real_server(database: Database, world: World, now: datetime) -> None:
    key = queue(database, world, now, subject="บ้านพรุ")
    with smtp_sink() as (server, box):
        post = SmtpPost(server)
        assert run(database, post, now) == {"accepted": 1}
        post.close()
    assert [(mail["Subject"], mail["Message-ID"]) for mail in box.read()] == [("บ้านพรุ", message(database, key).mail_id)]


def test_a_server_that_takes_the_mail_and_hangs_up_gets_the_same_one_again(
    database: Database, world: World, now: datetime
) -> None:
    key = queue(database, world, now)
    with smtp_sink() as (server, box):
        post = SmtpPost(server)
        box.data = ""
        assert run(database, post, now) == {"postponed": 1}
        box.data = "250 taken"
        assert run(database, post, now + timedelta(minutes=2)) == {"accepted": 1}
        post.close()
    assert _ids(box) == [message(database, key).mail_id] * 2


def _ids(box: Mailbox) -> list[str]:
    return [mail["Message-ID"] for mail in box.read()]


def test_the_local_sink_keeps_mails(database: Database, world: World, now: datetime) -> None:
    queue(database, world, now, subject="ไทย")
    delivery.deliver_batch(
        database, SinkPost(database, lambda: now), now, sender="collab@example.test", base_url="https://c.test"
    )
    with database.reading() as session:
        (mail,) = session.scalars(sa.select(SunkMail)).all()
    assert (mail.subject, mail.sunk_at) == ("ไทย", now)
    assert "https://c.test/x" in mail.text


@pytest.fixture(scope="module")
def own(template: str) -> Iterator[tuple[Database, World]]:
    """A database of this file alone that really commits."""
    from tests.conftest import NOW

    with own_database("notices", template) as database:
        with database.unit_of_work() as session:
            world = build_world(session, NOW)
        yield database, world


def test_four_workers_at_once_send_each_mail_once(own: tuple[Database, World], now: datetime) -> None:
    database, world = own
    sent: list[str] = []
    lock = threading.Lock()
    keys = {queue(database, world, now, who) for who in world.users for _number in range(6)}

    class Counting:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            with lock:
                sent.append(mail.mail_id)
            return "250"

    def work(_worker: int) -> None:
        while run(database, Counting(), now, size=5):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    wanted = sorted(message(database, key).mail_id for key in keys)
    assert sorted(mail for mail in sent if mail in set(wanted)) == wanted


def test_a_worker_that_is_told_to_stop_finishes_the_mail_under_way_and_gives_back_the_rest(
    database: Database, world: World, now: datetime
) -> None:
    for _number in range(4):
        queue(database, world, now)
    post = Remembering()
    counts = delivery.deliver_batch(
        database, post, now, sender="collab@example.test", base_url="https://c.test", stop=lambda: len(post.mails) == 1
    )
    assert counts == {"accepted": 1, "released": 3}
    with database.reading() as session:
        rows = session.scalars(sa.select(Message).where(Message.state == MessageState.WAITING)).all()
    assert {(row.attempts, row.claimed_by, row.leased_until) for row in rows} == {(0, None, None)}
    assert run(database, post, now) == {"accepted": 3}


def test_a_server_that_is_away_is_asked_once_a_run(database: Database, world: World, now: datetime) -> None:
    for _number in range(4):
        queue(database, world, now)
    away = Remembering(DeliveryFailed("refused", is_server_away=True))
    assert run(database, away, now) == {"postponed": 1, "released": 3}


def test_a_server_that_is_not_well_is_left_alone_after_three_lost_lines(database: Database, world: World, now: datetime) -> None:
    for _number in range(5):
        queue(database, world, now)
    silent = Remembering(DeliveryFailed("timed out", is_line_lost=True))
    assert run(database, silent, now) == {"postponed": 3, "released": 2}


def test_what_is_no_longer_this_workers_is_not_marked(database: Database, world: World, now: datetime) -> None:
    key = queue(database, world, now)

    class Overtaken:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            end_leases(database)
            free(database, now)
            return "250"

    assert run(database, Overtaken(), now) == {"passed": 1}
    assert message(database, key).state is MessageState.WAITING
    assert answers(database, key) == []
