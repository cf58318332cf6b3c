"""Reads of baselines."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionPlan, Baseline, BaselineItem
from collab.action_plans.queries.plans import get_plan
from collab.kernel.access import Actor
from collab.kernel.errors import NotFound


def baselines_of(session: Session, plan_id: UUID) -> list[Baseline]:
    """Return the baselines of a plan, the first one first."""
    return list(session.scalars(sa.select(Baseline).where(Baseline.plan_id == plan_id).order_by(Baseline.number)))


def get_baseline(session: Session, actor: Actor, baseline_id: UUID) -> tuple[ActionPlan, Baseline]:
    """Return the baseline with its plan; raise NotFound when there is none or ``actor`` may not see the plan."""
    found = session.get(Baseline, baseline_id)
    if found is None:
        raise NotFound("action_baseline", baseline_id)
    return get_plan(session, actor, found.plan_id), found


def baseline_items(session: Session, baseline_id: UUID) -> list[BaselineItem]:
    """Return the rows of a baseline in the order that the plan had."""
    statement = sa.select(BaselineItem).where(BaselineItem.baseline_id == baseline_id)
    return list(session.scalars(statement.order_by(BaselineItem.position, BaselineItem.item_id)))
