"""How something that failed is tried again: after how long, and how often at once."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

T = TypeVar("T")

#: What failed together does not come back together: each waits up to this share of its time longer.
SPREAD = 0.1
#: Seconds between tries when the connection to the database was cut: long enough for a server that is being restarted.
WAITS = (0.1, 1.0, 4.0)


def back_off(attempts: int, key: UUID, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the wait after ``attempts`` failed attempts (at least one): doubled each time, at most ``longest``, and spread.

    The spread is drawn from ``key``, the row's id, so that the same row always gets the same wait.
    """
    doubled: timedelta = first * float(2 ** min(attempts - 1, 30))
    return min(doubled, longest) * (1 + SPREAD * (key.int % 1009) / 1009)


def patiently(work: Callable[[], T]) -> T:
    """Return what ``work`` returns; when the connection to the database is cut, try again a few times before giving up.

    ``work`` opens a unit of work of its own and may run twice: it must find out what is done already.
    """
    for wait in WAITS:
        try:
            return work()
        except sa.exc.DBAPIError as error:
            if not (error.connection_invalidated or isinstance(error, sa.exc.OperationalError)):
                raise
            time.sleep(wait)
    return work()
