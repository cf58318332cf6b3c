"""Comparing a plan of 1,000 items through 10,000 events: everything the page tells, against reading the same rows and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.databases import throw_away_engine
from bench.registry import Row, Run, measure
from bench.timing import medians, seconds
from collab import history
from collab.action_plans import compare_presenters
from collab.action_plans.comparison import compare_plan
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import PlanState
from collab.history.models import HistoryEvent, HistoryOpening, HistoryVersion
from collab.kernel.access import Actor
from collab.kernel.db import Database
from collab.kernel.ids import new_id
from tests.factories.world import World, build_world

ITEMS, EDITS, BATCH, ROUNDS, PAGE = 1_000, 9, 100, 7, 50
BEGAN = datetime(2026, 10, 1, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """A database with one plan, all of whose items were changed `EDITS` times after `since`."""

    engine: sa.Engine
    plan_id: UUID
    reader: Actor
    since: datetime
    until: datetime


@measure("plan.compare_1000")
def compare(run: Run) -> Iterator[Row]:
    story = run.keep("compare", _told)
    took = medians({"page": lambda: seconds(lambda: _page(story)), "rows": lambda: seconds(lambda: _rows(story))}, ROUNDS)
    yield Row(
        "plan.compare_1000", took["page"], "s",
        f"reading the same versions, events and reasons without telling anything: {took['rows']:.3f} s", took["page"] / took["rows"],
        f"{ITEMS:,} items, {ITEMS * (EDITS + 1):,} events in the plan's stream, {ITEMS * EDITS:,} between the points; the comparison with "
        f"money, deadlines and evidence, and {PAGE} items in words; median of {ROUNDS} interleaved rounds, one process",
    )  # fmt: skip


def _page(story: Story) -> None:
    with Session(story.engine) as session:
        found = compare_plan(session, story.plan_id, story.since, story.until)
        assert len(found.rows) == ITEMS
        compare_presenters.tell(session, story.reader, found, found.rows[:PAGE], ("", ""), most_acts=8)


def _rows(story: Story) -> None:
    stream, event, version = f"action_plan/{story.plan_id}", HistoryEvent, HistoryVersion
    between = (event.stream_id == stream, event.recorded_at > story.since, event.recorded_at <= story.until)
    was = (version.stream_id == stream, version.recorded_from <= story.since, version.recorded_to > story.since)
    with Session(story.engine) as session:
        session.execute(sa.select(version.subject_id, version.state).where(*was)).all()
        session.execute(
            sa.select(event.id, event.body, version.state).join(version, version.event_id == event.id).where(*between)
        ).all()
        reasons = sa.select(HistoryOpening.event_id, HistoryOpening.value).join(event, event.id == HistoryOpening.event_id)
        session.execute(reasons.where(HistoryOpening.path == "reason", *between)).all()


@contextmanager
def _told() -> Iterator[Story]:
    with throw_away_engine("compare") as engine:
        yield _story(engine)


def _story(engine: sa.Engine) -> Story:
    database = Database(engine, lambda _job, _arguments: None)
    with database.unit_of_work() as session:
        world = build_world(session, BEGAN)
        plan = ActionPlan(id=new_id(), committee_id=world.committee.id, fiscal_year=2570, title="แผน", state=PlanState.ACTIVE)
        plan.activated_at = BEGAN
        with history.act(session, verb="action_plan.created", actor=world.actors["coordinator"], now=BEGAN, subject=plan):
            session.add(plan)
    for first in range(0, ITEMS, BATCH):
        with database.unit_of_work() as session:
            items = [_item(world, plan.id, number) for number in range(first, first + BATCH)]
            with history.act(session, verb="action_item.added", actor=world.actors["coordinator"], now=BEGAN, subject=items[0]):
                session.add_all(items)
    for turn in range(1, EDITS + 1):
        _edit(database, world, plan.id, turn)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return Story(engine, plan.id, world.actors["coordinator"], BEGAN, BEGAN + timedelta(days=EDITS))


def _item(world: World, plan_id: UUID, number: int) -> ActionItem:
    return ActionItem(
        plan_id=plan_id, committee_id=world.committee.id, group_name=f"กลุ่ม {number % 10}", title=f"งานที่ {number}",
        description="รายละเอียดของงาน " * 5, lead_organisation_id=world.org_id("banphru"), starts_on=date(2026, 10, 1),
        due_on=date(2027, 3, 31), position=number + 1, is_open=True,
    )  # fmt: skip


def _edit(database: Database, world: World, plan_id: UUID, turn: int) -> None:
    """Change every item once, one act an item, so that each has its own reason."""
    with database.unit_of_work() as session:
        for item in session.scalars(
            sa.select(ActionItem).where(ActionItem.plan_id == plan_id).order_by(ActionItem.position)
        ).all():
            now = BEGAN + timedelta(days=turn)
            with history.act(
                session,
                verb="action_item.edited",
                actor=world.actors["coordinator"],
                now=now,
                subject=item,
                reason=f"เหตุผลที่ {turn}",
            ):
                item.percent, item.due_on = turn * 10, date(2027, 3, 31) + timedelta(days=turn)
