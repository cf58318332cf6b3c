"""Chosen items and items of populations in the reader's words: kept are a title, an organisation and days, never their wording."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits.sampling import Subject
from collab.kernel.dates import format_date
from collab.kernel.i18n import get_locale
from collab.members import queries as members

#: Populations in which there may be no sum at all: nought would claim that one is known.
_WITHOUT_SUM = frozenset({Subject.DECISIONS, Subject.AGREEMENTS})


class Chosen(Protocol):
    """What an item is told by."""

    @property
    def title(self) -> str:
        """Its own text, as it was recorded."""

    @property
    def organisation_id(self) -> UUID | None:
        """Whose decision or money it is."""

    @property
    def old_due_on(self) -> date | None:
        """The deadline before it was moved."""

    @property
    def new_due_on(self) -> date | None:
        """The deadline after it was moved."""


def titles_of(session: Session, rows: Sequence[Chosen]) -> list[str]:
    """Return what each of ``rows`` is called, in their order. One query."""
    names = members.organisation_names(session, {row.organisation_id for row in rows if row.organisation_id})
    return [_title(row, names.get(row.organisation_id, "") if row.organisation_id else "") for row in rows]


def _title(row: Chosen, organisation: str) -> str:
    days = [format_date(day, get_locale(), short=True) for day in (row.old_due_on, row.new_due_on) if day]
    # Without a part that was erased from the history (`populations`), and without what there is none of.
    return " · ".join(part for part in (row.title, organisation, " → ".join(days)) if part)


def sum_of(subject: Subject, amount: int) -> int | None:
    """Return a sum in whole baht, None where the population knows of none."""
    return None if amount == 0 and subject in _WITHOUT_SUM else amount
