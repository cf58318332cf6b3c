"""Shows service plans and their parts to the rest of the product, and says for whom they wait."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.i18n import LazyText, _, lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.service_plans import queries
from collab.service_plans.models import BudgetLine, Indicator, IndicatorTarget, Risk, ServiceArea, ServicePlan
from collab.service_plans.states import PlanState
from collab.service_plans.wording import STATES


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="service_plan", id=row.id, title=row.title, url=f"/service-plans/{row.id}", number=_edition(row.edition),
            state=str(STATES[row.state]), day=today(row.approved_at) if row.approved_at else None, committee_id=row.committee_id,
        )
        for row in queries.plans_by_ids(session, keys)
    ]  # fmt: skip


def _edition(number: int) -> str:
    return _("edition %(number)s", number=number)


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return queries.visible_ids(session, actor, keys)


def _because_of(session: Session, key: UUID) -> list[Ref]:
    found: list[Ref] = []
    for row in queries.plans_by_ids(session, [key]):
        approval = [Ref("resolution", row.approval_resolution_id)] if row.approval_resolution_id else []
        found += [*approval, Ref("resolution", row.resolution_id), Ref("proposal", row.proposal_id)]
    return found


def _search_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.title} {row.objective} {row.standard}" for row in queries.plans_by_ids(session, keys)}


def _part_kind(kind: str, label: LazyText, model: Any, title: Callable[[Any], str]) -> TargetKind:
    """Return the kind of a part of a plan: named by itself, seen by who sees the plan, shown on the plan's page."""

    def load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
        rows = session.scalars(sa.select(model).where(model.id.in_(keys)))
        return [TargetInfo(kind, row.id, title(row), f"/service-plans/{row.plan_id}") for row in rows]

    def visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        plans: dict[UUID, UUID] = dict(session.execute(sa.select(model.id, model.plan_id).where(model.id.in_(keys))).all())
        allowed = queries.visible_ids(session, actor, set(plans.values()))
        return {key for key, plan_id in plans.items() if plan_id in allowed}

    def because_of(session: Session, key: UUID) -> list[Ref]:
        found = session.scalar(sa.select(model.plan_id).where(model.id == key))
        return [Ref("service_plan", found)] if found else []

    return TargetKind(label, load, visible, because_of=because_of)


def _waiting(actor: Actor, now: datetime) -> AnySelect | None:
    committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not committees:
        return None
    task = sa.case((ServicePlan.state == PlanState.DRAFT, "service_plan.propose"), else_="service_plan.approve")
    return sa.select(
        sa.literal("service_plan").label("kind"), ServicePlan.id.label("target_id"), ServicePlan.committee_id,
        sa.cast(sa.null(), sa.Uuid()).label("organisation_id"), task.label("task"),
        sa.cast(sa.null(), sa.Date()).label("due_on"), ServicePlan.proposed_at.label("since"),
    ).where(
        ServicePlan.state.in_((PlanState.DRAFT, PlanState.PROPOSED)), ServicePlan.committee_id.in_(committees)
    )  # fmt: skip


def install() -> None:
    """Register the kinds and the tasks."""
    register("service_plan", TargetKind(
        lazy("Service plan"), _load, _visible, because_of=_because_of, search_texts=_search_texts
    ))  # fmt: skip
    parts: tuple[tuple[str, LazyText, Any, Callable[[Any], str]], ...] = (
        ("plan_indicator", lazy("Indicator"), Indicator, lambda row: row.name),
        ("plan_indicator_target", lazy("Yearly target"), IndicatorTarget, lambda row: str(row.fiscal_year)),
        ("plan_budget_line", lazy("Budget line"), BudgetLine, lambda row: str(row.fiscal_year)),
        ("plan_service_area", lazy("Service area"), ServiceArea, lambda row: row.coverage[:80]),
        ("plan_risk", lazy("Risk"), Risk, lambda row: row.barrier[:80]),
    )
    for kind, label, model, title in parts:
        register(kind, _part_kind(kind, label, model, title))
    turns.register_turn(turns.TurnSource("service_plan", _waiting))
    turns.register_task_label("service_plan.propose", lazy("Complete the service plan and propose it"))
    turns.register_task_label("service_plan.approve", lazy("Record the committee's approval of the service plan"))
