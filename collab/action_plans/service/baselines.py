"""Baselines: a resolution approves the plan as it stands; the copy cannot be changed, and its fingerprint is in the history."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import authorities, queries, rules
from collab.action_plans.models import ActionItem, ActionPlan, Baseline, BaselineItem
from collab.action_plans.states import ItemState, PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise

#: What a baseline keeps of an item.
COLUMNS = (
    "kind", "group_name", "title", "lead_organisation_id", "starts_on", "due_on", "weight", "budget_planned", "state", "percent",
    "position",
)  # fmt: skip


def approve_baseline(
    session: Session, *, actor: Actor, now: datetime, plan_id: UUID, resolution_id: UUID, note: str = ""
) -> Baseline:
    """Keep the plan as it stands as the next baseline, on the authority of a resolution of its committee that was carried.

    Items that were never approved before get their approved dates now. Coordinator only.
    Raises NotFound, NotAllowed, StateConflict (closed; no items), InvalidInput (resolution).
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_PLAN_MANAGE.value)
    items = queries.items_of(session, plan.id)
    _check(session, actor, plan, items, resolution_id)
    rows = [{"item_id": item.id, **{name: getattr(item, name) for name in COLUMNS}} for item in items]
    baseline = Baseline(
        id=new_id(), plan_id=plan.id, number=len(queries.baselines_of(session, plan.id)) + 1, resolution_id=resolution_id,
        approved_at=now, made_by_id=actor.user_id, note=normalise(note), items_count=len(rows), budget_planned=_budget(items),
        digest=rules.baseline_digest(rows),
    )  # fmt: skip
    authority = history.Authority("resolution", resolution_id)
    with history.act(session, verb="action_baseline.approved", actor=actor, now=now, subject=baseline, authority=authority):
        session.add(baseline)
        session.flush()
        session.execute(sa.insert(BaselineItem), [{"baseline_id": baseline.id, **row} for row in rows])
        for item in items:
            if item.baseline_due_on is None and plan.state is PlanState.ACTIVE:
                item.baseline_starts_on, item.baseline_due_on = item.starts_on, item.due_on
    return baseline


def is_unchanged(session: Session, baseline: Baseline) -> bool:
    """Say whether the rows of a baseline still have the fingerprint that was written into the history with it."""
    rows = queries.baseline_items(session, baseline.id)
    return (
        rules.baseline_digest({"item_id": row.item_id, **{name: getattr(row, name) for name in COLUMNS}} for row in rows)
        == baseline.digest
        and len(rows) == baseline.items_count
    )


def _check(session: Session, actor: Actor, plan: ActionPlan, items: list[ActionItem], resolution_id: UUID) -> None:
    if plan.state is PlanState.CLOSED:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    if not items:
        raise StateConflict(_("The plan has no items yet."))
    if not authorities.has_carried(session, actor, plan.committee_id, resolution_id):
        raise InvalidInput({"resolution": _("Choose a resolution of this committee that was carried.")})
    if any(row.resolution_id == resolution_id for row in queries.baselines_of(session, plan.id)):
        raise InvalidInput({"resolution": _("This resolution has approved a baseline of this plan already.")})


def _budget(items: list[ActionItem]) -> Decimal:
    return sum((item.budget_planned for item in items if item.state is not ItemState.CANCELLED), Decimal(0))
