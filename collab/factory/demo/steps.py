"""Steps that several chapters of the story take: from a draft to a resolution, from a plan to an agreement in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from collab.agreements.models import Agreement
from collab.agreements.service import drafting, ratifying
from collab.agreements.states import EntryRule, Outcome, PartyRole
from collab.factory.demo import routine
from collab.factory.demo.people import PEOPLE, PLACES
from collab.factory.demo.stage import Stage, seated
from collab.kernel.clock import today
from collab.kernel.targets import Ref
from collab.meetings import service as meetings
from collab.meetings.models import Resolution
from collab.meetings.states import Choice, ItemState, Presence
from collab.members import queries as members
from collab.proposals import service as proposals
from collab.proposals.models import Proposal
from collab.proposals.service import OpinionText
from collab.proposals.states import Stance
from collab.service_plans.models import ServicePlan
from collab.service_plans.service import parts, plans
from collab.service_plans.states import FundingSource


def submit(stage: Stage, who: str, days_ago: int, values: Mapping[str, Any]) -> Proposal:
    """A clerk drafts a proposal and submits it the next day."""
    actor, session = stage.actors[f"clerk.{who}"], stage.session
    proposal = proposals.draft_proposal(
        session,
        actor=actor,
        now=stage.at(days_ago + 1),
        committee_id=stage.committee.id,
        organisation_id=stage.place(who),
        values=values,
    )
    return proposals.submit_proposal(session, actor=actor, now=stage.at(days_ago), proposal_id=proposal.id, expected_version=None)


def ask_opinions(stage: Stage, proposal: Proposal, days_ago: int, places: Iterable[str], *, wait_days: int) -> dict[UUID, UUID]:
    """The coordinator asks the councils of ``places``; return the requests by organisation."""
    asked = proposals.request_opinions(
        stage.session, actor=stage.actors["coordinator"], now=stage.at(days_ago), proposal_id=proposal.id,
        due_on=stage.day(days_ago - wait_days), organisation_ids={stage.place(place) for place in places}, expected_version=None,
    )  # fmt: skip
    stage.session.flush()
    return {row.organisation_id: row.id for row in asked}


def answer(stage: Stage, requests: Mapping[UUID, UUID], place: str, days_ago: int, stance: Stance, text: str = "") -> None:
    """A council's clerk records its opinion."""
    said = OpinionText(stance, text, "สมัยสามัญ สมัยที่ 2", f"มติที่ {days_ago % 9 + 1} (สมมติ)", stage.day(days_ago))
    proposals.give_opinion(
        stage.session, actor=stage.actors[f"clerk.{place}"], now=stage.at(days_ago, 4), opinion_id=requests[stage.place(place)],
        answer=said, expected_version=None,
    )  # fmt: skip


def close_opinions(stage: Stage, proposal: Proposal, days_ago: int) -> None:
    """The coordinator closes the opinions."""
    proposals.close_opinions(
        stage.session, actor=stage.actors["coordinator"], now=stage.at(days_ago), proposal_id=proposal.id, expected_version=None
    )


def meet(stage: Stage, days_ago: int, title: str, matters: Mapping[str, Ref], against: Iterable[str] = ()) -> list[Resolution]:
    """The committee meets and resolves on each of ``matters`` (motion → object); the organisations in ``against`` vote against."""
    session, coordinator, chair = stage.session, stage.actors["coordinator"], stage.actors["chair"]
    starts = stage.at(days_ago, 2) + timedelta(minutes=30)
    meeting = meetings.create_meeting(
        session, actor=coordinator, now=stage.at(days_ago + 20), committee_id=stage.committee.id, title=title,
        place="ห้องประชุมองค์การบริหารส่วนจังหวัดสงขลา", starts_at=starts,
    )  # fmt: skip
    items = {
        motion: meetings.place_on_agenda(
            session, actor=coordinator, now=stage.at(days_ago + 15), meeting_id=meeting.id, title=motion, heading=5, is_for_decision=True,
            target=target,
        )
        for motion, target in matters.items()
    }  # fmt: skip
    told = meetings.place_on_agenda(
        session, actor=coordinator, now=stage.at(days_ago + 15, 4), meeting_id=meeting.id, title="รายงานปริมาณขยะมูลฝอยประจำเดือน", heading=4,
        is_for_decision=False,
    )  # fmt: skip
    meetings.convene(
        session,
        actor=coordinator,
        now=stage.at(days_ago + 14),
        meeting_id=meeting.id,
        short_notice_reason="",
        expected_version=None,
    )
    meetings.open_meeting(session, actor=chair, now=starts, meeting_id=meeting.id, expected_version=None)
    _sit(stage, meeting.id, starts)
    routine.adopt_earlier_minutes(stage, starts)
    opposed = {stage.place(place) for place in against}
    resolutions = [_vote(stage, item.id, motion, starts + timedelta(hours=1), opposed) for motion, item in items.items()]
    meetings.settle_item(session, actor=coordinator, now=starts + timedelta(hours=2), item_id=told.id, state=ItemState.NOTED)
    meetings.close_meeting(
        session, actor=chair, now=starts + timedelta(hours=2, minutes=30), meeting_id=meeting.id, expected_version=None
    )
    return resolutions


