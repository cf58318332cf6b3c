"""Forms of the audit workspace."""

from typing import Any

from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from collab.audits.clocks import Clock
from collab.audits.models.samples import Check
from collab.audits.sampling import LARGEST_SEED, Method, Subject
from collab.audits.targets import SEVERITIES, STATES
from collab.kernel.i18n import LazyText, _, lazy
from collab.web.forms import CollabForm, Paragraph, TextLine, ThaiDateField, UploadField, WholeNumber, options


class FindingForm(CollabForm):
    """A finding: to one organisation, the question, and the five parts of what was found."""

    organisation_id = SelectField(lazy("Organisation asked"))
    question = Paragraph(lazy("Question"), most=5000)
    severity = SelectField(lazy("Severity"), choices=options((code.value, words) for code, words in SEVERITIES.items()))
    criteria = Paragraph(lazy("Criteria: what should be"), required=False, most=5000)
    condition = Paragraph(lazy("Condition: what was found"), required=False, most=5000)
    cause = Paragraph(lazy("Cause: why it came about"), required=False, most=5000)
    effect = Paragraph(lazy("Effect: what follows from it"), required=False, most=5000)
    recommendation = Paragraph(lazy("Recommendation"), required=False, most=5000)
    due_on = ThaiDateField(lazy("Answer by"))
    draft = HiddenField()


class ReplyForm(CollabForm):
    """The organisation's answer, with a file that proves it if there is one."""

    text = Paragraph(lazy("Your answer"), most=10_000)
    evidence = UploadField(lazy("Evidence (a file)"))


class JudgeForm(CollabForm):
    """The auditor's judgement of an answer."""

    step = RadioField(
        lazy("Your judgement"),
        choices=options(
            [
                ("ask", lazy("Not sufficient: ask again")),
                ("follow_up", lazy("Accepted: what was promised is to be reported by a day")),
                ("close", lazy("Settled: close the finding")),
            ]
        ),
    )
    text = Paragraph(lazy("Reasons of the judgement"), most=10_000)
    due_on = ThaiDateField(lazy("By which day (when asked again or followed up)"), required=False)
    lesson = Paragraph(lazy("Lesson for others (when closed)"), required=False, most=5000)


class ReopenForm(CollabForm):
    """Why a closed finding is opened again, and by when an answer is wanted."""

    text = Paragraph(lazy("Why it is opened again"), most=10_000)
    due_on = ThaiDateField(lazy("Answer by"))


class FindingFilter(CollabForm):
    """Which findings are listed, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    state = SelectField(
        lazy("State"), choices=options([("", lazy("Every state")), *((c.value, w) for c, w in STATES.items())]), default=""
    )
    severity = SelectField(
        lazy("Severity"),
        choices=options([("", lazy("Every severity")), *((c.value, w) for c, w in SEVERITIES.items())]),
        default="",
    )


class DayForm(CollabForm):
    """A day and the clock by which it is shown, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    day = ThaiDateField(lazy("Show the state on"))
    clock = RadioField(
        lazy("By which clock"),
        choices=options(
            [
                (Clock.KNOWN.value, lazy("As known on this day: what had been recorded by then")),
                (Clock.IN_FORCE.value, lazy("As in force on this day: what had taken effect by then, as we know today")),
            ]
        ),
        default=Clock.KNOWN.value,
    )


class RegisterForm(CollabForm):
    """A day, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    day = ThaiDateField(lazy("Show the state on"))


def _later_than_first(form: Any, field: Any) -> None:
    if form.earlier.data and field.data and field.data < form.earlier.data:
        raise ValidationError(_("The last day comes before the first one."))


class CompareForm(CollabForm):
    """Two days, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    earlier = ThaiDateField(lazy("Between the end of"))
    later = ThaiDateField(lazy("and the end of"), validators=[_later_than_first])


def _order_of_days(form: Any, field: Any) -> None:
    if form.first.data and form.last.data and form.last.data < form.first.data:
        raise ValidationError(_("The last day comes before the first one."))


