"""Further channels: where they may post, who keeps them, what is posted once, and that mail never waits for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import channel_delivery, channels, delivery, service
from collab.notices.channel_models import Channel, ChannelPost, PostState
from collab.notices.channel_rules import AddressFault, check_address
from collab.notices.channel_way import NO_ANSWER, AppriseWay, PostFailed, SinkWay, can_read
from collab.notices.models import SunkMail
from config import Settings
from tests.factories.notices import Remembering
from tests.factories.world import World
from workers.base import JobContext
from workers.tasks import notices as tasks

Browse = Callable[[str], FlaskClient]
ADDRESS = "tgram://123456789:abcdefg_hijklmnop/12315544"
WHO = "clerk_banphru"
#: Monday 23 November 2569, 10.02 in Bangkok.
MONDAY = datetime(2026, 11, 23, 3, 2, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A working day, in office hours."""
    return MONDAY


@pytest.fixture(autouse=True)
def configured() -> None:
    """The operator allows one server beside the fixed ones."""
    channels.configure("test-only", ["chat.example.test"])


@dataclass
class Heard:
    """A way that remembers what was posted, or fails as told."""

    failure: Exception | None = None
    posts: list[tuple[str, str, str, str]] = field(default_factory=list)

    def post(self, service: str, address: str, title: str, body: str) -> None:
        """Keep a post."""
        if self.failure is not None:
            raise self.failure
        self.posts.append((service, address, title, body))


def add(database: Database, world: World, now: datetime, *, on: bool = True, **changes: Any) -> UUID:
    values: dict[str, Any] = {"name": "กลุ่มไลน์", "address": ADDRESS, "kinds": ["agreement", "reminder"], **changes}
    with database.unit_of_work() as session:
        made = channels.add_channel(session, actor=world.actors[WHO], now=now, organisation_id=world.org_id("banphru"), **values)
        if on:
            channels.switch_channel(session, actor=world.actors[WHO], now=now, channel_id=made.id, on=True)
        return made.id


def tell(database: Database, world: World, now: datetime, who: str = WHO, kind: str = "agreement", **changes: Any) -> UUID:
    values: dict[str, Any] = {"subject": "เรื่องใหม่", "text": "ข้อความลับ", "url": "/x", "target": Ref("agreement", new_id())}
    with database.unit_of_work() as session:
        key = service.queue_message(session, now=now, recipient_id=world.users[who].id, kind=kind, **{**values, **changes})
    assert key is not None
    return key


def run(database: Database, way: Any, now: datetime) -> dict[str, int]:
    with database.unit_of_work() as session:
        channel_delivery.enlist(session, now=now)
    return channel_delivery.post_batch(database, way, now + timedelta(minutes=10), base_url="https://c.test", worker="me")


def posts(database: Database) -> list[ChannelPost]:
    with database.reading() as session:
        return list(session.scalars(sa.select(ChannelPost).order_by(ChannelPost.created_at, ChannelPost.id)))


# --- where a channel may post ---


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (ADDRESS, None),
        ("line://token%2Fen%3D/U123456", None),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", None),
        ("mmosts://chat.example.test/abcdef", None),
        ("jsons://user:secret@chat.example.test/hook", None),
        ("mmosts://chat.example.test:8443/abcdef", AddressFault.SERVER),
        ("mmosts://127.0.0.1/abcdef", AddressFault.SERVER),
        ("jsons://169.254.169.254/latest/meta-data", AddressFault.SERVER),
        ("jsons://chat.example.test@127.0.0.1/hook", AddressFault.SERVER),
        ("jsons://127.0.0.1\\@chat.example.test/hook", AddressFault.OPTIONS),
        ("jsons://[::1]/hook", AddressFault.SERVER),
        ("jsons://[broken/hook", AddressFault.SERVER),
        ("json://chat.example.test/hook", AddressFault.SERVICE),
        ("file:///etc/passwd", AddressFault.SERVICE),
        ("syslog://", AddressFault.UNREADABLE),
        ("windows://x", AddressFault.SERVICE),
        ("mailto://user:pass@example.test", AddressFault.SERVICE),
        ("https://hooks.slack.com/services/a/b/c", AddressFault.SERVICE),
        ("slack://a/b/c?template=/etc/passwd", AddressFault.OPTIONS),
        ("discord://4174216298/abc?avatar_url=http://127.0.0.1", AddressFault.OPTIONS),
        ("tgram://a/b#c", AddressFault.OPTIONS),
        ("", AddressFault.UNREADABLE),
        ("tgram://กข/ค", AddressFault.UNREADABLE),
        ("tgram://a\nb/c", AddressFault.UNREADABLE),
        ("tgram://" + "a" * 600, AddressFault.UNREADABLE),
    ],
)
def test_only_known_servers_are_ever_called(address: str, fault: AddressFault | None) -> None:
    assert check_address(address, {"chat.example.test"})[1] is fault


