"""Forms of accounts, organisations, committees, seats and people."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wtforms import BooleanField, DecimalField, PasswordField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from collab.kernel.dates import to_ascii_digits
from collab.kernel.i18n import _, lazy
from collab.members import labels
from collab.web.forms import CollabForm, Paragraph, TextLine, ThaiDateField, WholeNumber

_FILL = lazy("Fill this in.")


def options(texts: Mapping[Any, Any], group: str | None = None) -> list[SelectChoice]:
    """Return the choices of a list (code or id to words), all under one heading when ``group`` names it."""
    return [SelectChoice(str(value), text, optgroup=group) for value, text in texts.items()]


_NEW = {"autocomplete": "new-password"}


def _password(label: object, autocomplete: str) -> PasswordField:
    return PasswordField(label, [InputRequired(_FILL)], render_kw={"autocomplete": autocomplete})


class SignInForm(CollabForm):
    """Mail address and password."""

    email = TextLine(lazy("Mail address"), most=254, render_kw={"autocomplete": "username", "inputmode": "email"})
    password = _password(lazy("Password"), "current-password")


class CodeForm(CollabForm):
    """The code of the second factor."""

    code = TextLine(lazy("Code"), most=40, render_kw={"autocomplete": "one-time-code"})


class ForgotForm(CollabForm):
    """Where to send the link for a new password."""

    email = TextLine(lazy("Mail address"), most=254, render_kw={"autocomplete": "username", "inputmode": "email"})


class NewPasswordForm(CollabForm):
    """A new password, typed once: the page can show it."""

    password = PasswordField(lazy("New password"), [InputRequired(_FILL)], render_kw=_NEW)


class ChangePasswordForm(CollabForm):
    """The present and the new password."""

    current = _password(lazy("Present password"), "current-password")
    password = PasswordField(lazy("New password"), [InputRequired(_FILL)], render_kw=_NEW)


class OwnPasswordForm(CollabForm):
    """The present password, asked again before something important."""

    password = _password(lazy("Present password"), "current-password")


class SecondFactorForm(CodeForm, OwnPasswordForm):
    """The first code of a telephone, and the password: whoever finds a browser signed in must not lock its owner out."""


class PreferencesForm(CollabForm):
    """Language and density of tables."""

    locale = RadioField(lazy("Language"), choices=options({"th": "ไทย", "en": "English"}))
    has_compact_tables = BooleanField(lazy("Compact tables: more rows on one screen"))


class ButtonForm(CollabForm):
    """A form that is one button."""


class ReasonForm(CollabForm):
    """Why something is taken back."""

    reason = TextLine(lazy("Reason"), most=500)


def as_id(value: str | None) -> UUID | None:
    """Return a choice's id, or None for the empty choice."""
    return UUID(value) if value else None


class WeightField(DecimalField):
    """A number with decimals, Thai digits too."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; say so when it is none, or not a finite one."""
        text = to_ascii_digits(valuelist[0]) if valuelist else ""
        super().process_formdata([text])
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError(_("Write a number."))


class OrganisationForm(CollabForm):
    """An organisation as it is today."""

    kind = SelectField(lazy("Kind of organisation"), choices=options(labels.KINDS))
    name_th = TextLine(lazy("Thai name"))
    name_en = TextLine(lazy("English name"))
    short_th = TextLine(lazy("Short Thai name"), required=False, most=80)
    short_en = TextLine(lazy("Short English name"), required=False, most=80)
    district = TextLine(lazy("District"), required=False)
    lao_code = TextLine(lazy("Local government code"), required=False, most=20)


class FactForm(CollabForm):
    """A dated fact with its source."""

    kind = SelectField(lazy("What"), choices=options(labels.FACTS))
    value = TextLine(lazy("Value"))
    source = TextLine(lazy("Source"), most=500)
    valid_from = ThaiDateField(lazy("True from"), required=False)
    valid_to = ThaiDateField(lazy("True until"), required=False)


class CharterForm(CollabForm):
    """What a committee is founded on."""

    name_th = TextLine(lazy("Thai name"))
    name_en = TextLine(lazy("English name"))
    code = TextLine(lazy("Letters before numbers"), most=12)
    agency_id = SelectField(lazy("Coordinating agency"))
    governance = SelectField(lazy("Form of governance"), choices=options(labels.GOVERNANCE))
    mandate = Paragraph(lazy("Mandate"), most=5000)
    order_number = TextLine(lazy("Number of the order of appointment"), required=False)
    order_on = ThaiDateField(lazy("Date of the order"), required=False)


class ProcedureFields:
    """Rules of procedure, shared by two forms."""

    quorum = SelectField(lazy("Quorum"), choices=options(labels.QUORUMS))
    majority = SelectField(lazy("Majority"), choices=options(labels.MAJORITIES))
    casting_vote = BooleanField(lazy("The chair has a casting vote"), default=True)
    notice_days = WholeNumber(lazy("Days between invitation and meeting"), most=365, default=7)
    opinion_days = WholeNumber(lazy("Days for an opinion"), least=1, most=365, default=15)
    opinion_day_kind = RadioField(lazy("Days for an opinion are"), choices=options(labels.DAY_KINDS), default="working")
    valid_from = ThaiDateField(lazy("In force from"))


class FoundingForm(ProcedureFields, CharterForm):
    """A new committee with its first rules."""


class RulesForm(ProcedureFields, CollabForm):
    """New rules of procedure."""

    reason = TextLine(lazy("By which resolution or order"), most=500)


class SeatForm(CollabForm):
    """A seat of an organisation."""

    organisation_id = SelectField(lazy("Organisation"))
    capacity = SelectField(lazy("Capacity"), choices=options(labels.CAPACITIES), default="member")
    is_voting = BooleanField(lazy("Has a vote"), default=True)
    weight = WeightField(lazy("Weight of the vote"), [InputRequired(lazy("Fill this in."))], default=1)
    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"), required=False)


class SeatTermsForm(SeatForm):
    """The terms of a seat that exists: its organisation stays."""

    organisation_id = None


class HolderForm(CollabForm):
    """Who holds a seat."""

    user_id = SelectField(lazy("Person with an account"))
    name = TextLine(lazy("Name, when the person has no account"), required=False)
    position = TextLine(lazy("Position"), required=False)
    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"), required=False)


class LastDayForm(CollabForm):
    """The day on which something ends."""

    valid_to = ThaiDateField(lazy("Last day"))


class UserForm(CollabForm):
    """A person with an account."""

    email = TextLine(lazy("Mail address"), most=254, render_kw={"inputmode": "email"})
    name_th = TextLine(lazy("Thai name"))
    name_en = TextLine(lazy("English name"), required=False)
    position = TextLine(lazy("Position"))
    organisation_id = SelectField(lazy("Organisation"))


class RoleForm(CollabForm):
    """A role in a scope; the place is one choice of committees and organisations."""

    role = SelectField(lazy("Role"), choices=options(labels.ROLES))
    where = SelectField(lazy("Where"))
    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"), required=False)


class TermForm(CollabForm):
    """First and last day."""

    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"), required=False)


class DeputyForm(TermForm):
    """Who acts for a person."""

    deputy_id = SelectField(lazy("Deputy"))
    order_number = TextLine(lazy("Number of the order"))


class AbsenceForm(CollabForm):
    """Days on which a person is away."""

    first_day = ThaiDateField(lazy("First day away"))
    last_day = ThaiDateField(lazy("Last day away"))
