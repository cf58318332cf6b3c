"""A proposal that a resolution has adopted, and a service plan in each of its states."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import job_actor
from collab.kernel.clock import today
from collab.kernel.dates import buddhist_year
from collab.meetings import queries as meetings
from collab.meetings.models import AgendaItem, Meeting, Resolution
from collab.meetings.states import ItemState, MeetingState
from collab.proposals.models import Proposal
from collab.proposals.states import ProposalState
from collab.service_plans import service
from collab.service_plans.models import ServicePlan
from collab.service_plans.states import FundingSource, PlanState
from tests.factories.world import World

TEXT = service.PlanText("ระบบกำจัดขยะร่วมบ้านพรุ", "ลดขยะตกค้างให้หมดภายในสามปี", "เก็บขยะทุกครัวเรือนอย่างน้อยสัปดาห์ละสองครั้ง")


def adopted_proposal(session: Session, world: World, now: datetime, state: ProposalState = ProposalState.ADOPTED) -> Proposal:
    """Make a proposal in ``state``; an adopted one with the resolution that carried it."""
    proposal = Proposal(
        committee_id=world.committee.id, organisation_id=world.org_id("banphru"), author_id=world.users["clerk_banphru"].id,
        state=state, title="โครงการกำจัดขยะร่วม", objective="ลดขยะตกค้าง", edition=1, submitted_at=now,
    )  # fmt: skip
    with history.act(session, verb="proposal.submitted", actor=job_actor("test"), now=now, subject=proposal):
        session.add(proposal)
    if state is ProposalState.ADOPTED:
        resolution_on(session, world, now, "proposal", proposal.id)
    session.commit()
    return proposal


def resolution_on(
    session: Session, world: World, now: datetime, kind: str, target_id: UUID, *, carried: bool = True
) -> Resolution:
    """Record a resolution of the committee on an object."""
    number = meetings.last_resolution_number(session, world.committee.id, buddhist_year(today(now))) + 1
    meeting = Meeting(
        committee_id=world.committee.id, state=MeetingState.IN_SESSION, title="ประชุมคณะกรรมการ", place="ห้องประชุม", starts_at=now
    )
    with history.act(session, verb="meeting.created", actor=job_actor("test"), now=now, subject=meeting):
        session.add(meeting)
        session.flush()
        item = AgendaItem(
            meeting_id=meeting.id, committee_id=world.committee.id, heading=5, position=1, title="พิจารณา", is_for_decision=True,
            target_kind=kind, target_id=target_id, state=ItemState.DECIDED,
        )  # fmt: skip
        session.add(item)
        session.flush()
        row = Resolution(
            meeting_id=meeting.id, agenda_item_id=item.id, committee_id=world.committee.id, number=f"มติ {number}/2569",
            number_year=buddhist_year(today(now)), number_in_year=number, text="เห็นชอบ", carried=carried, arithmetic={},
            decided_on=today(now), target_kind=kind, target_id=target_id,
        )  # fmt: skip
        session.add(row)
    session.commit()
    return row


def plan_in(session: Session, world: World, now: datetime, state: PlanState = PlanState.APPROVED) -> ServicePlan:
    """Make a service plan with one indicator and one budget line, and bring it to ``state`` through its service."""
    proposal = adopted_proposal(session, world, now)
    actor = world.actors["coordinator"]
    plan = service.draft_plan(session, actor=actor, now=now, proposal_id=proposal.id, text=TEXT)
    common = {"actor": actor, "now": now, "plan_id": plan.id, "part_id": None, "expected_version": None}
    service.save_indicator(
        session, name="ขยะที่กำจัดถูกวิธี", unit="ร้อยละ", baseline=Decimal(40), targets={2570: Decimal(60)}, **common
    )
    service.save_budget_line(
        session, organisation_id=world.org_id("banphru"), fiscal_year=2570, source=FundingSource.OWN_BUDGET,
        amount=Decimal("1500000.50"), note="", **common,
    )  # fmt: skip
    step = {"actor": actor, "now": now, "plan_id": plan.id, "expected_version": None}
    if state is not PlanState.DRAFT:
        service.propose_plan(session, **step)
    if state in (PlanState.APPROVED, PlanState.SUPERSEDED):
        service.approve_plan(session, resolution_id=plan.resolution_id, **step)
    if state is PlanState.SUPERSEDED:
        copy = service.revise_plan(session, reason="ปรับปรุง", **step)
        service.propose_plan(session, **{**step, "plan_id": copy.id})
        session.commit()
        carried = resolution_on(session, world, now, "service_plan", copy.id)
        service.approve_plan(session, resolution_id=carried.id, **{**step, "plan_id": copy.id})
    session.commit()
    return plan
