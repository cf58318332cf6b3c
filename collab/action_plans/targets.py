"""Shows plans, items, reports and changes of deadline to the rest of the product; says what is due and what waits for whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import queries, rules
from collab.action_plans.emails import item_url
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange, ItemSupporter, ProgressReport
from collab.action_plans.states import ChangeState, ItemState, ReportState
from collab.action_plans.wording import CHANGE_STATES, ITEM_STATES, PLAN_STATES, REPORT_STATES
from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.i18n import lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.reminders.registry import DueKind, register_due


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


def _plan_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.title} {row.fiscal_year}" for row in queries.plans_by_ids(session, keys)}


def _item_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    rows = queries.items_by_ids(session, keys)
    return {row.id: f"{row.title} {row.group_name} {row.description}" for row in rows if row.removed_at is None}


def _report_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.words} {row.milestone}" for row in queries.reports_by_ids(session, keys)}


def _due() -> AnySelect:
    return sa.select(
        ActionItem.id.label("target_id"), ActionItem.due_on, ActionItem.lead_organisation_id.label("organisation_id"),
        ActionItem.owner_id, ActionItem.committee_id,
    ).where(ActionItem.is_open, ActionItem.state != ItemState.AWAITING_VERIFICATION)  # fmt: skip


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
    committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.CHAIR, Scope.COMMITTEE)
    everywhere = actor.everywhere(Role.COORDINATOR) or actor.everywhere(Role.CHAIR)
    if not committees and not everywhere:
        return None
    statement = (
        _turn("deadline.decide", DeadlineChange.asked_at)
        .join(DeadlineChange, sa.and_(DeadlineChange.item_id == ActionItem.id, DeadlineChange.state == ChangeState.ASKED))
        .where(DeadlineChange.asked_by != actor.user_id)
    )
    return statement if everywhere else statement.where(DeadlineChange.committee_id.in_(committees))


def install() -> None:
    """Register the kinds, what is due, and what waits for whom."""
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
    register_due(DueKind(kind="action_item", target_kind="action_item", label=lazy("Action item due"), select=_due))
    for name, source in (
        ("owner", _owners_turn),
        ("clerk", _clerks_turn),
        ("verifier", _verifiers_turn),
        ("decider", _deciders_turn),
    ):
        turns.register_turn(turns.TurnSource(f"action_item.{name}", source))
    turns.register_task_label("action_item.report", lazy("Report progress"))
    turns.register_task_label("action_item.verify", lazy("Verify the evidence"))
    turns.register_task_label("deadline.decide", lazy("Decide on a change of deadline"))
