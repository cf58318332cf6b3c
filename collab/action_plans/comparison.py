"""A plan at two instants: its items with all that belongs to them, what it costs, what slipped, which evidence came between.

Reckoned from the history alone (`collab.history.comparison`), so that what was removed, links and money are in it as of then, and
so that it says the same whenever it is asked again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import compare_rules
from collab.action_plans.compare_rules import Money, Slip
from collab.history import comparison
from collab.history.comparison import Change, Comparison, Difference, is_present
from collab.history.queries import Snapshot

ITEM, REPORT, SLIP, LINE = "action_item", "progress_report", "deadline_change", "action_budget_line"
#: Rows of an item that are told in lists of their own, and change the item only by what they did to its fields.
_BESIDE = frozenset({REPORT, SLIP})


@dataclass(frozen=True)
class Row:
    """An item with what became of it and of its parts."""

    item_id: UUID
    state: Mapping[str, Any]
    change: Change
    own: Difference | None
    parts: tuple[Difference, ...]
    slips: tuple[Difference, ...]
    reports: tuple[Difference, ...]


@dataclass(frozen=True)
class MoneyRow:
    """The money of one organisation (None: of all) at both instants."""

    organisation_id: UUID | None
    before: Money
    after: Money


@dataclass(frozen=True)
class SlipRow:
    """One change of a due date that was approved between the instants.

    ``is_caused`` when the item only followed another that moved: it is told, and is no slip of its own.
    """

    item_id: UUID
    slip: Slip
    difference: Difference
    is_caused: bool


@dataclass(frozen=True)
class PlanComparison:
    """Everything that a comparison of a plan tells. ``titles`` names each item by its latest recorded title."""

    found: Comparison
    rows: tuple[Row, ...]
    whole: tuple[Difference, ...]
    slips: tuple[SlipRow, ...]
    reports: tuple[Difference, ...]
    money: tuple[MoneyRow, ...]
    money_total: MoneyRow
    titles: Mapping[UUID, str]

    @property
    def counts(self) -> dict[Change, int]:
        """How many items each kind of change has, in the order of the telling."""
        return {change: sum(1 for row in self.rows if row.change is change) for change in compare_rules.ORDER}

    @property
    def slip_days(self) -> int:
        """The days of all approved changes of due dates added up, without those of items that only followed another."""
        return sum(row.slip.days for row in self.slips if not row.is_caused)


def compare_plan(session: Session, plan_id: UUID, earlier: datetime, later: datetime) -> PlanComparison:
    """Return the plan's comparison between two instants, whoever asks; three queries. ValueError when they are the wrong way round."""
    found = comparison.compare(session, f"action_plan/{plan_id}", earlier, later)
    of_items: dict[UUID, list[Difference]] = {}
    whole: list[Difference] = []
    for row in found.differences:
        key = _item_of(row)
        if key is not None:
            of_items.setdefault(key, []).append(row)
        elif row.change is not Change.NOTED:
            whole.append(row)
    money, money_total = _money(found)
    return PlanComparison(
        found=found, rows=_rows(found, of_items), whole=tuple(whole), slips=tuple(_slips(found)),
        reports=tuple(row for row in found.of(REPORT) if row.change is not Change.NOTED), money=money, money_total=money_total,
        titles={key: str(row.state["title"]) for key, row in found.after.items() if row.subject_kind == ITEM},
    )  # fmt: skip


def _item_of(row: Difference) -> UUID | None:
    """Return the item to which a row belongs; a dependency belongs to the one that waits."""
    if row.subject_kind == ITEM:
        return row.subject_id
    known = row.after or row.before
    owner = (known.state.get("item_id") or known.state.get("successor_id")) if known else None
    return UUID(owner) if owner else None


def _rows(found: Comparison, of_items: Mapping[UUID, Sequence[Difference]]) -> tuple[Row, ...]:
    rows = []
    for key, differences in of_items.items():
        own = next((row for row in differences if row.subject_kind == ITEM), None)
        parts = tuple(
            row for row in differences if row is not own and row.subject_kind not in _BESIDE and row.change is not Change.NOTED
        )
        change = compare_rules.weigh(own.change if own else None, (row.change for row in parts))
        if change is not None:
            rows.append(Row(
                item_id=key, state=found.after[key].state, change=change, own=own, parts=parts,
                slips=tuple(row for row in differences if row.subject_kind == SLIP),
                reports=tuple(row for row in differences if row.subject_kind == REPORT),
            ))  # fmt: skip
    places = {change: place for place, change in enumerate(compare_rules.ORDER)}
    return tuple(sorted(rows, key=lambda row: (places[row.change], row.state["position"], row.item_id)))


def _slips(found: Comparison) -> Iterable[SlipRow]:
    for row in found.of(SLIP):
        slip = compare_rules.approved_between(row.before.state if row.before else None, row.after.state if row.after else None)
        if slip is not None and row.after is not None:
            yield SlipRow(UUID(row.after.state["item_id"]), slip, row, row.after.state.get("cause_id") is not None)


def _money(found: Comparison) -> tuple[tuple[MoneyRow, ...], MoneyRow]:
    before, after = _money_at(found.before.values()), _money_at(found.after.values())
    rows = [MoneyRow(UUID(key), before.get(key, Money()), after.get(key, Money())) for key in {**before, **after}]
    return tuple(rows), MoneyRow(None, compare_rules.total(before), compare_rules.total(after))


def _money_at(snapshots: Collection[Snapshot]) -> dict[str, Money]:
    present = [row for row in snapshots if is_present(row)]
    items = {str(row.subject_id): row.state for row in present if row.subject_kind == ITEM}
    lines = (row.state for row in present if row.subject_kind == LINE)
    reports = (row.state for row in present if row.subject_kind == REPORT)
    return compare_rules.money_by_organisation(items, lines, reports)
