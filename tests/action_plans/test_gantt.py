"""The picture of a plan: where its bars stand, what is beside them, and that every day has its place."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.action_plans import gantt
from collab.action_plans.gantt import Span
from collab.kernel import i18n

FIRST, LAST = date(2026, 10, 1), date(2027, 9, 30)
days = st.dates(date(2020, 1, 1), date(2060, 12, 31))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start, length = draw(days), draw(st.integers(0, 900))
    base = draw(st.none() | days)
    return Span(
        start, start + timedelta(length), base, base + timedelta(draw(st.integers(0, 400))) if base else None,
        is_milestone=draw(st.booleans()),
    )  # fmt: skip


def test_nothing_to_draw() -> None:
    assert gantt.draw([], FIRST) is None


def test_both_dates_lateness_and_today() -> None:
    chart = gantt.draw([
        Span(FIRST, date(2026, 12, 31), FIRST, date(2026, 11, 30), "late", "ช้า 5 วัน"), Span(date(2027, 1, 1), LAST),
    ], date(2026, 12, 1))  # fmt: skip
    assert chart is not None
    late, now = chart.bars
    assert (late.kind, late.words, late.x) == ("late", "ช้า 5 วัน", 0)
    assert late.base_width < late.width < late.words_x
    assert (now.base_width, now.x) == (0, late.width)
    assert chart.today_x is not None
    assert late.base_x + late.base_width == chart.today_x
    assert now.x + now.width + gantt.MARGIN == chart.width
    assert gantt.draw([Span(FIRST, FIRST)], LAST).today_x is None  # type: ignore[union-attr]


def test_months_and_years_are_buddhist() -> None:
    chart = gantt.draw([Span(FIRST, LAST)], FIRST)
    assert chart is not None
    assert [text for _x, _width, text in chart.months][:4] == ["ต.ค.", "พ.ย.", "ธ.ค.", "ม.ค."]
    assert [text for _x, _width, text in chart.years] == ["พ.ศ. 2569", "พ.ศ. 2570"]
    i18n.set_locale("en")
    english = gantt.draw([Span(FIRST, LAST)], FIRST)
    assert english is not None
    assert (english.months[0][2], english.years[0][2]) == ("Oct", "2569 BE")


def test_decades_stay_in_bounds() -> None:
    chart = gantt.draw([Span(FIRST, date(2060, 1, 1))], FIRST)
    assert chart is not None
    assert chart.width <= gantt.WIDEST + gantt.MARGIN
    assert all(width >= gantt.MONTH_WIDTH for _x, width, _text in chart.months[:-1])


def test_closed_days_are_joined_and_left_out_when_too_narrow() -> None:
    closed = frozenset({date(2026, 10, 13), date(2026, 10, 14), date(2026, 10, 23), date(2029, 1, 1)})
    chart = gantt.draw([Span(FIRST, date(2026, 10, 31))], FIRST, closed=closed)
    assert chart is not None
    assert [width for _x, width in chart.closed] == [18, 9]
    assert gantt.draw([Span(FIRST, date(2060, 1, 1))], FIRST, closed=closed).closed == []  # type: ignore[union-attr]


@pytest.mark.parametrize(("start", "form"), [(date(2026, 12, 1), "M{x1} 16h5V44H"), (FIRST, "M{x1} 16h5V28H")])
def test_dependencies_lead_from_end_to_beginning(start: date, form: str) -> None:
    chart = gantt.draw([Span(FIRST, date(2026, 10, 31)), Span(start, LAST)], FIRST, links=[(0, 1)])
    assert chart is not None
    assert chart.links[0].startswith(form.format(x1=chart.bars[0].width))


@given(st.lists(spans(), min_size=1, max_size=8), days)
def test_everything_lies_within_the_picture_and_in_order(drawn: list[Span], today: date) -> None:
    chart = gantt.draw(drawn, today, links=[(0, len(drawn) - 1)])
    assert chart is not None
    for span, bar in zip(drawn, chart.bars, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= chart.width
        assert 0 <= bar.base_x <= bar.base_x + bar.base_width <= chart.width
        assert bool(bar.base_width) == (span.baseline_starts_on is not None)
        assert bar.y + gantt.ROW <= chart.height
    for one, other in pairwise(drawn):
        if not one.is_milestone and not other.is_milestone and one.starts_on < other.starts_on:
            a, b = chart.bars[drawn.index(one)], chart.bars[drawn.index(other)]
            assert a.x <= b.x
    assert sum(width for _x, width, _text in chart.years) in range(
        chart.width - gantt.MARGIN - 40, chart.width - gantt.MARGIN + 40
    )
