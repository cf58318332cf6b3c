"""Pure sums and decisions: the roll-up of progress, lateness, slips, and what an item must have."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from collab.action_plans.states import OPEN_STATES, ApprovalLevel, Frequency, ItemState
from collab.kernel.dates import BUDDHIST_OFFSET

FINISHED = 100
#: How long before its due date an item begins to wait for its owner.
SOON_DAYS = 14
MOST_WEIGHT = 1000
#: In so many last days of a month, the last one counted, it may be closed already.
CLOSING_DAYS = 7
#: A month should be closed by this day of the next one, so that the committee hears of it before the middle of the month.
REPORT_DAY = 5
#: The month in which the Thai fiscal year begins.
FISCAL_YEAR_BEGINS = 10
#: Kinds of objects that may be the authority of an item.
AUTHORITY_KINDS = frozenset({"resolution", "clause"})


@dataclass(frozen=True)
class RollUp:
    """Weighted progress of items, with the sums it was reckoned from, so that anybody can reckon it again.

    ``points`` is the sum of weight times percent; ``reported`` is points / weights; ``verified`` counts only what another party
    has verified. Both in per cent to one decimal, half up.
    """

    items: int
    weights: int
    points: int
    verified_weights: int
    reported: Decimal
    verified: Decimal


@dataclass(frozen=True)
class Counted:
    """What the progress of a plan needs of one item."""

    group: str
    weight: int
    percent: int
    state: ItemState


@dataclass(frozen=True)
class GroupSum:
    """A group within the progress of a plan: ``weight`` is its own, or the sum of its items' weights when ``is_weighted`` is false."""

    name: str
    weight: int
    is_weighted: bool
    sums: RollUp


@dataclass(frozen=True)
class PlanSum:
    """Progress of a plan: the groups' progress weighted by the groups' weights. Both figures in per cent to one decimal, half up.

    Without weights of groups it is the items' progress weighted by the items' weights. Rounding happens once, at the end.
    """

    groups: tuple[GroupSum, ...]
    total: RollUp
    weights: int
    reported: Decimal
    verified: Decimal

    @property
    def is_weighted(self) -> bool:
        """Say whether any group has a weight of its own."""
        return any(group.is_weighted for group in self.groups)


def roll_up(items: Iterable[tuple[int, int, ItemState]]) -> RollUp:
    """Return the weighted progress of ``(weight, percent, state)``; cancelled items count for nothing."""
    counted = [(weight, percent, state) for weight, percent, state in items if state is not ItemState.CANCELLED]
    weights = sum(weight for weight, _percent, _state in counted)
    points = sum(weight * percent for weight, percent, _state in counted)
    verified = sum(weight for weight, _percent, state in counted if state is ItemState.DONE)
    whole = weights or 1
    return RollUp(
        len(counted), weights, points, verified, _rounded(Fraction(points, whole)), _rounded(Fraction(verified * FINISHED, whole))
    )


def roll_up_plan(items: Iterable[Counted], group_weights: Mapping[str, int | None]) -> PlanSum:
    """Return the progress of a plan from its items and the weights of its groups (by name; a group may have none).

    A group in which nothing counts (it is empty, or all of it was cancelled) is left out, so that it neither helps nor harms.
    """
    by_group: dict[str, list[tuple[int, int, ItemState]]] = {}
    for item in items:
        by_group.setdefault(item.group, []).append((item.weight, item.percent, item.state))
    groups = []
    for name, rows in by_group.items():
        sums, own = roll_up(rows), group_weights.get(name)
        if sums.weights:
            groups.append(GroupSum(name, own if own is not None else sums.weights, own is not None, sums))
    weights = sum(group.weight for group in groups)
    whole = weights or 1
    points = sum((Fraction(group.weight * group.sums.points, group.sums.weights) for group in groups), Fraction(0))
    verified = sum(
        (Fraction(group.weight * group.sums.verified_weights * FINISHED, group.sums.weights) for group in groups), Fraction(0)
    )
    total = roll_up(row for rows in by_group.values() for row in rows)
    return PlanSum(tuple(groups), total, weights, _rounded(points / whole), _rounded(verified / whole))


def _rounded(value: Fraction) -> Decimal:
    # Exact before the one rounding: a sum of rounded sums could not be reckoned again on paper.
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def baseline_digest(rows: Iterable[Mapping[str, object]]) -> str:
    """Return the SHA-256 of the rows of a baseline, in hexadecimal: JSON of all values as text (sums with two decimals), keys sorted, rows by item."""
    plain = [{name: f"{value:.2f}" if isinstance(value, Decimal) else str(value) for name, value in row.items()} for row in rows]
    text = json.dumps(sorted(plain, key=lambda row: row["item_id"]), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def period_of(day: date, frequency: Frequency) -> date:
    """Return the first day of the month, quarter or fiscal year (from 1 October) in which ``day`` lies."""
    if frequency is Frequency.MONTHLY:
        return day.replace(day=1)
    if frequency is Frequency.QUARTERLY:
        return date(day.year, day.month - (day.month - 1) % 3, 1)
    return date(day.year if day.month >= FISCAL_YEAR_BEGINS else day.year - 1, FISCAL_YEAR_BEGINS, 1)


def periods_between(day: date, last: date, frequency: Frequency) -> list[date]:
    """Return the first days of the periods after the one in which ``day`` lies, as far as they are not after ``last``."""
    found: list[date] = []
    period = period_of(day, frequency)
    months = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.YEARLY: 12}[frequency]
    while (period := _months_later(period, months)) <= last:
        found.append(period)
    return found


