"""What moves with one item, when 500 others wait for it in a row: reckoned and put into words, against reading the same rows only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.databases import throw_away_engine
from bench.registry import Bar, Row, Run, measure
from bench.timing import medians, seconds
from collab import history
from collab.action_plans import ledger, queries, service
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.states import PlanState
from collab.kernel.db import Database
from collab.kernel.ids import new_id
from tests.factories.world import World, build_world

DEPENDANTS, ROUNDS = 500, 7
BEGAN = datetime(2026, 10, 1, 3, tzinfo=UTC)
FIRST = date(2026, 10, 1)


@dataclass(frozen=True)
class Chain:
    """A database with a draft plan of a chain of items, and the first of them."""

    engine: sa.Engine
    plan_id: UUID
    first_id: UUID


@measure("plan.impact_500")
def impact(run: Run) -> Iterator[Row]:
    chain = run.keep("impact", _made)
    took = medians({"shown": lambda: seconds(lambda: _shown(chain)), "rows": lambda: seconds(lambda: _rows(chain))}, ROUNDS)
    yield Row(
        name="plan.impact_500", value=took["shown"], unit="s",
        compared_with=f"reading the same items, links and names without reckoning: {took['rows']:.3f} s", ratio=None,
        how=f"{DEPENDANTS} items in a row move with the first; dates, holidays and links read, moves reckoned and put into words; median of "
        f"{ROUNDS} interleaved rounds, one process",
        bar=Bar(most=0.3),
    )  # fmt: skip


def _shown(chain: Chain) -> None:
    with Session(chain.engine) as session:
        plan = session.get_one(ActionPlan, chain.plan_id)
        found = service.impact_of(session, plan, {chain.first_id: (FIRST, FIRST + timedelta(days=60))})
        assert len(ledger.moves_in_words(session, found)) == DEPENDANTS


def _rows(chain: Chain) -> None:
    with Session(chain.engine) as session:
        queries.links_of(session, chain.plan_id)
        assert len(queries.items_of(session, chain.plan_id)) == DEPENDANTS + 1


@contextmanager
def _made() -> Iterator[Chain]:
    with throw_away_engine("impact") as engine:
        yield _chain(engine)


def _chain(engine: sa.Engine) -> Chain:
    database = Database(engine, lambda _job, _arguments: None)
    with database.unit_of_work() as session:
        world = build_world(session, BEGAN)
        plan = ActionPlan(id=new_id(), committee_id=world.committee.id, fiscal_year=2570, title="แผน", state=PlanState.DRAFT)
        items = [_item(world, plan.id, number) for number in range(DEPENDANTS + 1)]
        with history.act(session, verb="action_plan.created", actor=world.actors["coordinator"], now=BEGAN, subject=plan):
            session.add(plan)
            session.flush()
            session.add_all(items)
            session.flush()
            session.add_all(
                Dependency(plan_id=plan.id, predecessor_id=before.id, successor_id=after.id, lag_days=0)
                for before, after in pairwise(items)
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return Chain(engine, plan.id, items[0].id)


def _item(world: World, plan_id: UUID, number: int) -> ActionItem:
    day = FIRST + timedelta(days=number)
    return ActionItem(
        id=new_id(), plan_id=plan_id, committee_id=world.committee.id, group_name=f"กลุ่ม {number % 10}", title=f"งานที่ {number}",
        description="รายละเอียดของงาน " * 5, lead_organisation_id=world.org_id("banphru"), starts_on=day, due_on=day,
        position=number + 1,
    )  # fmt: skip
