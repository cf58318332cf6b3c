"""The instants between which a plan is compared: today, a day, and the plan as it was approved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionPlan, Baseline
from collab.action_plans.states import PlanState
from collab.kernel.access import Actor, Permission, can
from collab.kernel.clock import at_bangkok, today
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale
from collab.meetings.models import Resolution

DAY, NOW, ACTIVATION = "day", "now", "activation"
#: With what a plan that was never approved is compared when nothing was asked for.
DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Point:
    """An instant that has a name: ``code`` stands in the address, ``label`` is for people."""

    code: str
    at: datetime
    label: str


@dataclass(frozen=True)
class _Draft:
    """What decides who may see a plan while it is a draft."""

    committee_id: UUID
    state: PlanState = PlanState.DRAFT


def approvals(session: Session, plan: ActionPlan) -> list[Point]:
    """Return the instants at which the plan was approved, oldest first: when it was activated, and by each baseline; one query."""
    rows = session.execute(
        sa.select(Baseline.id, Baseline.number, Baseline.approved_at, Resolution.number.label("resolution"))
        .join(Resolution, Resolution.id == Baseline.resolution_id)
        .where(Baseline.plan_id == plan.id)
        .order_by(Baseline.number)
    )
    points = [
        Point(str(row.id), row.approved_at, _(
            "Baseline %(number)s, resolution %(resolution)s, %(day)s", number=row.number, resolution=row.resolution, day=_day(row.approved_at)
        ))
        for row in rows
    ]  # fmt: skip
    if plan.activated_at is not None:
        label = _("As approved when the plan was activated, %(day)s", day=_day(plan.activated_at))
        points.append(Point(ACTIVATION, plan.activated_at, label))
    return sorted(points, key=lambda point: point.at)


def _day(at: datetime) -> str:
    return format_date(today(at), get_locale(), short=True)


def day_point(day: date) -> Point:
    """Return the end of a calendar day in Bangkok."""
    end = at_bangkok(day + timedelta(days=1)) - timedelta(microseconds=1)
    return Point(DAY, end, _("End of %(day)s", day=format_date(day, get_locale())))


def now_point(now: datetime) -> Point:
    """Return the present."""
    return Point(NOW, now, _("Today, %(day)s", day=format_date(today(now), get_locale())))


def find(points: Iterable[Point], code: str) -> Point | None:
    """Return the point with the code, or None."""
    return next((point for point in points if point.code == code), None)


def first_visible(actor: Actor, plan: ActionPlan) -> datetime | None:
    """Return the instant before which the plan was a draft that ``actor`` may not see; None when they may see all of it."""
    if can(actor, Permission.ACTION_PLAN_VIEW, _Draft(plan.committee_id)):
        return None
    return plan.activated_at
