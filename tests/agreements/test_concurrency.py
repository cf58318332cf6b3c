"""Two councils at the same instant: the agreement enters into force exactly once; two drafts get two numbers."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import Session

from collab.agreements import service
from collab.agreements.events import AgreementEnteredIntoForce
from collab.agreements.models import Agreement, Ratification
from collab.agreements.states import AgreementState, EntryRule, Outcome
from collab.factory import register_areas
from collab.history.models import HistoryEvent
from collab.kernel import bootstrap, events
from collab.kernel.db import Database, create_engine
from collab.kernel.errors import StateConflict
from collab.kernel.jobs import Job
from tests.conftest import ROOT
from tests.factories.agreements import agreement_in, decision, ratify
from tests.factories.world import MEMBERS, World, build_world
from tests.services import app_url, superuser_url


def _send_nothing(_job: Job, _arguments: dict[str, Any]) -> None:
    return None


@pytest.fixture(scope="module")
def committed() -> Iterator[Database]:
    """A database of its own that really commits, so that threads see one another's work."""
    name = f"collab_threads_{os.getpid()}"
    server = superuser_url()
    bootstrap.drop_database(server, name)
    bootstrap.create_database(server, name)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", app_url(server, bootstrap.OWNER_ROLE, name).replace("%", "%%"))
    command.upgrade(config, "head")
    engine = create_engine(app_url(server, bootstrap.APP_ROLE, name))
    register_areas()
    yield Database(engine, _send_nothing)
    engine.dispose()
    bootstrap.drop_database(server, name)


@pytest.fixture(scope="module")
def people(committed: Database) -> World:
    """A world that stays for the module."""
    from tests.conftest import NOW

    with committed.unit_of_work() as session:
        return build_world(session, NOW)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work`` in ``count`` threads that start together; return results, refusals as exceptions."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except StateConflict as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("rule", [EntryRule.ALL, EntryRule.K_OF_N])
def test_two_councils_at_once_enter_into_force_once(committed: Database, people: World, now: datetime, rule: EntryRule) -> None:
    heard: list[UUID] = []

    def hear(_session: Session, event: AgreementEnteredIntoForce) -> None:
        heard.append(event.agreement_id)

    with committed.unit_of_work() as session:
        count = 2 if rule is EntryRule.K_OF_N else None
        made = agreement_in(session, people, now, AgreementState.RATIFYING, entry_rule=rule, entry_count=count)
        ratify(session, people, now, made, "banphru")

    def record(number: int) -> None:
        name = MEMBERS[number + 1]
        with committed.unit_of_work() as session:
            service.record_ratification(
                session, actor=people.actors[f"clerk_{name}"], now=now, agreement_id=made.id,
                organisation_id=people.org_id(name), decision=decision(now),
            )  # fmt: skip

    events.subscribe(AgreementEnteredIntoForce)(hear)
    try:
        assert at_once(2, record) == [None, None]
    finally:
        events._reactions[AgreementEnteredIntoForce].remove(hear)
    with committed.reading() as session:
        entered = sa.select(sa.func.count()).where(
            HistoryEvent.subject_id == made.id, HistoryEvent.verb == "agreement.entered_into_force"
        )
        assert session.scalar(entered) == 1
        assert heard == [made.id]
        found = session.get(Agreement, made.id)
        assert found is not None
        assert found.state is AgreementState.IN_FORCE


def test_a_clerk_and_an_executive_record_one_decision(committed: Database, people: World, now: datetime) -> None:
    with committed.unit_of_work() as session:
        made = agreement_in(session, people, now, AgreementState.RATIFYING)

    def record(number: int) -> None:
        actor = people.actors[("clerk_khohong", "executive_khohong")[number]]
        with committed.unit_of_work() as session:
            service.record_ratification(
                session, actor=actor, now=now, agreement_id=made.id, organisation_id=people.org_id("khohong"),
                decision=decision(now, (Outcome.RATIFIED, Outcome.REFUSED)[number]),
            )  # fmt: skip

    results = at_once(2, record)
    assert sorted(isinstance(result, StateConflict) for result in results) == [False, True]
    with committed.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Ratification.agreement_id == made.id)) == 1


def test_four_drafts_circulated_at_once_get_four_neighbouring_numbers(committed: Database, people: World, now: datetime) -> None:
    with committed.unit_of_work() as session:
        keys = [agreement_in(session, people, now).id for _ in range(4)]
        before = session.scalar(sa.select(sa.func.coalesce(sa.func.max(Agreement.number_in_year), 0)))

    def send(number: int) -> None:
        with committed.unit_of_work() as session:
            service.circulate(
                session, actor=people.actors["coordinator"], now=now, agreement_id=keys[number], expected_version=None
            )

    assert at_once(4, send) == [None] * 4
    with committed.reading() as session:
        numbers = session.scalars(sa.select(Agreement.number_in_year).where(Agreement.id.in_(keys)))
        assert sorted(numbers) == [before + step for step in range(1, 5)]
