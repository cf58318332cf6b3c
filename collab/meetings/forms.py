"""Forms of meetings."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from wtforms import BooleanField, SelectField
from wtforms.validators import ValidationError

from collab.kernel.clock import at_bangkok
from collab.kernel.dates import to_ascii_digits, to_thai_digits
from collab.kernel.i18n import _, lazy
from collab.kernel.text import normalise
from collab.meetings.models import Attendance
from collab.meetings.rules import HEADINGS
from collab.meetings.service import Sitting, Vote
from collab.meetings.states import Choice, Presence
from collab.web.forms import CollabForm, Paragraph, TextLine, ThaiDateField, options

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?:\s*น\.?)?\Z")


class MeetingForm(CollabForm):
    """Plans a meeting."""

    committee_id = SelectField(lazy("Committee"))
    title = TextLine(lazy("Title of the meeting"))
    place = TextLine(lazy("Place"))
    day = ThaiDateField(lazy("Day of the meeting"))
    time = TextLine(lazy("Time"), most=10)

    def validate_time(self, field: Any) -> None:
        """Refuse what is no time of day."""
        if not _TIME.match(to_ascii_digits(field.data or "")):
            raise ValidationError(_("Write the time like 09:30."))

    def starts_at(self) -> datetime:
        """Return the moment, as a UTC instant."""
        found = _TIME.match(to_ascii_digits(self.time.data or ""))
        if found is None or self.day.data is None:
            raise ValueError("call only after the form is valid")
        return at_bangkok(self.day.data, int(found.group(1)), int(found.group(2)))


class StepForm(CollabForm):
    """A step that needs no words."""


class ConveneForm(CollabForm):
    """Convenes; a reason is needed when the notice is short."""

    reason = Paragraph(lazy("Reason for short notice"), required=False, most=1000)


class ReasonForm(CollabForm):
    """A step that needs a reason."""

    reason = Paragraph(lazy("Reason"), most=1000)


def heading_choices() -> list[tuple[str, str]]:
    """Return the six standing headings of an agenda."""
    return [(str(number), to_thai_digits(f"ระเบียบวาระที่ {number} ") + title) for number, title in HEADINGS.items()]


class AgendaForm(CollabForm):
    """Puts a matter on the agenda."""

    title = TextLine(lazy("Matter"), most=300)
    heading = SelectField(lazy("Heading"), choices=options(heading_choices()))
    is_for_decision = BooleanField(lazy("The committee is to decide on it"))


class PlaceForm(AgendaForm):
    """Puts an object on the agenda of one of the committee's meetings."""

    meeting_id = SelectField(lazy("Meeting"))


class SheetForm(CollabForm):
    """The attendance sheet: its rows come from the seats, by name ``presence-<seat>`` and ``name-<seat>``."""

    def sheet(self, rows: dict[UUID, Attendance], posted: Any) -> dict[UUID, Sitting]:
        """Return the sheet as posted; a seat that is not mentioned stays as it was."""
        found = {}
        for seat_id, row in rows.items():
            choice = posted.get(f"presence-{seat_id}", row.presence.value)
            name = normalise(str(posted.get(f"name-{seat_id}", "")))[:200]
            if choice in set(Presence):
                found[seat_id] = Sitting(Presence(choice), name)
        return found


class VoteForm(CollabForm):
    """The motion; its ballots are named ``choice-<seat>`` and ``recusal-<seat>``."""

    motion = Paragraph(lazy("Motion: what the committee resolves"), most=2000)

    def vote(self, rows: dict[UUID, Attendance], posted: Any) -> Vote:
        """Return the vote as posted, also by seats that may not vote: a ballot is refused in words, never dropped."""
        choices, recused = {}, {}
        for seat_id in rows:
            choice = posted.get(f"choice-{seat_id}", "")
            if choice == "recused":
                recused[seat_id] = normalise(str(posted.get(f"recusal-{seat_id}", "")))[:500]
            elif choice in set(Choice):
                choices[seat_id] = Choice(choice)
        return Vote(self.motion.data or "", choices, recused)
