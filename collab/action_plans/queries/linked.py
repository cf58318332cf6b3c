"""The dates and links of a plan as the schedule reckons with them: read by column, so that a plan of thousands is two queries."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, Dependency
from collab.action_plans.schedule import Link, Span, WorkingDays
from collab.action_plans.states import ItemKind, ItemState
from collab.calendar import queries as calendar

#: So far ahead the closed days are asked for; beyond it only weekends are known anyway.
_AHEAD = timedelta(days=366 * 20)
_BEFORE = timedelta(days=31)


def spans_of(session: Session, plan_id: UUID) -> dict[UUID, Span]:
    """Return the dates of every item of a plan that was not removed."""
    statement = sa.select(ActionItem.id, ActionItem.starts_on, ActionItem.due_on, ActionItem.kind, ActionItem.state).where(
        ActionItem.plan_id == plan_id, ActionItem.removed_at.is_(None)
    )
    return {
        row.id: Span(
            row.id, row.starts_on, row.due_on, is_milestone=row.kind is ItemKind.MILESTONE, is_fixed=row.state is not ItemState.PLANNED,
            is_ended=row.state in (ItemState.DONE, ItemState.CANCELLED),
        )
        for row in session.execute(statement)
    }  # fmt: skip


def links_of(session: Session, plan_id: UUID) -> list[Link]:
    """Return the dependencies in force of a plan."""
    statement = sa.select(Dependency.predecessor_id, Dependency.successor_id, Dependency.lag_days).where(
        Dependency.plan_id == plan_id, Dependency.removed_at.is_(None)
    )
    return [
        Link(row.predecessor_id, row.successor_id, row.lag_days) for row in session.execute(statement.order_by(Dependency.id))
    ]


def working_days(session: Session, days: Iterable[date]) -> WorkingDays:
    """Return the working days from the first of ``days`` on, with the holidays that are known."""
    first = min(days) - _BEFORE
    return WorkingDays(calendar.closed_days(session, first, first + _AHEAD), first)


def titles_of(session: Session, item_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the titles of items."""
    statement = sa.select(ActionItem.id, ActionItem.title).where(ActionItem.id.in_(item_ids))
    return {row.id: row.title for row in session.execute(statement)}


def heads_of(session: Session, item_ids: Collection[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """Return the title and the leading organisation of items."""
    statement = sa.select(ActionItem.id, ActionItem.title, ActionItem.lead_organisation_id).where(ActionItem.id.in_(item_ids))
    return {row.id: (row.title, row.lead_organisation_id) for row in session.execute(statement)}


def dependencies_of(session: Session, item_id: UUID) -> list[Dependency]:
    """Return the dependencies in force that begin or end at an item."""
    at_item = sa.or_(Dependency.predecessor_id == item_id, Dependency.successor_id == item_id)
    return list(session.scalars(sa.select(Dependency).where(at_item, Dependency.removed_at.is_(None)).order_by(Dependency.id)))


def find_dependency(session: Session, predecessor_id: UUID, successor_id: UUID) -> Dependency | None:
    """Return the dependency in force between two items, if there is one."""
    return session.scalar(
        sa.select(Dependency).where(
            Dependency.predecessor_id == predecessor_id, Dependency.successor_id == successor_id, Dependency.removed_at.is_(None)
        )
    )


def lock_items(session: Session, item_ids: Collection[UUID]) -> dict[UUID, ActionItem]:
    """Return the items locked for a change, in the order of their ids (the caller holds the plan)."""
    statement = sa.select(ActionItem).where(ActionItem.id.in_(item_ids)).order_by(ActionItem.id).with_for_update()
    return {row.id: row for row in session.scalars(statement.execution_options(populate_existing=True))}
