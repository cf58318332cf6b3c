"""The S-curve as plain numbers that the template draws: planned and earned per cent over the fiscal year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from collab.action_plans.earned import Month
from collab.kernel import i18n
from collab.kernel.dates import format_date

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 760, 320, 46, 16, 40, 16
GRID = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Dot:
    """One measured point and what it says."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Curve:
    """The picture: both lines as SVG point lists, their dots, the grid and the months."""

    width: int
    height: int
    left: int
    right: int
    base: int
    planned: str
    earned: str
    planned_dots: tuple[Dot, ...]
    earned_dots: tuple[Dot, ...]
    grid: tuple[tuple[float, int], ...]
    ticks: tuple[tuple[float, str], ...]


def draw(months: Sequence[Month]) -> Curve | None:
    """Return the picture, or None when there is nothing to draw."""
    if not months:
        return None
    first, last = months[0].day, months[-1].day
    scale = (WIDTH - LEFT - RIGHT) / max((last - first).days, 1)
    places = [round(LEFT + (month.day - first).days * scale, 1) for month in months]
    names = [format_date(month.day, i18n.get_locale(), short=True) for month in months]
    planned = [(x, month.planned, name) for x, month, name in zip(places, months, names, strict=True)]
    earned = [(x, month.earned, name) for x, month, name in zip(places, months, names, strict=True) if month.earned is not None]
    ends = [(x, name.split(" ")[1]) for x, month, name in zip(places, months, names, strict=True) if _ends_month(month)]
    return Curve(
        width=WIDTH, height=HEIGHT, left=LEFT, right=WIDTH - RIGHT, base=HEIGHT - BOTTOM, planned=_line(planned), earned=_line(earned),
        planned_dots=_dots(planned), earned_dots=_dots(earned), grid=tuple((_y(Decimal(level)), level) for level in GRID),
        ticks=tuple(ends),
    )  # fmt: skip


def _ends_month(month: Month) -> bool:
    return (month.day + timedelta(days=1)).day == 1


def _y(percent: Decimal) -> float:
    return round(float(HEIGHT - BOTTOM - percent * (HEIGHT - BOTTOM - TOP) / 100), 1)


def _line(points: Sequence[tuple[float, Decimal, str]]) -> str:
    return " ".join(f"{x},{_y(value)}" for x, value, _name in points)


def _dots(points: Sequence[tuple[float, Decimal, str]]) -> tuple[Dot, ...]:
    return tuple(Dot(x, _y(value), f"{name}: {value} %") for x, value, name in points)
