"""Sums, targets and comparison of service plans."""

from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest

from collab.service_plans.rules import budget_table, compare, parse_targets, show_figure, show_targets
from collab.service_plans.states import MACHINE, PlanState

A, B = UUID(int=1), UUID(int=2)


def line(organisation: UUID, year: int, amount: str) -> SimpleNamespace:
    return SimpleNamespace(organisation_id=organisation, fiscal_year=year, amount=Decimal(amount))


def test_the_totals_agree_both_ways() -> None:
    table = budget_table([line(A, 2571, "0.10"), line(B, 2570, "100.00"), line(A, 2570, "0.20"), line(A, 2570, "1.00")])
    assert table.years == (2570, 2571)
    assert table.rows == (
        (A, (Decimal("1.20"), Decimal("0.10")), Decimal("1.30")),
        (B, (Decimal("100.00"), Decimal("0.00")), Decimal("100.00")),
    )
    assert table.year_totals == (Decimal("101.20"), Decimal("0.10"))
    assert table.total == Decimal("101.30")
    assert table.total == sum(row[2] for row in table.rows)


def test_an_empty_budget() -> None:
    assert budget_table([]).total == Decimal("0.00")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("2570: 80.5\n2571:1,200", {2570: Decimal("80.5"), 2571: Decimal(1200)}),
        ("2570: -5", {2570: Decimal(-5)}),
        ("2570", None),
        ("2570: ", None),
        ("2570: NaN", None),
        ("2570: 1e9", None),
        ("2570: 1.234", None),
        ("70: 5", None),
        ("2570: 1\n2570: 2", None),
        ("2570: 1.", {2570: Decimal(1)}),
        ("²570: 1", None),
    ],
)
def test_yearly_targets_as_typed(text: str, found: dict[int, Decimal] | None) -> None:
    assert parse_targets(text) == found


def test_targets_survive_a_round_trip() -> None:
    targets = {2571: Decimal("1200.50"), 2570: Decimal("80.00")}
    assert parse_targets(show_targets(targets)) == targets


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (Decimal("80.00"), "80"), (Decimal("80.50"), "80.5"), (Decimal("1200"), "1,200"), (Decimal(0), "0")],
)
def test_figures(value: Decimal | None, text: str) -> None:
    assert show_figure(value) == text


def test_comparison_marks_what_differs() -> None:
    found = compare(["a", "b"], {"a": "1", "b": "2"}, {"a": "1", "b": "3"})
    assert [item.is_changed for item in found] == [False, True]


def test_every_state_says_whose_turn_it_is() -> None:
    assert set(MACHINE.turn) == set(PlanState)
