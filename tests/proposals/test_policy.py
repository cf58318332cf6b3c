"""Who may do what to a proposal, in every state and for every role."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab.kernel.access import Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from collab.members import queries as members
from collab.proposals import queries, service
from collab.proposals.models import Proposal
from collab.proposals.service import OpinionText
from collab.proposals.states import ProposalState, Stance
from tests.factories.proposals import answer, proposal_in
from tests.factories.world import World

PEOPLE = (
    "administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_banphru", "clerk_khohong", "executive_khohong",
    "clerk_outside",
)  # fmt: skip
S = ProposalState
Deed = Callable[..., Any]


def edit(session: Session, **common: Any) -> Any:
    return service.edit_proposal(session, values={"problem": "ใหม่"}, **common)


def submit(session: Session, **common: Any) -> Any:
    return service.submit_proposal(session, **common)


def withdraw(session: Session, **common: Any) -> Any:
    return service.withdraw_proposal(session, reason="x", **common)


def give_back(session: Session, **common: Any) -> Any:
    return service.return_proposal(session, reason="x", **common)


def request(session: Session, **common: Any) -> Any:
    seats = members.seats_on(session, queries.get_proposal(session, common["proposal_id"]).committee_id, today(common["now"]))
    asked = {seat.organisation_id for seat in seats}
    return service.request_opinions(session, due_on=None, organisation_ids=asked, **common)


def close(session: Session, **common: Any) -> Any:
    return service.close_opinions(session, **common)


DEEDS: tuple[tuple[Deed, set[str], set[ProposalState]], ...] = (
    (edit, {"clerk_banphru"}, {S.DRAFT, S.RETURNED}),
    (submit, {"clerk_banphru"}, {S.DRAFT, S.RETURNED}),
    (withdraw, {"clerk_banphru"}, {S.DRAFT, S.RETURNED, S.SUBMITTED, S.OPINIONS_REQUESTED, S.OPINIONS_CLOSED}),
    (give_back, {"coordinator"}, {S.SUBMITTED, S.OPINIONS_REQUESTED, S.OPINIONS_CLOSED}),
    (request, {"coordinator"}, {S.SUBMITTED}),
    (close, {"coordinator"}, {S.OPINIONS_REQUESTED}),
)


def outcome(deed: Deed, session: Session, world: World, now: datetime, who: str, made: Proposal) -> str:
    inner = session.begin_nested()
    try:
        deed(session, actor=world.actors[who], now=now, proposal_id=made.id, expected_version=None)
        return "done"
    except NotFound:
        return "not found"
    except NotAllowed:
        return "not allowed"
    except StateConflict:
        return "not now"
    finally:
        inner.rollback()
        session.expire_all()


@pytest.mark.parametrize("state", list(S))
def test_every_verb_in_every_state_for_every_role(session: Session, world: World, now: datetime, state: ProposalState) -> None:
    made = proposal_in(session, world, now, state)
    if state is S.OPINIONS_REQUESTED:
        for opinion in queries.opinions_of(session, made.id):
            answer(session, world, now, opinion)
        session.commit()
    for deed, people, states in DEEDS:
        for who in PEOPLE:
            found = outcome(deed, session, world, now, who, made)
            if who in people:
                unseen = state in (S.DRAFT, S.WITHDRAWN) and who != "clerk_banphru"
                assert found == ("not found" if unseen else "done" if state in states else "not now"), (deed.__name__, who)
            else:
                assert found in ("not allowed", "not found"), (deed.__name__, who)


@pytest.mark.parametrize("state", list(S))
def test_who_sees_a_proposal(session: Session, world: World, now: datetime, state: ProposalState) -> None:
    made = proposal_in(session, world, now, state)
    seeing = {who for who in PEOPLE if queries.visible_ids(session, world.actors[who], [made.id])}
    own = {"clerk_banphru", "executive_banphru"}
    overseers = {"administrator", "coordinator", "auditor"}
    if state in (S.DRAFT, S.WITHDRAWN):
        assert seeing == own, "a draft, also one taken back before it was ever submitted, is its municipality's alone"
    elif state is S.RETURNED:
        assert seeing == own | overseers, "the other municipalities wait until it is submitted again"
    else:
        assert seeing == set(PEOPLE) - {"clerk_outside"}


def test_what_was_submitted_and_then_withdrawn_stays_on_the_record(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    service.withdraw_proposal(
        session, actor=world.actors["clerk_banphru"], now=now, proposal_id=made.id, reason="x", expected_version=None
    )
    session.commit()
    assert all(queries.visible_ids(session, world.actors[who], [made.id]) for who in PEOPLE if who != "clerk_outside")


@pytest.mark.parametrize("state", list(S))
def test_the_list_and_the_table_of_permissions_say_the_same(
    session: Session, world: World, now: datetime, state: ProposalState
) -> None:
    made = proposal_in(session, world, now, state)
    for who in PEOPLE:
        listed = bool(queries.visible_ids(session, world.actors[who], [made.id]))
        assert can(world.actors[who], Permission.PROPOSAL_VIEW, made) == listed, who


@pytest.mark.parametrize("state", list(S))
def test_only_the_council_that_was_asked_answers_and_only_while_opinions_are_open(
    session: Session, world: World, now: datetime, state: ProposalState
) -> None:
    made = proposal_in(session, world, now, state)
    opinions = {row.organisation_id: row for row in queries.opinions_of(session, made.id)}
    opinion = opinions.get(world.org_id("khohong"))
    if opinion is None:
        return
    key = opinion.id

    def give(session: Session, **common: Any) -> Any:
        del common["proposal_id"]
        return service.give_opinion(session, opinion_id=key, answer=OpinionText(Stance.NEUTRAL, ""), **common)

    for who in PEOPLE:
        found = outcome(give, session, world, now, who, made)
        if who in ("clerk_khohong", "executive_khohong"):
            assert found == ("done" if state is S.OPINIONS_REQUESTED else "not now"), who
        else:
            assert found == "not allowed", who
