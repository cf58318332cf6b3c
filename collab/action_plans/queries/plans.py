"""Named reads of plans, items, reports and changes of deadline."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange, ItemGroup, ItemSupporter, ProgressReport
from collab.action_plans.rules import Counted, PlanSum, roll_up_plan
from collab.action_plans.states import ChangeState, PlanState, ReportState
from collab.kernel.access import Actor, Permission, Role, Scope, can
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.members.models import User

MOST_REPORTS = 100


def visible_clause(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition on `ActionPlan` under which ``actor`` may see a plan; says the same as the policy, in SQL."""
    started = ActionPlan.state != PlanState.DRAFT
    if actor.everywhere(Role.COORDINATOR) or actor.everywhere(Role.CHAIR):
        return sa.true()
    clauses: list[sa.ColumnElement[bool]] = []
    leading = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.CHAIR, Scope.COMMITTEE)
    if leading:
        clauses.append(ActionPlan.committee_id.in_(leading))
    if actor.everywhere(Role.AUDITOR) or actor.everywhere(Role.ADMINISTRATOR):
        clauses.append(started)
    overseen = {
        *actor.committee_ids,
        *actor.scopes(Role.AUDITOR, Scope.COMMITTEE),
        *actor.scopes(Role.ADMINISTRATOR, Scope.COMMITTEE),
    }
    if overseen:
        clauses.append(sa.and_(ActionPlan.committee_id.in_(overseen), started))
    return sa.or_(sa.false(), *clauses)


def list_plans(session: Session, actor: Actor, cursor: str | None = None, *, size: int = 50) -> Page[ActionPlan]:
    """Return the page of the plans that ``actor`` may see, the newest fiscal year first."""
    keys = (
        Key(ActionPlan.fiscal_year, lambda row: row.fiscal_year, descending=True),
        Key(ActionPlan.id, lambda row: row.id, descending=True),
    )
    return keyset(session, sa.select(ActionPlan).where(visible_clause(actor)), keys, cursor, size=size, scalars=True)


def get_plan(session: Session, actor: Actor, plan_id: UUID) -> ActionPlan:
    """Return the plan; raise NotFound when there is none or ``actor`` may not see it."""
    plan = session.get(ActionPlan, plan_id)
    if plan is None or not can(actor, Permission.ACTION_PLAN_VIEW, plan):
        raise NotFound("action_plan", plan_id)
    return plan


def get_item(session: Session, actor: Actor, item_id: UUID) -> tuple[ActionPlan, ActionItem]:
    """Return the item with its plan; raise NotFound when there is none or ``actor`` may not see the plan."""
    item = session.get(ActionItem, item_id)
    plan = session.get(ActionPlan, item.plan_id) if item else None
    if item is None or plan is None or not can(actor, Permission.ACTION_PLAN_VIEW, plan):
        raise NotFound("action_item", item_id)
    return plan, item


def lock_plan(session: Session, actor: Actor, plan_id: UUID) -> ActionPlan:
    """Return the plan locked for a change; raise NotFound as `get_plan` does."""
    statement = sa.select(ActionPlan).where(ActionPlan.id == plan_id).with_for_update()
    plan = session.scalar(statement.execution_options(populate_existing=True))
    if plan is None or not can(actor, Permission.ACTION_PLAN_VIEW, plan):
        raise NotFound("action_plan", plan_id)
    return plan


def lock_item(session: Session, actor: Actor, item_id: UUID, *, whole_plan: bool = False) -> tuple[ActionPlan, ActionItem]:
    """Return the item locked for a change, with its plan held in its state; raise NotFound as `get_item` does.

    The plan is locked first, and shared, so that many may report at once while nobody closes the plan under them. ``whole_plan``
    keeps the plan for oneself: whoever moves dates may move other items too, and two such must not meet half-way.
    """
    plan_id = session.scalar(sa.select(ActionItem.plan_id).where(ActionItem.id == item_id))
    if plan_id is None:
        raise NotFound("action_item", item_id)
    held = sa.select(ActionPlan).where(ActionPlan.id == plan_id).with_for_update(read=not whole_plan)
    plan = session.scalar(held.execution_options(populate_existing=True))
    statement = sa.select(ActionItem).where(ActionItem.id == item_id).with_for_update()
    item = session.scalar(statement.execution_options(populate_existing=True))
    if plan is None or item is None or not can(actor, Permission.ACTION_PLAN_VIEW, plan):
        raise NotFound("action_item", item_id)
    return plan, item


def items_of(session: Session, plan_id: UUID) -> list[ActionItem]:
    """Return the items of a plan that were not removed, in their order."""
    statement = sa.select(ActionItem).where(ActionItem.plan_id == plan_id, ActionItem.removed_at.is_(None))
    return list(session.scalars(statement.order_by(ActionItem.position, ActionItem.id)))


