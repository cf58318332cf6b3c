"""The picture of a plan: two bars an item, approved dates and present dates, as plain numbers that the template draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from collab.kernel import i18n
from collab.kernel.dates import format_date

LEFT, WIDTH, TOP, ROW = 210, 900, 34, 30
LABEL_LENGTH = 26
MOST_TICKS = 14
Place = Callable[[date], float]


@dataclass(frozen=True)
class Span:
    """One item as the picture needs it; ``note`` says in words what the colours say."""

    title: str
    starts_on: date
    due_on: date
    baseline_starts_on: date | None
    baseline_due_on: date | None
    late: bool
    note: str
    url: str


@dataclass(frozen=True)
class Bar:
    """One row: where its text and its bars stand, in the units of the picture."""

    y: int
    label: str
    text: str
    x: float
    width: float
    base_x: float
    base_width: float
    late: bool
    url: str


@dataclass(frozen=True)
class Chart:
    """The whole picture."""

    width: int
    height: int
    ticks: list[tuple[float, str]]
    bars: list[Bar]
    today_x: float | None


def draw(spans: Sequence[Span], today: date) -> Chart | None:
    """Return the picture of ``spans``, or None when there is nothing to draw."""
    if not spans:
        return None
    days = [day for span in spans for day in (span.starts_on, span.due_on, span.baseline_starts_on, span.baseline_due_on) if day]
    first = min(days).replace(day=1)
    last = _next_month(max(days))
    scale = (WIDTH - LEFT - 10) / max((last - first).days, 1)

    def place(day: date) -> float:
        return round(LEFT + (day - first).days * scale, 1)

    bars = [_bar(index, span, place, scale) for index, span in enumerate(spans)]
    today_x = place(today) if first <= today < last else None
    return Chart(WIDTH, TOP + ROW * len(spans) + 6, _ticks(first, last, place), bars, today_x)


def _bar(index: int, span: Span, place: Place, scale: float) -> Bar:
    base_start, base_end = span.baseline_starts_on, span.baseline_due_on
    label = span.title if len(span.title) <= LABEL_LENGTH else span.title[: LABEL_LENGTH - 1] + "…"
    return Bar(
        y=TOP + ROW * index, label=label, text=f"{span.title}: {span.note}", x=place(span.starts_on),
        width=_length(span.starts_on, span.due_on, scale), base_x=place(base_start) if base_start else 0,
        base_width=_length(base_start, base_end, scale) if base_start and base_end else 0, late=span.late, url=span.url,
    )  # fmt: skip


def _length(first: date, last: date, scale: float) -> float:
    # The last day counts whole, so that an item of one day is seen.
    return round(max(((last - first).days + 1) * scale, 3), 1)


def _ticks(first: date, last: date, place: Place) -> list[tuple[float, str]]:
    months = []
    day = first
    while day < last:
        months.append(day)
        day = _next_month(day)
    step = -(-len(months) // MOST_TICKS)
    locale = i18n.get_locale()
    return [(place(day), format_date(day, locale, short=True).split(" ", 1)[1]) for day in months[::step]]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
