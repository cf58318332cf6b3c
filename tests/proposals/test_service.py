"""Verbs on proposals and opinions: what they change, what they refuse, and what they leave in the history."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.models import HistoryEvent
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.meetings.states import Choice
from collab.members import queries as members
from collab.notices.models import Message
from collab.proposals import queries, service
from collab.proposals.service import OpinionText
from collab.proposals.states import OpinionState, ProposalState, Stance
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.proposals import VALUES, answer, ask, proposal_in
from tests.factories.world import MEMBERS, World

S = ProposalState
ALL_FOR = dict.fromkeys(MEMBERS, Choice.FOR)


def verbs_of(session: Session, subject: Any) -> list[str]:
    statement = sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == subject.id).order_by(HistoryEvent.seq)
    return list(session.scalars(statement))


def test_numbers_follow_one_another_within_the_buddhist_year(session: Session, world: World, now: datetime) -> None:
    first, second = (proposal_in(session, world, now, S.SUBMITTED) for _number in range(2))
    assert (first.number, second.number) == ("ทส 1/2569", "ทส 2/2569")
    later = proposal_in(session, world, now.replace(year=2027, month=1, day=2), S.SUBMITTED)
    assert later.number == "ทส 1/2570"


def test_a_proposal_keeps_its_number_when_it_is_submitted_again(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.RETURNED)
    number = made.number
    service.submit_proposal(
        session, actor=world.actors["clerk_banphru"], now=now, proposal_id=made.id, expected_version=made.version
    )
    session.commit()
    assert (made.number, made.edition, made.return_reason) == (number, 2, "")


@pytest.mark.parametrize("name", ["title", "problem", "objective", "area", "legal_basis"])
def test_nothing_half_written_is_submitted(session: Session, world: World, now: datetime, name: str) -> None:
    made = proposal_in(session, world, now, **{name: ""})
    with pytest.raises(InvalidInput) as refusal:
        service.submit_proposal(session, actor=world.actors["clerk_banphru"], now=now, proposal_id=made.id, expected_version=None)
    assert list(refusal.value.errors) == [name]
    assert made.number is None


def test_only_an_organisation_with_a_seat_proposes(session: Session, world: World, now: datetime) -> None:
    common = {"now": now, "committee_id": world.committee.id, "values": VALUES}
    with pytest.raises(InvalidInput):
        service.draft_proposal(session, actor=world.actors["clerk_outside"], organisation_id=world.org_id("outside"), **common)
    with pytest.raises(NotAllowed):
        service.draft_proposal(session, actor=world.actors["clerk_khohong"], organisation_id=world.org_id("banphru"), **common)
    with pytest.raises(NotFound):
        service.draft_proposal(
            session,
            actor=world.actors["clerk_banphru"],
            organisation_id=world.org_id("banphru"),
            **{**common, "committee_id": new_id()},
        )


def test_saving_what_is_saved_leaves_no_event(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now)
    before = (made.version, verbs_of(session, made))
    common: dict[str, Any] = {"actor": world.actors["clerk_banphru"], "now": now, "proposal_id": made.id}
    service.edit_proposal(session, values={"title": made.title}, expected_version=made.version, **common)
    session.commit()
    assert (made.version, verbs_of(session, made)) == before
    service.edit_proposal(session, values={"title": "อื่น"}, expected_version=made.version, **common)
    session.commit()
    assert verbs_of(session, made) == ["proposal.drafted", "proposal.edited"]
    with pytest.raises(VersionConflict):
        service.edit_proposal(session, values={"title": "ทับ"}, expected_version=before[0], **common)


def test_the_legal_delay_is_reckoned_in_working_days(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    opinions = ask(session, world, now, made)
    assert len(opinions) == 2
    # Fifteen working days from Saturday 21 November: the 7th and the 10th of December are holidays (substitution, Constitution Day).
    closed = service.calendar.closed_days(session, today(now), today(now) + timedelta(60))
    days, day = 0, today(now)
    while days < 15:
        day += timedelta(1)
        days += day.weekday() < 5 and day not in closed
    assert {row.due_on for row in opinions} == {day}


@pytest.mark.parametrize("days", [0, -1, 401])
def test_a_due_day_that_makes_no_sense_is_refused(session: Session, world: World, now: datetime, days: int) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    with pytest.raises(InvalidInput) as refusal:
        service.request_opinions(
            session, actor=world.actors["coordinator"], now=now, proposal_id=made.id, due_on=today(now) + timedelta(days),
            organisation_ids={world.org_id("khohong")}, expected_version=None,
        )  # fmt: skip
    assert list(refusal.value.errors) == ["due_on"]


def test_councils_outside_the_committee_are_not_asked(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    for chosen in (set(), {world.org_id("outside")}, {world.org_id("khohong"), new_id()}):
        with pytest.raises(InvalidInput) as refusal:
            service.request_opinions(
                session, actor=world.actors["coordinator"], now=now, proposal_id=made.id, due_on=None, organisation_ids=chosen,
                expected_version=None,
            )  # fmt: skip
        assert list(refusal.value.errors) == ["organisation_ids"]


@pytest.mark.parametrize("stance", [Stance.OBJECT, Stance.WITH_CONDITIONS])
def test_an_objection_and_a_condition_need_words(session: Session, world: World, now: datetime, stance: Stance) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    opinion = ask(session, world, now, made)[0]
    with pytest.raises(InvalidInput) as refusal:
        answer(session, world, now, opinion, stance, "")
    assert list(refusal.value.errors) == ["text"]
    assert answer(session, world, now, opinion, stance, "เพราะไกล").state is OpinionState.ANSWERED


def test_a_council_cannot_have_resolved_tomorrow(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    opinion = ask(session, world, now, made, "khohong")[0]
    text = OpinionText(Stance.SUPPORT, "", resolved_on=today(now) + timedelta(1))
    with pytest.raises(InvalidInput):
        service.give_opinion(
            session, actor=world.actors["clerk_khohong"], now=now, opinion_id=opinion.id, answer=text, expected_version=None
        )


def test_an_answer_can_be_corrected_and_both_stay(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    opinion = ask(session, world, now, made, "khohong")[0]
    for stance in (Stance.SUPPORT, Stance.OBJECT):
        answer(session, world, now, opinion, stance, "เปลี่ยนความเห็น")
        session.commit()
    assert opinion.stance is Stance.OBJECT
    assert verbs_of(session, opinion)[-2:] == ["opinion.given", "opinion.given"]


def test_a_silent_council_holds_up_the_others_only_until_its_day(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    first, second = ask(session, world, now, made)
    answer(session, world, now, first)
    session.commit()
    common: dict[str, Any] = {"actor": world.actors["coordinator"], "proposal_id": made.id, "expected_version": None}
    with pytest.raises(InvalidInput):
        service.close_opinions(session, now=now, **common)
    service.close_opinions(session, now=now + timedelta(40), **common)
    session.commit()
    assert (made.state, first.state, second.state) == (S.OPINIONS_CLOSED, OpinionState.ANSWERED, OpinionState.CLOSED)


def test_a_changed_text_makes_the_opinions_on_it_stale(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.SUBMITTED)
    first, second = ask(session, world, now, made)
    answer(session, world, now, first)
    clerk, coordinator = world.actors["clerk_banphru"], world.actors["coordinator"]
    service.return_proposal(session, actor=coordinator, now=now, proposal_id=made.id, reason="แก้ไข", expected_version=None)
    assert second.state is OpinionState.CLOSED
    service.submit_proposal(session, actor=clerk, now=now, proposal_id=made.id, expected_version=None)
    session.commit()
    assert first.state is OpinionState.STALE
    again = ask(session, world, now, made)
    session.commit()
    assert {row.edition for row in again} == {2}


def test_the_meeting_decides_on_the_authority_of_its_resolution(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.OPINIONS_CLOSED)
    meeting = make_meeting(session, world, now, days=0)
    item = add_item(session, world, now, meeting, target=Ref("proposal", made.id))
    assert made.state is S.ON_AGENDA
    common: dict[str, Any] = {"now": now, "meeting_id": meeting.id, "expected_version": None}
    from collab.meetings import service as sessions

    sessions.convene(session, actor=world.actors["coordinator"], short_notice_reason="เร่งด่วน", **common)
    sessions.open_meeting(session, actor=world.actors["chair"], **common)
    seat_all(session, world, now, meeting)
    resolution = vote(session, world, now, item, ballot(world, **ALL_FOR))
    assert made.state is S.ADOPTED
    event = session.scalars(
        sa.select(HistoryEvent).where(HistoryEvent.subject_id == made.id).order_by(HistoryEvent.seq.desc())
    ).first()
    assert event is not None
    assert (event.verb, event.authority_kind, event.authority_id) == ("proposal.adopted", "resolution", resolution.id)


def test_a_proposal_whose_opinions_are_open_is_put_on_no_agenda(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.OPINIONS_REQUESTED)
    meeting = make_meeting(session, world, now)
    with pytest.raises(StateConflict):
        add_item(session, world, now, meeting, target=Ref("proposal", made.id))


def test_those_concerned_are_told(session: Session, world: World, now: datetime) -> None:
    def told() -> set[Any]:
        return set(session.scalars(sa.select(Message.recipient_id)))

    made = proposal_in(session, world, now, S.SUBMITTED)
    assert world.users["coordinator"].id in told()
    ask(session, world, now, made, "khohong")
    session.commit()
    assert world.users["clerk_khohong"].id in told()
    assert world.users["clerk_phatong"].id not in told()
    service.return_proposal(
        session, actor=world.actors["coordinator"], now=now, proposal_id=made.id, reason="x", expected_version=None
    )
    session.commit()
    assert world.users["clerk_banphru"].id in told()


def test_unknown_ids_are_not_found(session: Session, world: World, now: datetime) -> None:
    common: dict[str, Any] = {"actor": world.actors["coordinator"], "now": now, "proposal_id": new_id(), "expected_version": None}
    for verb in (service.submit_proposal, service.close_opinions):
        with pytest.raises(NotFound):
            verb(session, **common)
    with pytest.raises(NotFound):
        service.give_opinion(
            session, actor=world.actors["clerk_khohong"], now=now, opinion_id=new_id(), answer=OpinionText(Stance.SUPPORT, ""),
            expected_version=None,
        )  # fmt: skip


def test_the_names_of_the_councils_asked_are_those_of_the_committee(session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, S.OPINIONS_REQUESTED)
    asked = {row.organisation_id for row in queries.opinions_of(session, made.id)}
    assert asked == {seat.organisation_id for seat in members.seats_on(session, world.committee.id, today(now))} - {
        made.organisation_id
    }
