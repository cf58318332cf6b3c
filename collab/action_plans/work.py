"""The signed-in work list: open items, by due date or in another order. It reads a page along an index however many items there are.

Of what somebody owns only the order by due date has an index of its own: one person's open items are few enough to be put in order.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.work_stripes import Stripes
from collab.kernel import i18n
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.paging import AnySelect, Key, Listing, Page
from collab.members.models import Organisation, User
from collab.members.queries import name_in

_item = ActionItem.__table__.c
_COLUMNS = ("id", "title", "due_on", "state", "percent", "lead_organisation_id", "owner_id")


class View(StrEnum):
    """Whose items the list shows."""

    MINE = "mine"
    ORGANISATION = "organisation"
    COMMITTEES = "committees"


class Order(StrEnum):
    """Orders of the list; within equal states, plans and organisations the earliest due date comes first."""

    DUE = "due"
    STATE = "state"
    PLAN = "plan"
    ORGANISATION = "organisation"
    CHANGED = "changed"


#: The column whose values are the stripes of an order.
_STRIPES = {Order.STATE: "state", Order.PLAN: "plan_id", Order.ORGANISATION: "lead_organisation_id"}


@dataclass(frozen=True)
class WorkQuery:
    """What was asked for: whose items, only the late ones or all, and in which order."""

    view: View
    late_only: bool = False
    order: Order = Order.DUE


def orders_of(view: View, *, late_only: bool) -> list[Order]:
    """Return the orders that a view has: organisations are put in order where there are several.

    What is late has no order by its last change: no index has both, so it would be slow where few of many items are late.
    """
    organisation = [Order.ORGANISATION] if view is View.COMMITTEES else []
    return [Order.DUE, Order.STATE, Order.PLAN, *organisation, *([] if late_only else [Order.CHANGED])]


def views_of(actor: Actor) -> list[View]:
    """Return the views that ``actor`` has: everybody their own and their organisation's, leaders their committees'."""
    return [View.MINE, View.ORGANISATION, *([View.COMMITTEES] if led_committees(actor) else [])]


def led_committees(actor: Actor) -> list[UUID]:
    """Return the committees that ``actor`` coordinates or chairs, in a fixed order."""
    return sorted(actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.CHAIR, Scope.COMMITTEE))


def list_work(session: Session, actor: Actor, asked: WorkQuery, today: date, cursor: str | None = None, *,
              size: int = 50) -> Page[Any]:  # fmt: skip
    """Return the page of open items for ``actor`` in the order asked for, as plain rows.

    Each has the columns of `_COLUMNS`, and the names of its ``owner`` and its ``lead`` in the language in force; ordered by plan also
    the title of its ``plan``, and ordered by change also ``changed_at``.
    """
    column, values = _scopes(actor, asked.view)
    parameters = {f"scope_{number}": value for number, value in enumerate(values)}
    if asked.late_only:
        parameters["today"] = today
    return _listing(column, len(values), asked, i18n.get_locale(), size).page(session, parameters, cursor)


def _scopes(actor: Actor, view: View) -> tuple[str, list[Any]]:
    """Return what the scans are limited to: one column, and for each scan one value, so that each follows one index in order."""
    if view is View.MINE:
        return "owner_id", [actor.user_id]
    if view is View.COMMITTEES and (committees := led_committees(actor)):
        return "committee_id", list(committees)
    return "lead_organisation_id", [actor.organisation_id]


@lru_cache(maxsize=128)
def _listing(column: str, scans: int, asked: WorkQuery, locale: str, size: int) -> Listing:
    """Return the list over so many values of one column: put together once for each form that the question can have."""
    widen = partial(_with_names, locale, with_plan=asked.order is Order.PLAN)
    if asked.order in _STRIPES:
        value = _STRIPES[asked.order]
        # The column of the stripes may be none of those shown.
        columns = _COLUMNS if value in _COLUMNS else (*_COLUMNS, value)
        stripes = Stripes(column, scans, value, columns, asked.late_only)
        return Listing(stripes.find, stripes.keys(), size, widen=widen)
    by_change = asked.order is Order.CHANGED
    columns = (*_COLUMNS, "changed_at") if by_change else _COLUMNS
    statements = [_scan(column, columns, number, asked.late_only) for number in range(scans)]
    # One scan is asked for as it is: PostgreSQL then walks its index and stops at the end of the page.
    source = sa.union_all(*statements).subquery().c if scans > 1 else _item
    statement = sa.select(*source) if scans > 1 else statements[0]
    first = Key(source.changed_at, lambda row: row.changed_at, True) if by_change else Key(source.due_on, lambda row: row.due_on)
    return Listing(statement, (first, Key(source.id, lambda row: row.id, by_change)), size, widen=widen)


def _with_names(locale: str, page: Any, *, with_plan: bool) -> AnySelect:
    owner, lead, plan = User.__table__, Organisation.__table__, ActionPlan.__table__
    rows = next(iter(page)).table
    found = rows.join(lead, lead.c.id == page.lead_organisation_id).outerjoin(owner, owner.c.id == page.owner_id)
    columns = [*page, name_in(owner.c, locale).label("owner"), name_in(lead.c, locale).label("lead")]
    if with_plan:
        found = found.join(plan, plan.c.id == page.plan_id)
        columns.append(plan.c.title.label("plan"))
    return sa.select(*columns).select_from(found)


def _scan(column: str, columns: tuple[str, ...], number: int, late_only: bool) -> AnySelect:
    value: sa.BindParameter[Any] = sa.bindparam(f"scope_{number}", type_=sa.Uuid())
    statement = sa.select(*(_item[name] for name in columns)).where(_item[column] == value, _item.is_open)
    return statement.where(_item.due_on < sa.bindparam("today", type_=sa.Date())) if late_only else statement
