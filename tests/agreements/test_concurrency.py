"""Two councils at the same instant: the agreement enters into force exactly once; two drafts get two numbers."""

from datetime import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements import service
from collab.agreements.events import AgreementEnteredIntoForce
from collab.agreements.models import Agreement, Ratification
from collab.agreements.states import AgreementState, EntryRule, Outcome
from collab.history.models import HistoryEvent
from collab.kernel import events
from collab.kernel.db import Database
from collab.kernel.errors import StateConflict
from tests.factories.agreements import agreement_in, decision, ratify
from tests.factories.world import MEMBERS, World
from tests.threads import at_once


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
