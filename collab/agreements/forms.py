"""Forms of agreements."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from collab.agreements import legal
from collab.agreements.rules import DEFAULT_COUNCIL_LEAD_DAYS, DEFAULT_NOTICE_DAYS
from collab.agreements.wording import OUTCOMES, RECURRENCES, ROLES, RULES
from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, Paragraph, TextLine, ThaiDateField, WholeNumber


def _pairs(words: Any) -> list[tuple[str, str]]:
    return [(getattr(code, "value", code), str(text)) for code, text in words.items()]


class _Checkboxes(SelectMultipleField):
    """Several choices, each a checkbox."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TermsForm(CollabForm):
    """The terms of an agreement."""

    title = TextLine(lazy("Title of the agreement"))
    form = SelectField(lazy("Form of the document"), choices=[])
    legal_basis = SelectField(lazy("Legal basis"), choices=[])
    acts = _Checkboxes(lazy("What the agreement makes the parties do"), choices=[])
    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"), required=False)
    notice_days = WholeNumber(lazy("Days of notice before renewal or withdrawal"), 0, 3650, default=DEFAULT_NOTICE_DAYS)
    council_lead_days = WholeNumber(
        lazy("Days that the councils need for a decision"), 0, 3650, default=DEFAULT_COUNCIL_LEAD_DAYS
    )
    entry_rule = RadioField(lazy("It enters into force"), choices=[], default="all")
    entry_count = WholeNumber(lazy("How many parties must ratify (for a certain number)"), 1, 1000, required=False)
    entry_on = ThaiDateField(lazy("On which day (for a fixed day)"), required=False)
    ratify_by = ThaiDateField(lazy("The councils should decide by"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.form.choices = list(legal.FORMS.items())
        self.legal_basis.choices = list(legal.LEGAL_BASES.items())
        self.acts.choices = _pairs(legal.ACTS)
        self.entry_rule.choices = _pairs(RULES)


class NewAgreementForm(TermsForm):
    """The terms with the first parties and the standard clauses."""

    host_id = SelectField(lazy("Host of the service"), choices=[])
    member_ids = _Checkboxes(lazy("Other parties"), choices=[])
    with_standard_clauses = BooleanField(lazy("Begin with the sixteen standard clauses"), default=True)

    def offer(self, organisations: Sequence[tuple[Any, str]]) -> None:
        """Offer these organisations as parties."""
        pairs = [(str(key), name) for key, name in organisations]
        self.host_id.choices, self.member_ids.choices = pairs, pairs


class PartyForm(CollabForm):
    """A party and who signs for it."""

    organisation_id = SelectField(lazy("Organisation"), choices=[])
    role = SelectField(lazy("Role in the joint service"), choices=[])
    signatory_name = TextLine(lazy("Who signs"))
    signatory_position = TextLine(lazy("Position"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.role.choices = _pairs(ROLES)

    def offer(self, organisations: Sequence[tuple[Any, str]]) -> None:
        """Offer these organisations."""
        self.organisation_id.choices = [(str(key), name) for key, name in organisations]


class ClauseForm(CollabForm):
    """A clause and its place."""

    number = WholeNumber(lazy("Place of the clause"), 1, 500, required=False)
    title = TextLine(lazy("Heading"))
    text = Paragraph(lazy("Text of the clause"))


class StepForm(CollabForm):
    """A step that needs nothing but the version that was seen."""


class ReasonForm(CollabForm):
    """Why an agreement is withdrawn."""

    reason = Paragraph(lazy("Reason"), most=2000)


class TerminateForm(ReasonForm):
    """Why and from which day an agreement is ended."""

    ended_on = ThaiDateField(lazy("Ended on"))


class RatificationForm(CollabForm):
    """What the council decided."""

    outcome = RadioField(lazy("What the council decided"), choices=[])
    council_session = TextLine(lazy("Session of the council"))
    resolution_number = TextLine(lazy("Number of the council's resolution"), most=100)
    resolved_on = ThaiDateField(lazy("Date of the council's resolution"))
    reservation = Paragraph(lazy("Reservations"), required=False, most=5000)
    reason = Paragraph(lazy("Reason for refusing"), required=False, most=5000)
    signatory_mandate = TextLine(lazy("Who is given the mandate to sign"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outcome.choices = _pairs(OUTCOMES)


class CorrectionForm(RatificationForm):
    """The right record, and what was wrong with the earlier one."""

    correction_reason = Paragraph(lazy("What was wrong with the earlier record"), most=2000)


class ApprovalForm(CollabForm):
    """An approval that the law demands."""

    demand = SelectField(lazy("Approval"), choices=[])
    reference = TextLine(lazy("Number of the letter or ordinance"))
    granted_on = ThaiDateField(lazy("Given on"))


class SignForm(CollabForm):
    """An electronic signature: the typed name."""

    typed_name = TextLine(lazy("Type your full name"))


class ObligationForm(CollabForm):
    """What a clause obliges a party to do."""

    organisation_id = SelectField(lazy("Party"), choices=[])
    text = Paragraph(lazy("What must be done"), most=2000)
    due_on = ThaiDateField(lazy("Due on (the first time)"))
    recurrence = SelectField(lazy("How often"), choices=[])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.recurrence.choices = _pairs(RECURRENCES)

    def offer(self, organisations: Sequence[tuple[Any, str]]) -> None:
        """Offer these parties."""
        self.organisation_id.choices = [(str(key), name) for key, name in organisations]


class FulfilForm(CollabForm):
    """That an obligation was met, with a note."""

    note = Paragraph(lazy("What was done"), most=2000)
