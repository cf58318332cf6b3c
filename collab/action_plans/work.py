"""The signed-in work list: open items by due date. Built to be one index scan however many items there are."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem
from collab.kernel import i18n
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.paging import AnySelect, Key, Listing, Page
from collab.members.models import Organisation, User
from collab.members.queries import name_in

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
    """Return the page of open items for ``actor``, the earliest due date first, as plain rows.

    Each has the columns of `_COLUMNS`, and the names of its ``owner`` and its ``lead`` in the language in force.
    """
    column, values = _scopes(actor, asked.view)
    parameters = {f"scope_{number}": value for number, value in enumerate(values)}
    if asked.late_only:
        parameters["today"] = today
    return _listing(column, len(values), asked.late_only, i18n.get_locale(), size).page(session, parameters, cursor)


def _scopes(actor: Actor, view: View) -> tuple[str, list[Any]]:
    """Return what the scans are limited to: one column, and for each scan one value, so that each follows one index in order."""
    if view is View.MINE:
        return "owner_id", [actor.user_id]
    if view is View.COMMITTEES and (committees := led_committees(actor)):
        return "committee_id", list(committees)
    return "lead_organisation_id", [actor.organisation_id]


@lru_cache(maxsize=64)
def _listing(column: str, scans: int, late_only: bool, locale: str, size: int) -> Listing:
    """Return the list over so many values of one column: put together once for each form that the question can have."""
    statements = [_scan(column, number, late_only) for number in range(scans)]
    # One scan is asked for as it is: PostgreSQL then walks its index and stops at the end of the page.
    source = sa.union_all(*statements).subquery().c if scans > 1 else _item
    statement = sa.select(*source) if scans > 1 else statements[0]
    keys = (Key(source.due_on, lambda row: row.due_on), Key(source.id, lambda row: row.id))
    return Listing(statement, keys, size, widen=partial(_with_names, locale))


def _with_names(locale: str, page: Any) -> AnySelect:
    owner, lead = User.__table__, Organisation.__table__
    return (
        sa.select(*page, name_in(owner.c, locale).label("owner"), name_in(lead.c, locale).label("lead"))
        .join_from(next(iter(page)).table, lead, lead.c.id == page.lead_organisation_id)
        .outerjoin(owner, owner.c.id == page.owner_id)
    )


def _scan(column: str, number: int, late_only: bool) -> AnySelect:
    value: sa.BindParameter[Any] = sa.bindparam(f"scope_{number}", type_=sa.Uuid())
    statement = sa.select(*_COLUMNS).where(_item[column] == value, _item.is_open)
    return statement.where(_item.due_on < sa.bindparam("today", type_=sa.Date())) if late_only else statement
