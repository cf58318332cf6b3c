"""Templates: what a service usually needs, made from a plan that worked, and plans begun from one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries
from collab.action_plans.models import (
    ActionItem,
    ActionPlan,
    Dependency,
    Indicator,
    ItemGroup,
    PlanTemplate,
    TemplateItem,
    TemplateLink,
)
from collab.action_plans.schedule import WorkingDays
from collab.action_plans.service import plans
from collab.action_plans.states import ItemKind, ItemState, ServiceKind
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise
from collab.members import queries as members


@dataclass(frozen=True)
class Start:
    """How a plan is begun from a template: whose, which year, what it is called, its first day, and who leads the items at first."""

    committee_id: UUID
    fiscal_year: int
    title: str
    starts_on: date
    lead_organisation_id: UUID


def make_template(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, service: ServiceKind, title: str,
                  description: str = "") -> PlanTemplate:  # fmt: skip
    """Make a template from the items of a plan that were not cancelled: lengths and distances in working days, weights, links.

    Names of organisations and people, sums and dates do not come along. Raises NotFound, NotAllowed, StateConflict, InvalidInput.
    """
    plan = queries.get_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    words = plans.checked_title(title)
    items = [item for item in queries.items_of(session, plan.id) if item.state is not ItemState.CANCELLED]
    if not items or actor.user_id is None:
        raise StateConflict(_("The plan has no items to copy."))
    template = PlanTemplate(
        id=new_id(), committee_id=plan.committee_id, service=service, title=words, description=normalise(description),
        made_by_id=actor.user_id, made_at=now,
    )  # fmt: skip
    parts = _template_items(session, template, plan, items)
    links = [link for link in queries.links_of(session, plan.id) if link.predecessor in parts and link.successor in parts]
    with history.act(session, verb="plan_template.made", actor=actor, now=now, subject=template):
        session.add(template)
        session.flush()
        session.add_all(parts.values())
        session.flush()
        session.add_all(
            TemplateLink(
                template_id=template.id, predecessor_id=parts[link.predecessor].id, successor_id=parts[link.successor].id,
                lag_days=link.lag_days,
            )
            for link in links
        )  # fmt: skip
    return template


def start_plan(session: Session, *, actor: Actor, now: datetime, template_id: UUID, start: Start) -> ActionPlan:
    """Begin a draft plan of a committee from a template: its items follow one another on working days from the first day.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    template = queries.get_template(session, actor, template_id)
    plan = plans.create_plan(
        session, actor=actor, now=now, committee_id=start.committee_id, fiscal_year=start.fiscal_year, title=start.title
    )
    agency = members.get_committee(session, start.committee_id).agency_id
    seated = {seat.organisation_id for seat in members.seats_on(session, start.committee_id, today(now))}
    if start.lead_organisation_id not in {agency, *seated}:
        raise InvalidInput({"lead_organisation_id": _("Choose an organisation of the committee.")})
    rows = queries.template_items(session, template.id)
    items = _items(plan, rows, start, queries.working_days(session, [start.starts_on]))
    authority = history.Authority("plan_template", template.id)
    with history.act(session, verb="action_plan.started_from_template", actor=actor, now=now, subject=plan, authority=authority):
        session.add_all(items.values())
        session.flush()
        session.add_all(_parts(session, plan, rows, items))
    return plan


def remove_template(session: Session, *, actor: Actor, now: datetime, template_id: UUID, reason: str) -> PlanTemplate:
    """Take a template out of the list, with the reason: the coordinator of the committee it came from.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    template = queries.get_template(session, actor, template_id, lock=True)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, template)
    if template.removed_at is not None:
        raise NotFound("plan_template", template_id)
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_PLAN_MANAGE.value)
    with history.act(session, verb="plan_template.removed", actor=actor, now=now, subject=template, reason=words):
        template.removed_at = now
    return template


def _template_items(
    session: Session, template: PlanTemplate, plan: ActionPlan, items: Sequence[ActionItem]
) -> dict[UUID, TemplateItem]:
    first = min(item.starts_on for item in items)
    days = queries.working_days(session, [first])
    weights = {group.name: group.weight for group in queries.groups_of(session, [plan.id])}
    measured = {row.item_id: row for row in reversed(queries.indicators_of(session, [item.id for item in items]))}
    found = {}
    for number, item in enumerate(items, start=1):
        indicator = measured.get(item.id)
        found[item.id] = TemplateItem(
            id=new_id(), template_id=template.id, kind=item.kind, group_name=item.group_name, group_weight=weights.get(item.group_name),
            title=item.title, description=item.description, offset_days=max(days.count(first, item.starts_on) - 1, 0),
            length_days=max(days.count(item.starts_on, item.due_on), 1), weight=item.weight,
            indicator=indicator.text if indicator else "", unit=indicator.unit if indicator else "", position=number,
        )  # fmt: skip
    return found


def _items(plan: ActionPlan, rows: Sequence[TemplateItem], start: Start, days: WorkingDays) -> dict[UUID, ActionItem]:
    first = days.from_day(start.starts_on)
    found = {}
    for row in rows:
        begins = days.after(first, row.offset_days)
        ends = begins if row.kind is ItemKind.MILESTONE else days.after(begins, row.length_days - 1)
        found[row.id] = ActionItem(
            id=new_id(), plan_id=plan.id, committee_id=plan.committee_id, kind=row.kind, group_name=row.group_name, title=row.title,
            description=row.description, location="", lead_organisation_id=start.lead_organisation_id, starts_on=begins, due_on=ends,
            weight=row.weight, state=ItemState.PLANNED, percent=0, position=row.position,
        )  # fmt: skip
    return found


def _parts(session: Session, plan: ActionPlan, rows: Sequence[TemplateItem], items: Mapping[UUID, ActionItem]) -> list[object]:
    weights = {row.group_name: row.group_weight for row in rows if row.group_name and row.group_weight is not None}
    parts: list[object] = [
        ItemGroup(plan_id=plan.id, name=name, weight=weight, position=number)
        for number, (name, weight) in enumerate(weights.items(), start=1)
    ]
    parts += [
        Indicator(plan_id=plan.id, item_id=items[row.id].id, text=row.indicator, unit=row.unit, target=Decimal(0), position=1)
        for row in rows
        if row.indicator
    ]
    parts += [
        Dependency(
            plan_id=plan.id, predecessor_id=items[link.predecessor_id].id, successor_id=items[link.successor_id].id,
            lag_days=link.lag_days,
        )
        for link in queries.template_links(session, rows[0].template_id)
    ]  # fmt: skip
    return parts
