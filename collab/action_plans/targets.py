"""Shows plans and what belongs to them to the rest of the product."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import queries
from collab.action_plans.emails import item_url
from collab.action_plans.models import (
    ActionItem,
    ActionPlan,
    Baseline,
    DeadlineChange,
    HelpRequest,
    MonthlyClosing,
    PlanReporter,
    PlanTemplate,
    ProgressReport,
)
from collab.action_plans.wording import (
    CHANGE_STATES,
    CLOSING_STATES,
    HELP_STATES,
    ITEM_STATES,
    PLAN_STATES,
    REPORT_STATES,
    SERVICES,
)
from collab.kernel.access import Actor, Permission, could
from collab.kernel.clock import today
from collab.kernel.i18n import lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register


def _load_plans(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="action_plan", id=row.id, title=row.title, url=f"/action-plans/{row.id}", number=str(row.fiscal_year),
            state=str(PLAN_STATES[row.state]), day=today(row.activated_at) if row.activated_at else None, committee_id=row.committee_id,
        )
        for row in queries.plans_by_ids(session, keys)
    ]  # fmt: skip


def _load_items(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="action_item", id=row.id, title=row.title, url=item_url(row.id), state=str(ITEM_STATES[row.state]), day=row.due_on,
            committee_id=row.committee_id, organisation_id=row.lead_organisation_id,
        )
        for row in queries.items_by_ids(session, keys)
    ]  # fmt: skip


def _load_reports(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    reports = queries.reports_by_ids(session, keys)
    items = {item.id: item for item in queries.items_by_ids(session, [report.item_id for report in reports])}
    return [
        TargetInfo(
            kind="progress_report", id=row.id, title=items[row.item_id].title, url=item_url(row.item_id), number=f"{row.percent} %",
            state=str(REPORT_STATES[row.state]), day=today(row.reported_at), committee_id=items[row.item_id].committee_id,
            organisation_id=row.organisation_id,
        )
        for row in reports
    ]  # fmt: skip


def _load_changes(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    changes = queries.changes_by_ids(session, keys)
    items = {item.id: item for item in queries.items_by_ids(session, [change.item_id for change in changes])}
    return [
        TargetInfo(
            kind="deadline_change", id=row.id, title=items[row.item_id].title, url=item_url(row.item_id),
            state=str(CHANGE_STATES[row.state]), day=row.new_due_on, committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row in changes
    ]  # fmt: skip


def _load_baselines(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(
        sa.select(Baseline, ActionPlan).join(ActionPlan, ActionPlan.id == Baseline.plan_id).where(Baseline.id.in_(keys))
    )
    return [
        TargetInfo(
            kind="action_baseline", id=row.id, title=plan.title, url=f"/action-plans/baselines/{row.id}", number=str(row.number),
            day=today(row.approved_at), committee_id=plan.committee_id,
        )
        for row, plan in rows
    ]  # fmt: skip


def _load_helps(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(
        sa.select(HelpRequest, ActionItem).join(ActionItem, ActionItem.id == HelpRequest.item_id).where(HelpRequest.id.in_(keys))
    )
    return [
        TargetInfo(
            kind="help_request", id=row.id, title=item.title, url=item_url(item.id), state=str(HELP_STATES[row.state]),
            day=today(row.asked_at), committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row, item in rows
    ]  # fmt: skip


def _load_closings(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(
        sa.select(MonthlyClosing, ActionPlan)
        .join(ActionPlan, ActionPlan.id == MonthlyClosing.plan_id)
        .where(MonthlyClosing.id.in_(keys))
    )
    return [
        TargetInfo(
            kind="monthly_closing", id=row.id, title=plan.title, url=f"/action-plans/{plan.id}/months",
            state=str(CLOSING_STATES[row.state]), day=row.month, committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row, plan in rows
    ]  # fmt: skip


def _load_reporters(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(
        sa.select(PlanReporter, ActionPlan)
        .join(ActionPlan, ActionPlan.id == PlanReporter.plan_id)
        .where(PlanReporter.id.in_(keys))
    )
    return [
        TargetInfo(
            kind="plan_reporter", id=row.id, title=plan.title, url=f"/action-plans/{plan.id}/months", committee_id=plan.committee_id,
            organisation_id=row.organisation_id,
        )
        for row, plan in rows
    ]  # fmt: skip


def _load_templates(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="plan_template", id=row.id, title=row.title, url=f"/action-plans/templates/{row.id}",
            number=str(SERVICES[row.service]), day=today(row.made_at), committee_id=row.committee_id,
        )
        for row in session.scalars(sa.select(PlanTemplate).where(PlanTemplate.id.in_(keys)))
    ]  # fmt: skip


def _visible_templates(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys) if could(actor, Permission.ACTION_PLAN_MANAGE) else set()


def _visible_plans(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return queries.visible_plan_ids(session, actor, keys)


def _visible_parts(model: Any) -> Any:
    def visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        statement = sa.select(model.id).join(ActionPlan, ActionPlan.id == model.plan_id)
        return set(session.scalars(statement.where(model.id.in_(keys), queries.visible_clause(actor))))

    return visible


def _plan_because(session: Session, key: UUID) -> list[Ref]:
    return [Ref("agreement", row.agreement_id) for row in queries.plans_by_ids(session, [key]) if row.agreement_id]


def _item_because(session: Session, key: UUID) -> list[Ref]:
    found: list[Ref] = []
    for row in queries.items_by_ids(session, [key]):
        found.append(Ref("action_plan", row.plan_id))
        if row.authority_kind and row.authority_id:
            found.append(Ref(row.authority_kind, row.authority_id))
    return found


def _report_because(session: Session, key: UUID) -> list[Ref]:
    return [Ref("action_item", row.item_id) for row in queries.reports_by_ids(session, [key])]


def _change_because(session: Session, key: UUID) -> list[Ref]:
    return [Ref("action_item", row.item_id) for row in queries.changes_by_ids(session, [key])]


def _baseline_because(session: Session, key: UUID) -> list[Ref]:
    row = session.get(Baseline, key)
    return [Ref("resolution", row.resolution_id), Ref("action_plan", row.plan_id)] if row else []


def _help_because(session: Session, key: UUID) -> list[Ref]:
    row = session.get(HelpRequest, key)
    return [Ref("action_item", row.item_id)] if row else []


def _closing_because(session: Session, key: UUID) -> list[Ref]:
    row = session.get(MonthlyClosing, key)
    return [Ref("action_plan", row.plan_id)] if row else []


def _plan_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.title} {row.fiscal_year}" for row in queries.plans_by_ids(session, keys)}


def _item_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    rows = queries.items_by_ids(session, keys)
    return {row.id: f"{row.title} {row.group_name} {row.description}" for row in rows if row.removed_at is None}


def _report_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.words} {row.milestone}" for row in queries.reports_by_ids(session, keys)}


def install() -> None:
    """Register the kinds."""
    register("plan_reporter", TargetKind(lazy("Monthly report on a plan"), _load_reporters, _visible_parts(PlanReporter)))
    register("action_plan", TargetKind(lazy("Action plan"), _load_plans, _visible_plans, _plan_because, search_texts=_plan_texts))
    register(
        "action_item",
        TargetKind(lazy("Action item"), _load_items, _visible_parts(ActionItem), _item_because, search_texts=_item_texts),
    )
    register(
        "progress_report",
        TargetKind(
            lazy("Progress report"), _load_reports, _visible_parts(ProgressReport), _report_because, search_texts=_report_texts
        ),
    )
    register(
        "deadline_change", TargetKind(lazy("Change of deadline"), _load_changes, _visible_parts(DeadlineChange), _change_because)
    )
    register(
        "action_baseline", TargetKind(lazy("Baseline of a plan"), _load_baselines, _visible_parts(Baseline), _baseline_because)
    )
    register("help_request", TargetKind(lazy("Request for help"), _load_helps, _visible_parts(HelpRequest), _help_because))
    register(
        "monthly_closing", TargetKind(lazy("Closed month"), _load_closings, _visible_parts(MonthlyClosing), _closing_because)
    )
    register("plan_template", TargetKind(lazy("Template of a plan"), _load_templates, _visible_templates))
