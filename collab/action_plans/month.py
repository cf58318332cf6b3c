"""A month of a plan as a calendar: what is due on which day, and when offices are closed."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from collab.action_plans.rows import Line
from collab.kernel import i18n
from collab.kernel.dates import DAYS_TH, format_month

_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Day:
    """One day: the items due on it, and the name of the holiday ('' on others)."""

    day: date
    in_month: bool
    is_today: bool
    is_closed: bool
    holiday: str
    lines: list[Line]


@dataclass(frozen=True)
class Month:
    """A month in weeks from Monday to Sunday."""

    first: date
    title: str
    day_names: Sequence[str]
    weeks: list[list[Day]]

    @property
    def days(self) -> list[Day]:
        """The days of the month on which something is due or offices are closed by a holiday, for a list."""
        return [day for week in self.weeks for day in week if day.in_month and (day.lines or day.holiday)]

    @property
    def previous(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=32)).replace(day=1)


def month_of(text: str, today: date) -> date:
    """Read ``YYYY-MM`` (Gregorian) as the first day of a month; what cannot be read means the month of ``today``."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    # The neighbours of the month must exist too.
    return found if 1900 <= found.year <= 2200 else today.replace(day=1)


def last_day(first: date) -> date:
    """Return the last day of the month that begins on ``first``."""
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def month_title(first: date) -> str:
    """Return the month with its Buddhist year in the language in force: ``พฤศจิกายน 2569``."""
    return format_month(first, i18n.get_locale())


def lay_out(first: date, found: Iterable[Line], holidays: Mapping[date, tuple[str, bool]], today: date) -> Month:
    """Return the month that begins on ``first``; ``holidays`` are names by day, with whether offices are closed."""
    due: dict[date, list[Line]] = {}
    for line in found:
        due.setdefault(line.due_on, []).append(line)

    def lay(day: date) -> Day:
        name, closed = holidays.get(day, ("", False))
        is_closed = closed or day.weekday() >= 5
        return Day(
            day, day.month == first.month, day == today, is_closed, name, due.get(day, []) if day.month == first.month else []
        )

    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    names = _DAYS_EN if i18n.get_locale() == "en" else DAYS_TH
    return Month(first, month_title(first), names, [[lay(day) for day in week] for week in weeks])
