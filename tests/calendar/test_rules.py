"""Reckoning of days: examples by hand, and laws that hold for all."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.calendar.rules import add_days, is_working_day, next_working_day, working_days_between

FRIDAY = date(2026, 11, 20)
CONSTITUTION_DAY = date(2026, 12, 10)
days = st.integers(0, 1500).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
counts = st.integers(-200, 200)
closed_sets = st.frozensets(days, max_size=30)
#: A loaded machine is no fault of the rule.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("count", "kind", "closed", "expected"),
    [
        (0, "working", (), FRIDAY),
        (1, "working", (), date(2026, 11, 23)),
        (1, "calendar", (), date(2026, 11, 21)),
        (15, "calendar", (), date(2026, 12, 5)),
        (15, "working", (), date(2026, 12, 11)),
        # 7 December (in lieu of the 5th) and 10 December are closed.
        (15, "working", (date(2026, 12, 7), CONSTITUTION_DAY), date(2026, 12, 15)),
        (-1, "working", (), date(2026, 11, 19)),
        (-5, "working", (date(2026, 11, 16),), date(2026, 11, 12)),
    ],
)
def test_examples(count: int, kind: str, closed: tuple[date, ...], expected: date) -> None:
    assert add_days(FRIDAY, count, kind, frozenset(closed)) == expected


def test_weekends_and_closed_days_are_not_worked() -> None:
    assert is_working_day(FRIDAY, frozenset())
    assert not is_working_day(FRIDAY + timedelta(days=1), frozenset())
    assert not is_working_day(FRIDAY, {FRIDAY})
    assert next_working_day(FRIDAY, {FRIDAY}) == date(2026, 11, 23)
    assert next_working_day(FRIDAY, frozenset()) == FRIDAY


@pytest.mark.parametrize(("count", "kind"), [(1, "lunar"), (10_001, "working"), (-10_001, "calendar")])
def test_nonsense_is_refused(count: int, kind: str) -> None:
    with pytest.raises(ValueError):
        add_days(FRIDAY, count, kind, frozenset())


@law
@given(start=days, count=st.integers(0, 200), closed=closed_sets)
def test_counting_back_gives_what_was_added(start: date, count: int, closed: frozenset[date]) -> None:
    assert working_days_between(start, add_days(start, count, "working", closed), closed) == count


@law
@given(start=days, count=counts.filter(bool), closed=closed_sets)
def test_the_result_is_a_working_day_on_the_right_side(start: date, count: int, closed: frozenset[date]) -> None:
    end = add_days(start, count, "working", closed)
    assert is_working_day(end, closed)
    assert (end > start) == (count > 0)


@law
@given(start=days, first=st.integers(0, 60), second=st.integers(0, 60), closed=closed_sets)
def test_two_delays_are_one_after_the_other(start: date, first: int, second: int, closed: frozenset[date]) -> None:
    once = add_days(start, first + second, "working", closed)
    assert add_days(add_days(start, first, "working", closed), second, "working", closed) == once


@law
@given(start=days, count=st.integers(1, 100), closed=closed_sets, more=days)
def test_another_closed_day_never_brings_the_end_forward(start: date, count: int, closed: frozenset[date], more: date) -> None:
    assert add_days(start, count, "working", closed | {more}) >= add_days(start, count, "working", closed)


@law
@given(start=days, count=counts, closed=closed_sets)
def test_calendar_days_know_no_closed_days(start: date, count: int, closed: frozenset[date]) -> None:
    assert add_days(start, count, "calendar", closed) == start + timedelta(days=count)


@law
@given(first=days, last=days, closed=closed_sets)
def test_between_is_not_more_than_the_days_there_are(first: date, last: date, closed: frozenset[date]) -> None:
    between = working_days_between(first, last, closed)
    assert abs(between) <= abs((last - first).days)
    assert between == 0 or (between > 0) == (last > first)
