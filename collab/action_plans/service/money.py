"""What items cost whom, and by what they are measured. The coordinator plans; each organisation reports its own figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine, Indicator
from collab.action_plans.policy import Party
from collab.action_plans.states import PlanState
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise
from collab.members import queries as members

MOST_BAHT = Decimal("99999999999999.99")


@dataclass(frozen=True)
class Sums:
    """Baht planned, committed (contracts, orders) and spent."""

    planned: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)


@dataclass(frozen=True)
class Measure:
    """A measure with its unit, the target, and what was reached (None: not measured yet)."""

    text: str
    unit: str
    target: Decimal
    reached: Decimal | None = None


def save_budget_line(session: Session, *, actor: Actor, now: datetime, item_id: UUID, organisation_id: UUID, sums: Sums,
                     expected_version: int | None = None) -> BudgetLine:  # fmt: skip
    """Write what an organisation plans, has committed and has spent on an item; the item's budget is the sum of its lines.

    The coordinator writes everything; a clerk the committed and spent sums of the own organisation, in an active plan.
    Raises NotFound, NotAllowed, VersionConflict, StateConflict (closed, removed), InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    row = queries.find_budget_line(session, item.id, organisation_id)
    _authorize_line(actor, plan, organisation_id, row, sums)
    _check_open(plan, item)
    if row is not None:
        check_version(row, expected_version)
    elif organisation_id not in _known(session, now, plan):
        raise InvalidInput({"organisation_id": _("Choose an organisation of the committee.")})
    _check_sums(sums)
    row = row or BudgetLine(plan_id=plan.id, item_id=item.id, organisation_id=organisation_id)
    with history.act(session, verb="action_item.budgeted", actor=actor, now=now, subject=row):
        row.planned, row.committed, row.spent = sums.planned, sums.committed, sums.spent
        session.add(row)
        _sum_up(session, item)
    return row


def remove_budget_line(session: Session, *, actor: Actor, now: datetime, line_id: UUID, reason: str) -> BudgetLine:
    """Take a budget line out, with the reason. Coordinator only. Raises NotFound, NotAllowed, StateConflict, InvalidInput."""
    found = session.get(BudgetLine, line_id)
    item, words = _part(session, actor, found, "action_budget_line", line_id, reason)
    if found is None or found.removed_at is not None:
        raise NotFound("action_budget_line", line_id)
    with history.act(session, verb="action_item.budgeted", actor=actor, now=now, subject=found, reason=words):
        found.removed_at = now
        _sum_up(session, item)
    return found


def save_indicator(session: Session, *, actor: Actor, now: datetime, item_id: UUID, indicator_id: UUID | None, measure: Measure,
                   expected_version: int | None = None) -> Indicator:  # fmt: skip
    """Write an indicator of an item (``indicator_id`` None: a new one).

    The coordinator writes everything; those who report on the item what was reached.
    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    row = next((found for found in queries.indicators_of(session, [item.id]) if found.id == indicator_id), None)
    if indicator_id is not None and row is None:
        raise NotFound("action_indicator", indicator_id)
    words = Measure(normalise(measure.text), normalise(measure.unit), measure.target, measure.reached)
    if not can(actor, Permission.ACTION_ITEM_MANAGE, plan):
        authorize(actor, Permission.ACTION_ITEM_REPORT, item)
        if row is None or (row.text, row.unit, row.target) != (words.text, words.unit, words.target):
            raise NotAllowed(Permission.ACTION_ITEM_MANAGE.value)
    _check_open(plan, item)
    if row is not None:
        check_version(row, expected_version)
    _check_measure(words)
    row = row or Indicator(plan_id=plan.id, item_id=item.id, position=len(queries.indicators_of(session, [item.id])) + 1)
    with history.act(session, verb="action_item.measured", actor=actor, now=now, subject=row):
        row.text, row.unit, row.target, row.reached = words.text, words.unit, words.target, words.reached
        session.add(row)
    return row


def remove_indicator(session: Session, *, actor: Actor, now: datetime, indicator_id: UUID, reason: str) -> Indicator:
    """Take an indicator out, with the reason. Coordinator only. Raises NotFound, NotAllowed, StateConflict, InvalidInput."""
    found = session.get(Indicator, indicator_id)
    _item, words = _part(session, actor, found, "action_indicator", indicator_id, reason)
    if found is None or found.removed_at is not None:
        raise NotFound("action_indicator", indicator_id)
    with history.act(session, verb="action_item.measured", actor=actor, now=now, subject=found, reason=words):
        found.removed_at = now
    return found


def _part(session: Session, actor: Actor, found: BudgetLine | Indicator | None, kind: str, key: UUID,
          reason: str) -> tuple[ActionItem, str]:  # fmt: skip
    """Return item and cleaned reason for taking out a part that was loaded before the item was locked."""
    if found is None:
        raise NotFound(kind, key)
    plan, item = queries.lock_item(session, actor, found.item_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    session.refresh(found)
    _check_open(plan, item)
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    return item, words


def _authorize_line(actor: Actor, plan: ActionPlan, organisation_id: UUID, row: BudgetLine | None, sums: Sums) -> None:
    if can(actor, Permission.ACTION_ITEM_MANAGE, plan):
        return
    authorize(actor, Permission.BUDGET_REPORT, Party(plan.committee_id, organisation_id))
    if row is None or row.planned != sums.planned or plan.state is not PlanState.ACTIVE:
        raise NotAllowed(Permission.ACTION_ITEM_MANAGE.value)


def _known(session: Session, now: datetime, plan: ActionPlan) -> set[UUID]:
    agency = members.get_committee(session, plan.committee_id).agency_id
    return {agency} | {seat.organisation_id for seat in members.seats_on(session, plan.committee_id, today(now))}


def _check_open(plan: ActionPlan, item: ActionItem) -> None:
    if plan.state is PlanState.CLOSED or item.removed_at is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))


def _check_sums(sums: Sums) -> None:
    _check_each(
        {"planned": sums.planned, "committed": sums.committed, "spent": sums.spent}, lambda value: 0 <= value <= MOST_BAHT
    )


def _check_measure(measure: Measure) -> None:
    faults = {name: _("Fill this in.") for name in ("text", "unit") if not getattr(measure, name)}
    if faults:
        raise InvalidInput(faults)
    figures = {"target": measure.target, **({"reached": measure.reached} if measure.reached is not None else {})}
    _check_each(figures, lambda value: abs(value) <= MOST_BAHT)


def _check_each(figures: dict[str, Decimal], is_good: Callable[[Decimal], bool]) -> None:
    faults = {name: _("Check this figure.") for name, value in figures.items() if not is_good(value)}
    if faults:
        raise InvalidInput(faults)


def _sum_up(session: Session, item: ActionItem) -> None:
    """Keep the item's budget: the sum of its lines, or as it was when the last line was taken out."""
    session.flush()
    lines = queries.budget_lines_of(session, [item.id])
    if lines:
        item.budget_planned = sum((line.planned for line in lines), Decimal(0))
