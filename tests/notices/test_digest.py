"""One mail of what was held: once a day, never empty, never twice, however much it carries."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from collab.kernel.db import Database
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import delivery, digest, queries, service
from collab.notices.kinds import DIGEST, Mode
from collab.notices.models import Message, MessageState
from tests.databases import own_database
from tests.factories.notices import Remembering
from tests.factories.world import World, build_world

#: Monday 23 November, 08.00 in Bangkok.
EIGHT = datetime(2026, 11, 23, 1, tzinfo=UTC)


def queue(
    database: Database, world: World, now: datetime, number: int = 1, who: str = "clerk_banphru", **changes: Any
) -> list[UUID]:
    keys = []
    with database.unit_of_work() as session:
        for place in range(number):
            values: dict[str, Any] = {
                "kind": "agreement", "subject": f"เรื่องที่ {place}", "text": "ข้อความ", "url": f"/x/{place}",
                "target": Ref("agreement", new_id()), **changes,
            }  # fmt: skip
            key = service.queue_message(session, now=now, recipient_id=world.users[who].id, **values)
            assert key is not None
            keys.append(key)
    return keys


def send(database: Database, now: datetime) -> list[Any]:
    post = Remembering()
    while sum(delivery.deliver_batch(database, post, now, sender="collab@example.test", base_url="https://c.test").values()):
        pass
    return post.mails


def states(database: Database, keys: list[UUID]) -> set[MessageState]:
    with database.reading() as session:
        return set(session.scalars(sa.select(Message.state).where(Message.id.in_(keys))))


def test_before_eight_nothing_and_then_one_mail_a_person(database: Database, world: World, now: datetime) -> None:
    mine, other = queue(database, world, now, 3), queue(database, world, now, 2, "clerk_khohong")
    assert digest.compose_due(database, now=EIGHT - timedelta(seconds=1)) == 0
    assert send(database, EIGHT - timedelta(seconds=1)) == []
    assert digest.compose_due(database, now=EIGHT) == 2
    assert digest.compose_due(database, now=EIGHT) == 0
    mails = send(database, EIGHT)
    assert {parseaddr(mail["To"])[1] for mail in mails} == {"clerk_banphru@example.test", "clerk_khohong@example.test"}
    assert {mail["Subject"] for mail in mails} == {"การแจ้งเตือน 3 เรื่อง", "การแจ้งเตือน 2 เรื่อง"}
    assert states(database, mine + other) == {MessageState.DIGESTED}
    with database.reading() as session:
        assert len(queries.list_messages(session, world.actors["clerk_banphru"]).rows) == 3, "the digest itself is not shown"
        assert queries.count_unread(session, world.actors["clerk_banphru"]) == 3


def test_five_hundred_are_one_mail_that_folds_by_kind(database: Database, world: World, now: datetime) -> None:
    keys = queue(database, world, now, 500) + queue(database, world, now, 2, kind="meeting", subject="เชิญประชุม")
    digest.compose_due(database, now=EIGHT)
    (mail,) = send(database, EIGHT)
    body = mail.get_body(("plain",)).get_content()
    assert body.count("\n  https://c.test/x/") == digest.MOST_LISTED + 2, "many of one kind do not crowd out another"
    assert "(500)" in body
    assert "และอีก 480 เรื่องในหน้าการแจ้งเตือน\n  https://c.test/notices" in body
    assert mail["Subject"] == "การแจ้งเตือน 502 เรื่อง"
    page = mail.get_body(("html",)).get_content()
    assert page.count("<li") == digest.MOST_LISTED + 1 + 2
    assert page.count("<h2") == 2
    assert states(database, keys) == {MessageState.DIGESTED}


def test_what_is_late_stands_first_in_a_digest(database: Database, world: World, now: datetime) -> None:
    queue(database, world, now, 2)
    queue(database, world, EIGHT - timedelta(minutes=5), 1, kind="finding", subject="ช้ามาก", bundle=True)
    digest.compose_due(database, now=EIGHT + timedelta(minutes=31))
    (mail,) = send(database, EIGHT + timedelta(minutes=31))
    body = mail.get_body(("plain",)).get_content()
    assert 0 < body.index("ช้ามาก") < body.index("เรื่องที่ 0")


def test_a_single_one_is_mailed_as_it_is(database: Database, world: World, now: datetime) -> None:
    (key,) = queue(database, world, now)
    digest.compose_due(database, now=EIGHT)
    (mail,) = send(database, EIGHT)
    assert mail["Subject"] == "เรื่องที่ 0"
    assert str(key) in mail["Message-ID"]


def test_a_digest_is_never_empty(database: Database, world: World, now: datetime) -> None:
    read, off = queue(database, world, now, 2), queue(database, world, now, 2, kind="meeting")
    actor = world.actors["clerk_banphru"]
    with database.unit_of_work() as session:
        for key in read:
            service.mark_read(session, actor=actor, now=now, message_id=key)
        service.set_preferences(session, actor=actor, modes={"meeting": Mode.OFF})
    digest.compose_due(database, now=EIGHT)
    assert send(database, EIGHT) == []
    assert (states(database, read), states(database, off)) == ({MessageState.SEEN}, {MessageState.MUTED})
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Message.kind == DIGEST)) == 0


def test_what_is_no_longer_true_is_left_out(
    database: Database, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = queue(database, world, now, kind="proposal"), queue(database, world, now, 2)
    monkeypatch.setattr(digest, "_checks", {"proposal": lambda _session, keys, _now: set(keys)})
    digest.compose_due(database, now=EIGHT)
    assert (states(database, gone), states(database, kept)) == ({MessageState.DROPPED}, {MessageState.DIGESTED})


def test_what_is_late_leaves_bundled_within_ten_minutes(database: Database, world: World) -> None:
    ten = EIGHT + timedelta(hours=2, minutes=3)
    queue(database, world, ten, 20, kind="finding", bundle=True)
    assert digest.compose_due(database, now=ten + timedelta(minutes=6)) == 0
    assert digest.compose_due(database, now=ten + timedelta(minutes=7)) == 1
    (mail,) = send(database, ten + timedelta(minutes=7))
    assert mail["Subject"] == "การแจ้งเตือน 20 เรื่อง มีเรื่องที่เกินกำหนด"


def test_composing_costs_the_same_however_much_is_held(
    database: Database, world: World, now: datetime, count_queries: Callable[[], Any]
) -> None:
    counts = []
    for number in (2, 60):
        queue(database, world, now, number)
        with count_queries() as statements:
            digest.compose_due(database, now=EIGHT)
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.fixture(scope="module")
def own(template: str) -> Iterator[tuple[Database, World]]:
    """A database of this file alone that really commits."""
    with own_database("digest", template) as database:
        with database.unit_of_work() as session:
            world = build_world(session, EIGHT)
        yield database, world


def test_four_schedulers_at_once_compose_one_mail(own: tuple[Database, World]) -> None:
    database, world = own
    keys = queue(database, world, EIGHT - timedelta(days=1), 40)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _number: digest.compose_due(database, now=EIGHT), range(4)))
    with database.reading() as session:
        carriers = set(session.scalars(sa.select(Message.digest_id).where(Message.id.in_(keys))))
        assert session.scalar(sa.select(sa.func.count()).where(Message.kind == DIGEST)) == 1
    assert len(carriers) == 1
    assert None not in carriers
