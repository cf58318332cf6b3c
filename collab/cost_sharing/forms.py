"""The form by which shares are reckoned; the measures are named ``measure-<organisation>``."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from wtforms import SelectField

from collab.cost_sharing.rules import Terms
from collab.cost_sharing.wording import METHODS
from collab.kernel.dates import to_ascii_digits
from collab.kernel.i18n import _, lazy
from collab.web.forms import BahtField, CollabForm, TextLine, ThaiDateField, WholeNumber, options

LARGEST = Decimal(10) ** 12


class ReckonForm(CollabForm):
    """A formula and its inputs."""

    method = SelectField(
        lazy("How is the cost shared?"), choices=options((method.value, label) for method, label in METHODS.items())
    )
    total = BahtField(lazy("Total (baht), if there is one"), required=False)
    equal_percent = WholeNumber(lazy("Part shared equally (per cent)"), least=0, most=100, required=False)
    cap_percent = WholeNumber(lazy("Cap on one share (per cent of the total)"), least=1, most=100, required=False)
    rate = BahtField(lazy("Rate (baht a unit)"), required=False)
    host = SelectField(lazy("Host"))
    host_rate = BahtField(lazy("Rate of the host (baht a unit)"), required=False)
    fixed = BahtField(lazy("Fixed sum (baht)"), required=False)
    unit = TextLine(lazy("Unit of the measures"), required=False, most=60)
    source = TextLine(lazy("Source of the measures"), most=500)
    measured_on = ThaiDateField(lazy("Day of the measures"), required=False)

    def terms(self) -> Terms:
        """Return the numbers of the formula."""
        zero = Decimal(0)
        return Terms(
            total=self.total.amount or zero, equal_percent=Decimal(self.equal_percent.data or 0),
            cap_percent=Decimal(self.cap_percent.data or 100), rate=self.rate.amount or zero, host_rate=self.host_rate.amount or zero,
            fixed=self.fixed.amount or zero, host=self.host.data or "",
        )  # fmt: skip

    def measures(self, organisations: list[UUID], posted: Any) -> dict[UUID, Decimal]:
        """Return the measures typed; a party left empty takes no part. Puts a fault on the form for what is no number."""
        found = {}
        for key in organisations:
            text = to_ascii_digits(str(posted.get(f"measure-{key}", ""))).replace(",", "").strip()
            if not text:
                continue
            try:
                value = Decimal(text)
            except InvalidOperation:
                value = Decimal(-1)
            if not value.is_finite() or not 0 <= value <= LARGEST:
                self.form_errors.append(_("Write each measure as a number."))
                continue
            found[key] = value.quantize(Decimal("0.001"))
        return found
