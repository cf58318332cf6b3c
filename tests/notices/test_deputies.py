"""What calls the holder of an office reaches the deputy too while that one is away; what concerns the person alone does not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.clock import today
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import service
from collab.notices.models import Message
from collab.notices.outbox import Draft, queue_messages
from tests.factories.reminders import name_deputy, send_away
from tests.factories.world import World

AWAY, DEPUTY = "clerk_banphru", "clerk_khohong"


@pytest.fixture
def absent(session: Session, world: World, now: datetime) -> None:
    name_deputy(session, world, now, AWAY, DEPUTY, today(now))
    send_away(session, world, now, AWAY, today(now), today(now))
    session.flush()


def told(session: Session, world: World) -> dict[str, Message]:
    names = {user.id: name for name, user in world.users.items()}
    return {names[row.recipient_id]: row for row in session.scalars(sa.select(Message))}


def say(session: Session, world: World, now: datetime, **changes: Any) -> None:
    values = {
        "kind": "agreement",
        "subject": "รอลงนาม",
        "text": "t",
        "target": Ref("agreement", new_id()),
        "urgent": True,
        **changes,
    }
    service.queue_message(session, now=now, recipient_id=world.users[AWAY].id, **values)


def test_the_deputy_reads_it_and_why(session: Session, world: World, now: datetime, absent: None) -> None:
    say(session, world, now, dedupe_key="once")
    say(session, world, now, dedupe_key="once")
    found = told(session, world)
    assert set(found) == {AWAY, DEPUTY}
    assert world.users[AWAY].name_th in found[DEPUTY].because
    assert found[DEPUTY].is_urgent
    assert found[AWAY].because == ""
    assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == 2, "said once to each"


@pytest.mark.parametrize("kind", ["forum", "account", "erasure", "reminder"])
def test_what_is_for_the_person_or_finds_its_deputy_by_itself_goes_to_one(
    session: Session, world: World, now: datetime, absent: None, kind: str
) -> None:
    say(session, world, now, kind=kind)
    assert set(told(session, world)) == {AWAY}


def test_a_link_for_one_person_goes_to_nobody_else(session: Session, world: World, now: datetime, absent: None) -> None:
    say(session, world, now, secret=True)
    assert set(told(session, world)) == {AWAY}


def test_a_deputy_who_is_away_too_is_not_called(session: Session, world: World, now: datetime, absent: None) -> None:
    send_away(session, world, now, DEPUTY, today(now), today(now))
    say(session, world, now)
    assert set(told(session, world)) == {AWAY}


def test_nobody_is_told_for_one_who_is_there(session: Session, world: World, now: datetime) -> None:
    name_deputy(session, world, now, AWAY, DEPUTY, today(now))
    say(session, world, now)
    assert set(told(session, world)) == {AWAY}


def test_the_answer_has_one_place_for_each_draft_and_the_queries_do_not_grow(
    session: Session, world: World, now: datetime, absent: None, count_queries: Callable[[], Any]
) -> None:
    def drafts(number: int) -> list[Draft]:
        recipient = world.users[AWAY].id
        return [Draft(recipient, "agreement", f"{place}", "t", Ref("agreement", new_id())) for place in range(number)]

    with count_queries() as few:
        queue_messages(session, now=now, drafts=drafts(2))
    with count_queries() as many:
        assert len(queue_messages(session, now=now, drafts=drafts(40))) == 40
    assert len(many) == len(few)
