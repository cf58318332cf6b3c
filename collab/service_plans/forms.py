"""Forms of service plans."""

from collections.abc import Sequence
from typing import Any

from wtforms import SelectField
from wtforms.validators import ValidationError

from collab.kernel.dates import to_ascii_digits
from collab.kernel.i18n import _, lazy
from collab.service_plans.rules import FIRST_YEAR, LAST_YEAR, parse_targets
from collab.service_plans.wording import SOURCES
from collab.web.forms import BahtField, CollabForm, Paragraph, TextLine, WholeNumber


class PlanForm(CollabForm):
    """The words of a plan."""

    title = TextLine(lazy("Title of the service plan"))
    objective = Paragraph(lazy("Objective"), most=5000)
    standard = Paragraph(lazy("Standard of service"), most=5000)


class ReasonForm(CollabForm):
    """Why something is done."""

    reason = Paragraph(lazy("Reason"), most=2000)


class StepForm(CollabForm):
    """A step that needs nothing but the version that was seen."""


class ApproveForm(CollabForm):
    """The resolution on whose authority the plan is approved."""

    resolution_id = SelectField(lazy("Approved by the resolution"), choices=[], validate_choice=True)


class FigureLine(TextLine):
    """A figure with at most two decimals; ``figure`` is a Decimal or None."""

    figure: Any = None

    def pre_validate(self, form: Any) -> None:
        """Raise when the text is no figure."""
        text = to_ascii_digits(self.data or "").replace(",", "")
        read = parse_targets(f"{FIRST_YEAR}: {text}") if text else {}
        if read is None:
            raise ValidationError(_("Write a number, for example 80.5."))
        self.figure = read.get(FIRST_YEAR)


class IndicatorForm(CollabForm):
    """An indicator with its targets by year."""

    name = TextLine(lazy("Indicator"))
    unit = TextLine(lazy("Unit"), most=60)
    baseline = FigureLine(lazy("Baseline"), required=False, most=20)
    targets = Paragraph(lazy("Yearly targets"), required=False, most=1000)

    def validate_targets(self, target: Any) -> None:
        """Raise when a line is not ``year: value``."""
        if self.read_targets() is None:
            raise ValidationError(_("Write one year a line with its value, for example 2570: 80.5"))

    def read_targets(self) -> Any:
        """Return the targets by fiscal year, None when they cannot be read."""
        return parse_targets(to_ascii_digits(self.targets.data or ""))


class _OfOrganisation(CollabForm):
    """What names an organisation of the committee."""

    organisation_id = SelectField(lazy("Organisation"), choices=[])

    def offer(self, organisations: Sequence[tuple[Any, str]]) -> None:
        """Offer these organisations."""
        self.organisation_id.choices = [(str(key), name) for key, name in organisations]


class BudgetLineForm(_OfOrganisation):
    """What one organisation pays in one fiscal year."""

    fiscal_year = WholeNumber(lazy("Fiscal year (B.E.)"), FIRST_YEAR, LAST_YEAR)
    source = SelectField(lazy("Source of the money"), choices=[])
    amount = BahtField(lazy("Amount"))
    note = TextLine(lazy("Note"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.source.choices = [(code.value, str(text)) for code, text in SOURCES.items()]


class AreaForm(_OfOrganisation):
    """Which part of an organisation's area is served."""

    coverage = Paragraph(lazy("Area and people served"), most=2000)


class RiskForm(CollabForm):
    """A barrier and the tactic against it."""

    barrier = Paragraph(lazy("Barrier"), most=2000)
    tactic = Paragraph(lazy("Tactic against it"), most=2000)
