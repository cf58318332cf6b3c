"""Reads of the overview: the plans under way that a person may see, their items as the rules need them, and what was earned by then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.lights import ItemFacts
from collab.action_plans.models import ActionItem, ActionPlan, ProgressReport
from collab.action_plans.queries import groups_of, visible_clause
from collab.action_plans.states import ItemState, PlanState
from collab.history import comparison
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year

_WAS = ("group_name", "weight", "percent", "state", "due_on", "lead_organisation_id")


@dataclass(frozen=True)
class Scope:
    """What is looked at: all plans under way that the person may see, narrowed to a committee, a plan, a leading organisation."""

    committee_id: UUID | None = None
    plan_id: UUID | None = None
    organisation_id: UUID | None = None


@dataclass(frozen=True)
class Was:
    """An item as it was recorded at an instant."""

    plan_id: UUID
    group: str
    weight: int
    percent: int
    is_late: bool


def plans_under_way(session: Session, actor: Actor, scope: Scope, day: date) -> list[ActionPlan]:
    """Return the plans of the scope that ``actor`` may see and that are under way on ``day``, by fiscal year and title.

    An active plan of an earlier fiscal year is under way while something in it is still to be done.
    """
    still_open = sa.exists().where(ActionItem.plan_id == ActionPlan.id, ActionItem.is_open)
    statement = sa.select(ActionPlan).where(
        visible_clause(actor),
        ActionPlan.state == PlanState.ACTIVE,
        sa.or_(ActionPlan.fiscal_year >= fiscal_year(day), still_open),
    )
    if scope.committee_id:
        statement = statement.where(ActionPlan.committee_id == scope.committee_id)
    if scope.plan_id:
        statement = statement.where(ActionPlan.id == scope.plan_id)
    return list(session.scalars(statement.order_by(ActionPlan.fiscal_year.desc(), ActionPlan.title, ActionPlan.id)))


def items_of_plans(session: Session, plan_ids: Collection[UUID], scope: Scope) -> list[ItemFacts]:
    """Return the items of the plans in the scope, earliest due first, with the day of each one's last report; one query."""
    reported = (
        sa.select(ProgressReport.item_id, sa.func.max(ProgressReport.reported_at).label("at"))
        .where(ProgressReport.plan_id.in_(plan_ids))
        .group_by(ProgressReport.item_id)
        .subquery()
    )
    item = ActionItem
    statement = (
        sa.select(
            item.id, item.plan_id, item.lead_organisation_id, item.group_name, item.weight, item.percent, item.state, item.starts_on,
            item.due_on, item.baseline_starts_on, item.baseline_due_on, reported.c.at,
        )
        .outerjoin(reported, reported.c.item_id == item.id)
        .where(item.plan_id.in_(plan_ids), item.removed_at.is_(None))
        .order_by(item.due_on, item.id)
    )  # fmt: skip
    if scope.organisation_id:
        statement = statement.where(item.lead_organisation_id == scope.organisation_id)
    return [_facts(row) for row in session.execute(statement)]


def has_more_items(session: Session, plan_ids: Collection[UUID], most: int) -> bool:
    """Say whether the plans have more than ``most`` items, without counting further."""
    some = sa.select(ActionItem.id).where(ActionItem.plan_id.in_(plan_ids), ActionItem.removed_at.is_(None)).limit(most + 1)
    return (session.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0) > most


def _facts(row: Any) -> ItemFacts:
    return ItemFacts(
        id=row.id, plan_id=row.plan_id, lead_organisation_id=row.lead_organisation_id, group=row.group_name, weight=row.weight,
        percent=row.percent, state=row.state, starts_on=row.starts_on, due_on=row.due_on, baseline_starts_on=row.baseline_starts_on,
        baseline_due_on=row.baseline_due_on, reported_on=today(row.at) if row.at else None,
    )  # fmt: skip


def group_weights(session: Session, plan_ids: Collection[UUID]) -> dict[UUID, dict[str, int | None]]:
    """Return the weights of the groups by plan and name, None for a group without one of its own; one query."""
    found: dict[UUID, dict[str, int | None]] = {}
    for group in groups_of(session, plan_ids):
        found.setdefault(group.plan_id, {})[group.name] = group.weight
    return found


def items_at(
    session: Session, plan_ids: Collection[UUID], scope: Scope, instants: Sequence[datetime]
) -> dict[datetime, list[Was]]:
    """Return the items of the scope as they were recorded at each of the instants, without the cancelled ones; one query."""
    found: dict[datetime, list[Was]] = {at: [] for at in instants}
    streams = [f"action_plan/{key}" for key in plan_ids]
    for at, stream, was in comparison.states_at(session, streams, "action_item", instants, _WAS):
        if was["state"] == ItemState.CANCELLED.value:
            continue
        if scope.organisation_id and was["lead_organisation_id"] != str(scope.organisation_id):
            continue
        is_late = was["state"] != ItemState.DONE.value and str(was["due_on"]) < today(at).isoformat()
        weight, percent = int(was["weight"] or 0), int(was["percent"] or 0)
        found[at].append(Was(UUID(stream.removeprefix("action_plan/")), str(was["group_name"] or ""), weight, percent, is_late))
    return found
