"""The items of a plan as plain rows for views and exports: a fixed number of SELECTs however many items there are."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from collab.action_plans import rules
from collab.action_plans.filters import Filters, Order, conditions
from collab.action_plans.models import ActionItem, ActionPlan, Dependency, ItemGroup, ItemSupporter
from collab.action_plans.queries import visible_clause
from collab.action_plans.states import ItemKind, ItemState
from collab.history.models import HistoryStream
from collab.kernel.access import Actor, Permission, can
from collab.kernel.errors import NotFound
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.members.models import Committee, Organisation, User
from collab.members.rules import name_of

#: Most items on one page of a view; a longer plan is paged.
PAGE = 1000
_item = ActionItem.__table__.c
_supporters = (
    sa.select(sa.func.array_agg(ItemSupporter.organisation_id))
    .where(ItemSupporter.item_id == _item.id, ItemSupporter.removed_at.is_(None))
    .correlate(ActionItem.__table__)
    .scalar_subquery()
)
_COLUMNS = (
    _item.id, _item.version, _item.position, _item.kind, _item.group_name, _item.title, _item.description, _item.location, _item.lead_organisation_id, _item.owner_id, _item.starts_on, _item.due_on,
    _item.baseline_starts_on, _item.baseline_due_on, _item.weight, _item.percent, _item.budget_planned, _item.state, _item.authority_id,
    _supporters.label("supporter_ids"),
)  # fmt: skip
_ORDERS = {Order.PLAN: _item.position, Order.DUE: _item.due_on, Order.START: _item.starts_on}


class Line(NamedTuple):
    """One item as views and exports show it, with the names of organisations and people in the language in force."""

    id: UUID
    version: int
    position: int
    kind: ItemKind
    group: str
    title: str
    location: str
    lead_id: UUID
    lead: str
    supporters: tuple[str, ...]
    owner_id: UUID | None
    owner: str
    starts_on: date
    due_on: date
    baseline_starts_on: date | None
    baseline_due_on: date | None
    weight: int
    percent: int
    budget: Decimal
    state: ItemState
    has_authority: bool
    late_days: int
    slip_days: int


class Names(NamedTuple):
    """Names of organisations and people by id, in the language in force, as pairs so that they can be compared and hashed."""

    organisations: tuple[tuple[UUID, str], ...]
    people: tuple[tuple[UUID, str], ...]


def plan_head(session: Session, actor: Actor, plan_id: UUID) -> Any:
    """Return the plan's columns, the names of its committee, its groups as [name, weight] in their order, and ``head``, which changes with anything in the plan.

    One SELECT. Raises NotFound when there is no such plan or ``actor`` may not see it.
    """
    plan = ActionPlan.__table__
    group = ItemGroup.__table__.c
    pair = sa.func.jsonb_build_array(group.name, group.weight)
    groups = sa.select(sa.func.jsonb_agg(aggregate_order_by(pair, group.position, group.id))).where(
        group.plan_id == plan_id, group.removed_at.is_(None)
    )
    statement = (
        sa.select(
            *plan.c,
            Committee.name_th,
            Committee.name_en,
            Committee.agency_id,
            HistoryStream.head,
            groups.scalar_subquery().label("groups"),
        )
        .join_from(plan, Committee.__table__, Committee.id == plan.c.committee_id)
        .outerjoin(HistoryStream.__table__, HistoryStream.id == sa.literal(f"action_plan/{plan_id}"))
        .where(plan.c.id == plan_id)
    )
    row = session.execute(statement).one_or_none()
    if row is None or not can(actor, Permission.ACTION_PLAN_VIEW, row):
        raise NotFound("action_plan", plan_id)
    return row


def read_page(
    session: Session, plan_id: UUID, filters: Filters, today: date, cursor: str | None = None, *, size: int = PAGE
) -> Page[Any]:
    """Return the page of plain rows of the plan's items that the filters let through, in the order asked for."""
    column = _ORDERS[filters.order]
    keys = (Key(column, lambda row: getattr(row, column.key)), Key(_item.id, lambda row: row.id))
    return keyset(session, _statement(plan_id, filters, today), keys, cursor, size=size)


