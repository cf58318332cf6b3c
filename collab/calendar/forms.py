"""Forms of the calendar."""

from wtforms import BooleanField

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, TextLine, ThaiDateField


class HolidayForm(CollabForm):
    """A holiday or special closure."""

    day = ThaiDateField(lazy("Day of the calendar"))
    name_th = TextLine(lazy("Thai name"), most=300)
    name_en = TextLine(lazy("English name"), required=False, most=300)
    is_office_closed = BooleanField(lazy("Offices are closed"), default=True)
    source = TextLine(lazy("By which announcement"), most=300)


class ButtonForm(CollabForm):
    """A form that is one button."""
