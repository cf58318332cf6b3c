"""Reads of budget lines and indicators."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, BudgetLine, Indicator
from collab.action_plans.states import ItemState


def budget_lines_of(session: Session, item_ids: Collection[UUID]) -> list[BudgetLine]:
    """Return the budget lines in force of items, in the order in which they were written."""
    statement = sa.select(BudgetLine).where(BudgetLine.item_id.in_(item_ids), BudgetLine.removed_at.is_(None))
    return list(session.scalars(statement.order_by(BudgetLine.id)))


def budget_lines_of_plan(session: Session, plan_id: UUID) -> list[BudgetLine]:
    """Return the budget lines in force of a plan's items that were neither removed nor cancelled."""
    statement = (
        sa.select(BudgetLine)
        .join(ActionItem, ActionItem.id == BudgetLine.item_id)
        .where(
            BudgetLine.plan_id == plan_id, BudgetLine.removed_at.is_(None), ActionItem.removed_at.is_(None),
            ActionItem.state != ItemState.CANCELLED,
        )
    )  # fmt: skip
    return list(session.scalars(statement.order_by(ActionItem.position, BudgetLine.id)))


def find_budget_line(session: Session, item_id: UUID, organisation_id: UUID) -> BudgetLine | None:
    """Return the budget line in force of an organisation on an item, locked, if there is one."""
    statement = sa.select(BudgetLine).where(
        BudgetLine.item_id == item_id, BudgetLine.organisation_id == organisation_id, BudgetLine.removed_at.is_(None)
    )
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def indicators_of(session: Session, item_ids: Collection[UUID]) -> list[Indicator]:
    """Return the indicators in force of items, in their order."""
    statement = sa.select(Indicator).where(Indicator.item_id.in_(item_ids), Indicator.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Indicator.item_id, Indicator.position, Indicator.id)))
