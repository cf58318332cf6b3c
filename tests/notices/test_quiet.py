"""Nothing that the product writes by itself leaves at night or on a closed day, however long it was held up; and nothing is lost."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from collab.kernel.db import Database
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import delivery, digest, queries, service
from collab.notices.models import Message, MessageState
from tests.factories.notices import Remembering
from tests.factories.world import World

#: Monday 23 November 2026, 08.00 in Bangkok.
EIGHT = datetime(2026, 11, 23, 1, tzinfo=UTC)
NIGHT = EIGHT + timedelta(hours=14)
FRIDAY_NIGHT = NIGHT + timedelta(days=4)
NEXT_MONDAY = EIGHT + timedelta(days=7)


def queue(database: Database, world: World, now: datetime, number: int, kind: str = "agreement", *, bundle: bool = False) -> None:
    with database.unit_of_work() as session:
        for place in range(number):
            service.queue_message(
                session, now=now, recipient_id=world.users["clerk_banphru"].id, kind=kind, subject=f"เรื่อง {place}", text="ข้อความ",
                target=Ref("agreement", new_id()), bundle=bundle,
            )  # fmt: skip


def work(database: Database, now: datetime) -> list[str]:
    """Run digest and delivery as the jobs do; return the subjects that left."""
    digest.compose_due(database, now=now)
    post = Remembering()
    delivery.deliver_batch(database, post, now, sender="c@e.test", base_url="https://c.test")
    return [mail["Subject"] for mail in post.mails]


@pytest.mark.parametrize("goes_on", [NIGHT, FRIDAY_NIGHT, FRIDAY_NIGHT + timedelta(days=1)])
def test_a_digest_that_was_held_up_leaves_on_the_next_working_morning(
    database: Database, world: World, now: datetime, goes_on: datetime
) -> None:
    queue(database, world, now, 3)
    assert work(database, goes_on) == []
    morning = EIGHT + timedelta(days=1) if goes_on == NIGHT else NEXT_MONDAY
    assert work(database, morning - timedelta(seconds=1)) == []
    assert work(database, morning) == ["การแจ้งเตือน 3 เรื่อง"]
    assert work(database, morning) == []


def test_what_is_late_waits_for_the_opening_of_offices(database: Database, world: World) -> None:
    queue(database, world, EIGHT + timedelta(hours=2), 1, "finding", bundle=True)
    assert work(database, NIGHT) == []
    opening = EIGHT + timedelta(days=1, minutes=30)
    assert work(database, opening - timedelta(seconds=1)) == []
    assert work(database, opening) == ["เรื่อง 0"]


def test_a_digest_whose_server_was_away_is_not_tried_at_night(database: Database, world: World, now: datetime) -> None:
    queue(database, world, now, 2)
    digest.compose_due(database, now=EIGHT)
    assert work(database, NIGHT) == []
    with database.reading() as session:
        assert queries.oldest_waiting(session, NIGHT) is None, "what waits for the morning is no alarm"
        (waiting,) = session.scalars(sa.select(Message).where(Message.state == MessageState.WAITING))
        assert waiting.attempts == 0
    assert work(database, EIGHT + timedelta(days=1)) == ["การแจ้งเตือน 2 เรื่อง"]


def test_what_somebody_waits_for_leaves_at_night(database: Database, world: World) -> None:
    with database.unit_of_work() as session:
        for kind, secret in (("account", True), ("agreement", False)):
            service.queue_message(
                session,
                now=NIGHT,
                recipient_id=world.users["clerk_banphru"].id,
                kind=kind,
                subject=kind,
                text="t",
                urgent=True,
                secret=secret,
            )
    assert sorted(work(database, NIGHT)) == ["account", "agreement"]
