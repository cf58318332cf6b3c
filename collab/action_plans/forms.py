"""Forms of action plans."""

from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from collab.action_plans import rules
from collab.action_plans.service import Impact
from collab.action_plans.service.dependencies import MOST_LAG
from collab.action_plans.service.groups import MOST_POSITION
from collab.action_plans.service.recurring import MOST_WORKING_DAY
from collab.action_plans.service.slip_rules import MOST_DAYS, MOST_SLIPS
from collab.action_plans.states import ItemKind
from collab.kernel.i18n import _, lazy
from collab.kernel.money import InvalidBaht, parse_baht
from collab.web.forms import BahtField, CollabForm, Paragraph, TextLine, ThaiDateField, UploadField, WholeNumber

REASON_LENGTH = 2000
#: The longest item: ten years of working days.
MOST_LENGTH = 2500


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class FigureField(BahtField):
    """A figure with at most two decimals; ``amount`` is a Decimal or None."""

    def pre_validate(self, form: Any) -> None:
        """Raise when the text is no such figure."""
        try:
            self.amount = parse_baht(self.data or "")
        except InvalidBaht as error:
            raise ValidationError(_("Write a figure with at most two decimals, for example 12.5.")) from error


class MovingForm(CollabForm):
    """A form whose submission may move other items: first it shows them, then ``accepted`` says that they were seen."""

    accepted = HiddenField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.impact: Impact | None = None

    def show(self, impact: Impact) -> None:
        """Show what would move; the next submission accepts exactly this."""
        self.impact = impact
        self.accepted.data = impact.digest


class PlanForm(CollabForm):
    """A plan's title and fiscal year; its committee only where no agreement says it."""

    committee_id = SelectField(lazy("Committee"), coerce=_text)
    title = TextLine(lazy("Title of the plan"))
    fiscal_year = WholeNumber(lazy("Fiscal year (B.E.)"), least=2500, most=2699)


class ItemForm(MovingForm):
    """Everything that an item says."""

    group_name = TextLine(lazy("Group of work"), required=False)
    kind = RadioField(lazy("Task or milestone"), coerce=_text, default=ItemKind.TASK.value)
    title = TextLine(lazy("What will be done"))
    description = Paragraph(lazy("Description"), required=False, most=5000)
    location = TextLine(lazy("Place where it is done"), required=False)
    lead_organisation_id = SelectField(lazy("Leading organisation"), coerce=_text)
    supporter_ids = SelectMultipleField(
        lazy("Supporting organisations"), coerce=_text, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
        validators=(),
    )  # fmt: skip
    owner_id = SelectField(lazy("Owner"), coerce=_text)
    starts_on = ThaiDateField(lazy("Starts on"))
    due_on = ThaiDateField(lazy("Due on"), required=False)
    length_days = WholeNumber(lazy("Or: how many working days it takes"), least=1, most=MOST_LENGTH, required=False)
    weight = WholeNumber(lazy("Weight"), least=1, most=rules.MOST_WEIGHT, default=1)
    budget_planned = BahtField(lazy("Planned budget"), required=False)
    authority = SelectField(lazy("Authority"), coerce=_text)


class LinkForm(MovingForm):
    """What an item waits for, and how long after."""

    predecessor_id = SelectField(lazy("Which item has to end first?"), coerce=_text)
    lag_days = WholeNumber(lazy("Working days that must pass in between"), least=0, most=MOST_LAG, default=0)


class ReasonForm(CollabForm):
    """Why something is taken away or opened again."""

    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)


class BaselineForm(CollabForm):
    """By which resolution the plan as it stands was approved."""

    resolution = SelectField(lazy("Resolution by which the committee approved it"), coerce=_text)
    note = Paragraph(lazy("Note"), required=False, most=REASON_LENGTH)


class CopyForm(CollabForm):
    """A plan made from an earlier one."""

    title = TextLine(lazy("Title of the plan"))
    fiscal_year = WholeNumber(lazy("Fiscal year (B.E.)"), least=2500, most=2699)
    what = RadioField(lazy("What should be copied?"), choices=[], default="all")


class TemplateForm(CollabForm):
    """A template made from a plan."""

    title = TextLine(lazy("Title of the template"))
    service = SelectField(lazy("Service"), coerce=_text)
    description = Paragraph(lazy("When it is of use"), required=False, most=REASON_LENGTH)


