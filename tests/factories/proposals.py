"""A proposal in each of its states, made through the service."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.proposals import service
from collab.proposals.models import OpinionRequest, Proposal
from collab.proposals.service import OpinionText
from collab.proposals.states import ProposalState, Stance
from tests.factories.world import MEMBERS, World

VALUES: dict[str, Any] = {
    "title": "ระบบกำจัดขยะร่วมบ้านพรุ", "problem": "ขยะตกค้าง", "objective": "ลดขยะตกค้าง", "area": "สามตำบล",
    "funding": "งบประมาณของแต่ละแห่ง", "cost_amount": Decimal("1500000.50"), "legal_basis": "decentralisation_21",
    "partner_ids": [], "readiness": {"law": 4},
}  # fmt: skip
S = ProposalState


def proposal_in(session: Session, world: World, now: datetime, state: ProposalState = S.DRAFT, **values: Any) -> Proposal:
    """Make a proposal of Ban Phru and bring it to ``state``; ``values`` change the text."""
    clerk, coordinator = world.actors["clerk_banphru"], world.actors["coordinator"]
    made = service.draft_proposal(
        session, actor=clerk, now=now, committee_id=world.committee.id, organisation_id=world.org_id("banphru"),
        values={**VALUES, **values},
    )  # fmt: skip
    session.flush()
    common: dict[str, Any] = {"now": now, "proposal_id": made.id, "expected_version": None}
    if state is S.WITHDRAWN:
        service.withdraw_proposal(session, actor=clerk, reason="เปลี่ยนใจ", **common)
    elif state is not S.DRAFT:
        service.submit_proposal(session, actor=clerk, **common)
        if state is S.RETURNED:
            service.return_proposal(session, actor=coordinator, reason="ขาดข้อมูล", **common)
        elif state is not S.SUBMITTED:
            ask(session, world, now, made)
            _beyond_opinions(session, world, now, made, state)
    session.commit()
    return made


def ask(session: Session, world: World, now: datetime, proposal: Proposal, *names: str) -> list[OpinionRequest]:
    """Ask the councils of ``names`` (all but the proposer when none is named) by the committee's legal delay."""
    chosen = names or tuple(name for name in MEMBERS if name != "banphru")
    return service.request_opinions(
        session, actor=world.actors["coordinator"], now=now, proposal_id=proposal.id, due_on=None,
        organisation_ids={world.org_id(name) for name in chosen}, expected_version=None,
    )  # fmt: skip


def answer(
    session: Session, world: World, now: datetime, opinion: OpinionRequest, stance: Stance = Stance.SUPPORT, text: str = "เห็นด้วย"
) -> OpinionRequest:
    """Answer as the clerk of the council that was asked."""
    name = next(name for name in MEMBERS if world.org_id(name) == opinion.organisation_id)
    return service.give_opinion(
        session, actor=world.actors[f"clerk_{name}"], now=now, opinion_id=opinion.id, answer=OpinionText(stance, text),
        expected_version=None,
    )  # fmt: skip


def _beyond_opinions(session: Session, world: World, now: datetime, proposal: Proposal, state: ProposalState) -> None:
    if state is S.OPINIONS_REQUESTED:
        return
    coordinator = world.actors["coordinator"]
    for opinion in service.queries.opinions_of(session, proposal.id):
        answer(session, world, now, opinion)
    service.close_opinions(session, actor=coordinator, now=now, proposal_id=proposal.id, expected_version=None)
    if state is not S.OPINIONS_CLOSED:
        service.place(session, actor=coordinator, now=now, proposal_id=proposal.id)
        if state is not S.ON_AGENDA:
            service.decide(
                session, actor=coordinator, now=now, proposal_id=proposal.id, resolution_id=new_id(), carried=state is S.ADOPTED
            )
