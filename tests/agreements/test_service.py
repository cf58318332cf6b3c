"""Agreements through their service: text fixed at circulation, councils' decisions, entry into force exactly once."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements import legal, queries, rules, service
from collab.agreements.events import AgreementEnteredIntoForce
from collab.agreements.models import Agreement, AgreementVersion, Clause
from collab.agreements.states import AgreementState, EntryRule, Outcome, Recurrence
from collab.history import queries as history_queries
from collab.kernel import events
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.notices.models import Message, MessageKey
from tests.factories.agreements import agreement_in, decision, parties, ratify, terms
from tests.factories.service_plans import plan_in
from tests.factories.world import World


@pytest.fixture
def entered() -> Iterator[list[Any]]:
    """The facts published while the test runs."""
    heard: list[Any] = []

    def hear(_session: Session, event: Any) -> None:
        heard.append(event)

    events.subscribe(AgreementEnteredIntoForce)(hear)
    yield heard
    events._reactions[AgreementEnteredIntoForce].remove(hear)


def step(world: World, now: datetime, agreement: Agreement, **more: Any) -> dict[str, Any]:
    return {"actor": world.actors["coordinator"], "now": now, "agreement_id": agreement.id, **more}


def test_a_draft_has_the_standard_clauses_and_no_number(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    clauses = queries.clauses_of(session, made.id)
    assert [clause.number for clause in clauses] == list(range(1, 17))
    assert made.number is None
    assert [party.role for party in queries.parties_of(session, made.id)] == ["host", "member", "member"]
    assert "เทศบาลเมืองบ้านพรุ" in clauses[0].text
    assert legal.LEGAL_BASES["decentralisation_21"] in clauses[1].text


def test_circulation_numbers_without_gaps_and_fixes_the_text(session: Session, world: World, now: datetime) -> None:
    first = agreement_in(session, world, now)
    second = service.copy_as_draft(session, **step(world, now, agreement_in_force(session, world, now, first)))
    session.commit()
    service.edit_agreement(session, **step(world, now, second, terms=terms(now), expected_version=None))
    service.circulate(session, **step(world, now, second, expected_version=None))
    session.commit()
    assert (first.number, second.number) == ("ทส 1/2569", "ทส 2/2569")
    text = queries.text_of(session, second.id)
    assert text is not None
    assert text.sha256 == rules.fixed_text(json.loads(text.text))[1]
    assert len(json.loads(text.text)["clauses"]) == 16


def agreement_in_force(session: Session, world: World, now: datetime, made: Agreement) -> Agreement:
    service.circulate(session, **step(world, now, made, expected_version=None))
    session.commit()
    ratify(session, world, now, made, "banphru", "khohong", "phatong")
    return made


def test_who_is_to_decide_reads_what_and_until_when(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    asked = session.scalars(
        sa.select(Message).where(Message.recipient_id == world.users["clerk_banphru"].id, Message.kind == "agreement")
    ).one()
    assert made.ratify_by is not None
    assert made.title in asked.subject, "in a digest several stand one below the other"
    assert format_date(made.ratify_by, "th") in asked.text
    assert asked.is_urgent


def test_a_circulated_text_cannot_change(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    clause = queries.clauses_of(session, made.id)[0]
    common = step(world, now, made, expected_version=None)
    with pytest.raises(StateConflict):
        service.save_clause(session, clause_id=clause.id, number=None, title="x", text="y", **common)
    with pytest.raises(StateConflict):
        service.edit_agreement(session, terms=terms(now), **common)
    with pytest.raises(StateConflict):
        service.remove_clause(session, clause_id=clause.id, **common)
    with pytest.raises(StateConflict):
        service.save_party(session, party_id=None, party=parties(world)[0], **common)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE agreement_version SET text = 'x'", "UPDATE clause SET text = 'x'", "UPDATE ratification SET outcome = 'refused'"],
)
def test_the_database_refuses_what_the_service_never_does(session: Session, world: World, now: datetime, statement: str) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    ratify(session, world, now, made, "banphru")
    session.execute(sa.text("SELECT set_config('collab.act', '1', true)"))
    with pytest.raises((sa.exc.IntegrityError, sa.exc.ProgrammingError)):
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ratify_by": None}, "ratify_by"),
        ({"ratify_by": date(2026, 11, 20)}, "ratify_by"),
        ({"entry_rule": EntryRule.K_OF_N, "entry_count": 4}, "entry_count"),
        ({"valid_to": date(2026, 11, 1)}, "valid_to"),
    ],
)
def test_circulation_says_what_is_missing(
    session: Session, world: World, now: datetime, changes: dict[str, Any], field: str
) -> None:
    made = agreement_in(session, world, now, **changes)
    with pytest.raises(InvalidInput) as caught:
        service.circulate(session, **step(world, now, made, expected_version=None))
    assert set(caught.value.errors) == {field}
    assert made.number is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"form": "x"}, "form"),
        ({"legal_basis": "x"}, "legal_basis"),
        ({"acts": ("x",)}, "acts"),
        ({"valid_to": date(2026, 9, 30)}, "valid_to"),
        ({"entry_rule": EntryRule.K_OF_N}, "entry_count"),
        ({"entry_rule": EntryRule.ON_DATE}, "entry_on"),
    ],
)
def test_terms_that_break_a_rule(session: Session, world: World, now: datetime, changes: dict[str, Any], field: str) -> None:
    plan = plan_in(session, world, now)
    with pytest.raises(InvalidInput) as caught:
        service.draft_agreement(
            session, actor=world.actors["coordinator"], now=now, service_plan_id=plan.id, terms=terms(now, **changes)
        )
    assert set(caught.value.errors) == {field}


def test_a_party_needs_a_seat(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    outsider = parties(world, ("outside",))[0]
    with pytest.raises(InvalidInput):
        service.save_party(session, party_id=None, party=outsider, **step(world, now, made, expected_version=None))
    with pytest.raises(InvalidInput):
        service.save_party(session, party_id=None, party=parties(world)[0], **step(world, now, made, expected_version=None))


def test_clauses_are_numbered_anew(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    clauses = queries.clauses_of(session, made.id)
    common = step(world, now, made, expected_version=None)
    service.remove_clause(session, clause_id=clauses[0].id, **common)
    added = service.save_clause(session, clause_id=None, number=2, title="ใหม่", text="ข้อความ", **common)
    session.commit()
    now_there = queries.clauses_of(session, made.id)
    assert [clause.number for clause in now_there] == list(range(1, 17))
    assert now_there[1].id == added.id
    assert now_there[0].id == clauses[1].id


def test_the_last_ratification_brings_it_into_force_once(
    session: Session, world: World, now: datetime, entered: list[Any]
) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    ratify(session, world, now, made, "banphru", "khohong")
    assert made.state is AgreementState.RATIFYING
    assert entered == []
    ratify(session, world, now, made, "phatong")
    assert made.state is AgreementState.IN_FORCE
    assert made.in_force_from == today(now)
    assert entered == [AgreementEnteredIntoForce(made.id)]
    verbs = [entry.verb for entry in history_queries.list_stream(session, f"agreement/{made.id}").rows]
    assert verbs.count("agreement.entered_into_force") == 1
    told = set(
        session.scalars(
            sa.select(Message.recipient_id)
            .join(MessageKey, MessageKey.message_id == Message.id)
            .where(MessageKey.key.contains(":entered:"))
        )
    )
    expected = {world.users[f"{role}_{name}"].id for role in ("clerk", "executive") for name in ("banphru", "khohong", "phatong")}
    assert expected | {world.users["chair"].id, world.users["coordinator"].id} == told


def test_k_of_n_enters_with_k(session: Session, world: World, now: datetime, entered: list[Any]) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING, entry_rule=EntryRule.K_OF_N, entry_count=2)
    ratify(session, world, now, made, "banphru", "khohong")
    assert made.state is AgreementState.IN_FORCE
    ratify(session, world, now, made, "phatong")
    assert len(entered) == 1


def test_a_fixed_day_lies_ahead(session: Session, world: World, now: datetime) -> None:
    day = today(now) + timedelta(days=40)
    made = agreement_in(session, world, now, AgreementState.IN_FORCE, entry_rule=EntryRule.ON_DATE, entry_on=day)
    assert made.in_force_from == day
    assert rules.status_on(made, today(now)) is AgreementState.UPCOMING
    assert rules.status_on(made, day) is AgreementState.IN_FORCE


def test_a_grant_waits_for_the_governor(session: Session, world: World, now: datetime, entered: list[Any]) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING, acts=("grant",))
    ratify(session, world, now, made, "banphru", "khohong", "phatong")
    assert made.state is AgreementState.RATIFYING
    common = step(world, now, made, reference="สข 0023/123", granted_on=today(now))
    with pytest.raises(InvalidInput):
        service.record_approval(session, demand=legal.Demand.MINISTER_APPROVAL, **common)
    service.record_approval(session, demand=legal.Demand.GOVERNOR_APPROVAL, **common)
    session.commit()
    assert made.state is AgreementState.IN_FORCE
    assert len(entered) == 1
    with pytest.raises(StateConflict):
        service.record_approval(session, demand=legal.Demand.GOVERNOR_APPROVAL, **common)


def test_a_record_is_corrected_by_a_new_one(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    common = {
        "actor": world.actors["executive_banphru"],
        "now": now,
        "agreement_id": made.id,
        "organisation_id": world.org_id("banphru"),
    }
    first = service.record_ratification(session, decision=decision(now, Outcome.REFUSED), **common)
    with pytest.raises(StateConflict):
        service.record_ratification(session, decision=decision(now), **common)
    with pytest.raises(InvalidInput):
        service.record_ratification(session, decision=decision(now), corrects_id=first.id, **common)
    second = service.record_ratification(
        session, decision=decision(now), corrects_id=first.id, correction_reason="พิมพ์ผิด", **common
    )
    session.commit()
    with pytest.raises(StateConflict):
        service.record_ratification(session, decision=decision(now), corrects_id=first.id, correction_reason="อีก", **common)
    current = queries.current_ratifications(session, [made.id])
    assert [row.id for row in current.values()] == [second.id]
    assert len(queries.ratifications_of(session, made.id)) == 2
    entry = history_queries.list_subject(session, second.id).rows[0]
    assert (entry.verb, entry.reason) == ("ratification.corrected", "พิมพ์ผิด")


def test_a_party_cannot_unratify_what_is_in_force(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.IN_FORCE)
    party = queries.parties_of(session, made.id)[0]
    current = queries.current_ratifications(session, [made.id])[party.id]
    common = {
        "actor": world.actors["clerk_banphru"], "now": now, "agreement_id": made.id, "organisation_id": party.organisation_id,
        "corrects_id": current.id, "correction_reason": "ผิด",
    }  # fmt: skip
    with pytest.raises(StateConflict):
        service.record_ratification(session, decision=decision(now, Outcome.REFUSED), **common)
    service.record_ratification(session, decision=decision(now, resolution_number="13/2569"), **common)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"outcome": Outcome.REFUSED, "reason": ""}, "reason"),
        ({"outcome": Outcome.RATIFIED_WITH_RESERVATIONS, "reservation": ""}, "reservation"),
        ({"resolved_on": date(2026, 11, 22)}, "resolved_on"),
    ],
)
def test_a_decision_must_be_whole(session: Session, world: World, now: datetime, wrong: dict[str, Any], field: str) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    with pytest.raises(InvalidInput) as caught:
        service.record_ratification(
            session, actor=world.actors["clerk_banphru"], now=now, agreement_id=made.id, organisation_id=world.org_id("banphru"),
            decision=decision(now, **wrong),
        )  # fmt: skip
    assert set(caught.value.errors) == {field}


def test_signing_needs_the_council_first_and_the_right_name(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.RATIFYING)
    common = {
        "actor": world.actors["executive_khohong"],
        "now": now,
        "agreement_id": made.id,
        "organisation_id": world.org_id("khohong"),
    }
    name = world.users["executive_khohong"].name_th
    with pytest.raises(StateConflict):
        service.sign(session, typed_name=name, **common)
    ratify(session, world, now, made, "khohong")
    with pytest.raises(InvalidInput):
        service.sign(session, typed_name="คนอื่น", **common)
    row = service.sign(session, typed_name=f"  {name} ", **common)
    session.commit()
    text = queries.text_of(session, made.id)
    assert text is not None
    assert row.agreement_version_id == text.id
    assert "เทศบาลเมืองคอหงส์" in row.statement
    with pytest.raises(StateConflict):
        service.sign(session, typed_name=name, **common)


def test_the_end_by_date_closes_ratifying_and_signing(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.IN_FORCE)
    later = now + timedelta(days=365 * 4)
    with pytest.raises(StateConflict):
        service.terminate(session, **step(world, later, made, ended_on=today(later), reason="x", expected_version=None))


def test_obligations_recur_and_settle(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.IN_FORCE, valid_to=date(2027, 12, 31))
    clause = queries.clauses_of(session, made.id)[7]
    row = service.add_obligation(
        session, **step(world, now, made), clause_id=clause.id, organisation_id=world.org_id("phatong"), text="ชำระเงิน",
        due_on=date(2026, 12, 31), recurrence=Recurrence.YEARLY,
    )  # fmt: skip
    session.commit()
    common = {
        "actor": world.actors["clerk_phatong"],
        "now": now,
        "agreement_id": made.id,
        "obligation_id": row.id,
        "note": "โอนแล้ว",
    }
    with pytest.raises(NotAllowed):
        service.fulfil_obligation(session, **{**common, "actor": world.actors["clerk_banphru"]}, expected_version=None)
    service.fulfil_obligation(session, **common, expected_version=row.version)
    session.commit()
    assert (row.due_on, row.settled_at) == (date(2027, 12, 31), None)
    with pytest.raises(VersionConflict):
        service.fulfil_obligation(session, **common, expected_version=1)
    service.fulfil_obligation(session, **common, expected_version=row.version)
    assert row.settled_at == now
    with pytest.raises(StateConflict):
        service.fulfil_obligation(session, **common, expected_version=None)


def test_a_clause_of_another_agreement_is_not_found(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    other = service.draft_agreement(
        session,
        actor=world.actors["coordinator"],
        now=now,
        service_plan_id=made.service_plan_id,
        terms=terms(now),
        parties=parties(world),
    )
    session.commit()
    foreign = queries.clauses_of(session, other.id)[0]
    with pytest.raises(NotFound):
        service.save_clause(
            session, clause_id=foreign.id, number=None, title="x", text="y", **step(world, now, made, expected_version=None)
        )


def test_a_renewal_copy_begins_the_day_after(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, AgreementState.IN_FORCE)
    copy = service.copy_as_draft(session, **step(world, now, made))
    session.commit()
    assert (copy.previous_id, copy.valid_from, copy.state) == (made.id, date(2029, 10, 1), AgreementState.DRAFT)
    assert len(queries.clauses_of(session, copy.id)) == 16
    assert (
        session.scalar(sa.select(sa.func.count()).select_from(AgreementVersion).where(AgreementVersion.agreement_id == copy.id))
        == 0
    )


def test_an_obligation_keeps_its_clause(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    clause: Clause = queries.clauses_of(session, made.id)[0]
    service.add_obligation(
        session, **step(world, now, made), clause_id=clause.id, organisation_id=world.org_id("phatong"), text="ส่งรายงาน",
        due_on=date(2027, 1, 1), recurrence=Recurrence.ONCE,
    )  # fmt: skip
    with pytest.raises(StateConflict):
        service.remove_clause(session, clause_id=clause.id, **step(world, now, made, expected_version=None))
