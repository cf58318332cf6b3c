"""Sums of a plan for people: its money by organisation, and how its progress is reckoned, so that anybody can do it on paper."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import queries, rules
from collab.action_plans.emails import item_url
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine
from collab.action_plans.service import Sums
from collab.action_plans.states import ItemState
from collab.action_plans.wording import ITEM_STATES
from collab.members import queries as members


@dataclass(frozen=True)
class PartySum:
    """What one organisation plans, has committed and has spent in a plan; ``left`` is planned less spent."""

    name: str
    sums: Sums
    left: Decimal


@dataclass(frozen=True)
class Money:
    """The money of a plan by organisation, in all, and what was planned on items without budget lines."""

    parties: list[PartySum]
    total: PartySum
    unassigned: Decimal


@dataclass(frozen=True)
class ItemTerm:
    """One item as a line of the sum: weight × per cent = points. A cancelled one stands there and does not count."""

    title: str
    url: str
    weight: int
    percent: int
    points: int
    state: str
    counts: bool


@dataclass(frozen=True)
class GroupTerm:
    """One group: points ÷ weights = per cent; then weight of the group × per cent."""

    name: str
    items: list[ItemTerm]
    weights: int
    points: int
    percent: Decimal
    weight: int
    is_weighted: bool
    weighted: Decimal


def add_up(lines: Iterable[BudgetLine]) -> Sums:
    """Return the sums of budget lines."""
    rows = list(lines)
    return Sums(*(sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("planned", "committed", "spent")))


def money_of(session: Session, plan: ActionPlan) -> Money:
    """Return the money of a plan: every line of an item that was neither cancelled nor removed, by organisation."""
    lines = queries.budget_lines_of_plan(session, plan.id)
    by_party: dict[UUID, list[BudgetLine]] = {}
    for line in lines:
        by_party.setdefault(line.organisation_id, []).append(line)
    names = members.organisation_names(session, by_party)
    parties = [_party(names.get(key, ""), add_up(rows)) for key, rows in by_party.items()]
    with_lines = {line.item_id for line in lines}
    items = queries.items_of(session, plan.id)
    loose = [item for item in items if item.id not in with_lines and item.state is not ItemState.CANCELLED]
    return Money(parties, _party("", add_up(lines)), sum((item.budget_planned for item in loose), Decimal(0)))


def _party(name: str, sums: Sums) -> PartySum:
    return PartySum(name, sums, sums.planned - sums.spent)


def terms_of(session: Session, plan: ActionPlan) -> tuple[list[GroupTerm], rules.PlanSum]:
    """Return every line of the sum by which the plan's progress is made, groups in the order that was given to them, and the result."""
    items = queries.items_of(session, plan.id)
    placed = queries.groups_of(session, [plan.id])
    weights = {group.name: group.weight for group in placed}
    places = {group.name: number for number, group in enumerate(placed)}
    counted = [rules.Counted(item.group_name, item.weight, item.percent, item.state) for item in items]
    result = rules.roll_up_plan(counted, weights)
    groups = sorted(result.groups, key=lambda group: places.get(group.name, len(places)))
    return [_group_term(group, [item for item in items if item.group_name == group.name]) for group in groups], result


def _group_term(group: rules.GroupSum, items: Iterable[ActionItem]) -> GroupTerm:
    share = Fraction(group.sums.points, group.sums.weights)
    return GroupTerm(
        name=group.name, items=[_item_term(item) for item in items], weights=group.sums.weights, points=group.sums.points,
        percent=_four(share), weight=group.weight, is_weighted=group.is_weighted, weighted=_four(share * group.weight),
    )  # fmt: skip


def _item_term(item: ActionItem) -> ItemTerm:
    counts = item.state is not ItemState.CANCELLED
    points = item.weight * item.percent if counts else 0
    return ItemTerm(item.title, item_url(item.id), item.weight, item.percent, points, str(ITEM_STATES[item.state]), counts)


def _four(value: Fraction) -> Decimal:
    # Shown to four places; the result itself is reckoned from the exact fractions.
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.0001"))
