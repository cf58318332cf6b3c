"""The form above the views of a plan: what they are narrowed to. It is sent by GET and changes nothing."""

from typing import Any
from uuid import UUID

from flask_wtf.file import FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectField

from collab.action_plans.filters import MOST_TEXT, Filters, Order
from collab.action_plans.filters_saved import MOST_NAME
from collab.action_plans.states import SheetKind
from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, TextLine, ThaiDateField, UploadField, options


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class FilterForm(CollabForm):
    """Which items a view shows, and in which order."""

    class Meta(CollabForm.Meta):
        """A form that changes nothing needs no token."""

        csrf = False

    organisation = SelectField(lazy("Organisation that leads or supports"), coerce=_text, validate_choice=False)
    leads = BooleanField(lazy("Only items that this organisation leads"))
    state = SelectField(lazy("State"), coerce=_text, validate_choice=False)
    group = SelectField(lazy("Group of work"), coerce=_text, validate_choice=False)
    owner = SelectField(lazy("Owner"), coerce=_text, validate_choice=False)
    text = TextLine(lazy("Words in title or description"), required=False, most=MOST_TEXT)
    due_from = ThaiDateField(lazy("Due from"), required=False)
    due_to = ThaiDateField(lazy("Due until"), required=False)
    late = BooleanField(lazy("Only late items"))
    no_authority = BooleanField(lazy("Only items without authority"))
    order = SelectField(lazy("Order"), coerce=_text, validate_choice=False)

    def filters(self) -> Filters:
        """Return what was chosen; a choice that is none narrows nothing."""
        return Filters(
            organisation=_uuid(self.organisation.data), leads=self.leads.data, state=self.state.data or "", group=self.group.data or "",
            owner=_uuid(self.owner.data), text=self.text.data or "", due_from=self.due_from.data, due_to=self.due_to.data, late=self.late.data,
            no_authority=self.no_authority.data, order=Order(self.order.data) if self.order.data in set(Order) else Order.PLAN,
        )  # fmt: skip


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


class SaveFilterForm(CollabForm):
    """A name for the filters that are in force."""

    name = TextLine(lazy("Name for these filters"), most=MOST_NAME)
    is_shared = BooleanField(lazy("Share with the committee"))


class MoveForm(CollabForm):
    """To which organisation, and to whom there, an item goes."""

    lead_organisation_id = RadioField(lazy("To which organisation does it go?"), coerce=_text, choices=[])
    owner_id = SelectField(lazy("Owner"), coerce=_text)


class ImportForm(CollabForm):
    """A sheet to be read."""

    kind = RadioField(
        lazy("What kind of sheet is it?"), coerce=_text, default=SheetKind.ITEMS.value,
        choices=options([(SheetKind.ITEMS.value, lazy("Sheet of items, one row an item")), (SheetKind.FORM.value, lazy("Form ผด.02"))]),
    )  # fmt: skip
    file = UploadField(lazy("Workbook (XLSX)"), validators=[FileRequired(lazy("Choose a file."))])


class ConfirmImportForm(CollabForm):
    """What was seen of a sheet when it was confirmed."""

    seen = HiddenField()
