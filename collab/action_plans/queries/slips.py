"""Reads of postponements: the rules of a committee, how often and how far an item has slipped, the ledger of a plan."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import DeadlineChange, SlipRule
from collab.action_plans.rules import DEFAULT_LADDER, LEVELS, Threshold
from collab.action_plans.states import ChangeState


def slip_rules(session: Session, committee_id: UUID) -> list[SlipRule]:
    """Return the rules that a committee has set, from the lowest level to the highest."""
    rows = session.scalars(sa.select(SlipRule).where(SlipRule.committee_id == committee_id))
    return sorted(rows, key=lambda row: LEVELS.index(row.level))


def ladder_of(session: Session, committee_id: UUID) -> tuple[Threshold, ...]:
    """Return up to what each level may approve in a committee: its own rules, or the default when it has set none."""
    rows = slip_rules(session, committee_id)
    return tuple(Threshold(row.level, row.most_slips, row.most_days) for row in rows) or DEFAULT_LADDER


def slips_of(session: Session, item_id: UUID) -> int:
    """Return how often an item was postponed by its own request; moves that another item caused do not count."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                DeadlineChange.item_id == item_id, DeadlineChange.state == ChangeState.APPROVED, DeadlineChange.cause_id.is_(None),
                DeadlineChange.new_due_on > DeadlineChange.old_due_on,
            )
        )
        or 0
    )  # fmt: skip


def changes_of_plan(session: Session, plan_id: UUID) -> dict[UUID, list[DeadlineChange]]:
    """Return every change of deadline of a plan by item, the oldest first."""
    found: dict[UUID, list[DeadlineChange]] = defaultdict(list)
    statement = sa.select(DeadlineChange).where(DeadlineChange.plan_id == plan_id)
    for row in session.scalars(statement.order_by(DeadlineChange.asked_at, DeadlineChange.id)):
        found[row.item_id].append(row)
    return found


def first_due_dates(session: Session, item_ids: Collection[UUID]) -> dict[UUID, DeadlineChange]:
    """Return the first change of each item that ever had one: its ``old_due_on`` is the date the item began with."""
    statement = (
        sa.select(DeadlineChange)
        .where(DeadlineChange.item_id.in_(item_ids))
        .order_by(DeadlineChange.item_id, DeadlineChange.asked_at, DeadlineChange.id)
        .distinct(DeadlineChange.item_id)
    )
    return {row.item_id: row for row in session.scalars(statement)}