class StartForm(CollabForm):
    """A plan begun from a template."""

    committee_id = SelectField(lazy("Committee"), coerce=_text)
    title = TextLine(lazy("Title of the plan"))
    fiscal_year = WholeNumber(lazy("Fiscal year (B.E.)"), least=2500, most=2699)
    starts_on = ThaiDateField(lazy("First day"))
    lead_organisation_id = SelectField(lazy("Who leads the items at first"), coerce=_text)


class RecurForm(CollabForm):
    """How often an item comes again, and until when."""

    frequency = SelectField(lazy("How often"), coerce=_text)
    working_day = WholeNumber(lazy("Working day of the period"), least=1, most=MOST_WORKING_DAY, default=5)
    ends_on = ThaiDateField(lazy("Until"))


class MonthForm(CollabForm):
    """The note with which a month is closed."""

    note = Paragraph(lazy("Note"), required=False, most=REASON_LENGTH)


class GroupForm(CollabForm):
    """A group of work: its name, its place among the groups, and what it weighs in the plan."""

    name = TextLine(lazy("Name of the group"))
    weight = WholeNumber(lazy("Weight of the group in the plan"), least=1, most=rules.MOST_WEIGHT, required=False)
    position = WholeNumber(lazy("Place among the groups"), least=0, most=MOST_POSITION, default=0)


class BudgetForm(CollabForm):
    """What one organisation plans, has committed and has spent on an item."""

    organisation_id = SelectField(lazy("Organisation"), coerce=_text)
    planned = BahtField(lazy("Planned budget"), required=False)
    committed = BahtField(lazy("Committed (contracts, orders)"), required=False)
    spent = BahtField(lazy("Spent"), required=False)


class IndicatorForm(CollabForm):
    """A measure of an item; only those who plan change what it is, all who report say what was reached."""

    text = TextLine(lazy("What is measured"))
    unit = TextLine(lazy("Unit"), most=60)
    target = FigureField(lazy("Target"))
    reached = FigureField(lazy("Reached"), required=False)


class SlipRulesForm(CollabForm):
    """Up to what each level may approve."""

    executive_slips = WholeNumber(lazy("Executive: up to which postponement"), most=MOST_SLIPS)
    executive_days = WholeNumber(lazy("Executive: up to how many working days in all"), most=MOST_DAYS)
    coordinator_slips = WholeNumber(lazy("Coordinator: up to which postponement"), most=MOST_SLIPS)
    coordinator_days = WholeNumber(lazy("Coordinator: up to how many working days in all"), most=MOST_DAYS)
    chair_slips = WholeNumber(lazy("Chair: up to which postponement"), most=MOST_SLIPS)
    chair_days = WholeNumber(lazy("Chair: up to how many working days in all"), most=MOST_DAYS)
    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)


class ReportForm(CollabForm):
    """How far it is: made to be filled in on a telephone in under a minute."""

    percent = WholeNumber(lazy("How many per cent are done?"), least=0, most=rules.FINISHED, required=False)
    words = Paragraph(lazy("What was done?"), most=2000)
    evidence = UploadField(lazy("Photo or document"))
    milestone = TextLine(lazy("Milestone reached"), required=False)
    cost_spent = BahtField(lazy("Spent so far"), required=False)
    keep_position = BooleanField(lazy("Keep the place where the photo was taken, as proof of the place"))


class HelpForm(CollabForm):
    """What help is needed, or the answer to it."""

    words = Paragraph(lazy("Words"), most=REASON_LENGTH)


class ReopenForm(CollabForm):
    """How far a finished item really is, and why it is opened again."""

    percent = WholeNumber(lazy("How many per cent are really done?"), least=0, most=rules.FINISHED - 1)
    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)


class JudgeForm(CollabForm):
    """The verdict on the evidence."""

    accepted = RadioField(lazy("Does the evidence show that it is done?"), choices=[])
    words = Paragraph(lazy("Words to those who reported"), required=False, most=REASON_LENGTH)


class DeadlineForm(MovingForm):
    """Another due date, and why."""

    new_due_on = ThaiDateField(lazy("New due date"))
    reason = Paragraph(lazy("Why is another date needed?"), most=REASON_LENGTH)


class DecideForm(MovingForm):
    """The decision on another due date."""

    approved = RadioField(lazy("Do you approve the new date?"), choices=[])
    resolution = SelectField(lazy("Resolution by which the committee approved it"), coerce=_text, choices=[])
    words = Paragraph(lazy("Words to those who asked"), required=False, most=REASON_LENGTH)


class EndForm(CollabForm):
    """Why an item is cancelled or removed."""

    how = RadioField(lazy("What should happen?"), choices=[])
    reason = Paragraph(lazy("Reason"), most=REASON_LENGTH)
