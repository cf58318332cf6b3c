"""The picture of a plan as plain numbers that a template draws: two bars a row, milestones, dependencies, closed days, today.

Pixels count from the top left of the part that holds the bars; names stand beside it and months above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from collab.kernel import i18n
from collab.kernel.dates import BUDDHIST_OFFSET, format_date
from collab.kernel.i18n import _

#: Height of a row, and where in it the bars stand: that of the approved dates above that of the present dates.
ROW, BASE_Y, BASE_HEIGHT, BAR_Y, BAR_HEIGHT = 28, 4, 4, 11, 11
#: Room behind the last day for the words of the last bars.
MARGIN = 130
#: Least pixels that the name of a month needs.
MONTH_WIDTH = 34
#: The days fill this much of a wide page; a day is never wider than ``WIDEST_DAY``, nor narrower than ``NARROWEST_DAY`` unless the
#: picture would grow beyond ``WIDEST`` (a plan of decades).
USUAL, WIDEST, WIDEST_DAY, NARROWEST_DAY = 740, 2400, 9.0, 1.2


@dataclass(frozen=True)
class Span:
    """What the picture needs of one row; ``words`` say beside the bar what its colour says.

    ``kind`` is ``now``, ``done``, ``late``, ``cancelled`` or ``group`` (a heading whose bar spans its items).
    """

    starts_on: date
    due_on: date
    baseline_starts_on: date | None = None
    baseline_due_on: date | None = None
    kind: str = "now"
    words: str = ""
    is_milestone: bool = False


@dataclass(frozen=True)
class Bar:
    """One row of the picture; ``base_width`` is 0 when there are no approved dates."""

    y: int
    x: int
    width: int
    base_x: int
    base_width: int
    kind: str
    words: str
    words_x: int
    is_milestone: bool


@dataclass(frozen=True)
class Chart:
    """The whole picture. ``months`` and ``years`` are (x, width, text); ``closed`` (x, width); ``links`` outlines of paths."""

    width: int
    height: int
    months: list[tuple[int, int, str]]
    years: list[tuple[int, int, str]]
    closed: list[tuple[int, int]]
    bars: list[Bar]
    links: list[str]
    today_x: int | None


@dataclass(frozen=True)
class Scale:
    """Days to pixels: the first day drawn, the day after the last, and how wide a day is."""

    first: date
    end: date
    day_width: float

    def x(self, day: date) -> int:
        """Return where ``day`` begins."""
        return round((day - self.first).days * self.day_width)

    def width(self, first: date, last: date) -> int:
        """Return the width of the days from ``first`` to ``last``, both whole, so that one day is seen too."""
        return max(round(((last - first).days + 1) * self.day_width), 3)


def bounds(spans: Sequence[Span]) -> tuple[date, date]:
    """Return the first and the last day that a picture of ``spans`` (at least one) shows: whole months."""
    days = [day for span in spans for day in (span.starts_on, span.due_on, span.baseline_starts_on, span.baseline_due_on) if day]
    return min(days).replace(day=1), _next_month(max(days)) - timedelta(days=1)


def draw(spans: Sequence[Span], today: date, links: Sequence[tuple[int, int]] = (),
         closed: frozenset[date] = frozenset()) -> Chart | None:  # fmt: skip
    """Return the picture of ``spans``, or None when there is nothing to draw.

    ``links`` name the rows (from 0) of a predecessor and of what follows it; ``closed`` the days on which offices are closed.
    """
    if not spans:
        return None
    first, last = bounds(spans)
    scale = _scale(first, last)
    bars = [_bar(index, span, scale) for index, span in enumerate(spans)]
    return Chart(
        width=scale.x(scale.end) + MARGIN, height=ROW * len(bars), months=_months(scale), years=_years(scale),
        closed=_closed(scale, closed), bars=bars, links=[_link(bars[before], bars[after]) for before, after in links],
        today_x=scale.x(today) if first <= today <= last else None,
    )  # fmt: skip


def _scale(first: date, last: date) -> Scale:
    days = (last - first).days + 1
    width = min(max(USUAL / days, NARROWEST_DAY), WIDEST_DAY, WIDEST / days)
    return Scale(first, last + timedelta(days=1), width)


def _bar(index: int, span: Span, scale: Scale) -> Bar:
    x, width = scale.x(span.starts_on), scale.width(span.starts_on, span.due_on)
    if span.is_milestone:
        x, width = scale.x(span.due_on), round(scale.day_width)
    base_start, base_due = span.baseline_starts_on, span.baseline_due_on
    base_x, base_width = (scale.x(base_start), scale.width(base_start, base_due)) if base_start and base_due else (0, 0)
    return Bar(
        y=ROW * index, x=x, width=width, base_x=base_x, base_width=base_width, kind=span.kind, words=span.words,
        words_x=max(x + width, base_x + base_width) + (12 if span.is_milestone else 6), is_milestone=span.is_milestone,
    )  # fmt: skip


def _link(before: Bar, after: Bar) -> str:
    """Return the line from the end of a bar to the beginning of one that waits for it, bending around when that began earlier."""
    half = BAR_Y + BAR_HEIGHT // 2
    x1, y1, x2, y2 = before.x + before.width, before.y + half, after.x, after.y + half
    if x2 - x1 >= 10:
        return f"M{x1} {y1}h5V{y2}H{x2 - 2}"
    between = after.y if y2 > y1 else after.y + ROW
    return f"M{x1} {y1}h5V{between}H{x2 - 7}V{y2}h5"


def _months(scale: Scale) -> list[tuple[int, int, str]]:
    starts = []
    day = scale.first
    while day < scale.end:
        starts.append(day)
        day = _next_month(day)
    # Where a month is narrower than its name, quarters or years are named instead.
    narrowest = scale.day_width * 28
    step = next((step for step in (1, 3, 6, 12) if narrowest * step >= MONTH_WIDTH), 12)
    starts = [day for day in starts if (day.month - 1) % step == 0]
    ends = [*starts[1:], scale.end]
    return [(scale.x(day), scale.x(end) - scale.x(day), month_name(day)) for day, end in zip(starts, ends, strict=True)]


def _years(scale: Scale) -> list[tuple[int, int, str]]:
    found = []
    for year in range(scale.first.year, (scale.end - timedelta(days=1)).year + 1):
        start, end = max(scale.first, date(year, 1, 1)), min(scale.end, date(year + 1, 1, 1))
        found.append((scale.x(start), scale.x(end) - scale.x(start), year_name(year)))
    return found


def month_name(day: date) -> str:
    """Return the short name of the month of ``day`` in the language in force: ``ต.ค.``."""
    return format_date(day, i18n.get_locale(), short=True).split(" ")[1]


def year_name(year: int) -> str:
    """Return a Gregorian year as a Buddhist year in the language in force: ``พ.ศ. 2570``."""
    return _("%(year)s BE", year=year + BUDDHIST_OFFSET)


def _closed(scale: Scale, days: frozenset[date]) -> list[tuple[int, int]]:
    """Return the closed days as stripes, runs of days as one; none where a day is too narrow to be seen."""
    if scale.day_width < 1:
        return []
    stripes: list[tuple[date, date]] = []
    for day in sorted(day for day in days if scale.first <= day < scale.end):
        if stripes and stripes[-1][1] + timedelta(days=1) == day:
            stripes[-1] = (stripes[-1][0], day)
        else:
            stripes.append((day, day))
    return [(scale.x(first), scale.width(first, last)) for first, last in stripes]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
