"""The demonstration loads whole, and leaves everybody something true to do."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements.models import Agreement
from collab.factory import Core
from collab.factory.demo import story
from collab.factory.demo.people import PEOPLE
from collab.history import canon
from collab.history.models import HistoryEvent, HistoryStream
from collab.kernel import turns
from collab.kernel.access import Actor, Grant, Scope
from collab.members.models import Committee, User


@pytest.fixture
def told(core: Core, session: Session, now: datetime) -> Session:
    story.tell(session, now)
    session.commit()
    return session


def actor_of(session: Session, key: str) -> Actor:
    person = next(found for found in PEOPLE if found.key == key)
    user = session.scalars(sa.select(User).where(User.email == person.email)).one()
    committee = session.scalars(sa.select(Committee)).one()
    scope_id = {Scope.COMMITTEE: committee.id, Scope.ORGANISATION: user.organisation_id}.get(person.scope)
    return Actor(
        user_id=user.id, grants=(Grant(person.role, person.scope, scope_id),), organisation_id=user.organisation_id,
        committee_ids=frozenset({committee.id}),
    )  # fmt: skip


def test_the_story_is_told_whole(told: Session, now: datetime) -> None:
    events = told.scalars(sa.select(HistoryEvent).order_by(HistoryEvent.stream_id, HistoryEvent.seq)).all()
    assert len(events) > 300
    heads = {row.id: row for row in told.scalars(sa.select(HistoryStream))}
    previous: dict[str, tuple[int, bytes]] = {}
    for event in events:
        seq, head = previous.get(event.stream_id, (0, bytes(32)))
        body = canon.decode(event.body)
        assert (event.seq, body["prev"]) == (seq + 1, head.hex())
        assert canon.leaf_hash(event.body) == event.leaf_hash
        previous[event.stream_id] = (event.seq, event.leaf_hash)
    assert {key: bytes(row.head) for key, row in heads.items()} == {key: head for key, (_seq, head) in previous.items()}
    states = told.scalars(sa.select(Agreement.state).order_by(Agreement.id)).all()
    assert [state.value for state in states] == ["in_force", "ratifying"]


@pytest.mark.parametrize("key", ["coordinator", "chair", "clerk.banphru", "mayor.khuanlang", "clerk.khohong"])
def test_everybody_has_something_to_do(told: Session, now: datetime, key: str) -> None:
    assert turns.work_of(told, actor_of(told, key), now).count > 0
