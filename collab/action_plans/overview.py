"""The overview of plans under way: lights by plan and by municipality, figures with the rows behind them, earned against planned."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import earned, lights
from collab.action_plans import overview_queries as queries
from collab.action_plans.earned import Month, Part
from collab.action_plans.lights import Flag, ItemFacts, Verdict
from collab.action_plans.models import ActionPlan
from collab.action_plans.overview_queries import Scope, Was
from collab.action_plans.states import ItemState
from collab.kernel.access import Actor
from collab.kernel.clock import at_bangkok, today
from collab.kernel.dates import fiscal_year

#: A first screen stays quick however large the installation: beyond this it leaves the lights to the overview.
MOST_ITEMS = 5000


@dataclass(frozen=True)
class Standing:
    """How one plan, or one municipality, stands: its light, and the figures behind it. Per cent to one decimal."""

    key: UUID
    verdict: Verdict
    planned: Decimal
    earned: Decimal
    figures: Mapping[Flag, int]


@dataclass(frozen=True)
class Overview:
    """Everything that the overview says of a scope."""

    plans: tuple[ActionPlan, ...]
    by_committee: tuple[Standing, ...]
    by_plan: tuple[Standing, ...]
    by_organisation: tuple[Standing, ...]
    total: Standing | None
    months: tuple[Month, ...]


def read(session: Session, actor: Actor, scope: Scope, now: datetime) -> Overview:
    """Return the overview of what ``actor`` may see in the scope; four queries, however many plans and items."""
    day = today(now)
    plans = queries.plans_under_way(session, actor, scope, today(now))
    keys = [plan.id for plan in plans]
    if not keys:
        return Overview((), (), (), (), None, ())
    items = queries.items_of_plans(session, keys, scope)
    weights = queries.group_weights(session, keys)
    by_plan = _standings(items, day, lambda item: item.plan_id, weights)
    committees = {plan.id: plan.committee_id for plan in plans}
    place = {key: number for number, key in enumerate(keys)}
    own = weights.get(keys[0], {}) if len(keys) == 1 else {}
    return Overview(
        plans=tuple(plans), by_committee=tuple(_standings(items, day, lambda item: committees[item.plan_id], {})),
        by_plan=tuple(sorted(by_plan, key=lambda row: place[row.key])),
        by_organisation=tuple(_standings(items, day, lambda item: item.lead_organisation_id, {})),
        total=_standing(keys[0], items, day, own) if items else None,
        months=_months(session, plans, items, scope, own, now),
    )  # fmt: skip


def summary(session: Session, actor: Actor, scope: Scope, now: datetime) -> list[Standing]:
    """Return how each committee of the scope stands, for a first screen: nothing when there are more than `MOST_ITEMS` items to weigh."""
    plans = queries.plans_under_way(session, actor, scope, today(now))
    keys = [plan.id for plan in plans]
    if not keys or queries.has_more_items(session, keys, MOST_ITEMS):
        return []
    committees = {plan.id: plan.committee_id for plan in plans}
    return _standings(queries.items_of_plans(session, keys, scope), today(now), lambda item: committees[item.plan_id], {})


def rows_behind(
    session: Session, actor: Actor, scope: Scope, flag: Flag, now: datetime
) -> tuple[list[ActionPlan], list[ItemFacts]]:
    """Return the plans of the scope and the items that have ``flag`` today, earliest due first: exactly those that a figure counts."""
    plans = queries.plans_under_way(session, actor, scope, today(now))
    items = queries.items_of_plans(session, [plan.id for plan in plans], scope) if plans else []
    return plans, [item for item in items if flag in lights.flags(item, today(now))]


def _standings(
    items: Sequence[ItemFacts], day: date, key_of: Callable[[ItemFacts], UUID], weights: Mapping[UUID, Mapping[str, int | None]]
) -> list[Standing]:
    grouped: dict[UUID, list[ItemFacts]] = {}
    for item in items:
        grouped.setdefault(key_of(item), []).append(item)
    return [_standing(key, rows, day, weights.get(key, {})) for key, rows in grouped.items()]


def _standing(key: UUID, items: Sequence[ItemFacts], day: date, weights: Mapping[str, int | None]) -> Standing:
    counted = [item for item in items if item.state is not ItemState.CANCELLED]
    planned = earned.share(_planned(counted, day), weights)
    done = earned.share((Part(item.group, item.weight, item.percent) for item in counted), weights)
    found = [lights.flags(item, day) for item in items]
    figures = {flag: sum(1 for row in found if flag in row) for flag in Flag}
    return Standing(key, lights.judge(items, planned, done, day), planned, done, figures)


def _planned(items: Iterable[ItemFacts], day: date) -> Iterable[Part]:
    """Return the items with the percentage that the approved dates ask for on ``day``; an item never approved counts by its own dates."""
    for item in items:
        starts, due = item.baseline_starts_on or item.starts_on, item.baseline_due_on or item.due_on
        yield Part(item.group, item.weight, earned.planned_percent(min(starts, due), due, day))


def _months(
    session: Session,
    plans: Sequence[ActionPlan],
    items: Sequence[ItemFacts],
    scope: Scope,
    weights: Mapping[str, int | None],
    now: datetime,
) -> tuple[Month, ...]:
    """Return the fiscal year month by month: of the one plan in the scope, else of the present year."""
    day = today(now)
    days = earned.month_ends(plans[0].fiscal_year if len(plans) == 1 else fiscal_year(day), day)
    counted = [item for item in items if item.state is not ItemState.CANCELLED]
    instants = {end: min(at_bangkok(end + timedelta(days=1)) - timedelta(microseconds=1), now) for end in days if end <= day}
    was = queries.items_at(session, [plan.id for plan in plans], scope, list(instants.values()))
    return tuple(_month(end, counted, was.get(instants[end], []) if end in instants else None, weights) for end in days)


def _month(end: date, items: Sequence[ItemFacts], was: Sequence[Was] | None, weights: Mapping[str, int | None]) -> Month:
    planned = earned.share(_planned(items, end), weights)
    if not was:
        return Month(end, planned, None, None)
    done = earned.share((Part(row.group, row.weight, row.percent) for row in was), weights)
    return Month(end, planned, done, sum(1 for row in was if row.is_late))