def read_all(session: Session, plan_id: UUID, filters: Filters, today: date) -> Sequence[Any]:
    """Return all rows that the filters let through, for exports."""
    return session.execute(_statement(plan_id, filters, today).order_by(_ORDERS[filters.order], _item.id)).all()


def read_owned(session: Session, actor: Actor) -> Sequence[Any]:
    """Return the open items that ``actor`` owns in the plans that they may see today, by due date; for their calendar."""
    seen = sa.select(ActionPlan.id).where(visible_clause(actor))
    mine = (ActionItem.owner_id == actor.user_id, ActionItem.is_open, ActionItem.plan_id.in_(seen))
    statement = sa.select(*_COLUMNS).where(*mine)
    return session.execute(statement.order_by(_item.due_on, _item.id).limit(PAGE)).all()


def _statement(plan_id: UUID, filters: Filters, today: date) -> AnySelect:
    chosen = (ActionItem.plan_id == plan_id, ActionItem.removed_at.is_(None), *conditions(filters, today))
    return sa.select(*_COLUMNS).where(*chosen)


def ids_in(rows: Iterable[Any]) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return the organisations and the people that ``rows`` of items name."""
    organisations, people = set(), set()
    for row in rows:
        organisations.add(row.lead_organisation_id)
        organisations.update(row.supporter_ids or ())
        people.add(row.owner_id)
    return frozenset(organisations), frozenset(people - {None})


def read_names(session: Session, organisations: Iterable[UUID], people: Iterable[UUID]) -> Names:
    """Return the names of organisations and people; one SELECT for both."""
    wanted = (
        sa.select(sa.true().label("is_person"), User.id, User.name_th, User.name_en).where(User.id.in_(list(people))),
        sa.select(sa.false(), Organisation.id, Organisation.name_th, Organisation.name_en).where(
            Organisation.id.in_(list(organisations))
        ),
    )
    found: tuple[dict[UUID, str], dict[UUID, str]] = ({}, {})
    for row in session.execute(sa.union_all(*wanted)):
        found[row.is_person][row.id] = name_of(row)
    organisation_names, people_names = (tuple(sorted(names.items())) for names in found)
    return Names(organisation_names, people_names)


def lines(rows: Iterable[Any], names: Names, today: date) -> list[Line]:
    """Return ``rows`` of items with names, lateness and slip."""
    organisations, people = dict(names.organisations), dict(names.people)
    return [
        Line(
            row.id, row.version, row.position, row.kind, row.group_name, row.title, row.location, row.lead_organisation_id,
            organisations.get(row.lead_organisation_id, ""),
            tuple(sorted(organisations[key] for key in row.supporter_ids or () if key in organisations)), row.owner_id,
            people.get(row.owner_id, "") if row.owner_id else "", row.starts_on, row.due_on, row.baseline_starts_on, row.baseline_due_on, row.weight,
            row.percent, row.budget_planned, row.state, row.authority_id is not None,
            rules.days_late(row.due_on, row.state, today), rules.slip_days(row.baseline_due_on, row.due_on),
        )
        for row in rows
    ]  # fmt: skip


def read_links(session: Session, plan_id: UUID) -> list[tuple[UUID, UUID]]:
    """Return which items wait for which in a plan, as (predecessor, successor)."""
    statement = sa.select(Dependency.predecessor_id, Dependency.successor_id).where(
        Dependency.plan_id == plan_id, Dependency.removed_at.is_(None)
    )
    return [(before, after) for before, after in session.execute(statement.order_by(Dependency.id))]


def by_group(all_lines: Iterable[Line], order: Sequence[str] = ()) -> list[tuple[str, list[Line]]]:
    """Return the lines under their groups, those named in ``order`` first, the others as they first appear."""
    groups: dict[str, list[Line]] = {name: [] for name in order}
    for line in all_lines:
        groups.setdefault(line.group, []).append(line)
    return [(name, members) for name, members in groups.items() if members]
