"""Service plans through their service: from the adopted proposal to the next edition."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab.history import queries as history_queries
from collab.kernel import targets
from collab.kernel.errors import InvalidInput, NotFound, StateConflict, VersionConflict
from collab.kernel.targets import Ref
from collab.proposals.states import ProposalState
from collab.service_plans import queries, service
from collab.service_plans.states import FundingSource, PlanState
from tests.factories.service_plans import TEXT, adopted_proposal, plan_in, resolution_on
from tests.factories.world import World


def step(world: World, now: datetime, plan_id: Any, **more: Any) -> dict[str, Any]:
    return {"actor": world.actors["coordinator"], "now": now, "plan_id": plan_id, "expected_version": None, **more}


def test_only_an_adopted_proposal_leads_to_a_plan(session: Session, world: World, now: datetime) -> None:
    proposal = adopted_proposal(session, world, now, ProposalState.ON_AGENDA)
    with pytest.raises(StateConflict):
        service.draft_plan(session, actor=world.actors["coordinator"], now=now, proposal_id=proposal.id, text=TEXT)


def test_one_plan_a_proposal(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    with pytest.raises(StateConflict):
        service.draft_plan(session, actor=world.actors["coordinator"], now=now, proposal_id=plan.proposal_id, text=TEXT)


def test_the_approval_names_its_resolution(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.PROPOSED)
    lost = resolution_on(session, world, now, "service_plan", plan.id, carried=False)
    other = resolution_on(session, world, now, "agreement", plan.id)
    for wrong in (lost.id, other.id, plan.id):
        with pytest.raises(InvalidInput):
            service.approve_plan(session, **step(world, now, plan.id, resolution_id=wrong))
    right = resolution_on(session, world, now, "service_plan", plan.id)
    service.approve_plan(session, **step(world, now, plan.id, resolution_id=right.id))
    session.commit()
    assert (plan.state, plan.approval_resolution_id) == (PlanState.APPROVED, right.id)
    entry = history_queries.list_subject(session, plan.id).rows[0]
    assert (entry.verb, entry.authority_kind, entry.authority_id) == ("service_plan.approved", "resolution", right.id)


def test_a_plan_without_indicator_is_not_proposed(session: Session, world: World, now: datetime) -> None:
    proposal = adopted_proposal(session, world, now)
    plan = service.draft_plan(session, actor=world.actors["coordinator"], now=now, proposal_id=proposal.id, text=TEXT)
    with pytest.raises(InvalidInput):
        service.propose_plan(session, **step(world, now, plan.id))


def test_the_next_edition_is_a_copy_and_supersedes(session: Session, world: World, now: datetime) -> None:
    old = plan_in(session, world, now, PlanState.SUPERSEDED)
    new, again = queries.editions_of(session, world.actors["coordinator"], old.series_id)
    assert again.id == old.id
    assert (old.state, new.state, new.edition) == (PlanState.SUPERSEDED, PlanState.APPROVED, 2)
    before, after = queries.parts_of(session, old.id), queries.parts_of(session, new.id)
    assert [row.name for row in before.indicators] == [row.name for row in after.indicators]
    assert list(before.targets.values()) == list(after.targets.values()) == [{2570: Decimal("60.00")}]
    assert [row.amount for row in after.budget_lines] == [Decimal("1500000.50")]
    assert after.indicators[0].id != before.indicators[0].id


def test_one_next_edition_at_a_time(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now)
    service.revise_plan(session, **step(world, now, plan.id, reason="ปรับ"))
    session.commit()
    with pytest.raises(StateConflict):
        service.revise_plan(session, **step(world, now, plan.id, reason="ปรับอีก"))


def test_a_next_edition_needs_a_resolution_of_its_own(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now)
    copy = service.revise_plan(session, **step(world, now, plan.id, reason="ปรับ"))
    service.propose_plan(session, **step(world, now, copy.id))
    session.commit()
    with pytest.raises(InvalidInput):
        service.approve_plan(session, **step(world, now, copy.id, resolution_id=plan.resolution_id))


def test_targets_can_be_taken_back(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    indicator = queries.parts_of(session, plan.id).indicators[0]
    service.save_indicator(
        session, **step(world, now, plan.id), part_id=indicator.id, name="ใหม่", unit="ตัน", baseline=None,
        targets={2571: Decimal(5)},
    )  # fmt: skip
    session.commit()
    assert queries.parts_of(session, plan.id).targets[indicator.id] == {2571: Decimal(5)}


def test_parts_are_locked_with_the_plan(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now)
    part = queries.parts_of(session, plan.id).budget_lines[0]
    with pytest.raises(StateConflict):
        service.remove_part(session, **step(world, now, plan.id), kind="budget", part_id=part.id)
    with pytest.raises(StateConflict):
        service.save_risk(session, **step(world, now, plan.id), part_id=None, barrier="x", tactic="y")


def test_a_part_knows_its_version_and_its_plan(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    risk = service.save_risk(session, **step(world, now, plan.id), part_id=None, barrier="ชุมชนคัดค้าน", tactic="ประชาคม")
    session.commit()
    with pytest.raises(VersionConflict):
        service.save_risk(
            session, **{**step(world, now, plan.id), "expected_version": 99}, part_id=risk.id, barrier="x", tactic="y"
        )
    service.remove_part(session, **step(world, now, plan.id), kind="risks", part_id=risk.id)
    session.commit()
    assert queries.parts_of(session, plan.id).risks == []
    with pytest.raises(NotFound):
        service.save_risk(session, **step(world, now, plan.id), part_id=risk.id, barrier="x", tactic="y")


def test_only_organisations_of_the_committee_pay(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    common = {"part_id": None, "fiscal_year": 2570, "source": FundingSource.GRANT, "amount": Decimal(1), "note": ""}
    with pytest.raises(InvalidInput):
        service.save_budget_line(session, **step(world, now, plan.id), organisation_id=world.org_id("outside"), **common)
    service.save_budget_line(session, **step(world, now, plan.id), organisation_id=world.org_id("pao"), **common)


def test_why_leads_to_the_proposal(session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now)
    kinds = [info.kind for info in targets.why(session, world.actors["clerk_khohong"], Ref("service_plan", plan.id))]
    assert kinds[0] == "service_plan"
    assert "proposal" in kinds
