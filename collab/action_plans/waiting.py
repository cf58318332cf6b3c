"""What of action plans is due, and what waits for whom."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collab.action_plans import rules
from collab.action_plans.models import (
    ActionItem,
    ActionPlan,
    DeadlineChange,
    HelpRequest,
    ItemSupporter,
    MonthlyClosing,
    PlanReporter,
    ProgressReport,
)
from collab.action_plans.states import ApprovalLevel, ChangeState, ClosingState, HelpState, ItemState, PlanState, ReportState
from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.dates import BUDDHIST_OFFSET
from collab.kernel.i18n import lazy
from collab.kernel.paging import AnySelect
from collab.reminders.registry import DueKind, register_due


def _due() -> AnySelect:
    return sa.select(
        ActionItem.id.label("target_id"), ActionItem.due_on, ActionItem.lead_organisation_id.label("organisation_id"),
        ActionItem.owner_id, ActionItem.committee_id, ActionItem.plan_id,
    ).where(ActionItem.is_open, ActionItem.state != ItemState.AWAITING_VERIFICATION)  # fmt: skip


def _due_months() -> AnySelect:
    """Return the months of active plans not closed by organisations that lead an open item begun by then; due in the next month."""
    first = sa.func.date_trunc("month", sa.func.timezone("Asia/Bangkok", ActionPlan.activated_at))
    last = sa.func.make_date(ActionPlan.fiscal_year - BUDDHIST_OFFSET, rules.FISCAL_YEAR_BEGINS - 1, 1)
    series = sa.func.generate_series(first, sa.cast(last, sa.DateTime), sa.text("interval '1 month'"))
    months = series.table_valued(sa.column("begins", sa.DateTime)).render_derived(name="months")
    begins = months.c.begins
    month = sa.cast(begins, sa.Date)
    closed = sa.exists().where(
        MonthlyClosing.plan_id == PlanReporter.plan_id, MonthlyClosing.organisation_id == PlanReporter.organisation_id,
        MonthlyClosing.month == month, MonthlyClosing.state == ClosingState.CLOSED,
    )  # fmt: skip
    leads = sa.exists().where(
        ActionItem.plan_id == PlanReporter.plan_id,
        ActionItem.lead_organisation_id == PlanReporter.organisation_id,
        ActionItem.is_open,
        ActionItem.starts_on < month + sa.text("interval '1 month'"),
    )
    due_on = sa.cast(begins + sa.text(f"interval '1 month {rules.REPORT_DAY - 1} days'"), sa.Date)
    return (
        sa.select(
            PlanReporter.id.label("target_id"), due_on.label("due_on"), PlanReporter.organisation_id,
            sa.cast(sa.null(), sa.Uuid()).label("owner_id"), ActionPlan.committee_id, PlanReporter.plan_id,
        )
        .join(ActionPlan, ActionPlan.id == PlanReporter.plan_id)
        .join(months, sa.true())
        .where(ActionPlan.state == PlanState.ACTIVE, ActionPlan.activated_at.is_not(None), leads, ~closed)
    )  # fmt: skip


def _turn(task: str, since: Any) -> AnySelect:
    return sa.select(
        sa.literal("action_item").label("kind"), ActionItem.id.label("target_id"), ActionItem.committee_id,
        ActionItem.lead_organisation_id.label("organisation_id"), sa.literal(task).label("task"), ActionItem.due_on,
        since.label("since"),
    ).where(ActionItem.is_open)  # fmt: skip


_NO_INSTANT = sa.cast(sa.null(), sa.DateTime(timezone=True))


def _to_report(now: datetime) -> AnySelect:
    soon = today(now) + timedelta(days=rules.SOON_DAYS)
    return _turn("action_item.report", _NO_INSTANT).where(
        ActionItem.due_on <= soon, ActionItem.state != ItemState.AWAITING_VERIFICATION
    )


def _owners_turn(actor: Actor, now: datetime) -> AnySelect | None:
    return _to_report(now).where(ActionItem.owner_id == actor.user_id) if actor.user_id else None


def _clerks_turn(actor: Actor, now: datetime) -> AnySelect | None:
    # An item without an owner waits for the clerk of the organisation that leads it.
    organisations = actor.scopes(Role.CLERK, Scope.ORGANISATION)
    if not organisations:
        return None
    return _to_report(now).where(ActionItem.owner_id.is_(None), ActionItem.lead_organisation_id.in_(organisations))


def _verifiers_turn(actor: Actor, now: datetime) -> AnySelect | None:
    clauses: list[sa.ColumnElement[bool]] = []
    coordinated, helping = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE), actor.scopes(Role.CLERK, Scope.ORGANISATION)
    if actor.everywhere(Role.COORDINATOR):
        clauses.append(sa.true())
    if coordinated:
        clauses.append(ActionItem.committee_id.in_(coordinated))
    if helping:
        supports = sa.select(ItemSupporter.item_id).where(
            ItemSupporter.organisation_id.in_(helping), ItemSupporter.removed_at.is_(None)
        )
        clauses.append(ActionItem.id.in_(supports))
    if not clauses:
        return None
    own = sorted(actor.organisation_ids)
    return (
        _turn("action_item.verify", ProgressReport.reported_at)
        .join(ProgressReport, sa.and_(ProgressReport.item_id == ActionItem.id, ProgressReport.state == ReportState.AWAITING))
        .where(
            sa.or_(*clauses), ActionItem.lead_organisation_id.not_in(own),
            sa.or_(ProgressReport.organisation_id.is_(None), ProgressReport.organisation_id.not_in(own)),
        )
    )  # fmt: skip


def _deciders_turn(actor: Actor, now: datetime) -> AnySelect | None:
    """Say the same as the policy: coordinators all but the chair's, chairs everything, executives what they may decide alone."""
    level = sa.func.coalesce(DeadlineChange.level, ApprovalLevel.COORDINATOR.value)
    clauses: list[sa.ColumnElement[bool]] = []
    for role, allowed in ((Role.COORDINATOR, level != ApprovalLevel.CHAIR.value), (Role.CHAIR, sa.true())):
        if actor.everywhere(role):
            clauses.append(allowed)
        elif committees := actor.scopes(role, Scope.COMMITTEE):
            clauses.append(sa.and_(DeadlineChange.committee_id.in_(committees), allowed))
    if led := actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION):
        clauses.append(sa.and_(ActionItem.lead_organisation_id.in_(led), level == ApprovalLevel.EXECUTIVE.value))
    if not clauses:
        return None
    return (
        _turn("deadline.decide", DeadlineChange.asked_at)
        .join(DeadlineChange, sa.and_(DeadlineChange.item_id == ActionItem.id, DeadlineChange.state == ChangeState.ASKED))
        .where(DeadlineChange.asked_by != actor.user_id, sa.or_(*clauses))
    )


