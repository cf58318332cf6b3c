"""A plan made from last year's: dates moved by whole years to working days, all items or only those that were not finished."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries, schedule
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine, Dependency, Indicator, ItemGroup, ItemSupporter
from collab.action_plans.schedule import Dates, Link, Span, WorkingDays
from collab.action_plans.service.plans import checked_title, checked_year
from collab.action_plans.states import OPEN_STATES, ItemKind, ItemState, PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.members.models import User

MOST_YEARS = 10


@dataclass(frozen=True)
class _Source:
    plan: ActionPlan
    items: list[ActionItem]
    links: list[Link]


def copy_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, fiscal_year: int, title: str,
              unfinished_only: bool) -> ActionPlan:  # fmt: skip
    """Make a draft for a later fiscal year from a plan: items that were not cancelled, or only those that were not finished.

    Dates move by the difference of the years, then to working days, then as far as the dependencies ask. Groups, supporters,
    planned budgets, indicators and dependencies come along; progress, money spent and what was measured do not.
    Raises NotFound, NotAllowed, StateConflict (nothing to copy), InvalidInput.
    """
    plan = queries.get_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    year, words = checked_year(fiscal_year), checked_title(title)
    years = year - plan.fiscal_year
    if not 1 <= years <= MOST_YEARS:
        raise InvalidInput({"fiscal_year": _("Choose a later fiscal year than %(year)s.", year=plan.fiscal_year)})
    source = _source(session, plan, unfinished_only)
    made = ActionPlan(
        id=new_id(), committee_id=plan.committee_id, agreement_id=plan.agreement_id, previous_id=plan.id, fiscal_year=year, title=words,
        state=PlanState.DRAFT,
    )  # fmt: skip
    dates = moved_dates(
        source.items, source.links, years, queries.working_days(session, [item.starts_on for item in source.items])
    )
    copies = _copies(session, made, source.items, dates)
    authority = history.Authority("action_plan", plan.id)
    with history.act(session, verb="action_plan.copied", actor=actor, now=now, subject=made, authority=authority):
        session.add(made)
        session.flush()
        session.add_all(copies.values())
        session.flush()
        session.add_all(_parts(session, made, source, copies))
    return made


def moved_dates(items: Iterable[ActionItem], links: list[Link], years: int, days: WorkingDays) -> dict[UUID, Dates]:
    """Return new dates by item: years later, on working days, of the same length, and none before what it waits for."""
    spans = {}
    for item in items:
        start = days.from_day(_years_later(item.starts_on, years))
        length = max(days.count(item.starts_on, item.due_on), 1)
        due = start if item.kind is ItemKind.MILESTONE else days.after(start, length - 1)
        spans[item.id] = Span(item.id, start, due, is_milestone=item.kind is ItemKind.MILESTONE)
    dates = {key: (span.starts_on, span.due_on) for key, span in spans.items()}
    for move in schedule.consequences(spans, links, {}, days, also=list(spans)):
        dates[move.id] = move.new
    return dates


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        # 29 February in a year that has none.
        return day.replace(year=day.year + years, day=28)


def _source(session: Session, plan: ActionPlan, unfinished_only: bool) -> _Source:
    wanted = OPEN_STATES if unfinished_only else {*OPEN_STATES, ItemState.DONE}
    items = [item for item in queries.items_of(session, plan.id) if item.state in wanted]
    if not items:
        raise StateConflict(_("The plan has no items to copy."))
    ids = {item.id for item in items}
    links = [link for link in queries.links_of(session, plan.id) if link.predecessor in ids and link.successor in ids]
    return _Source(plan, items, links)


def _copies(session: Session, plan: ActionPlan, items: list[ActionItem], dates: Mapping[UUID, Dates]) -> dict[UUID, ActionItem]:
    owners = queries.people_of(session, {item.lead_organisation_id for item in items})
    present: dict[UUID, User] = {person.id: person for person in owners}
    return {
        item.id: ActionItem(
            id=new_id(), plan_id=plan.id, committee_id=plan.committee_id, kind=item.kind, group_name=item.group_name, title=item.title,
            description=item.description, location=item.location, lead_organisation_id=item.lead_organisation_id,
            owner_id=item.owner_id if item.owner_id in present else None, starts_on=dates[item.id][0], due_on=dates[item.id][1],
            weight=item.weight, budget_planned=item.budget_planned, authority_kind=item.authority_kind, authority_id=item.authority_id,
            previous_id=item.id, state=ItemState.PLANNED, percent=0, position=number,
        )
        for number, item in enumerate(items, start=1)
    }  # fmt: skip


def _parts(session: Session, plan: ActionPlan, source: _Source, copies: Mapping[UUID, ActionItem]) -> list[object]:
    """Return groups, supporters, budget lines, indicators and dependencies of the copies."""
    ids = list(copies)
    parts: list[object] = [
        ItemGroup(plan_id=plan.id, name=group.name, weight=group.weight, position=group.position)
        for group in queries.groups_of(session, [source.plan.id])
    ]
    for key, helping in queries.supporters_of(session, ids).items():
        parts += [
            ItemSupporter(plan_id=plan.id, item_id=copies[key].id, organisation_id=organisation) for organisation in helping
        ]
    parts += [
        BudgetLine(plan_id=plan.id, item_id=copies[line.item_id].id, organisation_id=line.organisation_id, planned=line.planned)
        for line in queries.budget_lines_of(session, ids)
    ]
    parts += [
        Indicator(
            plan_id=plan.id, item_id=copies[row.item_id].id, text=row.text, unit=row.unit, target=row.target, position=row.position
        )
        for row in queries.indicators_of(session, ids)
    ]  # fmt: skip
    renamed = [
        replace(link, predecessor=copies[link.predecessor].id, successor=copies[link.successor].id) for link in source.links
    ]
    parts += [
        Dependency(plan_id=plan.id, predecessor_id=link.predecessor, successor_id=link.successor, lag_days=link.lag_days)
        for link in renamed
    ]
    return parts
