"""What falls due and for whom an agreement waits; how the rest of the product shows agreements."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements import queries, service, work
from collab.agreements.states import AgreementState, EntryRule, Outcome, Recurrence
from collab.kernel import targets, turns
from collab.kernel.clock import today
from collab.kernel.targets import Ref
from collab.reminders.registry import COLUMNS, due_kinds
from tests.factories.agreements import agreement_in, decision, ratify
from tests.factories.world import World

S = AgreementState


CODES = ("agreement.ratify", "agreement.sign", "agreement.renew", "agreement.circulate", "obligation.fulfil")


def tasks(session: Session, world: World, now: datetime, person: str) -> set[str]:
    found = turns.work_of(session, world.actors[person], now)
    labels = {task.label for task in (*found.late, *found.soon, *found.later)}
    return {code for code in CODES if turns.task_label(code) in labels}


def test_the_due_kinds_have_their_columns(session: Session, world: World) -> None:
    for kind in ("ratification", "agreement_expiry", "obligation"):
        statement = due_kinds()[kind].select()
        assert set(statement.selected_columns.keys()) == set(COLUMNS)
        session.execute(statement)


def test_a_ratification_is_due_until_it_is_recorded(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    rows = session.execute(work.due_ratifications()).all()
    assert {row.organisation_id for row in rows} == {world.org_id(name) for name in ("banphru", "khohong", "phatong")}
    assert {row.due_on for row in rows} == {made.ratify_by}
    ratify(session, world, now, made, "khohong")
    assert world.org_id("khohong") not in {row.organisation_id for row in session.execute(work.due_ratifications())}
    assert tasks(session, world, now, "clerk_khohong") == set()
    assert tasks(session, world, now, "executive_khohong") == {"agreement.sign"}
    assert tasks(session, world, now, "executive_banphru") == tasks(session, world, now, "clerk_banphru") == {"agreement.ratify"}
    assert tasks(session, world, now, "auditor") == tasks(session, world, now, "clerk_outside") == set()


def test_a_refusal_asks_for_no_signature(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    service.record_ratification(
        session, actor=world.actors["clerk_khohong"], now=now, agreement_id=made.id, organisation_id=world.org_id("khohong"),
        decision=decision(now, Outcome.REFUSED),
    )  # fmt: skip
    session.commit()
    assert tasks(session, world, now, "executive_khohong") == set()


@pytest.mark.parametrize(("days", "waits"), [(20, True), (90, True), (91, False)])
def test_the_chair_sees_what_expires(session: Session, world: World, now: datetime, days: int, waits: bool) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE, valid_to=today(now) + timedelta(days=days))
    assert ("agreement.renew" in tasks(session, world, now, "chair")) is waits
    assert [row.target_id for row in session.execute(work.due_expiries())] == [made.id]


def test_the_coordinator_sees_drafts(session: Session, world: World, now: datetime) -> None:
    agreement_in(session, world, now)
    assert tasks(session, world, now, "coordinator") == {"agreement.circulate"}


def test_an_obligation_falls_due_only_in_force(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING, entry_rule=EntryRule.K_OF_N, entry_count=1)
    clause = queries.clauses_of(session, made.id)[7]
    row = service.add_obligation(
        session, actor=world.actors["coordinator"], now=now, agreement_id=made.id, clause_id=clause.id,
        organisation_id=world.org_id("khohong"), text="ส่งรายงาน", due_on=today(now), recurrence=Recurrence.ONCE,
    )  # fmt: skip
    session.commit()
    assert session.execute(work.due_obligations()).all() == []
    ratify(session, world, now, made, "khohong")
    assert [found.target_id for found in session.execute(work.due_obligations())] == [row.id]
    assert "obligation.fulfil" in tasks(session, world, now, "clerk_khohong")


def test_every_task_has_words(session: Session, world: World) -> None:
    for task in CODES:
        assert turns.task_label(task)


def test_why_from_the_obligation_to_the_proposal(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    clause = queries.clauses_of(session, made.id)[7]
    row = service.add_obligation(
        session, actor=world.actors["coordinator"], now=now, agreement_id=made.id, clause_id=clause.id,
        organisation_id=world.org_id("khohong"), text="ส่งรายงาน", due_on=today(now), recurrence=Recurrence.ONCE,
    )  # fmt: skip
    session.commit()
    kinds = [info.kind for info in targets.why(session, world.actors["clerk_khohong"], Ref("obligation", row.id))]
    assert kinds[:4] == ["obligation", "clause", "agreement", "service_plan"]
    assert "proposal" in kinds
    assert targets.why(session, world.actors["clerk_outside"], Ref("obligation", row.id)) == []


def test_every_part_can_be_shown_and_is_hidden_with_its_agreement(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING, acts=("service_fee",))
    ratify(session, world, now, made, "banphru")
    rows: dict[str, Any] = {
        "agreement": made, "clause": queries.clauses_of(session, made.id)[0], "agreement_party": queries.parties_of(session, made.id)[0],
        "ratification": queries.ratifications_of(session, made.id)[0], "agreement_version": queries.text_of(session, made.id),
    }  # fmt: skip
    refs = [Ref(kind, row.id) for kind, row in rows.items()]
    assert set(targets.resolve(session, world.actors["clerk_khohong"], refs)) == set(refs)
    assert targets.resolve(session, world.actors["clerk_outside"], refs) == {}
    texts = targets.kinds()["clause"].search_texts(session, [rows["clause"].id])
    assert "หลักการและเหตุผล" in texts[rows["clause"].id]


def test_a_search_finds_the_number(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    text = targets.kinds()["agreement"].search_texts(session, [made.id])[made.id]
    assert "ทส 1/2569" in text
    assert "บันทึกข้อตกลงความร่วมมือ" in text
    assert session.scalar(sa.text("SELECT count(*) FROM search_entry WHERE target_id = :key"), {"key": made.id}) == 1
