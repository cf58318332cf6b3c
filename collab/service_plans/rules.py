"""Pure sums and comparisons of service plans."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

ZERO = Decimal("0.00")
#: Fiscal years (พ.ศ.) that a plan may name.
FIRST_YEAR, LAST_YEAR = 2540, 2699


class Line(Protocol):
    """What the sums read of a budget line."""

    organisation_id: Any
    fiscal_year: Any
    amount: Any


@dataclass(frozen=True)
class BudgetTable:
    """Sums by organisation and fiscal year, with both totals. Rows keep the order in which organisations were given."""

    years: tuple[int, ...]
    rows: tuple[tuple[UUID, tuple[Decimal, ...], Decimal], ...]
    year_totals: tuple[Decimal, ...]
    total: Decimal


def budget_table(lines: Iterable[Line]) -> BudgetTable:
    """Add the lines up by organisation and fiscal year."""
    sums: dict[UUID, dict[int, Decimal]] = {}
    for line in lines:
        by_year = sums.setdefault(line.organisation_id, {})
        by_year[line.fiscal_year] = by_year.get(line.fiscal_year, ZERO) + line.amount
    years = tuple(sorted({year for by_year in sums.values() for year in by_year}))
    rows = tuple(
        (organisation_id, tuple(by_year.get(year, ZERO) for year in years), sum(by_year.values(), ZERO))
        for organisation_id, by_year in sums.items()
    )
    year_totals = tuple(sum((row[1][index] for row in rows), ZERO) for index in range(len(years)))
    return BudgetTable(years, rows, year_totals, sum(year_totals, ZERO))


@dataclass(frozen=True)
class Difference:
    """One field of two editions, in words; ``is_changed`` when they differ."""

    field: str
    old: str
    new: str

    @property
    def is_changed(self) -> bool:
        """Whether the two editions differ here."""
        return self.old != self.new


def compare(fields: Sequence[str], old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    """Return the named fields of two editions side by side."""
    return [Difference(name, old.get(name, ""), new.get(name, "")) for name in fields]


def parse_targets(text: str) -> dict[int, Decimal] | None:
    """Read yearly targets typed one a line as ``2570: 80.5`` (Thai digits already made Arabic); None when a line cannot be read."""
    found: dict[int, Decimal] = {}
    for line in filter(None, (part.strip() for part in text.splitlines())):
        year, separator, value = line.partition(":")
        number = value.strip().replace(",", "")
        if not separator or not year.strip().isdecimal() or not _is_figure(number):
            return None
        key = int(year)
        if not FIRST_YEAR <= key <= LAST_YEAR or key in found:
            return None
        found[key] = Decimal(number)
    return found


def _is_figure(text: str) -> bool:
    whole, _point, rest = text.partition(".")
    plain = whole.removeprefix("-")
    return plain.isascii() and plain.isdigit() and len(plain) <= 12 and (not rest or (rest.isdigit() and len(rest) <= 2))


def show_figure(value: Decimal | None) -> str:
    """Return a figure without needless zeros: ``80.5``, ``1,200``; '' for None."""
    if value is None:
        return ""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def show_targets(targets: Mapping[int, Decimal]) -> str:
    """Return yearly targets as they are typed, one a line."""
    return "\n".join(f"{year}: {show_figure(value)}" for year, value in sorted(targets.items()))
