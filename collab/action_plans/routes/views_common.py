"""What every view of a plan shares: the plan, the filters in its address, and the way to the other views with the same filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import filters as filtering
from collab.action_plans import filters_saved, filters_words, rows, sheet
from collab.action_plans.filters import Filters
from collab.action_plans.forms_views import FilterForm
from collab.action_plans.rows import Line, Names
from collab.action_plans.sheet import Overview
from collab.action_plans.wording import ITEM_STATES, ORDERS
from collab.kernel.clock import today
from collab.kernel.dates import BUDDHIST_OFFSET
from collab.kernel.i18n import _, lazy
from collab.members.rules import name_of
from collab.web.context import current_actor, request_now

#: The views of a plan by their names, in the order of the navigation: endpoint and text.
VIEWS = {
    "plan": ("action_plans.detail", lazy("Table and timeline")),
    "board": ("action_plans.board", lazy("Board")),
    "month": ("action_plans.month_view", lazy("Calendar")),
    "waits": ("action_plans.waits", lazy("Who waits for whom")),
    "map": ("action_plans.plan_map", lazy("Map")),
}
_FIELDS = ("organisation", "leads", "state", "group", "owner", "text", "order", "due_from", "due_to", "late", "no_authority")


@dataclass(frozen=True)
class View:
    """A view of a plan that is being shown."""

    name: str
    plan: Any
    committee: str
    today: date
    filters: Filters
    form: FilterForm
    whole: Overview
    names: Names
    saved: Sequence[Any]

    def lines(self, session: Session, filters: Filters | None = None) -> list[Line]:
        """Return the items that the filters (those of the address unless others are given) let through."""
        return rows.lines(rows.read_all(session, self.plan.id, filters or self.filters, self.today), self.names, self.today)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of an address that keep the filters."""
        return filtering.arguments_of(self.filters)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the form that this view heeds: who waits for whom is narrowed to an organisation and by nothing else."""
        return ("organisation",) if self.name == "waits" else _FIELDS

    @property
    def carried(self) -> dict[str, Any]:
        """What is asked for beside these fields, as the form carries it on to the other views."""
        left = {name: value for name, value in self.arguments.items() if name not in self.fields}
        for name in ("due_from", "due_to"):
            if (day := left.pop(name, None)) is not None:
                year, month, date_ = day.split("-")
                left |= {f"{name}-day": date_, f"{name}-month": month, f"{name}-year": str(int(year) + BUDDHIST_OFFSET)}
        return left

    @property
    def narrowed(self) -> str:
        """What the filters let through in words; '' when that is everything."""
        filters = filters_words.of_waits(self.filters) if self.name == "waits" else self.filters
        return filters_words.words_of(filters, dict(self.names.organisations), dict(self.names.people))

    @property
    def title(self) -> str:
        """What the view is called."""
        return str(VIEWS[self.name][1])

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The navigation between the views, which keeps the filters."""
        return [
            {"href": url_for(endpoint, plan_id=self.plan.id, **self.arguments), "text": text, "current": name == self.name}
            for name, (endpoint, text) in VIEWS.items()
        ]

    @property
    def address(self) -> str:
        """The address of this view without filters."""
        return url_for(VIEWS[self.name][0], plan_id=self.plan.id)


def open_view(session: Session, plan_id: UUID, name: str) -> View:
    """Return the view ``name`` of a plan as the address asks for it; raise NotFound when the person may not see the plan."""
    day = today(request_now())
    plan = rows.plan_head(session, current_actor(), plan_id)
    whole = sheet.overview(session, plan, day)
    names = rows.read_names(session, whole.organisations, whole.people)
    filters = filtering.parse(request.args)
    form = _form(filters, whole, names)
    saved = filters_saved.list_saved(session, current_actor(), plan.committee_id)
    return View(name, plan, name_of(plan), day, filters, form, whole, names, saved)


def _form(filters: Filters, whole: Overview, names: Names) -> FilterForm:
    form = FilterForm(request.args if "apply" in request.args else None, data=vars(filters))
    form.organisation.choices = _choices(_("All organisations"), names.organisations)
    form.owner.choices = _choices(_("Everybody"), names.people)
    form.group.choices = [("", _("All groups")), *((group, group) for group in whole.groups)]
    states = [(state.value, str(text)) for state, text in ITEM_STATES.items()]
    form.state.choices = [("", _("All states")), (filtering.OPEN, _("Still to be done")), *states]
    form.order.choices = [(order.value, str(text)) for order, text in ORDERS.items()]
    return form


def _choices(everything: str, pairs: tuple[tuple[UUID, str], ...]) -> list[tuple[str, str]]:
    return [("", everything), *((str(key), name) for key, name in sorted(pairs, key=lambda pair: pair[1]))]


def tidied(view: View) -> ResponseReturnValue | None:
    """Return the way to the tidy address of the filters that were just typed, or None when none were or a date is no date.

    The form sends every field, empty ones too; what is bookmarked, sent to a colleague or saved holds only what narrows.
    """
    if "apply" not in request.args or not view.form.validate():
        return None
    return redirect(view_url(view.name, view.plan.id, view.form.filters()), 303)


def view_url(name: str, plan_id: UUID, filters: Filters) -> str:
    """Return the address of the view ``name`` of a plan (an unknown one: of its table) with ``filters``."""
    endpoint, _text = VIEWS.get(name, VIEWS["plan"])
    return url_for(endpoint, plan_id=plan_id, **filtering.arguments_of(filters))
