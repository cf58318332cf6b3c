"""The filters in force in words, for screens and papers: who holds half a plan in their hands must see that it is half."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from collab.action_plans.filters import OPEN, Filters
from collab.action_plans.states import ItemState
from collab.action_plans.wording import ITEM_STATES
from collab.kernel import i18n
from collab.kernel.dates import format_date
from collab.kernel.i18n import _


def words_of(filters: Filters, organisations: Mapping[UUID, str], people: Mapping[UUID, str]) -> str:
    """Return what the view is narrowed to, '' when it shows everything; the names by id are those of the plan's parties."""
    parts = [part for part in (*_whose(filters, organisations, people), *_what(filters), *_when(filters)) if part]
    return _("Only: %(filters)s", filters=" · ".join(parts)) if parts else ""


def of_waits(filters: Filters) -> Filters:
    """Return what of the filters narrows who waits for whom: the organisation alone."""
    return replace(Filters(), organisation=filters.organisation)


def _whose(filters: Filters, organisations: Mapping[UUID, str], people: Mapping[UUID, str]) -> list[str]:
    name = organisations.get(filters.organisation, "–") if filters.organisation else ""
    led = _("led by %(name)s", name=name) if filters.leads else _("led or supported by %(name)s", name=name)
    owner = _("owner %(name)s", name=people.get(filters.owner, "–")) if filters.owner else ""
    return [led if name else "", owner]


def _what(filters: Filters) -> list[str]:
    state = filters.state and (_("Still to be done") if filters.state == OPEN else str(ITEM_STATES[ItemState(filters.state)]))
    return [
        state,
        _("group %(name)s", name=filters.group) if filters.group else "",
        _("with the words “%(text)s”", text=filters.text) if filters.text else "",
        _("without authority") if filters.no_authority else "",
    ]


def _when(filters: Filters) -> list[str]:
    locale = i18n.get_locale()
    return [
        _("late items") if filters.late else "",
        _("due from %(day)s", day=format_date(filters.due_from, locale, short=True)) if filters.due_from else "",
        _("due until %(day)s", day=format_date(filters.due_to, locale, short=True)) if filters.due_to else "",
    ]
