"""Drafts of reports: what a person has typed is kept until it is sent. Nobody else sees it, and the history does not have it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.action_plans import queries
from collab.action_plans.models import ReportDraft
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import NotAllowed

#: What a draft keeps, and how much of each.
FIELDS = ("percent", "words", "milestone", "cost_spent")
MOST = 4000


def keep_draft(session: Session, *, actor: Actor, now: datetime, item_id: UUID, typed: Mapping[str, str]) -> datetime:
    """Keep what ``actor`` has typed about an item in place of what was kept before; return when. Raises NotFound, NotAllowed."""
    _plan, item = queries.get_item(session, actor, item_id)
    authorize(actor, Permission.ACTION_ITEM_REPORT, item)
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_ITEM_REPORT.value)
    kept = {name: typed[name].replace("\x00", "")[:MOST] for name in FIELDS if typed.get(name)}
    statement = postgresql.insert(ReportDraft).values(item_id=item_id, user_id=actor.user_id, typed=kept, saved_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["item_id", "user_id"], set_={"typed": kept, "saved_at": now}))
    return now


def forget_draft(session: Session, actor: Actor, item_id: UUID) -> None:
    """Forget the draft of a report that was sent."""
    session.execute(
        sa.delete(ReportDraft).where(ReportDraft.item_id == item_id, ReportDraft.user_id == actor.user_id),
        execution_options={"synchronize_session": False},
    )
