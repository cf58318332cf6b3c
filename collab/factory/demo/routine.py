"""The routine beside the story: each meeting adopts the minutes of those before it, and most organisations close their months."""

from datetime import date, datetime

import sqlalchemy as sa

from collab.action_plans import queries, rules, service
from collab.action_plans.models import ActionPlan
from collab.action_plans.states import PlanState
from collab.factory.demo.people import PLACES
from collab.factory.demo.stage import Stage
from collab.kernel.clock import today
from collab.meetings import service as meetings
from collab.meetings.models import Meeting
from collab.meetings.states import MeetingState

#: Who is behind with the months, so that the reminders of the demonstration have something to say.
BEHIND = frozenset({"banrai", "phatong"})
NOTE = "ไม่มีรายงานในเดือนนี้ (สมมติ)"


def adopt_earlier_minutes(stage: Stage, now: datetime) -> None:
    """Adopt, under the chair, the minutes of the meetings that ended before the one now sitting."""
    held = sa.select(Meeting.id).where(
        Meeting.committee_id == stage.committee.id, Meeting.starts_at < now, Meeting.state == MeetingState.CLOSED,
        Meeting.minutes_adopted_at.is_(None),
    )  # fmt: skip
    stage.session.flush()
    for meeting_id in stage.session.scalars(held.order_by(Meeting.starts_at)).all():
        meetings.adopt_minutes(stage.session, actor=stage.actors["chair"], now=now, meeting_id=meeting_id, expected_version=None)


def close_months(stage: Stage) -> None:
    """Close what can be closed of every active plan, for all organisations whose clerk keeps up."""
    stage.session.flush()
    clerks = {
        stage.place(key): stage.actors[f"clerk.{key}"] for key in PLACES if key not in BEHIND and f"clerk.{key}" in stage.actors
    }
    now = stage.at(1, 6)
    for plan in stage.session.scalars(
        sa.select(ActionPlan).where(ActionPlan.state == PlanState.ACTIVE).order_by(ActionPlan.id)
    ).all():
        for organisation_id in queries.parties_of(stage.session, plan.id):
            for month in _months(plan, now) if organisation_id in clerks else ():
                row = queries.find_closing(stage.session, plan.id, organisation_id, month)
                if service.may_close(plan, row, month, now):
                    service.close_month(
                        stage.session, actor=clerks[organisation_id], now=now, plan_id=plan.id, organisation_id=organisation_id,
                        month=month, note=NOTE,
                    )  # fmt: skip


def _months(plan: ActionPlan, now: datetime) -> list[date]:
    """Return the first days of the months in which the plan has run and which are past."""
    found: list[date] = []
    month = today(plan.activated_at).replace(day=1) if plan.activated_at else today(now)
    while rules.next_month(month) <= today(now):
        found.append(month)
        month = rules.next_month(month)
    return found
