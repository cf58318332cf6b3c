"""Filters under a name: a person's own for the plans of a committee, and those that others share with the committee."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collab.action_plans import queries
from collab.action_plans.filters import Filters, query_of
from collab.action_plans.models import SavedFilter
from collab.kernel.access import Actor
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise

MOST_NAME = 60
#: Most filters that one person keeps for one committee; the list stays readable.
MOST_SAVED = 30


def list_saved(session: Session, actor: Actor, committee_id: UUID) -> Sequence[Any]:
    """Return (id, name, query, is_shared, user_id) of what ``actor`` may use for plans of the committee: own ones, then shared ones."""
    saved = SavedFilter
    statement = sa.select(saved.id, saved.name, saved.query, saved.is_shared, saved.user_id).where(
        saved.committee_id == committee_id, sa.or_(saved.user_id == actor.user_id, saved.is_shared)
    )
    return session.execute(statement.order_by(saved.user_id != actor.user_id, saved.name, saved.id).limit(4 * MOST_SAVED)).all()


def save(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, name: str, filters: Filters, is_shared: bool) -> None:
    """Keep ``filters`` under ``name`` for the plans of the plan's committee; a name that the person has used before is given anew.

    Raises NotFound, InvalidInput.
    """
    plan = queries.get_plan(session, actor, plan_id)
    words = normalise(name)[:MOST_NAME]
    if not words:
        raise InvalidInput({"name": _("Fill this in.")})
    own = (SavedFilter.user_id == actor.user_id, SavedFilter.committee_id == plan.committee_id, SavedFilter.name != words)
    if (session.scalar(sa.select(sa.func.count()).where(*own)) or 0) >= MOST_SAVED:
        raise InvalidInput({"name": _("You keep %(most)s filters already. Forget one first.", most=MOST_SAVED)})
    values = {"query": query_of(filters), "is_shared": is_shared, "saved_at": now}
    statement = insert(SavedFilter).values(
        id=new_id(), user_id=actor.user_id, committee_id=plan.committee_id, name=words, **values
    )
    session.execute(statement.on_conflict_do_update(constraint="uq_saved_filter", set_=values))


def forget(session: Session, *, actor: Actor, filter_id: UUID) -> None:
    """Forget a filter of one's own; raise NotFound for any other."""
    statement = sa.delete(SavedFilter).where(SavedFilter.id == filter_id, SavedFilter.user_id == actor.user_id)
    if session.execute(statement.returning(SavedFilter.id)).one_or_none() is None:
        raise NotFound("saved_filter", filter_id)
