"""Earned against planned: how far a plan should be on a day and how far it is, weighted, month by month. Pure sums.

The planned share of an item grows evenly from the approved start to the approved due date (the linear rule of earned value
management), in whole per cent; what is earned is the percentage that was reported by then. Both are weighted in the same way, so
that anybody can reckon them again on paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from collab.action_plans import rules
from collab.action_plans.states import ItemState
from collab.kernel.dates import fiscal_year_bounds

WHOLE = 100


@dataclass(frozen=True)
class Part:
    """One item in a weighted sum."""

    group: str
    weight: int
    percent: int


@dataclass(frozen=True)
class Month:
    """The end of a month, or today within the present one: planned and earned per cent (earned None for days to come), items late then."""

    day: date
    planned: Decimal
    earned: Decimal | None
    late: int | None


def planned_percent(starts_on: date, due_on: date, day: date) -> int:
    """Return how many per cent of an item should be done at the end of ``day``: evenly by calendar days, first and last day counted."""
    if day < starts_on:
        return 0
    if day >= due_on:
        return WHOLE
    length, elapsed = (due_on - starts_on).days + 1, (day - starts_on).days + 1
    return (2 * WHOLE * elapsed + length) // (2 * length)


def share(parts: Iterable[Part], group_weights: Mapping[str, int | None] | None = None) -> Decimal:
    """Return the weighted per cent to one decimal, half up, 0.0 for nothing: reckoned exactly as the progress of a plan is."""
    counted = (rules.Counted(part.group, part.weight, part.percent, ItemState.IN_PROGRESS) for part in parts)
    return rules.roll_up_plan(counted, group_weights or {}).reported


def month_ends(year: int, today: date) -> list[date]:
    """Return the days at which the fiscal year ``year`` (Buddhist) is measured: the ends of its twelve months, and today within it."""
    first, last = fiscal_year_bounds(year)
    ends = [
        date(first.year + (month // 12), month % 12 + 1, 1) - timedelta(days=1) for month in range(first.month, first.month + 12)
    ]
    return sorted({*ends, today}) if first <= today <= last else ends
