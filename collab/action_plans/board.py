"""The board: cards of items in columns, one column an organisation or a state, and moving a card to another organisation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import queries, service
from collab.action_plans.models import ActionItem
from collab.action_plans.rows import Line
from collab.action_plans.service import ItemFacts
from collab.action_plans.states import ItemState
from collab.action_plans.wording import ITEM_STATES, TONES, late_text
from collab.kernel import i18n
from collab.kernel.access import Actor
from collab.kernel.dates import format_date
from collab.kernel.targets import Ref

#: Most cards drawn in one column; the column says how many there are and leads to the rest in the table.
MOST_CARDS = 50


class By(StrEnum):
    """What the columns are."""

    ORGANISATION = "organisation"
    STATE = "state"


@dataclass(frozen=True)
class Card:
    """One item on the board, in words."""

    id: UUID
    title: str
    group: str
    lead: str
    owner: str
    due: str
    late: str
    percent: int
    state: str
    tone: str
    movable: bool


@dataclass(frozen=True)
class Column:
    """One column: its heading, the value of the filter that leads to the same items in the table, and its cards."""

    title: str
    value: str
    count: int
    late_count: int
    cards: list[Card]


def columns(found: Sequence[Line], by: By, most: int = MOST_CARDS) -> list[Column]:
    """Return the board: organisations in the order of their names, states in the order of the work; within a column by due date.

    A column has at most ``most`` cards and says how many items it stands for.
    """
    places: dict[str, list[Line]] = {state.value: [] for state in ItemState} if by is By.STATE else {}
    titles = {state.value: str(text) for state, text in ITEM_STATES.items()}
    for line in sorted(found, key=lambda line: (line.due_on, line.position)):
        key = line.state.value if by is By.STATE else str(line.lead_id)
        places.setdefault(key, []).append(line)
        titles.setdefault(key, line.lead)
    order = list(places) if by is By.STATE else sorted(places, key=lambda key: titles[key])
    return [_column(titles[key], key, places[key], most) for key in order if places[key]]


def _column(title: str, value: str, found: list[Line], most: int) -> Column:
    late = sum(1 for line in found if line.late_days)
    return Column(title, value, len(found), late, [_card(line) for line in found[:most]])


def _card(line: Line) -> Card:
    movable = line.state in (ItemState.PLANNED, ItemState.IN_PROGRESS)
    return Card(
        line.id, line.title, line.group, line.lead, line.owner, _day(line.due_on), late_text(line.late_days), line.percent,
        str(ITEM_STATES[line.state]), TONES[line.state.value], movable,
    )  # fmt: skip


def _day(day: date) -> str:
    return format_date(day, i18n.get_locale(), short=True)


def move(session: Session, *, actor: Actor, now: datetime, item_id: UUID, expected_version: int | None, organisation_id: UUID,
         owner_id: UUID | None) -> ActionItem:  # fmt: skip
    """Give an item to another leading organisation and owner. One that supported it until now leads it; the others go on supporting.

    Raises what `service.edit_item` raises: NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    _plan, item = queries.get_item(session, actor, item_id)
    facts = facts_of(session, [item])[item.id]
    facts = replace(
        facts, lead_organisation_id=organisation_id, owner_id=owner_id, supporter_ids=facts.supporter_ids - {organisation_id}
    )
    return service.edit_item(session, actor=actor, now=now, item_id=item_id, expected_version=expected_version, facts=facts)


def facts_of(session: Session, items: Iterable[ActionItem]) -> dict[UUID, ItemFacts]:
    """Return what the items say, as `service.edit_item` takes it, by id; one SELECT."""
    rows = list(items)
    supporters = queries.supporters_of(session, [item.id for item in rows])
    return {item.id: _facts(item, frozenset(supporters.get(item.id, ()))) for item in rows}


def _facts(item: ActionItem, supporters: frozenset[UUID]) -> ItemFacts:
    special: dict[str, Any] = {
        "supporter_ids": supporters,
        "authority": Ref(item.authority_kind, item.authority_id) if item.authority_kind and item.authority_id else None,
    }
    plain = {field.name: getattr(item, field.name) for field in fields(ItemFacts) if field.name not in special}
    return ItemFacts(**plain, **special)
