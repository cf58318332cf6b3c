"""The forms of reminder rules and of operations."""

from wtforms import SelectField
from wtforms.validators import ValidationError

from collab.kernel.i18n import _, lazy
from collab.reminders.rules import MOST_OFFSET
from collab.web.forms import CollabForm, Paragraph, TextLine, ThaiDateField, WholeNumber, options

DIRECTIONS = [
    ("before", lazy("working days before the due day")),
    ("on", lazy("on the due day")),
    ("after", lazy("working days after the due day")),
]


class ValuesForm(CollabForm):
    """The values of a rule that is defined in the place where it is looked at."""

    days = WholeNumber(lazy("How many working days"), least=0, most=MOST_OFFSET, required=False)
    direction = SelectField(lazy("Before, on or after the due day"), choices=options(DIRECTIONS))
    repeat_days = WholeNumber(
        lazy("Repeat every so many working days while it is open (0: once)"), least=0, most=MOST_OFFSET, required=False
    )

    def validate_days(self, field: WholeNumber) -> None:
        """Before and after the day need a number of days."""
        if self.direction.data in ("before", "after") and not field.data:
            raise ValidationError(_("Write how many working days, 1 or more."))

    def offset(self) -> int:
        """Return the days with their sign; on the day is 0."""
        sign = {"before": -1, "on": 0, "after": 1}[str(self.direction.data)]
        return sign * (self.days.data or 0)

    def fill(self, offset_days: int, repeat_days: int) -> None:
        """Show the values of a rule."""
        self.days.data, self.repeat_days.data = abs(offset_days), repeat_days
        self.direction.data = "before" if offset_days < 0 else "after" if offset_days else "on"


class RuleForm(ValuesForm):
    """A new rule."""

    due_kind = SelectField(lazy("Of what"))
    audience = SelectField(lazy("Whom"))


class OverrideForm(ValuesForm):
    """Values of a rule in a narrower place: what is left to inherit is not set."""

    direction = SelectField(
        lazy("Before, on or after the due day"), choices=options([("", lazy("as in the wider place")), *DIRECTIONS])
    )
    repeat_days = WholeNumber(
        lazy("Repeat every so many working days while it is open (0: once; empty: as in the wider place)"),
        least=0, most=MOST_OFFSET, required=False,
    )  # fmt: skip
    state = SelectField(
        lazy("Here the rule is"),
        choices=options([("", lazy("as in the wider place")), ("on", lazy("on")), ("off", lazy("off"))]),
    )

    def offset_or_none(self) -> int | None:
        """Return the days with their sign, None to inherit."""
        return self.offset() if self.direction.data else None

    def enabled_or_none(self) -> bool | None:
        """Return whether the rule is on here, None to inherit."""
        return {"on": True, "off": False}.get(self.state.data)


class SwitchForm(CollabForm):
    """Switches a rule on or off; carries the rule's version."""


class AcknowledgeForm(CollabForm):
    """Says that somebody who was reminded works on it, and until when."""

    until_on = ThaiDateField(lazy("I work on it until"))
    note = Paragraph(lazy("What is under way"), required=False, most=1000)


class PauseForm(CollabForm):
    """Why a background job is to be paused."""

    reason = TextLine(lazy("Reason"), most=300)
