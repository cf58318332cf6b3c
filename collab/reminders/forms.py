"""The form of a reminder rule."""

from wtforms import BooleanField, SelectField

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, WholeNumber, options


class RuleForm(CollabForm):
    """When whom to remind."""

    due_kind = SelectField(lazy("Of what"))
    audience = SelectField(lazy("Whom"))
    days = WholeNumber(lazy("How many days"), least=0, most=365)
    direction = SelectField(
        lazy("Before or after the due day"),
        choices=options([("before", lazy("before the due day")), ("after", lazy("after the due day"))]),
    )
    repeat_days = WholeNumber(lazy("Repeat every so many days (0: once)"), least=0, most=365)


class SwitchForm(CollabForm):
    """Switches a rule on or off."""

    enable = BooleanField()
