"""What meetings allow and refuse: notice, agenda, attendance, votes, resolutions, minutes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history.models import HistoryEvent
from collab.kernel import events, turns
from collab.kernel.access import job_actor
from collab.kernel.clock import BANGKOK, today
from collab.kernel.errors import InvalidInput, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.meetings import queries, service
from collab.meetings.events import PlacedOnAgenda, ResolutionAdopted
from collab.meetings.models import AgendaItem, Ballot, Meeting, Resolution
from collab.meetings.service import Sitting, Vote
from collab.meetings.states import Choice, ItemState, MeetingState, Presence
from collab.members.models import Capacity, MajorityRule
from collab.notices.models import Message
from collab.proposals.models import Proposal
from collab.proposals.states import ProposalState
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.service_plans import adopted_proposal
from tests.factories.world import World

F, A, N = Choice.FOR, Choice.AGAINST, Choice.ABSTAIN
ALL_FOR = {"banphru": F, "khohong": F, "phatong": F}


@pytest.fixture
def meeting(session: Session, world: World, now: datetime) -> Meeting:
    """A meeting in session with nobody present yet."""
    return make_meeting(session, world, now, MeetingState.IN_SESSION)


@pytest.fixture
def item(session: Session, world: World, now: datetime, meeting: Meeting) -> AgendaItem:
    """A matter to decide, with all seats present."""
    seat_all(session, world, now, meeting)
    return add_item(session, world, now, meeting)


def convene(session: Session, world: World, now: datetime, made: Meeting, reason: str = "") -> Meeting:
    return service.convene(
        session, actor=world.actors["coordinator"], now=now, meeting_id=made.id, short_notice_reason=reason, expected_version=None
    )


def set_rules(session: Session, world: World, now: datetime, **values: Any) -> None:
    with history.act(session, verb="committee.rules_set", actor=job_actor("test"), now=now, subject=world.committee):
        for name, value in values.items():
            setattr(world.rules, name, value)
    session.commit()


def make_chair(session: Session, world: World, now: datetime, name: str) -> None:
    with history.act(session, verb="seat.changed", actor=job_actor("test"), now=now, subject=world.committee):
        world.seats[name].capacity = Capacity.CHAIR
    session.commit()


def test_a_meeting_is_not_planned_in_the_past_or_for_an_unknown_committee(session: Session, world: World, now: datetime) -> None:
    common = {"actor": world.actors["coordinator"], "now": now, "title": "x", "place": "y"}
    with pytest.raises(InvalidInput):
        service.create_meeting(session, committee_id=world.committee.id, starts_at=now - timedelta(minutes=1), **common)
    with pytest.raises(NotFound):
        service.create_meeting(session, committee_id=new_id(), starts_at=now + timedelta(days=1), **common)


def test_short_notice_needs_a_reason(session: Session, world: World, now: datetime) -> None:
    in_time = make_meeting(session, world, now, days=7)
    assert convene(session, world, now, in_time).state is MeetingState.CONVENED
    short = make_meeting(session, world, now, days=6)
    with pytest.raises(InvalidInput) as refusal:
        convene(session, world, now, short)
    assert "7" in refusal.value.errors["reason"]
    assert convene(session, world, now, short, "น้ำท่วม").short_notice_reason == "น้ำท่วม"


def test_meetings_are_numbered_in_the_year_when_they_are_convened(session: Session, world: World, now: datetime) -> None:
    first, second = make_meeting(session, world, now), make_meeting(session, world, now)
    assert first.number == ""
    assert convene(session, world, now, second).number == "1/2569"
    assert convene(session, world, now, first).number == "2/2569"
    next_year = make_meeting(session, world, now, days=60)
    assert convene(session, world, now, next_year).number == "1/2570"


def test_holders_with_an_account_are_invited_once_each(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now, MeetingState.CONVENED)
    told = set(session.scalars(sa.select(Message.recipient_id).where(Message.target_id == made.id)))
    assert told == {world.users[f"executive_{name}"].id for name in world.seats}
    with pytest.raises(StateConflict):
        convene(session, world, now, made)


def test_cancelling_keeps_the_reason_in_the_history(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now, MeetingState.CONVENED)
    service.cancel(session, actor=world.actors["coordinator"], now=now, meeting_id=made.id, reason="พายุ", expected_version=None)
    session.commit()
    assert made.state is MeetingState.CANCELLED
    verbs = set(session.scalars(sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == made.id)))
    assert "meeting.cancelled" in verbs


def test_placing_tells_the_objects_area_in_the_same_transaction(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now)
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    heard: list[PlacedOnAgenda] = []

    def hear(_session: Session, event: PlacedOnAgenda) -> None:
        heard.append(event)

    events.subscribe(PlacedOnAgenda)(hear)
    try:
        placed = add_item(session, world, now, made, target=Ref("proposal", proposal.id))
    finally:
        events._reactions[PlacedOnAgenda].remove(hear)
    assert [(event.agenda_item_id, event.target.id) for event in heard] == [(placed.id, proposal.id)]
    assert proposal.state is ProposalState.ON_AGENDA


def test_a_refusing_area_keeps_the_item_off_the_agenda(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now)
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_REQUESTED)
    with pytest.raises(StateConflict):
        add_item(session, world, now, made, target=Ref("proposal", proposal.id))
    session.rollback()
    assert queries.agenda_of(session, made.id) == []


def test_nothing_is_placed_twice_or_on_a_foreign_agenda(session: Session, world: World, now: datetime) -> None:
    made, other = make_meeting(session, world, now), make_meeting(session, world, now)
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    add_item(session, world, now, made, target=Ref("proposal", proposal.id))
    with pytest.raises(StateConflict):
        add_item(session, world, now, other, target=Ref("proposal", proposal.id))
    with pytest.raises(NotFound):
        add_item(session, world, now, other, target=Ref("proposal", new_id()))
    with pytest.raises(NotFound):
        add_item(session, world, now, other, target=Ref("organisation", world.org_id("outside")))


def test_what_a_cancelled_or_postponing_meeting_left_undecided_can_be_placed_again(
    session: Session, world: World, now: datetime, meeting: Meeting
) -> None:
    coordinator = world.actors["coordinator"]
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    ref = Ref("proposal", proposal.id)
    dropped = make_meeting(session, world, now)
    add_item(session, world, now, dropped, target=ref)
    service.cancel(session, actor=coordinator, now=now, meeting_id=dropped.id, reason="พายุ", expected_version=None)
    second = add_item(session, world, now, meeting, target=ref)
    service.settle_item(session, actor=coordinator, now=now, item_id=second.id, state=ItemState.POSTPONED, reason="ขอข้อมูลเพิ่ม")
    third = add_item(session, world, now, meeting, target=ref)
    seat_all(session, world, now, meeting)
    vote(session, world, now, third, ballot(world, **ALL_FOR))
    session.expire_all()
    assert session.get_one(Proposal, proposal.id).state is ProposalState.ADOPTED


def test_opening_enters_every_seat_as_absent(session: Session, world: World, meeting: Meeting) -> None:
    rows = queries.attendance_of(session, meeting.id)
    assert set(rows) == {seat.id for seat in world.seats.values()}
    assert {row.presence for row in rows.values()} == {Presence.ABSENT}
    assert not service.quorum_of(session, meeting).is_met


def test_attendance_refuses_a_foreign_seat_and_a_stale_sheet(
    session: Session, world: World, now: datetime, meeting: Meeting
) -> None:
    common = {"actor": world.actors["coordinator"], "now": now, "meeting_id": meeting.id}
    with pytest.raises(NotFound):
        service.record_attendance(session, sheet={new_id(): Sitting(Presence.HOLDER, "x")}, **common)
    seen = service.sheet_version(queries.attendance_of(session, meeting.id).values())
    sheet = {world.seats["banphru"].id: Sitting(Presence.DEPUTY, "รองนายก")}
    assert service.record_attendance(session, sheet=sheet, expected_version=seen, **common).present == 1
    session.flush()
    with pytest.raises(VersionConflict):
        service.record_attendance(
            session, sheet={world.seats["banphru"].id: Sitting(Presence.ABSENT, "")}, expected_version=seen, **common
        )
    assert queries.attendance_of(session, meeting.id)[world.seats["banphru"].id].name == "รองนายก"


def test_nothing_is_resolved_without_a_quorum(session: Session, world: World, now: datetime, meeting: Meeting) -> None:
    item = add_item(session, world, now, meeting)
    seat_all(session, world, now, meeting, "khohong", "phatong")
    with pytest.raises(InvalidInput):
        vote(session, world, now, item, ballot(world, banphru=F))
    session.rollback()
    assert queries.resolutions_of(session, meeting.id) == []


def test_an_absent_seat_cannot_vote_and_cannot_be_recused(
    session: Session, world: World, now: datetime, meeting: Meeting, item: AgendaItem
) -> None:
    seat_all(session, world, now, meeting, "phatong")
    with pytest.raises(InvalidInput):
        vote(session, world, now, item, ballot(world, **ALL_FOR))
    with pytest.raises(InvalidInput):
        vote(session, world, now, item, ballot(world, banphru=F, khohong=F), {world.seats["phatong"].id: "มีส่วนได้เสีย"})
    assert vote(session, world, now, item, ballot(world, banphru=F, khohong=F)).carried


def test_every_present_seat_votes_and_a_recused_one_does_not(
    session: Session, world: World, now: datetime, item: AgendaItem
) -> None:
    recused = {world.seats["phatong"].id: "เป็นคู่สัญญา"}
    for choices, why in (
        (ballot(world, banphru=F, khohong=F), {}),
        (ballot(world, **ALL_FOR), recused),
        (ballot(world, banphru=F, khohong=F), {world.seats["phatong"].id: ""}),
    ):
        with pytest.raises(InvalidInput):
            vote(session, world, now, item, choices, why)
    made = vote(session, world, now, item, ballot(world, banphru=F, khohong=A), recused)
    assert (made.arithmetic["recused"], made.arithmetic["denominator"]) == ("1", "2")
    kept = session.scalars(sa.select(Ballot).where(Ballot.seat_id == world.seats["phatong"].id)).one()
    assert (kept.choice, kept.recusal_reason) == (None, "เป็นคู่สัญญา")


def test_a_resolution_keeps_its_arithmetic_and_locks_its_item(
    session: Session, world: World, now: datetime, item: AgendaItem
) -> None:
    heard: list[ResolutionAdopted] = []

    def hear(_session: Session, event: ResolutionAdopted) -> None:
        heard.append(event)

    events.subscribe(ResolutionAdopted)(hear)
    try:
        made = vote(session, world, now, item, ballot(world, banphru=F, khohong=F, phatong=N))
    finally:
        events._reactions[ResolutionAdopted].remove(hear)
    assert [(event.resolution_id, event.target, event.carried) for event in heard] == [(made.id, None, True)]
    assert made.number == "ทส 1/2569"
    expected = {"votes_for": "2", "votes_against": "0", "abstained": "1", "seats": 3, "seats_present": 3, "seats_needed": 2}
    assert expected.items() <= made.arithmetic.items()
    assert item.state is ItemState.DECIDED
    with pytest.raises(StateConflict):
        vote(session, world, now, item, ballot(world, **ALL_FOR))


@pytest.mark.parametrize(("chairs", "carried"), [(F, True), (A, False)])
def test_a_tie_is_decided_by_the_chairs_casting_vote(
    session: Session, world: World, now: datetime, item: AgendaItem, chairs: Choice, carried: bool
) -> None:
    make_chair(session, world, now, "banphru")
    made = vote(session, world, now, item, ballot(world, banphru=chairs, khohong=A if chairs is F else F, phatong=N))
    assert made.carried is carried
    assert made.arithmetic["casting_vote"] is True


def test_a_tie_without_a_casting_vote_is_lost(session: Session, world: World, now: datetime, item: AgendaItem) -> None:
    make_chair(session, world, now, "banphru")
    set_rules(session, world, now, casting_vote=False)
    assert not vote(session, world, now, item, ballot(world, banphru=F, khohong=A, phatong=N)).carried


def test_the_rule_of_the_committee_decides(session: Session, world: World, now: datetime, item: AgendaItem) -> None:
    set_rules(session, world, now, majority=MajorityRule.UNANIMOUS)
    made = vote(session, world, now, item, ballot(world, banphru=F, khohong=F, phatong=A))
    assert (made.carried, made.arithmetic["rule"]) == (False, "unanimous")


def test_a_matter_for_information_is_noted_and_not_voted_on(
    session: Session, world: World, now: datetime, meeting: Meeting
) -> None:
    told = add_item(session, world, now, meeting, is_for_decision=False)
    seat_all(session, world, now, meeting)
    with pytest.raises(StateConflict):
        vote(session, world, now, told, ballot(world, **ALL_FOR))
    common = {"actor": world.actors["coordinator"], "now": now, "item_id": told.id}
    with pytest.raises(InvalidInput):
        service.settle_item(session, state=ItemState.POSTPONED, **common)
    assert service.settle_item(session, state=ItemState.NOTED, **common).state is ItemState.NOTED
    with pytest.raises(StateConflict):
        service.settle_item(session, state=ItemState.POSTPONED, reason="x", **common)


def test_closing_drafts_thai_minutes_and_locks_the_record(
    session: Session, world: World, now: datetime, meeting: Meeting, item: AgendaItem
) -> None:
    chair = {"actor": world.actors["chair"], "now": now, "meeting_id": meeting.id, "expected_version": None}
    with pytest.raises(StateConflict):
        service.close_meeting(session, **chair)
    vote(session, world, now, item, ballot(world, banphru=F, khohong=F, phatong=A))
    service.close_meeting(session, **chair)
    for part in ("รายงานการประชุมคณะกรรมการความร่วมมือทดสอบ", "๒๑ พฤศจิกายน ๒๕๖๙", "มติที่ ทส ๑/๒๕๖๙", "ระเบียบวาระที่ ๖", "นายก banphru"):
        assert part in meeting.minutes
    for deed in (
        lambda: seat_all(session, world, now, meeting),
        lambda: add_item(session, world, now, meeting),
        lambda: service.record_votes(
            session, actor=world.actors["chair"], now=now, item_id=item.id, vote=Vote("x", ballot(world, **ALL_FOR), {})
        ),
    ):
        with pytest.raises(StateConflict):
            deed()
    service.adopt_minutes(session, **chair)
    with pytest.raises(StateConflict):
        service.adopt_minutes(session, **chair)


def test_resolutions_are_found_by_what_they_are_about(session: Session, world: World, now: datetime, meeting: Meeting) -> None:
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    ref, nothing = Ref("proposal", proposal.id), Ref("proposal", new_id())
    item = add_item(session, world, now, meeting, target=ref)
    seat_all(session, world, now, meeting)
    made = vote(session, world, now, item, ballot(world, banphru=A, khohong=A, phatong=F))
    assert queries.resolutions_on(session, [ref, nothing]) == {ref: [made], nothing: []}
    assert queries.get_resolution(session, made.id) is made
    assert session.get_one(Proposal, proposal.id).state is ProposalState.REJECTED
    with pytest.raises(NotFound):
        queries.get_resolution(session, new_id())


def test_a_stale_page_changes_nothing(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now)
    with pytest.raises(VersionConflict):
        service.cancel(
            session, actor=world.actors["coordinator"], now=now, meeting_id=made.id, reason="x", expected_version=made.version + 1
        )
    assert session.scalar(sa.select(sa.func.count()).select_from(Resolution)) == 0


@pytest.mark.parametrize(
    ("state", "person", "days", "task"),
    [
        (MeetingState.DRAFT, "coordinator", 0, "meeting.convene"),
        (MeetingState.CONVENED, "chair", 0, "meeting.open"),
        (MeetingState.CONVENED, "chair", 1, None),
        (MeetingState.CLOSED, "chair", 0, "meeting.adopt_minutes"),
        (MeetingState.DRAFT, "clerk_banphru", 0, None),
    ],
)
def test_what_waits_for_whom(
    session: Session, world: World, now: datetime, state: MeetingState, person: str, days: int, task: str | None
) -> None:
    later_today = now + timedelta(hours=6)
    made = make_meeting(session, world, later_today, state, days=days)
    work = turns.work_of(session, world.actors[person], now)
    found = [row.label for row in (*work.late, *work.soon, *work.later) if row.info.id == made.id]
    assert found == ([turns.task_label(task)] if task else [])


def test_a_meeting_is_not_opened_before_its_day(session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now, MeetingState.CONVENED, days=1)
    with pytest.raises(StateConflict):
        service.open_meeting(session, actor=world.actors["chair"], now=now, meeting_id=made.id, expected_version=None)
    # Half past midnight in Bangkok on the day itself, still the day before by the server's clock.
    early = datetime.combine(today(made.starts_at), datetime.min.time(), BANGKOK) + timedelta(minutes=30)
    opened = service.open_meeting(session, actor=world.actors["chair"], now=early, meeting_id=made.id, expected_version=None)
    assert opened.state is MeetingState.IN_SESSION