def _helpers_turn(actor: Actor, now: datetime) -> AnySelect | None:
    """Say the same as the policy: coordinators of the committee and clerks of supporting organisations, never who asked."""
    clauses: list[sa.ColumnElement[bool]] = [sa.true()] if actor.everywhere(Role.COORDINATOR) else []
    if coordinated := actor.scopes(Role.COORDINATOR, Scope.COMMITTEE):
        clauses.append(HelpRequest.committee_id.in_(coordinated))
    if helping := actor.scopes(Role.CLERK, Scope.ORGANISATION):
        clauses.append(
            HelpRequest.item_id.in_(
                sa.select(ItemSupporter.item_id).where(
                    ItemSupporter.organisation_id.in_(helping), ItemSupporter.removed_at.is_(None)
                )
            )
        )
    if not clauses:
        return None
    return (
        _turn("help.answer", HelpRequest.asked_at)
        .join(HelpRequest, sa.and_(HelpRequest.item_id == ActionItem.id, HelpRequest.state == HelpState.ASKED))
        .where(HelpRequest.asked_by != actor.user_id, sa.or_(*clauses))
    )


def install() -> None:
    """Register what is due, and what waits for whom."""
    register_due(DueKind("action_item", "action_item", lazy("Action item due"), _due, plan_kind="action_plan"))
    register_due(
        DueKind("month_report", "plan_reporter", lazy("Monthly report on a plan due"), _due_months, plan_kind="action_plan")
    )
    for name, source in (
        ("owner", _owners_turn),
        ("clerk", _clerks_turn),
        ("verifier", _verifiers_turn),
        ("decider", _deciders_turn),
        ("helper", _helpers_turn),
    ):
        turns.register_turn(turns.TurnSource(f"action_item.{name}", source))
    turns.register_task_label("action_item.report", lazy("Report progress"))
    turns.register_task_label("action_item.verify", lazy("Verify the evidence"))
    turns.register_task_label("help.answer", lazy("Answer a request for help"))
    turns.register_task_label("deadline.decide", lazy("Decide on a change of deadline"))
