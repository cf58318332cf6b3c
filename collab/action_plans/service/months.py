"""Months: an organisation closes a month of its work in a plan; the coordinator may open it again, with the reason."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries, rules
from collab.action_plans.models import ActionItem, ActionPlan, MonthlyClosing
from collab.action_plans.policy import Party
from collab.action_plans.rules import MonthFigures
from collab.action_plans.states import OPEN_STATES, ClosingState, PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import at_bangkok, today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise


@dataclass(frozen=True)
class MonthView:
    """The month of an organisation as it stands: its open items, those of them nobody reported on, and the figures."""

    open: list[ActionItem]
    unreported: list[ActionItem]
    figures: MonthFigures


def month_view(session: Session, plan: ActionPlan, organisation_id: UUID, month: date, now: datetime) -> MonthView:
    """Return how the month (its first day) of an organisation stands: the items it leads, and its money in the plan."""
    items = [item for item in queries.items_of(session, plan.id) if item.lead_organisation_id == organisation_id]
    following = rules.next_month(month)
    reported = queries.reported_between(session, plan.id, at_bangkok(month), at_bangkok(following))
    still_open = [item for item in items if item.state in OPEN_STATES]
    begun = [item for item in still_open if item.starts_on < following]
    unreported = [item for item in begun if item.id not in reported]
    lines = [line for line in queries.budget_lines_of_plan(session, plan.id) if line.organisation_id == organisation_id]
    day = min(today(now), following - timedelta(days=1))
    figures = rules.month_figures(
        [(item.weight, item.percent, item.state, item.due_on) for item in items],
        reported=len([item for item in items if item.id in reported]), unreported=len(unreported), day=day,
        money=[(line.planned, line.committed, line.spent) for line in lines],
    )  # fmt: skip
    return MonthView(still_open, unreported, figures)


def close_month(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, organisation_id: UUID, month: date,
                note: str) -> MonthlyClosing:  # fmt: skip
    """Close a month for an organisation that leads or pays in an active plan; the figures are kept as they stand.

    A month can be closed in its last days (`rules.CLOSING_DAYS`) or later. A note is needed where items were not reported on.
    Until it is opened again, nobody of the organisation reports in that month any more.
    Raises NotFound, NotAllowed, StateConflict (not active, too early, closed already), InvalidInput.
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.MONTH_CLOSE, Party(plan.committee_id, organisation_id))
    if actor.user_id is None:
        raise NotAllowed(Permission.MONTH_CLOSE.value)
    if organisation_id not in queries.parties_of(session, plan.id):
        raise NotFound("organisation", organisation_id)
    row = queries.find_closing(session, plan.id, organisation_id, month)
    if not may_close(plan, row, month, now):
        raise StateConflict(_("This month cannot be closed now."))
    view = month_view(session, plan, organisation_id, month, now)
    words = normalise(note)
    if view.unreported and not words:
        raise InvalidInput({"note": _("Nobody has reported on some items this month. Say why.")})
    row = row or MonthlyClosing(plan_id=plan.id, committee_id=plan.committee_id, organisation_id=organisation_id, month=month)
    with history.act(session, verb="month.closed", actor=actor, now=now, subject=row):
        row.state, row.note, row.figures = ClosingState.CLOSED, words, view.figures.as_json()
        row.closed_by, row.closed_at, row.reopened_by, row.reopened_at, row.reason = actor.user_id, now, None, None, ""
        session.add(row)
    return row


def reopen_month(session: Session, *, actor: Actor, now: datetime, closing_id: UUID, reason: str) -> MonthlyClosing:
    """Open a closed month again, with the reason: the coordinator. Raises NotFound, NotAllowed, StateConflict, InvalidInput."""
    found = session.get(MonthlyClosing, closing_id)
    if found is None:
        raise NotFound("monthly_closing", closing_id)
    plan = queries.lock_plan(session, actor, found.plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    session.refresh(found)
    if found.state is not ClosingState.CLOSED or plan.state is not PlanState.ACTIVE:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    with history.act(session, verb="month.reopened", actor=actor, now=now, subject=found, reason=words):
        found.state, found.reopened_by, found.reopened_at, found.reason = ClosingState.REOPENED, actor.user_id, now, words
    return found


def may_close(plan: ActionPlan, row: MonthlyClosing | None, month: date, now: datetime) -> bool:
    """Say whether the month can be closed now: the plan runs and ran in it, it is near its end or past, and it is not closed."""
    if plan.state is not PlanState.ACTIVE or plan.activated_at is None or (row and row.state is ClosingState.CLOSED):
        return False
    return today(plan.activated_at).replace(day=1) <= month and rules.is_closable(month, today(now))
