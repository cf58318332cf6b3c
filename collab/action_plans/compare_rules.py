"""Pure sums of a comparison: what became of an item with its parts, the money at an instant, slips. On plain recorded states.

A state is what the history recorded of a row: days and sums are strings in it, ids too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from collab.action_plans.states import ChangeState, ItemState
from collab.history.comparison import Change

State = Mapping[str, Any]
#: In the order in which a comparison tells them: what is gone first, because it is what a list of today cannot show.
ORDER = (Change.REMOVED, Change.ADDED, Change.CHANGED, Change.REVERTED, Change.PASSING)
_LASTING = frozenset({Change.ADDED, Change.REMOVED, Change.CHANGED})


@dataclass(frozen=True)
class Money:
    """Baht planned, committed by contracts and orders, and spent."""

    planned: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.planned + other.planned, self.committed + other.committed, self.spent + other.spent)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.planned - other.planned, self.committed - other.committed, self.spent - other.spent)


@dataclass(frozen=True)
class Slip:
    """One approved change of a due date; ``days`` in calendar days, negative when it was brought forward."""

    old_due_on: date
    new_due_on: date

    @property
    def days(self) -> int:
        """By how many days the due date moved."""
        return (self.new_due_on - self.old_due_on).days


def weigh(own: Change | None, parts: Iterable[Change]) -> Change | None:
    """Return what became of an item with its parts (links, supporters, budget lines); None when nothing did that lasts or was undone.

    Whether the item was there at both ends decides first. Otherwise a lasting change of a part is a change of the item, and a part
    that came and went, or was changed and put back, makes the item one that was changed and put back.
    """
    if own in (Change.ADDED, Change.REMOVED, Change.PASSING):
        return own
    found = set(parts)
    if own is Change.CHANGED or found & _LASTING:
        return Change.CHANGED
    if own is Change.REVERTED or found & {Change.REVERTED, Change.PASSING}:
        return Change.REVERTED
    return None


def money_by_organisation(items: Mapping[str, State], lines: Iterable[State], reports: Iterable[State]) -> dict[str, Money]:
    """Return the money of the items (by id, those that are there) for each organisation, by its id.

    An item with budget lines counts by them; one without counts with its planned budget and the cost reported last for its leading
    organisation. A cancelled item plans nothing any more; what was committed and spent on it stays.
    """
    found: dict[str, Money] = {}
    with_lines: set[str] = set()
    for line in lines:
        item = items.get(line["item_id"])
        if item is not None:
            with_lines.add(line["item_id"])
            planned = Decimal(0) if _is_cancelled(item) else Decimal(line["planned"])
            _put(found, line["organisation_id"], Money(planned, Decimal(line["committed"]), Decimal(line["spent"])))
    costs = _latest_costs(reports)
    for key, item in items.items():
        if key not in with_lines:
            planned = Decimal(0) if _is_cancelled(item) else Decimal(item["budget_planned"])
            _put(found, item["lead_organisation_id"], Money(planned, Decimal(0), costs.get(key, Decimal(0))))
    return found


def total(found: Mapping[str, Money]) -> Money:
    """Return the sum over all organisations."""
    return sum(found.values(), Money())


def _put(found: dict[str, Money], organisation: str, money: Money) -> None:
    found[organisation] = found.get(organisation, Money()) + money


def _is_cancelled(item: State) -> bool:
    return bool(item["state"] == ItemState.CANCELLED.value)


def _latest_costs(reports: Iterable[State]) -> dict[str, Decimal]:
    """Return the cost that the newest report with a cost says for each item: a report says what was spent so far."""
    costed = sorted((row for row in reports if row["cost_spent"] is not None), key=lambda row: str(row["reported_at"]))
    return {row["item_id"]: Decimal(row["cost_spent"]) for row in costed}


def approved_between(before: State | None, after: State | None) -> Slip | None:
    """Return the slip when a change of deadline was approved between its two states, else None."""
    was = before is not None and before["state"] == ChangeState.APPROVED.value
    if after is None or was or after["state"] != ChangeState.APPROVED.value:
        return None
    return Slip(date.fromisoformat(after["old_due_on"]), date.fromisoformat(after["new_due_on"]))
