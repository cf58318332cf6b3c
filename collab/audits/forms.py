"""Forms of the audit workspace."""

from wtforms import SelectField

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, Paragraph, ThaiDateField


class FindingForm(CollabForm):
    """A question to one organisation."""

    organisation_id = SelectField(lazy("Organisation asked"))
    question = Paragraph(lazy("Question"), most=5000)
    due_on = ThaiDateField(lazy("Answer by"))


class ExchangeForm(CollabForm):
    """One turn of the exchange: an answer, a further question, or the conclusion."""

    text = Paragraph(lazy("Text"), most=10_000)


class DayForm(CollabForm):
    """A day, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    day = ThaiDateField(lazy("Show the state on"))
