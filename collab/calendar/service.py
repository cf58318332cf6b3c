"""Keeping the calendar: holidays from the list of facts, special closures, and whether offices are closed."""

import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from collab import history
from collab.calendar import queries
from collab.calendar.models import Holiday
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.text import normalise

FACTS = Path(__file__).parent / "data" / "holidays_th_2568_2570.csv"
SOURCE = "holidays 0.108 (MIT)"
#: Listed as public holidays, yet municipal offices are open: Children's Day, and Labour Day with the days in lieu of it.
OFFICES_OPEN = ("วันเด็กแห่งชาติ", "วันแรงงานแห่งชาติ")
ENGLISH = {"วันพืชมงคล": "Royal Ploughing Ceremony Day"}


@dataclass(frozen=True)
class Entry:
    """A holiday or closure as it is entered."""

    day: date
    name_th: str
    name_en: str
    is_office_closed: bool
    source: str


def add_holiday(session: Session, *, actor: Actor, now: datetime, entry: Entry) -> Holiday:
    """Enter a holiday or special closure. Raises InvalidInput when the day has an entry of this name."""
    authorize(actor, Permission.CALENDAR_MANAGE)
    return _enter(session, actor, now, entry)


def _enter(session: Session, actor: Actor, now: datetime, entry: Entry) -> Holiday:
    made = Holiday(removed_at=None)
    _fill(made, entry)
    _check_once(session, made)
    try:
        with history.act(session, verb="holiday.added", actor=actor, now=now, subject=made):
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise _twice() from error
    return made


def _twice() -> InvalidInput:
    return InvalidInput({"name_th": _("This day has an entry of this name already.")})


def _fill(holiday: Holiday, entry: Entry) -> None:
    holiday.day, holiday.is_office_closed = entry.day, entry.is_office_closed
    holiday.name_th, holiday.name_en, holiday.source = normalise(entry.name_th), normalise(entry.name_en), normalise(entry.source)


def _check_once(session: Session, holiday: Holiday) -> None:
    with session.no_autoflush:
        other = session.scalar(
            sa.select(Holiday.id).where(
                Holiday.day == holiday.day, Holiday.name_th == holiday.name_th, Holiday.removed_at.is_(None)
            )
        )
    if other is not None and other != holiday.id:
        raise _twice()


def change_holiday(session: Session, *, actor: Actor, now: datetime, holiday_id: UUID, entry: Entry, expected_version: int | None,
                   ) -> Holiday:  # fmt: skip
    """Correct an entry, or say whether offices are closed on it. Due dates reckoned before stay as they are."""
    found = queries.lock_holiday(session, holiday_id)
    authorize(actor, Permission.CALENDAR_MANAGE, found)
    check_version(found, expected_version)
    try:
        with history.act(session, verb="holiday.changed", actor=actor, now=now, subject=found):
            _fill(found, entry)
            _check_once(session, found)
    except IntegrityError as error:
        raise _twice() from error
    return found


def remove_holiday(session: Session, *, actor: Actor, now: datetime, holiday_id: UUID, expected_version: int | None) -> Holiday:
    """Take an entry out; the day is an ordinary one again."""
    found = queries.lock_holiday(session, holiday_id)
    authorize(actor, Permission.CALENDAR_MANAGE, found)
    check_version(found, expected_version)
    with history.act(session, verb="holiday.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
    return found


def load_holidays(session: Session, *, actor: Actor, now: datetime) -> int:
    """Enter the Thai holidays of B.E. 2568-2570 that were never entered; return how many were new.

    Not reachable from the web: for the console and the demonstration. Entries that an administrator changed or removed stay so.
    """
    known = {(row.day, row.name_th) for row in session.execute(sa.select(Holiday.day, Holiday.name_th))}
    new = [entry for entry in read_facts() if (entry.day, normalise(entry.name_th)) not in known]
    for entry in new:
        _enter(session, actor, now, entry)
    return len(new)


def read_facts() -> list[Entry]:
    """Return the holidays of the list of facts, with whether municipal offices are closed on them."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return [
            Entry(
                date.fromisoformat(row["date_iso"]), row["name_th"], row["name_en"] or ENGLISH.get(row["name_th"], ""),
                not any(name in row["name_th"] for name in OFFICES_OPEN), SOURCE,
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