def test_the_library_reads_what_we_let_through() -> None:
    for address in (ADDRESS, "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "mmosts://chat.example.test/abcdef"):
        assert can_read(address)
    assert not can_read("tgram://")


def test_a_service_that_does_not_answer_is_told_in_our_words() -> None:
    """The library's own refusal, over a server that nobody listens at; what it logs names no secret of ours."""
    with pytest.raises(PostFailed) as caught:
        AppriseWay().post("JSON", "jsons://user:secret@127.0.0.1:1/hook", "t", "b")
    assert caught.value.reason == NO_ANSWER
    with pytest.raises(PostFailed) as unreadable:
        AppriseWay().post("Telegram", "tgram://", "t", "b")
    assert unreadable.value.is_final


# --- who keeps channels ---


@pytest.mark.parametrize("who", ["clerk_khohong", "executive_banphru", "coordinator", "chair", "auditor", "clerk_outside"])
def test_only_its_clerk_and_the_administrator_keep_channels(
    database: Database, world: World, now: datetime, browse: Browse, who: str
) -> None:
    key = add(database, world, now)
    person, place = browse(who), f"/notices/organisations/{world.org_id('banphru')}/channels"
    for path in (place, f"{place}/new", f"/notices/channels/{key}/edit", f"/notices/channels/{key}/remove"):
        assert person.get(path).status_code == 403, path
    for verb in ("test", "on", "off", "remove"):
        assert person.post(f"/notices/channels/{key}/{verb}").status_code == 403, verb
    with pytest.raises(NotAllowed), database.unit_of_work() as session:
        channels.add_channel(
            session, actor=world.actors[who], now=now, organisation_id=world.org_id("banphru"), name="x", address=ADDRESS, kinds=["forum"]
        )  # fmt: skip


def test_a_clerk_sets_one_up_and_its_address_is_never_shown(
    database: Database, world: World, now: datetime, browse: Browse
) -> None:
    clerk, place = browse(WHO), f"/notices/organisations/{world.org_id('banphru')}/channels"
    assert place in clerk.get(f"/members/organisations/{world.org_id('banphru')}").get_data(as_text=True)
    answer = clerk.post(f"{place}/new", data={"name": "กลุ่ม", "address": "file:///etc/passwd", "kinds": ["forum"], "once": "a"})
    assert answer.status_code == 422
    assert "บริการนี้ไม่อนุญาต" in answer.get_data(as_text=True)
    good = {"name": "กลุ่ม", "address": ADDRESS, "kinds": ["forum", "reminder"], "once": "b"}
    assert clerk.post(f"{place}/new", data=good).status_code == 303
    assert clerk.post(f"{place}/new", data=good).status_code == 303, "a second click"
    with database.reading() as session:
        (found,) = session.scalars(sa.select(Channel)).all()
    assert (found.service, found.kinds, found.on_since) == ("tgram", "reminder,forum", None)
    assert "hijklmnop" not in found.address
    for path in (place, f"/notices/channels/{found.id}/edit"):
        page = clerk.get(path)
        assert page.status_code == 200
        assert "hijklmnop" not in page.get_data(as_text=True)
    changed = {"name": "กลุ่มใหม่", "address": "", "kinds": ["forum"], "version": str(found.version)}
    assert clerk.post(f"/notices/channels/{found.id}/edit", data=changed).status_code == 303
    assert clerk.post(f"/notices/channels/{found.id}/edit", data=changed).status_code == 409, "the version is old"
    assert clerk.post(f"/notices/channels/{found.id}/on").status_code == 303
    assert browse("administrator").post(f"/notices/channels/{found.id}/remove").status_code == 303
    with database.reading() as session:
        assert session.get_one(Channel, found.id).address == ""
    assert clerk.get(f"/notices/channels/{found.id}/edit").status_code == 404


def test_a_new_address_must_be_tested_again(database: Database, world: World, now: datetime) -> None:
    key = add(database, world, now)
    with database.unit_of_work() as session:
        changed = channels.change_channel(
            session, actor=world.actors[WHO], now=now, channel_id=key, name="n", address=ADDRESS + "5", kinds=["forum"], expected_version=None
        )  # fmt: skip
        assert changed.on_since is None


def test_rubbish_is_told_in_words(session: Session, world: World, now: datetime) -> None:
    def fill(**changes: Any) -> None:
        values = {"name": "n", "address": ADDRESS, "kinds": ["forum"], **changes}
        channels.add_channel(session, actor=world.actors[WHO], now=now, organisation_id=world.org_id("banphru"), **values)

    for field_name, wrong in (("name", "\x00 "), ("kinds", ["nonsense"]), ("address", "tgram://x")):
        with pytest.raises(InvalidInput) as caught:
            fill(**{field_name: wrong})
        assert list(caught.value.errors) == [field_name]
    for _number in range(channels.MOST):
        fill()
    with pytest.raises(InvalidInput):
        fill()


# --- what is posted ---


def test_what_people_are_told_is_posted_once_subjects_and_links_only(database: Database, world: World, now: datetime) -> None:
    add(database, world, now)
    target, way = Ref("agreement", new_id()), Heard()
    for who in (WHO, "executive_banphru"):
        tell(database, world, now, who, target=target)
    tell(database, world, now, subject="อีกเรื่อง")
    tell(database, world, now, kind="forum", subject="ไม่เลือก")
    tell(database, world, now, "clerk_khohong", subject="ของหน่วยงานอื่น")
    tell(database, world, now, kind="agreement", subject="ลิงก์ครั้งเดียว", secret=True)
    assert run(database, way, now) == {"accepted": 3}
    assert run(database, way, now) == {}
    ((name, address, title, body),) = way.posts
    assert (name, address, title) == ("Telegram", ADDRESS, "การแจ้งเตือน 2 เรื่อง")
    assert body.split("\n") == ["- เรื่องใหม่", "  https://c.test/x", "- อีกเรื่อง", "  https://c.test/x"]
    assert {row.state for row in posts(database)} == {PostState.ACCEPTED}


def test_switching_on_never_posts_the_past(database: Database, world: World, now: datetime) -> None:
    tell(database, world, now - timedelta(hours=1))
    key = add(database, world, now)
    with database.unit_of_work() as session:
        channels.switch_channel(session, actor=world.actors[WHO], now=now, channel_id=key, on=False)
    tell(database, world, now + timedelta(minutes=1))
    with database.unit_of_work() as session:
        channels.switch_channel(session, actor=world.actors[WHO], now=now + timedelta(minutes=2), channel_id=key, on=True)
    assert run(database, Heard(), now + timedelta(minutes=3)) == {}


def test_at_night_a_channel_is_silent(database: Database, world: World, now: datetime) -> None:
    add(database, world, now)
    night = now + timedelta(hours=12)
    tell(database, world, night)
    assert run(database, Heard(), night) == {}
    (waiting,) = posts(database)
    assert waiting.next_attempt_at == datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "08.30 of the next working day"


def test_a_failing_channel_stops_no_mail_and_no_other_channel(database: Database, world: World, now: datetime) -> None:
    add(database, world, now)
    add(database, world, now, address="line://token/U123456")
    tell(database, world, now, urgent=True)

    class Half(Heard):
        def post(self, service: str, address: str, title: str, body: str) -> None:
            if service == "LINE":
                raise RuntimeError("broken")
            super().post(service, address, title, body)

    way, post = Half(), Remembering()
    assert run(database, way, now) == {"accepted": 1, "postponed": 1}
    assert delivery.deliver_batch(database, post, now, sender="c@e.test", base_url="https://c.test") == {"accepted": 1}
    late = next(row for row in posts(database) if row.state is PostState.WAITING)
    assert (late.reason, late.attempts) == (NO_ANSWER, 1)
    assert late.next_attempt_at > now + timedelta(minutes=11), "it waits before it is tried again"


def test_what_fails_again_and_again_is_given_up(database: Database, world: World, now: datetime) -> None:
    add(database, world, now)
    tell(database, world, now)
    way, moment = Heard(failure=PostFailed("refused 401")), now
    outcomes = []
    for _attempt in range(channel_delivery.MOST_ATTEMPTS):
        outcomes.append(run(database, way, moment))
        moment += timedelta(hours=3)
    assert outcomes == [{"postponed": 1}] * (channel_delivery.MOST_ATTEMPTS - 1) + [{"dead": 1}]
    assert run(database, way, moment) == {}


def test_what_a_killed_worker_held_is_given_back(database: Database, world: World, now: datetime) -> None:
    add(database, world, now)
    tell(database, world, now)
    with database.unit_of_work() as session:
        channel_delivery.enlist(session, now=now)
    with database.unit_of_work() as session:
        assert len(channel_delivery._claim(session, now + timedelta(minutes=10), "killed")) == 1
    assert run(database, Heard(), now) == {}
    with database.unit_of_work() as session:
        assert channel_delivery.rescue(session) == 0, "its lease is not over"
        session.execute(sa.text("UPDATE channel_post SET leased_until = clock_timestamp() - interval '1 second'"))
        assert channel_delivery.rescue(session) == 1
    assert run(database, Heard(), now) == {"accepted": 1}


def test_an_address_of_another_installation_or_no_longer_allowed_posts_nothing(
    database: Database, world: World, now: datetime
) -> None:
    add(database, world, now, address="mmosts://chat.example.test/abcdef")
    tell(database, world, now)
    channels.configure("test-only", [])
    way = Heard()
    assert run(database, way, now) == {"dead": 1}
    assert way.posts == []


def test_the_button_tests_and_the_page_shows_the_result(
    database: Database, world: World, now: datetime, browse: Browse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "utc_now", lambda: now)
    key, clerk = add(database, world, now, on=False), browse(WHO)
    place = f"/notices/organisations/{world.org_id('banphru')}/channels"
    assert clerk.post(f"/notices/channels/{key}/test").status_code == 303
    assert clerk.post(f"/notices/channels/{key}/test").status_code == 409, "one is under way"
    assert tasks.post.run.__wrapped__(JobContext(settings, database, now, "job")) == {"accepted": 1}
    page = clerk.get(place).get_data(as_text=True)
    assert "Telegram รับไว้แล้ว" in page
    with database.reading() as session:
        kept = session.scalars(sa.select(SunkMail)).one()
    assert (kept.recipient, "hijklmnop" in kept.text) == ("Telegram", False)


def test_the_page_says_why_a_test_failed(database: Database, world: World, now: datetime, browse: Browse) -> None:
    key, clerk = add(database, world, now, on=False), browse(WHO)
    clerk.post(f"/notices/channels/{key}/test")
    run(database, Heard(failure=PostFailed("refused 401")), now)
    page = clerk.get(f"/notices/organisations/{world.org_id('banphru')}/channels").get_data(as_text=True)
    assert "บริการไม่รับ (401)" in page


def test_the_page_costs_the_same_for_many(
    database: Database, world: World, now: datetime, browse: Browse, count_queries: Any
) -> None:
    clerk, place = browse(WHO), f"/notices/organisations/{world.org_id('banphru')}/channels"

    def cost() -> int:
        clerk.get(place)
        with count_queries() as statements:
            assert clerk.get(place).status_code == 200
        return len(statements)

    add(database, world, now)
    tell(database, world, now)
    run(database, Heard(), now)
    few = cost()
    for _number in range(5):
        add(database, world, now)
        tell(database, world, now)
    run(database, Heard(), now)
    assert cost() == few


def test_the_sink_keeps_the_text_and_not_the_address(database: Database, now: datetime) -> None:
    SinkWay(database, lambda: now).post("LINE", "line://secret/x", "t", "b")
    with database.reading() as session:
        assert b"secret" not in session.scalars(sa.select(SunkMail)).one().source
