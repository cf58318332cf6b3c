"""Reads of holidays."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.calendar.models import Holiday
from collab.kernel.errors import NotFound


def closed_days(session: Session, first: date, last: date) -> frozenset[date]:
    """Return the days from ``first`` to ``last`` on which offices are closed by a holiday; weekends are not added to them."""
    return frozenset(
        session.scalars(
            sa.select(Holiday.day).where(
                Holiday.day.between(first, last), Holiday.is_office_closed.is_(True), Holiday.removed_at.is_(None)
            )
        )
    )


def find_holiday(session: Session, holiday_id: UUID) -> Holiday | None:
    """Return the entry, removed ones too, or None."""
    return session.get(Holiday, holiday_id)


def get_holiday(session: Session, holiday_id: UUID) -> Holiday:
    """Return the entry; raise NotFound when there is none or it was removed."""
    found = session.get(Holiday, holiday_id)
    if found is None or found.removed_at is not None:
        raise NotFound("holiday", holiday_id)
    return found


def lock_holiday(session: Session, holiday_id: UUID) -> Holiday:
    """Return the entry, locked until the transaction ends; raise NotFound when there is none or it was removed."""
    found = session.scalar(
        sa.select(Holiday).where(Holiday.id == holiday_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None or found.removed_at is not None:
        raise NotFound("holiday", holiday_id)
    return found


def list_holidays(session: Session, year: int) -> list[Holiday]:
    """Return the entries of the Gregorian ``year`` in the order of days."""
    statement = sa.select(Holiday).where(Holiday.day.between(date(year, 1, 1), date(year, 12, 31)), Holiday.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Holiday.day, Holiday.id)))


def years_with_holidays(session: Session) -> list[int]:
    """Return the Gregorian years for which there is any entry, ascending."""
    year = sa.extract("year", Holiday.day)
    return [
        int(value) for value in session.scalars(sa.select(year).where(Holiday.removed_at.is_(None)).distinct().order_by(year))
    ]


def holidays_by_ids(session: Session, keys: Collection[UUID] | Sequence[UUID]) -> list[Holiday]:
    """Return the entries with the ids ``keys``, removed ones too."""
    return list(session.scalars(sa.select(Holiday).where(Holiday.id.in_(list(keys)))))
