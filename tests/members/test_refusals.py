"""Who tries what they may not do leaves a trace, though nothing else happened."""

import json
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.history import queries
from collab.history.models import HistoryEvent
from tests.factories.world import World


def test_a_refused_attempt_is_an_event(
    session: Session, world: World, now: datetime, browse: Callable[[str], FlaskClient]
) -> None:
    user = world.users["clerk_banphru"]
    answer = browse("clerk_banphru").get("/audit/bundles?note=secret")
    assert answer.status_code == 403
    entry = queries.list_subject(session, user.id).rows[0]
    assert (entry.verb, entry.actor_id) == ("attempt.refused", user.id)
    assert entry.reason == "audit:view GET /audit/bundles"
    body = session.scalars(sa.select(HistoryEvent.body).where(HistoryEvent.id == entry.event_id)).one()
    assert json.loads(body)["outcome"] == "refused"
    assert b"bundles" not in body, "where somebody tried is a commitment like every reason"


def test_what_is_allowed_leaves_none(session: Session, world: World, browse: Callable[[str], FlaskClient]) -> None:
    assert browse("auditor").get("/audit/bundles").status_code == 200
    assert not session.scalars(sa.select(HistoryEvent).where(HistoryEvent.verb == "attempt.refused")).all()
