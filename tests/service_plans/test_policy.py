"""Who may do what to a service plan, in every state and for every role."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from collab.service_plans import queries, service
from collab.service_plans.models import ServicePlan
from collab.service_plans.states import PlanState
from tests.factories.service_plans import TEXT, adopted_proposal, plan_in
from tests.factories.world import World

PEOPLE = (
    "administrator",
    "coordinator",
    "chair",
    "auditor",
    "clerk_banphru",
    "executive_banphru",
    "clerk_khohong",
    "clerk_outside",
)
S = PlanState
Deed = Callable[..., Any]


def edit(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.edit_plan(session, text=TEXT, **common)


def add_risk(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.save_risk(session, part_id=None, barrier="x", tactic="y", **common)


def propose(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.propose_plan(session, **common)


def take_back(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.return_plan(session, reason="x", **common)


def approve(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.approve_plan(session, resolution_id=plan.resolution_id, **common)


def revise(session: Session, plan: ServicePlan, **common: Any) -> Any:
    return service.revise_plan(session, reason="x", **common)


DEEDS: tuple[tuple[Deed, set[PlanState]], ...] = (
    (edit, {S.DRAFT}),
    (add_risk, {S.DRAFT}),
    (propose, {S.DRAFT}),
    (take_back, {S.PROPOSED}),
    (approve, {S.PROPOSED}),
    (revise, {S.APPROVED}),
)


@pytest.mark.parametrize("state", list(PlanState))
@pytest.mark.parametrize(("deed", "states"), DEEDS, ids=[row[0].__name__ for row in DEEDS])
def test_every_state_and_role(
    session: Session, world: World, now: datetime, state: PlanState, deed: Deed, states: set[PlanState]
) -> None:
    plan = plan_in(session, world, now, state)
    for person in PEOPLE:
        session.expire_all()
        point = session.begin_nested()
        common = {"actor": world.actors[person], "now": now, "plan_id": plan.id, "expected_version": None}
        try:
            if person not in sees(state):
                with pytest.raises(NotFound):
                    deed(session, plan, **common)
            elif person != "coordinator":
                with pytest.raises(NotAllowed):
                    deed(session, plan, **common)
            elif state not in states:
                with pytest.raises(StateConflict):
                    deed(session, plan, **common)
            else:
                deed(session, plan, **common)
        finally:
            point.rollback()
            session.info.pop("collab.history.pending", None)


def sees(state: PlanState) -> set[str]:
    """Return who may see a plan in this state: a draft its coordinator only, all else everybody but outsiders."""
    return {"coordinator"} if state is S.DRAFT else set(PEOPLE) - {"clerk_outside"}


@pytest.mark.parametrize("state", list(PlanState))
def test_who_sees_it(session: Session, world: World, now: datetime, state: PlanState) -> None:
    plan = plan_in(session, world, now, state)
    found = {person for person in PEOPLE if queries.visible_ids(session, world.actors[person], [plan.id])}
    assert found == sees(state)


@pytest.mark.parametrize("person", PEOPLE)
def test_who_drafts(session: Session, world: World, now: datetime, person: str) -> None:
    proposal = adopted_proposal(session, world, now)
    arguments = {"actor": world.actors[person], "now": now, "proposal_id": proposal.id, "text": TEXT}
    if person == "coordinator":
        assert service.draft_plan(session, **arguments).edition == 1
        return
    with pytest.raises(NotAllowed):
        service.draft_plan(session, **arguments)
