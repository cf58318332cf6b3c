"""Who may do what to an agreement, in every state and for every role."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab.agreements import queries, service
from collab.agreements.models import Agreement
from collab.agreements.states import AgreementState
from collab.kernel.clock import today
from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from tests.factories.agreements import agreement_in, decision, parties, terms
from tests.factories.world import World

PEOPLE = (
    "administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_banphru", "clerk_khohong", "clerk_outside",
)  # fmt: skip
STATES = (
    AgreementState.DRAFT, AgreementState.RATIFYING, AgreementState.UPCOMING, AgreementState.IN_FORCE, AgreementState.EXPIRED,
    AgreementState.TERMINATED, AgreementState.WITHDRAWN,
)  # fmt: skip
S = AgreementState
LIVE = {S.RATIFYING, S.UPCOMING, S.IN_FORCE}

Deed = Callable[[Session, World, datetime, Agreement, str], Any]


def made_in(session: Session, world: World, now: datetime, state: AgreementState) -> tuple[Agreement, datetime]:
    """Return an agreement that stands in ``state`` at the instant returned with it."""
    if state is S.EXPIRED:
        made = agreement_in(session, world, now, S.IN_FORCE, valid_to=today(now) + timedelta(days=10))
        return made, now + timedelta(days=11)
    return agreement_in(session, world, now, state), now


def edit(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    return service.edit_agreement(
        session, actor=world.actors[person], now=now, agreement_id=made.id, terms=terms(now), expected_version=None
    )


def add_party_again(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    party = queries.parties_of(session, made.id)[0]
    return service.save_party(
        session, actor=world.actors[person], now=now, agreement_id=made.id, party_id=party.id, party=parties(world)[0],
        expected_version=None,
    )  # fmt: skip


def circulate(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    return service.circulate(session, actor=world.actors[person], now=now, agreement_id=made.id, expected_version=None)


def withdraw(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    return service.withdraw(session, actor=world.actors[person], now=now, agreement_id=made.id, reason="x", expected_version=None)


def terminate(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    return service.terminate(
        session, actor=world.actors[person], now=now, agreement_id=made.id, ended_on=today(now), reason="x", expected_version=None
    )


def record(session: Session, world: World, now: datetime, made: Agreement, person: str) -> Any:
    party = next(row for row in queries.parties_of(session, made.id) if row.organisation_id == world.org_id("banphru"))
    current = queries.current_ratifications(session, [made.id]).get(party.id)
    return service.record_ratification(
        session, actor=world.actors[person], now=now, agreement_id=made.id, organisation_id=world.org_id("banphru"),
        decision=decision(now), corrects_id=current.id if current else None, correction_reason="แก้ไข",
    )  # fmt: skip


#: The deed, who may do it, in which states.
DEEDS: tuple[tuple[Deed, set[str], set[AgreementState]], ...] = (
    (edit, {"coordinator"}, {S.DRAFT}),
    (add_party_again, {"coordinator"}, {S.DRAFT}),
    (circulate, {"coordinator"}, {S.DRAFT}),
    (withdraw, {"coordinator"}, {S.DRAFT, S.RATIFYING}),
    (terminate, {"coordinator"}, {S.UPCOMING, S.IN_FORCE}),
    (record, {"clerk_banphru", "executive_banphru"}, LIVE),
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("deed", "allowed", "states"), DEEDS, ids=[row[0].__name__ for row in DEEDS])
def test_every_state_and_role(session: Session, world: World, now: datetime, state: AgreementState, deed: Deed, allowed: set[str],
                              states: set[AgreementState]) -> None:  # fmt: skip
    made, when = made_in(session, world, now, state)
    seen = sees(state)
    for person in PEOPLE:
        session.expire_all()
        point = session.begin_nested()
        try:
            if person not in seen:
                with pytest.raises(NotFound):
                    deed(session, world, when, made, person)
            elif person not in allowed:
                with pytest.raises(NotAllowed):
                    deed(session, world, when, made, person)
            elif state not in states:
                with pytest.raises(StateConflict):
                    deed(session, world, when, made, person)
            else:
                deed(session, world, when, made, person)
        finally:
            point.rollback()
            session.info.pop("collab.history.pending", None)


def sees(state: AgreementState) -> set[str]:
    """Return who may see an agreement in this state: a draft its coordinator only, all else everybody but outsiders."""
    return {"coordinator"} if state is S.DRAFT else set(PEOPLE) - {"clerk_outside"}


@pytest.mark.parametrize("state", STATES)
def test_who_sees_it(session: Session, world: World, now: datetime, state: AgreementState) -> None:
    made, _when = made_in(session, world, now, state)
    found = {person for person in PEOPLE if queries.visible_ids(session, world.actors[person], [made.id])}
    assert found == sees(state)


def test_what_was_withdrawn_before_anybody_was_asked_stays_unseen(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    withdraw(session, world, now, made, "coordinator")
    session.commit()
    assert {person for person in PEOPLE if queries.visible_ids(session, world.actors[person], [made.id])} == {"coordinator"}


@pytest.mark.parametrize("person", PEOPLE)
def test_only_the_partys_executive_signs(session: Session, world: World, now: datetime, person: str) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    arguments = {
        "actor": world.actors[person], "now": now, "agreement_id": made.id, "organisation_id": world.org_id("banphru"),
        "typed_name": world.users[person].name_th,
    }  # fmt: skip
    if person == "executive_banphru":
        assert service.sign(session, **arguments).typed_name
        return
    with pytest.raises(NotFound if person == "clerk_outside" else NotAllowed):
        service.sign(session, **arguments)
