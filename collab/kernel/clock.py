"""Instants are UTC; the day in force is the day in Bangkok."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BANGKOK = ZoneInfo("Asia/Bangkok")


def utc_now() -> datetime:
    """Return the present instant in UTC. Only the edges (a request, a job, a command) call it; all else takes ``now``."""
    return datetime.now(UTC)


def today(now: datetime) -> date:
    """Return the calendar day in Asia/Bangkok at the instant ``now`` (aware)."""
    return now.astimezone(BANGKOK).date()


def at_bangkok(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """Return the UTC instant of ``hour:minute`` on ``day`` in Bangkok."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BANGKOK).astimezone(UTC)
