"""Which items of a plan a view shows and in which order: read from an address, written into one, applied in SQL.

Every view of a plan takes the same filters, so that going from the table to the board keeps them, and a saved filter is an address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa

from collab.action_plans.models import ActionItem, ItemSupporter
from collab.action_plans.states import OPEN_STATES, ItemState
from collab.kernel.text import normalise

T = TypeVar("T")
#: The choice of all states in which something is left to do.
OPEN = "open"
MOST_TEXT = 100


class Order(StrEnum):
    """Orders that an index of the plan's items serves."""

    PLAN = "plan"
    DUE = "due"
    START = "start"


@dataclass(frozen=True)
class Filters:
    """What a view is narrowed to; what is empty narrows nothing. ``organisation`` leads or supports the items; with ``leads`` it leads them."""

    organisation: UUID | None = None
    leads: bool = False
    state: str = ""
    group: str = ""
    owner: UUID | None = None
    text: str = ""
    due_from: date | None = None
    due_to: date | None = None
    late: bool = False
    no_authority: bool = False
    order: Order = Order.PLAN

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return replace(self, order=Order.PLAN) != Filters()


def parse(arguments: Mapping[str, str]) -> Filters:
    """Read the filters from the arguments of an address; what cannot be read narrows nothing."""
    return Filters(
        organisation=_read(arguments, "organisation", UUID), leads=arguments.get("leads") == "1", state=_read(arguments, "state", _state) or "",
        group=_words(arguments, "group"), owner=_read(arguments, "owner", UUID), text=_words(arguments, "text"),
        due_from=_read(arguments, "due_from", date.fromisoformat), due_to=_read(arguments, "due_to", date.fromisoformat),
        late=arguments.get("late") == "1", no_authority=arguments.get("no_authority") == "1",
        order=_read(arguments, "order", Order) or Order.PLAN,
    )  # fmt: skip


def arguments_of(filters: Filters) -> dict[str, Any]:
    """Return the arguments of an address that `parse` reads as ``filters``; what is empty is left out."""
    given = {field.name: getattr(filters, field.name) for field in fields(filters)}
    return {name: _write(value) for name, value in given.items() if value and value is not Order.PLAN}


def query_of(filters: Filters) -> str:
    """Return the same as the query of an address, without a question mark; '' when nothing is asked for."""
    return urlencode(arguments_of(filters))


def conditions(filters: Filters, today: date) -> list[sa.ColumnElement[bool]]:
    """Return what an `ActionItem` must fulfil to be shown."""
    item = ActionItem
    supports = sa.exists().where(
        ItemSupporter.item_id == item.id,
        ItemSupporter.organisation_id == filters.organisation,
        ItemSupporter.removed_at.is_(None),
    )
    states = OPEN_STATES if filters.state == OPEN else {filters.state}
    given: list[tuple[object, Callable[[], sa.ColumnElement[bool]]]] = [
        (
            filters.organisation,
            lambda: (
                item.lead_organisation_id == filters.organisation
                if filters.leads
                else sa.or_(item.lead_organisation_id == filters.organisation, supports)
            ),
        ),
        (filters.state, lambda: item.state.in_(sorted(states))),
        (filters.group, lambda: item.group_name == filters.group),
        (filters.owner, lambda: item.owner_id == filters.owner),
        (filters.text, lambda: sa.or_(_contains(item.title, filters.text), _contains(item.description, filters.text))),
        (filters.due_from, lambda: item.due_on >= filters.due_from),
        (filters.due_to, lambda: item.due_on <= filters.due_to),
        (filters.late, lambda: sa.and_(item.due_on < today, item.state.in_(sorted(OPEN_STATES)))),
        (filters.no_authority, lambda: item.authority_id.is_(None)),
    ]
    return [condition() for value, condition in given if value]


def _contains(column: Any, text: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(column).contains(text.lower(), autoescape=True)


def _read(arguments: Mapping[str, str], name: str, reader: Callable[[str], T]) -> T | None:
    try:
        return reader(arguments.get(name, ""))
    except ValueError:
        return None


def _state(value: str) -> str:
    return OPEN if value == OPEN else ItemState(value).value


def _words(arguments: Mapping[str, str], name: str) -> str:
    return normalise(arguments.get(name, ""))[:MOST_TEXT]


def _write(value: object) -> str:
    if value is True:
        return "1"
    return value.isoformat() if isinstance(value, date) else str(value)
