"""The signed-in work list: open items by due date. Built to be one index scan however many items there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.paging import AnySelect, Key, Page, keyset

_item = ActionItem.__table__.c
_COLUMNS = (
    _item.id, _item.title, _item.due_on, _item.state, _item.percent, _item.lead_organisation_id, _item.owner_id,
)  # fmt: skip


class View(StrEnum):
    """Whose items the list shows."""

    MINE = "mine"
    ORGANISATION = "organisation"
    COMMITTEES = "committees"


@dataclass(frozen=True)
class WorkQuery:
    """What was asked for: whose items, and only the late ones or all."""

    view: View
    late_only: bool = False


def views_of(actor: Actor) -> list[View]:
    """Return the views that ``actor`` has: everybody their own and their organisation's, leaders their committees'."""
    return [View.MINE, View.ORGANISATION, *([View.COMMITTEES] if led_committees(actor) else [])]


def led_committees(actor: Actor) -> list[UUID]:
    """Return the committees that ``actor`` coordinates or chairs, in a fixed order."""
    return sorted(actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.CHAIR, Scope.COMMITTEE))


def list_work(session: Session, actor: Actor, asked: WorkQuery, today: date, cursor: str | None = None, *,
              size: int = 50) -> Page[Any]:  # fmt: skip
    """Return the page of open items for ``actor``, the earliest due date first, as plain rows."""
    union = sa.union_all(*(_scan(column, value, asked, today) for column, value in _scopes(actor, asked.view))).subquery()
    keys = (Key(union.c.due_on, lambda row: row.due_on), Key(union.c.id, lambda row: row.id))
    return keyset(session, sa.select(union), keys, cursor, size=size)


def _scopes(actor: Actor, view: View) -> Collection[tuple[sa.ColumnElement[Any], UUID | None]]:
    """Return what the scans are limited to: one column and one value each, so that each follows one index in order."""
    if view is View.MINE:
        return [(_item.owner_id, actor.user_id)]
    if view is View.COMMITTEES and (committees := led_committees(actor)):
        return [(_item.committee_id, committee) for committee in committees]
    return [(_item.lead_organisation_id, actor.organisation_id)]


def _scan(column: sa.ColumnElement[Any], value: UUID | None, asked: WorkQuery, today: date) -> AnySelect:
    statement = sa.select(*_COLUMNS).where(column == sa.literal(value, sa.Uuid()), _item.is_open)
    return statement.where(_item.due_on < today) if asked.late_only else statement