def progress_of(session: Session, plan_ids: Collection[UUID]) -> dict[UUID, PlanSum]:
    """Return the progress of each plan, weighted by items and groups; two queries however many plans and items there are."""
    counted: dict[UUID, list[Counted]] = {plan_id: [] for plan_id in plan_ids}
    statement = sa.select(
        ActionItem.plan_id, ActionItem.group_name, ActionItem.weight, ActionItem.percent, ActionItem.state
    ).where(ActionItem.plan_id.in_(plan_ids), ActionItem.removed_at.is_(None))
    for row in session.execute(statement.order_by(ActionItem.position, ActionItem.id)):
        counted[row.plan_id].append(Counted(row.group_name, row.weight, row.percent, row.state))
    weights: dict[UUID, dict[str, int | None]] = defaultdict(dict)
    for group in groups_of(session, plan_ids):
        weights[group.plan_id][group.name] = group.weight
    return {plan_id: roll_up_plan(items, weights[plan_id]) for plan_id, items in counted.items()}


def groups_of(session: Session, plan_ids: Collection[UUID]) -> list[ItemGroup]:
    """Return the groups of the plans that have a place or a weight, in their order."""
    statement = sa.select(ItemGroup).where(ItemGroup.plan_id.in_(plan_ids), ItemGroup.removed_at.is_(None))
    return list(session.scalars(statement.order_by(ItemGroup.position, ItemGroup.id)))


def supporters_of(session: Session, item_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the supporting organisations of each item."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    statement = sa.select(ItemSupporter.item_id, ItemSupporter.organisation_id).where(
        ItemSupporter.item_id.in_(item_ids), ItemSupporter.removed_at.is_(None)
    )
    for row in session.execute(statement.order_by(ItemSupporter.id)):
        found[row.item_id].append(row.organisation_id)
    return found


def supporter_rows(session: Session, item_id: UUID) -> list[ItemSupporter]:
    """Return the rows in force by which organisations support an item."""
    statement = sa.select(ItemSupporter).where(ItemSupporter.item_id == item_id, ItemSupporter.removed_at.is_(None))
    return list(session.scalars(statement))


def reports_of(session: Session, item_id: UUID) -> list[ProgressReport]:
    """Return the newest reports on an item, newest first."""
    statement = sa.select(ProgressReport).where(ProgressReport.item_id == item_id)
    return list(
        session.scalars(statement.order_by(ProgressReport.reported_at.desc(), ProgressReport.id.desc()).limit(MOST_REPORTS))
    )


def awaiting_report(session: Session, item_id: UUID) -> ProgressReport | None:
    """Return the report that waits for a verdict, if one does."""
    statement = sa.select(ProgressReport).where(ProgressReport.item_id == item_id, ProgressReport.state == ReportState.AWAITING)
    return session.scalar(statement)


def changes_of(session: Session, item_id: UUID) -> list[DeadlineChange]:
    """Return every change of deadline asked for an item, newest first."""
    statement = sa.select(DeadlineChange).where(DeadlineChange.item_id == item_id)
    return list(session.scalars(statement.order_by(DeadlineChange.asked_at.desc(), DeadlineChange.id.desc())))


def asked_change(session: Session, item_id: UUID) -> DeadlineChange | None:
    """Return the change of deadline that waits for a decision, if one does."""
    statement = sa.select(DeadlineChange).where(DeadlineChange.item_id == item_id, DeadlineChange.state == ChangeState.ASKED)
    return session.scalar(statement)


def plans_by_ids(session: Session, keys: Sequence[UUID]) -> list[ActionPlan]:
    """Return the plans with the ids."""
    return list(session.scalars(sa.select(ActionPlan).where(ActionPlan.id.in_(keys))))


def items_by_ids(session: Session, keys: Sequence[UUID]) -> list[ActionItem]:
    """Return the items with the ids, removed or not."""
    return list(session.scalars(sa.select(ActionItem).where(ActionItem.id.in_(keys))))


def reports_by_ids(session: Session, keys: Sequence[UUID]) -> list[ProgressReport]:
    """Return the reports with the ids."""
    return list(session.scalars(sa.select(ProgressReport).where(ProgressReport.id.in_(keys))))


def changes_by_ids(session: Session, keys: Sequence[UUID]) -> list[DeadlineChange]:
    """Return the changes of deadline with the ids."""
    return list(session.scalars(sa.select(DeadlineChange).where(DeadlineChange.id.in_(keys))))


def visible_plan_ids(session: Session, actor: Actor, keys: Collection[UUID]) -> set[UUID]:
    """Return those of the plans that ``actor`` may see."""
    return set(session.scalars(sa.select(ActionPlan.id).where(ActionPlan.id.in_(keys), visible_clause(actor))))


def next_position(session: Session, plan_id: UUID) -> int:
    """Return the position behind the last item of a plan (the caller holds the plan's lock)."""
    highest = session.scalar(sa.select(sa.func.max(ActionItem.position)).where(ActionItem.plan_id == plan_id))
    return (highest or 0) + 1


def people_of(session: Session, organisation_ids: Collection[UUID]) -> list[User]:
    """Return the people, not disabled, of the organisations, by organisation and name."""
    statement = sa.select(User).where(User.organisation_id.in_(organisation_ids), User.disabled_at.is_(None))
    return list(session.scalars(statement.order_by(User.organisation_id, User.name_th, User.id)))
