"""The reckoning of days: working days are Monday to Friday without the closed days that the caller gives."""

from collections.abc import Collection
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
#: No reckoning runs further: a delay of law or a notice is days or months, never decades.
LARGEST_COUNT = 10_000


def is_working_day(day: date, closed: Collection[date]) -> bool:
    """Say whether offices are open on ``day``: Monday to Friday and not in ``closed``."""
    return day.weekday() < 5 and day not in closed


def next_working_day(day: date, closed: Collection[date]) -> date:
    """Return ``day`` itself when it is a working day, else the next one.

    For delays that end on a closed day: they run on to the next working day (Administrative Procedure Act B.E. 2539, section 64).
    """
    while not is_working_day(day, closed):
        day += ONE_DAY
    return day


def add_days(start: date, count: int, day_kind: str, closed: Collection[date]) -> date:
    """Return the day that is ``count`` days after ``start`` (before it when negative); ``start`` itself is not counted.

    ``day_kind`` is "working" or "calendar"; ``closed`` are days besides weekends on which offices are shut and matters for working
    days only. Zero days is ``start``, whatever day that is. Raises ValueError for another kind or more than 10,000 days.
    """
    if day_kind not in ("working", "calendar"):
        raise ValueError(f"kind of day: {day_kind}")
    if abs(count) > LARGEST_COUNT:
        raise ValueError(f"too many days: {count}")
    if day_kind == "calendar":
        return start + timedelta(days=count)
    step = ONE_DAY if count > 0 else -ONE_DAY
    day, left = start, abs(count)
    while left:
        day += step
        left -= is_working_day(day, closed)
    return day


def working_days_between(first: date, last: date, closed: Collection[date]) -> int:
    """Return how many working days lie after ``first`` up to and including ``last``; negative when ``last`` comes before.

    The inverse of `add_days`: ``working_days_between(a, add_days(a, n, "working", closed), closed) == n`` for n >= 0; backwards
    the days from ``last`` up to the one before ``first`` count.
    """
    if last < first:
        return -sum(is_working_day(last + timedelta(days=n), closed) for n in range((first - last).days))
    return sum(is_working_day(first + timedelta(days=n + 1), closed) for n in range((last - first).days))
