"""An agreement in each of its states."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from collab.agreements import service
from collab.agreements.models import Agreement
from collab.agreements.states import AgreementState, EntryRule, Outcome, PartyRole
from collab.kernel.clock import today
from tests.factories.service_plans import plan_in
from tests.factories.world import MEMBERS, World


def terms(now: datetime, **changes: Any) -> service.Terms:
    """Return ordinary terms, changed as asked."""
    day = today(now)
    values: dict[str, Any] = {
        "title": "ความร่วมมือกำจัดขยะมูลฝอย", "form": "cooperation", "legal_basis": "decentralisation_21", "acts": (),
        "valid_from": date(2026, 10, 1), "valid_to": date(2029, 9, 30), "notice_days": 90, "council_lead_days": 60,
        "entry_rule": EntryRule.ALL, "entry_count": None, "entry_on": None, "ratify_by": day + timedelta(days=60),
    }  # fmt: skip
    return service.Terms(**{**values, **changes})


def parties(world: World, names: tuple[str, ...] = MEMBERS) -> list[service.PartyInput]:
    """Return these organisations as parties, the first as host."""
    return [
        service.PartyInput(world.org_id(name), PartyRole.HOST if index == 0 else PartyRole.MEMBER, f"นายก {name}", "นายกเทศมนตรี")
        for index, name in enumerate(names)
    ]


def decision(now: datetime, outcome: Outcome = Outcome.RATIFIED, **changes: Any) -> service.CouncilDecision:
    """Return a council's decision of today."""
    values: dict[str, Any] = {
        "outcome": outcome, "council_session": "สมัยสามัญ สมัยที่ 4 ครั้งที่ 1/2569", "resolution_number": "12/2569",
        "resolved_on": today(now), "reservation": "ขอสงวนข้อ 8" if outcome is Outcome.RATIFIED_WITH_RESERVATIONS else "",
        "reason": "งบประมาณไม่พอ" if outcome is Outcome.REFUSED else "",
    }  # fmt: skip
    return service.CouncilDecision(**{**values, **changes})


def ratify(session: Session, world: World, now: datetime, agreement: Agreement, *names: str) -> None:
    """Let the councils of these organisations ratify."""
    for name in names:
        service.record_ratification(
            session, actor=world.actors[f"clerk_{name}"], now=now, agreement_id=agreement.id, organisation_id=world.org_id(name),
            decision=decision(now),
        )  # fmt: skip
    session.commit()


def agreement_in(session: Session, world: World, now: datetime, state: AgreementState = AgreementState.DRAFT,
                 **changes: Any) -> Agreement:  # fmt: skip
    """Make an agreement and bring it to ``state`` through its service; ``changes`` change its terms."""
    actor = world.actors["coordinator"]
    plan = plan_in(session, world, now)
    ends = {AgreementState.UPCOMING: {"valid_from": today(now) + timedelta(days=30)}}.get(state, {})
    made = service.draft_agreement(
        session, actor=actor, now=now, service_plan_id=plan.id, terms=terms(now, **{**ends, **changes}), parties=parties(world)
    )
    session.commit()
    step = {"actor": actor, "now": now, "agreement_id": made.id, "expected_version": None}
    if state is AgreementState.DRAFT:
        return made
    service.circulate(session, **step)
    session.commit()
    if state in (AgreementState.IN_FORCE, AgreementState.UPCOMING, AgreementState.TERMINATED):
        ratify(session, world, now, made, *MEMBERS)
    if state is AgreementState.TERMINATED:
        service.terminate(session, ended_on=today(now), reason="เลิกโดยมติ", **step)
    if state is AgreementState.WITHDRAWN:
        service.withdraw(session, reason="แก้ข้อความ", **step)
    session.commit()
    return made
