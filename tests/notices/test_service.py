"""The outbox: what goes in, what is joined, what is read, what is muted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.kernel.targets import Ref
from collab.members.events import (
    InvitationSent,
    PasswordChanged,
    PasswordResetRequested,
    RecoveryCodeUsed,
    SecondFactorChanged,
)
from collab.notices import queries, service, subscribers
from collab.notices.kinds import Mode
from collab.notices.models import Message, MessageState
from tests.factories.world import World

TARGET = Ref("action_item", new_id())


def queue(session: Session, world: World, now: datetime, who: str = "clerk_banphru", **changes: Any) -> UUID | None:
    values: dict[str, Any] = {"kind": "action_item", "subject": "เรื่อง", "text": "หนึ่ง", "target": TARGET, "url": "/x"}
    return service.queue_message(session, now=now, recipient_id=world.users[who].id, **{**values, **changes})


def get(session: Session, key: UUID | None) -> Message:
    assert key is not None
    return session.get_one(Message, key, populate_existing=True)


def test_urgent_leaves_at_once_and_the_rest_gathers(
    database: Database, world: World, now: datetime, sent_jobs: list[Any]
) -> None:
    with database.unit_of_work() as session:
        calm = queue(session, world, now)
    assert sent_jobs == []
    with database.unit_of_work() as session:
        urgent = queue(session, world, now, urgent=True)
        assert (get(session, urgent).state, get(session, urgent).next_attempt_at) == (MessageState.WAITING, now)
        held = get(session, calm)
        assert held.state is MessageState.HELD
        assert held.next_attempt_at == datetime(2026, 11, 23, 1, tzinfo=UTC), "Monday, 08.00 in Bangkok"
    assert [job for job, _arguments in sent_jobs] == [Job.NOTICES_DELIVER_URGENT]


def test_nothing_leaves_when_the_transaction_fails(database: Database, world: World, now: datetime, sent_jobs: list[Any]) -> None:
    def fail() -> None:
        with database.unit_of_work() as session:
            queue(session, world, now, urgent=True)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == 0
    assert sent_jobs == []


def test_several_changes_within_ten_minutes_are_one_message(session: Session, world: World, now: datetime) -> None:
    first = queue(session, world, now)
    again = queue(session, world, now + timedelta(minutes=9), text="สอง")
    assert again == first
    assert queue(session, world, now + timedelta(minutes=9), text="สอง") == first
    assert get(session, first).text == "หนึ่ง\n\nสอง"
    assert queue(session, world, now + timedelta(minutes=10), text="สาม") != first


@pytest.mark.parametrize(
    "other", [{"target": Ref("action_item", new_id())}, {"kind": "forum"}, {"urgent": True}, {"who": "clerk_khohong"}]
)
def test_what_is_not_the_same_is_not_joined(session: Session, world: World, now: datetime, other: dict[str, Any]) -> None:
    assert queue(session, world, now) != queue(session, world, now, **other)


def test_what_was_said_is_not_said_again(session: Session, world: World, now: datetime) -> None:
    assert queue(session, world, now, dedupe_key="k", urgent=True) is not None
    assert queue(session, world, now + timedelta(days=1), dedupe_key="k", urgent=True) is None


def test_what_was_said_within_another_message_is_not_said_again(session: Session, world: World, now: datetime) -> None:
    queue(session, world, now, dedupe_key="first")
    queue(session, world, now, dedupe_key="second", text="สอง")
    assert queue(session, world, now + timedelta(days=1), dedupe_key="second", text="สอง") is None


def test_reading_is_for_the_person_alone(session: Session, world: World, now: datetime) -> None:
    mine, theirs = world.actors["clerk_banphru"], world.actors["clerk_khohong"]
    key = queue(session, world, now)
    assert key is not None
    with pytest.raises(NotFound):
        service.mark_read(session, actor=theirs, now=now, message_id=key)
    assert (queries.count_unread(session, mine), queries.count_unread(session, theirs)) == (1, 0)
    service.mark_read(session, actor=mine, now=now, message_id=key)
    service.mark_read(session, actor=mine, now=now + timedelta(hours=1), message_id=key)
    assert get(session, key).read_at == now
    assert queries.count_unread(session, mine) == 0


def test_all_read_touches_nobody_else(session: Session, world: World, now: datetime) -> None:
    queue(session, world, now)
    queue(session, world, now, "clerk_khohong")
    service.mark_all_read(session, actor=world.actors["clerk_banphru"], now=now)
    assert queries.count_unread(session, world.actors["clerk_banphru"]) == 0
    assert queries.count_unread(session, world.actors["clerk_khohong"]) == 1


def test_muting_replaces_the_choice_before(session: Session, world: World) -> None:
    actor = world.actors["clerk_banphru"]
    service.set_preferences(session, actor=actor, modes={"forum": Mode.OFF, "meeting": Mode.OFF})
    service.set_preferences(session, actor=actor, modes={"forum": Mode.AT_ONCE, "reminder": Mode.AT_ONCE})
    found = queries.preferences(session, actor)
    assert (found["forum"], found["meeting"], found["reminder"], found["proposal"]) == (
        Mode.AT_ONCE, Mode.OFF, Mode.AT_ONCE, Mode.DIGEST,
    )  # fmt: skip
    usual = queries.preferences(session, world.actors["clerk_khohong"])
    assert usual.pop("forum") is Mode.AT_ONCE, "who is called is told at once"
    assert set(usual.values()) == {Mode.DIGEST}


@pytest.mark.parametrize(
    ("kind", "mode"), [("reminder", Mode.OFF), ("finding", Mode.OFF), ("account", Mode.OFF), ("rubbish", Mode.DIGEST)]
)
def test_what_a_duty_asks_for_cannot_be_switched_off(session: Session, world: World, kind: str, mode: Mode) -> None:
    with pytest.raises(InvalidInput):
        service.set_preferences(session, actor=world.actors["clerk_banphru"], modes={kind: mode})


def test_a_muted_object_is_told_in_the_product_only_except_what_a_duty_asks_for(
    session: Session, world: World, now: datetime
) -> None:
    actor = world.actors["clerk_banphru"]
    service.mute_target(session, actor=actor, now=now, target=TARGET, mute=True)
    service.mute_target(session, actor=actor, now=now, target=TARGET, mute=True)
    assert get(session, queue(session, world, now, urgent=True)).state is MessageState.MUTED
    assert get(session, queue(session, world, now, kind="reminder")).state is MessageState.HELD
    assert get(session, queue(session, world, now, "clerk_khohong")).state is MessageState.HELD
    assert queries.muted_targets(session, actor) == [TARGET]
    assert queries.count_unread(session, actor) == 2
    service.mute_target(session, actor=actor, now=now, target=TARGET, mute=False)
    assert get(session, queue(session, world, now, urgent=True)).state is MessageState.WAITING


def test_who_wants_a_kind_at_once_gets_it_after_it_gathered(session: Session, world: World, now: datetime) -> None:
    service.set_preferences(session, actor=world.actors["clerk_banphru"], modes={"action_item": Mode.AT_ONCE})
    found = get(session, queue(session, world, now))
    assert (found.state, found.next_attempt_at) == (MessageState.WAITING, now + timedelta(minutes=10))


@pytest.mark.parametrize("role", ["coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside"])
def test_only_an_administrator_sends_again(session: Session, world: World, now: datetime, role: str) -> None:
    key = queue(session, world, now)
    get(session, key).state = MessageState.DEAD
    session.flush()
    with pytest.raises(NotAllowed):
        service.send_again(session, actor=world.actors[role], now=now, message_id=key)  # type: ignore[arg-type]


def test_only_what_was_given_up_is_sent_again(session: Session, world: World, now: datetime) -> None:
    key, admin = queue(session, world, now), world.actors["administrator"]
    assert key is not None
    with pytest.raises(StateConflict):
        service.send_again(session, actor=admin, now=now, message_id=key)
    message = get(session, key)
    message.state, message.attempts = MessageState.DEAD, 8
    session.flush()
    service.send_again(session, actor=admin, now=now, message_id=key)
    assert (message.state, message.attempts, message.next_attempt_at) == (MessageState.WAITING, 0, now)
    with pytest.raises(NotFound):
        service.send_again(session, actor=admin, now=now, message_id=new_id())


def test_links_are_mailed_and_never_shown(session: Session, world: World, now: datetime) -> None:
    user, actor = world.users["clerk_banphru"], world.actors["clerk_banphru"]
    subscribers.mail_reset_link(session, PasswordResetRequested(user.id, "sesame", now, now + timedelta(hours=1)))
    subscribers.mail_invitation(session, InvitationSent(user.id, "opendoor", now, now + timedelta(days=7)))
    session.flush()
    kept = session.scalars(sa.select(Message)).all()
    assert {row.url for row in kept} == {"/password/reset/sesame", "/invitation/opendoor"}
    assert all(row.is_secret and row.next_attempt_at == now for row in kept)
    assert queries.list_messages(session, actor).rows == []
    assert queries.count_unread(session, actor) == 0
    with pytest.raises(NotFound):
        service.mark_read(session, actor=actor, now=now, message_id=kept[0].id)


def test_news_of_the_account_are_told_at_once(session: Session, world: World, now: datetime) -> None:
    user, actor = world.users["clerk_banphru"], world.actors["clerk_banphru"]
    subscribers.tell_password_changed(session, PasswordChanged(user.id, now))
    subscribers.tell_second_factor(session, SecondFactorChanged(user.id, True, now))
    subscribers.tell_second_factor(session, SecondFactorChanged(user.id, False, now))
    subscribers.tell_recovery_code(session, RecoveryCodeUsed(user.id, 9, now))
    session.flush()
    rows = queries.list_messages(session, actor).rows
    assert len({row.subject for row in rows}) == 4
    assert all(row.is_urgent and not row.is_secret for row in rows)