class PeriodForm(CollabForm):
    """A period, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    first = ThaiDateField(lazy("From day"), required=False)
    last = ThaiDateField(lazy("To day"), required=False, validators=[_order_of_days])


class RemindedForm(PeriodForm):
    """Of whose reminders the evidence is asked, by GET."""

    who = SelectField(lazy("Was this person reminded?"), default="")


class TrailForm(CollabForm):
    """What of the trail is shown, asked by GET."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    who = SelectField(lazy("Done by"), default="")
    organisation = SelectField(lazy("For which organisation"), default="")
    verb = SelectField(lazy("What was done"), default="")
    about = SelectField(lazy("Kind of object"), default="")
    field = SelectField(lazy("Field that changed"), default="")
    only = SelectMultipleField(
        lazy("Only changes"),
        choices=options(
            [
                ("no_authority", lazy("that name no authority")),
                ("late", lazy("recorded more than a day after they took effect")),
                ("closed_day", lazy("recorded on a weekend or holiday")),
            ]
        ),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    first = ThaiDateField(lazy("From day"), required=False)
    last = ThaiDateField(lazy("To day"), required=False, validators=[_order_of_days])
    view = RadioField(
        lazy("Show"),
        choices=options([("", lazy("Decisions, small changes rolled up")), ("every", lazy("Every change"))]),
        default="",
    )


class GrantForm(CollabForm):
    """Access for an auditor: for whom, where, on which letter, why, from when to when."""

    auditor_id = SelectField(lazy("Auditor"))
    where = SelectField(lazy("What may be read"))
    reference = TextLine(lazy("Number of the letter that asks for access"))
    purpose = Paragraph(lazy("Purpose of the audit"), most=2000)
    valid_from = ThaiDateField(lazy("First day"))
    valid_to = ThaiDateField(lazy("Last day"))


class EndForm(CollabForm):
    """Why access ends early."""

    reason = Paragraph(lazy("Reason"), most=2000)


class NoteForm(CollabForm):
    """A private note."""

    text = Paragraph(lazy("Note for yourself"), most=5000)


#: The populations in words.
SUBJECTS: dict[Subject, LazyText] = {
    Subject.ACTION_ITEMS: lazy("Action items, with the money planned"),
    Subject.AGREEMENTS: lazy("Agreements, with the sum shared among the parties"),
    Subject.DECISIONS: lazy("Decisions: resolutions, councils' ratifications, approved changes of deadline"),
    Subject.BUDGETS: lazy("Budget lines: what each organisation plans for an item"),
    Subject.COSTS: lazy("Costs: what each organisation has spent on an item"),
    Subject.CONTRIBUTIONS: lazy("Contributions: each organisation's share by the newest formula"),
}


class SampleForm(CollabForm):
    """What sample is wanted."""

    title = TextLine(lazy("Name of the sample"))
    subject = RadioField(lazy("What is sampled"), choices=options((code.value, words) for code, words in SUBJECTS.items()))
    where = SelectField(lazy("Of which committee"))
    method = RadioField(
        lazy("How it is chosen"),
        choices=options(
            [
                (Method.RANDOM.value, lazy("At random: every item has the same chance")),
                (Method.MONETARY.value, lazy("By money: every baht has the same chance (not for decisions)")),
                (Method.RISK.value, lazy("By risk: the items with the most points (not for lines of money)")),
            ]
        ),
    )
    size = WholeNumber(lazy("How many items"), least=1, most=500)
    seed = WholeNumber(lazy("Seed of the random numbers"), least=1, most=LARGEST_SEED)
    frozen_on = ThaiDateField(lazy("Population as it was recorded at the end of"))


class CheckForm(CollabForm):
    """The working paper of one chosen item."""

    check = RadioField(
        lazy("Result of the check"),
        choices=options(
            [
                (Check.SATISFACTORY.value, lazy("Satisfactory")),
                (Check.EXCEPTION.value, lazy("Exception")),
                (Check.OPEN.value, lazy("Not yet checked")),
            ]
        ),
    )
    conclusion = Paragraph(lazy("What was checked, and the conclusion"), most=5000)


class ErasureForm(CollabForm):
    """Which values of an object are to be erased, and on which ground."""

    path = SelectField(lazy("Values to erase"))
    ground = Paragraph(lazy("Legal ground"), most=2000)


class DecideForm(CollabForm):
    """The second person's decision; it carries the version that was read."""