def end_of_fiscal_year(fiscal_year: int) -> date:
    """Return 30 September of the Buddhist fiscal year."""
    return date(fiscal_year - BUDDHIST_OFFSET, FISCAL_YEAR_BEGINS - 1, 30)


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


@dataclass(frozen=True)
class MonthFigures:
    """An organisation's month in figures: the items it leads, reports made, weighted progress, and its money in baht."""

    items: int
    open: int
    done: int
    late: int
    reported: int
    unreported: int
    progress: Decimal
    planned: Decimal
    committed: Decimal
    spent: Decimal

    def as_json(self) -> dict[str, str]:
        """Return the figures as text, as a closed month keeps them."""
        return {name: str(value) for name, value in asdict(self).items()}


def month_figures(items: Sequence[tuple[int, int, ItemState, date]], *, reported: int, unreported: int, day: date,
                  money: Sequence[tuple[Decimal, Decimal, Decimal]]) -> MonthFigures:  # fmt: skip
    """Return the figures of a month from (weight, percent, state, due) of the items led and (planned, committed, spent) lines."""
    planned, committed, spent = (sum((line[index] for line in money), Decimal("0.00")) for index in range(3))
    return MonthFigures(
        items=len(items), open=sum(state in OPEN_STATES for _weight, _percent, state, _due in items),
        done=sum(state is ItemState.DONE for _weight, _percent, state, _due in items),
        late=sum(days_late(due, state, day) > 0 for _weight, _percent, state, due in items), reported=reported, unreported=unreported,
        progress=roll_up((weight, percent, state) for weight, percent, state, _due in items).reported, planned=planned,
        committed=committed, spent=spent,
    )  # fmt: skip


def next_month(month: date) -> date:
    """Return the first day of the month after the one that begins on ``month``."""
    return _months_later(month, 1)


def is_closable(month: date, today: date) -> bool:
    """Say whether a month (its first day) is over or in its last days."""
    return today >= next_month(month) - timedelta(days=CLOSING_DAYS)


def days_late(due_on: date, state: ItemState, today: date) -> int:
    """Return by how many days an open item is past its due date; 0 when it is not, or when nothing is left to do."""
    return max((today - due_on).days, 0) if state in OPEN_STATES else 0


def slip_days(baseline_due_on: date | None, due_on: date) -> int:
    """Return by how many days the due date was moved since the plan was approved (negative: brought forward)."""
    return (due_on - baseline_due_on).days if baseline_due_on else 0


@dataclass(frozen=True)
class Threshold:
    """Up to which postponement, and up to how many working days in total, ``level`` may approve a change of deadline."""

    level: ApprovalLevel
    most_slips: int
    most_days: int


#: From the lowest level to the highest.
LEVELS = tuple(ApprovalLevel)
#: What holds in a committee that has set no rules of its own.
DEFAULT_LADDER = (
    Threshold(ApprovalLevel.EXECUTIVE, 1, 5),
    Threshold(ApprovalLevel.COORDINATOR, 2, 30),
    Threshold(ApprovalLevel.CHAIR, 3, 60),
)


def level_for(slip_number: int, total_days: int, ladder: Iterable[Threshold]) -> ApprovalLevel:
    """Return the lowest level that may approve the ``slip_number``-th postponement, ``total_days`` working days in all.

    A date that is brought forward is no postponement: the lowest level approves it (slip number 0).
    """
    if slip_number <= 0:
        return LEVELS[0]
    enough = {step.level for step in ladder if slip_number <= step.most_slips and total_days <= step.most_days}
    return next((level for level in LEVELS if level in enough), ApprovalLevel.RESOLUTION)


def is_ladder(steps: Sequence[Threshold]) -> bool:
    """Say whether a higher level never may less than a lower one."""
    ordered = sorted(steps, key=lambda step: LEVELS.index(step.level))
    return all(low.most_slips <= high.most_slips and low.most_days <= high.most_days for low, high in pairwise(ordered))


def may_judge(*, judge_organisations: set[UUID], reporter_organisation: UUID | None, lead_organisation: UUID) -> bool:
    """Say whether the judge belongs to another party than those who did and reported the work."""
    return not judge_organisations & ({reporter_organisation, lead_organisation} - {None})


def has_verifier(*, lead_organisation: UUID, agency: UUID, supporters: Iterable[UUID]) -> bool:
    """Say whether somebody will be able to verify: the agency, when it does not lead itself, or a supporting organisation."""
    return lead_organisation != agency or any(supporter != lead_organisation for supporter in supporters)