def _sit(stage: Stage, meeting_id: UUID, starts: Any) -> None:
    """Eleven of the fifteen come, one by deputy."""
    present = seated(stage, today(starts))
    sheet = {
        seat: meetings.Sitting(Presence.DEPUTY if number == 3 else Presence.HOLDER, "")
        for number, seat in enumerate(present)
        if number < 11
    }
    meetings.record_attendance(stage.session, actor=stage.actors["coordinator"], now=starts, meeting_id=meeting_id, sheet=sheet)


def _vote(stage: Stage, item_id: UUID, motion: str, moment: Any, opposed: set[UUID]) -> Resolution:
    seats = {
        seat.seat_id: seat.organisation_id
        for seat in members.seats_on(stage.session, stage.committee.id, today(moment))
        if seat.is_voting
    }
    present = seated(stage, today(moment))[:11]
    choices = {seat: Choice.AGAINST if seats[seat] in opposed else Choice.FOR for seat in present}
    choices[present[-1]] = Choice.ABSTAIN
    return meetings.record_votes(
        stage.session, actor=stage.actors["coordinator"], now=moment, item_id=item_id, vote=meetings.Vote(motion, choices, {})
    )


def service_plan(
    stage: Stage, proposal: Proposal, resolution: Resolution, days_ago: int, text: plans.PlanText, amounts: Mapping[str, int]
) -> ServicePlan:
    """The coordinator writes the service plan with its budget, proposes it and records its approval."""
    session, actor = stage.session, stage.actors["coordinator"]
    plan = plans.draft_plan(session, actor=actor, now=stage.at(days_ago), proposal_id=proposal.id, text=text)
    parts.save_indicator(
        session, actor=actor, now=stage.at(days_ago, 4), plan_id=plan.id, part_id=None, name="ขยะมูลฝอยที่กำจัดถูกหลักสุขาภิบาล", unit="ร้อยละ",
        baseline=Decimal(60), targets={stage.day(days_ago).year + 544: Decimal(80), stage.day(days_ago).year + 545: Decimal(95)},
        expected_version=None,
    )  # fmt: skip
    for place, amount in amounts.items():
        parts.save_budget_line(
            session, actor=actor, now=stage.at(days_ago, 5), plan_id=plan.id, part_id=None, organisation_id=stage.place(place),
            fiscal_year=stage.day(days_ago).year + 544, source=FundingSource.OWN_BUDGET, amount=Decimal(amount), note="ตัวเลขสมมติ",
            expected_version=None,
        )  # fmt: skip
    plans.propose_plan(session, actor=actor, now=stage.at(days_ago - 1), plan_id=plan.id, expected_version=None)
    return plans.approve_plan(
        session, actor=actor, now=stage.at(days_ago - 2), plan_id=plan.id, resolution_id=resolution.id, expected_version=None
    )


@dataclass(frozen=True)
class Pact:
    """What an agreement of the story says."""

    title: str
    parties: tuple[str, ...]
    valid_from: date
    valid_to: date
    ratify_by: date


def agreement(stage: Stage, plan: ServicePlan, days_ago: int, pact: Pact) -> Agreement:
    """The coordinator drafts the agreement with the standard clauses and circulates it; the first party is the host."""
    session, actor = stage.session, stage.actors["coordinator"]
    terms = drafting.Terms(
        title=pact.title, form="joint_service", legal_basis="decentralisation_21", acts=("service_fee",), valid_from=pact.valid_from,
        valid_to=pact.valid_to, notice_days=90, council_lead_days=45, entry_rule=EntryRule.ALL, entry_count=None, entry_on=None,
        ratify_by=pact.ratify_by,
    )  # fmt: skip
    mayors = {person.organisation: person.name_th for person in PEOPLE if person.key.startswith("mayor.")}
    parties = [
        drafting.PartyInput(
            stage.place(place), PartyRole.MEMBER if number else PartyRole.HOST, mayors[PLACES[place]], "นายกเทศมนตรี"
        )
        for number, place in enumerate(pact.parties)
    ]
    made = drafting.draft_agreement(
        session, actor=actor, now=stage.at(days_ago), service_plan_id=plan.id, terms=terms, parties=parties
    )
    return ratifying.circulate(session, actor=actor, now=stage.at(days_ago - 2), agreement_id=made.id, expected_version=None)


def ratify(stage: Stage, pact: Agreement, place: str, days_ago: int, reservation: str = "") -> None:
    """A council ratifies, and its mayor signs the same week."""
    outcome = Outcome.RATIFIED_WITH_RESERVATIONS if reservation else Outcome.RATIFIED
    decision = ratifying.CouncilDecision(
        outcome, "สมัยสามัญ สมัยที่ 3 ครั้งที่ 1", f"มติที่ {days_ago % 7 + 1} (สมมติ)", stage.day(days_ago), reservation=reservation,
        signatory_mandate="มอบหมายนายกเทศมนตรีลงนาม",
    )  # fmt: skip
    ratifying.record_ratification(
        stage.session, actor=stage.actors[f"clerk.{place}"], now=stage.at(days_ago, 5), agreement_id=pact.id,
        organisation_id=stage.place(place), decision=decision,
    )  # fmt: skip
    mayor = next(person for person in PEOPLE if person.key == f"mayor.{place}")
    ratifying.sign(
        stage.session, actor=stage.actors[mayor.key], now=stage.at(days_ago, 7), agreement_id=pact.id, organisation_id=stage.place(place),
        typed_name=mayor.name_th,
    )  # fmt: skip
