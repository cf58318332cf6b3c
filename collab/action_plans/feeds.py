"""Secret links under which calendars read due dates: made by a person for themselves, shown once, revocable at any time."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries
from collab.action_plans.models import ActionPlan, CalendarFeed
from collab.kernel.access import Actor
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.members.account_queries import load_actor
from collab.members.models import User

#: Most links in force of one person.
MOST_FEEDS = 20


class Feed(NamedTuple):
    """A link in force: of one plan, or (``plan_id`` None) of all that its maker owns."""

    id: UUID
    plan_id: UUID | None
    title: str
    made_at: datetime


def make_feed(session: Session, *, actor: Actor, now: datetime, plan_id: UUID | None) -> str:
    """Make a link to the due dates of a plan, or of all items that the person owns; return its secret, which is kept nowhere.

    Raises NotFound, NotAllowed, InvalidInput when the person has too many.
    """
    if actor.user_id is None:
        raise NotAllowed
    if plan_id is not None:
        queries.get_plan(session, actor, plan_id)
    if len(list_feeds(session, actor)) >= MOST_FEEDS:
        raise InvalidInput({"": _("You have %(most)s calendar links already. Revoke one first.", most=MOST_FEEDS)})
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(user_id=actor.user_id, plan_id=plan_id, token_hash=_hash(token), made_at=now)
    with history.act(session, verb="calendar_feed.made", actor=actor, now=now, subject=feed):
        session.add(feed)
    return token


def revoke_feed(session: Session, *, actor: Actor, now: datetime, feed_id: UUID) -> None:
    """Revoke a link of one's own; revoking it again changes nothing. Raises NotFound for any other."""
    feed = session.scalar(sa.select(CalendarFeed).where(CalendarFeed.id == feed_id).with_for_update())
    if feed is None or feed.user_id != actor.user_id:
        raise NotFound("calendar_feed", feed_id)
    if feed.revoked_at is None:
        with history.act(session, verb="calendar_feed.revoked", actor=actor, now=now, subject=feed):
            feed.revoked_at = now


def list_feeds(session: Session, actor: Actor) -> Sequence[Feed]:
    """Return the links in force of ``actor``, the newest first."""
    feed = CalendarFeed
    statement = (
        sa.select(feed.id, feed.plan_id, ActionPlan.title, feed.made_at)
        .outerjoin(ActionPlan, ActionPlan.id == feed.plan_id)
        .where(feed.user_id == actor.user_id, feed.revoked_at.is_(None))
    )
    return [Feed(*row) for row in session.execute(statement.order_by(feed.made_at.desc(), feed.id.desc()))]


def reader_of(session: Session, token: str, now: datetime) -> tuple[Actor, UUID | None]:
    """Return as whom a calendar reads with the secret ``token``, with the roles that the person has today, and of which plan.

    Raises NotFound for a link that was never made or was revoked, and when the person may no longer sign in.
    """
    statement = (
        sa.select(CalendarFeed.user_id, CalendarFeed.plan_id, User.organisation_id)
        .join(User, User.id == CalendarFeed.user_id)
        .where(CalendarFeed.token_hash == _hash(token), CalendarFeed.revoked_at.is_(None), User.disabled_at.is_(None))
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("calendar_feed", None)
    return load_actor(session, row.user_id, row.organisation_id, now), row.plan_id


def _hash(token: str) -> bytes:
    # The secret has 256 random bits: a plain hash cannot be turned back.
    return hashlib.sha256(token.encode()).digest()
