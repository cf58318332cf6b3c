"""Forms of action plans."""

from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from collab.action_plans import rules
from collab.kernel.i18n import lazy
from collab.web.forms import BahtField, CollabForm, Paragraph, TextLine, ThaiDateField, UploadField, WholeNumber

REASON_LENGTH = 2000


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class PlanForm(CollabForm):
    """A plan's title and fiscal year; its committee only where no agreement says it."""

    committee_id = SelectField(lazy("Committee"), coerce=_text)
    title = TextLine(lazy("Title of the plan"))
    fiscal_year = WholeNumber(lazy("Fiscal year (B.E.)"), least=2500, most=2699)


class ItemForm(CollabForm):
    """Everything that an item says."""

    group_name = TextLine(lazy("Group of work"), required=False)
    title = TextLine(lazy("What will be done"))
    description = Paragraph(lazy("Description"), required=False, most=5000)
    lead_organisation_id = SelectField(lazy("Leading organisation"), coerce=_text)
    supporter_ids = SelectMultipleField(
        lazy("Supporting organisations"), coerce=_text, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
        validators=(),
    )  # fmt: skip
    owner_id = SelectField(lazy("Owner"), coerce=_text)
    starts_on = ThaiDateField(lazy("Starts on"))
    due_on = ThaiDateField(lazy("Due on"))
    weight = WholeNumber(lazy("Weight"), least=1, most=rules.MOST_WEIGHT, default=1)
    budget_planned = BahtField(lazy("Planned budget"), required=False)
    authority = SelectField(lazy("Authority"), coerce=_text)


class ReportForm(CollabForm):
    """How far it is: made to be filled in on a telephone in under a minute."""

    percent = WholeNumber(lazy("How many per cent are done?"), least=0, most=rules.FINISHED)
    words = Paragraph(lazy("What was done?"), most=2000)
    evidence = UploadField(lazy("Photo or document"))
    milestone = TextLine(lazy("Milestone reached"), required=False)
    cost_spent = BahtField(lazy("Spent so far"), required=False)


class JudgeForm(CollabForm):
    """The verdict on the evidence."""

    accepted = RadioField(lazy("Does the evidence show that it is done?"), choices=[])
    words = Paragraph(lazy("Words to those who reported"), required=False, most=REASON_LENGTH)


class DeadlineForm(CollabForm):
    """Another due date, and why."""

    new_due_on = ThaiDateField(lazy("New due date"))
    reason = Paragraph(lazy("Why is another date needed?"), most=REASON_LENGTH)


class DecideForm(CollabForm):
    """The decision on another due date."""

    approved = RadioField(lazy("Do you approve the new date?"), choices=[])
    words = Paragraph(lazy("Words to those who asked"), required=False, most=REASON_LENGTH)


class EndForm(CollabForm):
    """Why an item is cancelled or removed."""

    how = RadioField(lazy("What should happen?"), choices=[])
    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)


class CloseForm(CollabForm):
    """Why a plan is closed."""

    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)
