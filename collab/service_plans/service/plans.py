"""The life of a plan: drafted from an adopted proposal, proposed, approved on the authority of a resolution, revised."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.history import Authority
from collab.kernel.access import Actor, Permission, Role, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import LazyText, _, lazy, speaking
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.meetings import queries as meetings
from collab.members import queries as members
from collab.notices.outbox import Draft, queue_messages
from collab.proposals import queries as proposals
from collab.proposals.states import ProposalState
from collab.service_plans import queries
from collab.service_plans.models import BudgetLine, Indicator, IndicatorTarget, Risk, ServiceArea, ServicePlan
from collab.service_plans.states import MACHINE, PlanState, PlanVerb


@dataclass(frozen=True)
class PlanText:
    """The words of a plan."""

    title: str
    objective: str
    standard: str


def adopting_resolution(session: Session, proposal_id: UUID) -> Any:
    """Return the latest carried resolution on the proposal, or None."""
    ref = Ref("proposal", proposal_id)
    carried = [row for row in meetings.resolutions_on(session, [ref]).get(ref, []) if row.carried]
    return carried[-1] if carried else None


def draft_plan(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, text: PlanText) -> ServicePlan:
    """Draft the first edition from an adopted proposal.

    Raises NotFound, NotAllowed; StateConflict when the proposal is not adopted or a plan was already made from it.
    """
    proposal = proposals.get_proposal(session, proposal_id)
    authorize(actor, Permission.SERVICE_PLAN_MANAGE, proposal)
    resolution = adopting_resolution(session, proposal_id)
    if proposal.state != ProposalState.ADOPTED or resolution is None:
        raise StateConflict(_("A service plan is made from a proposal that a resolution has adopted."))
    if queries.plan_of_proposal(session, proposal_id) is not None:
        raise StateConflict(_("A service plan was already made from this proposal: open it and make a new edition."))
    key = new_id()
    plan = ServicePlan(
        id=key, series_id=key, edition=1, committee_id=proposal.committee_id, proposal_id=proposal_id, resolution_id=resolution.id,
        title=text.title, objective=text.objective, standard=text.standard, state=PlanState.DRAFT,
    )  # fmt: skip
    authority = Authority("resolution", resolution.id)
    with history.act(session, verb="service_plan.drafted", actor=actor, now=now, subject=plan, authority=authority):
        session.add(plan)
    return plan


def edit_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, text: PlanText, expected_version: int | None,
              ) -> ServicePlan:  # fmt: skip
    """Change the words of a draft. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    plan = _locked(session, actor, plan_id, expected_version)
    state = MACHINE.advance(plan.state, PlanVerb.EDIT)
    with history.act(session, verb="service_plan.changed", actor=actor, now=now, subject=plan):
        plan.title, plan.objective, plan.standard, plan.state = text.title, text.objective, text.standard, state
    return plan


def propose_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, expected_version: int | None) -> ServicePlan:
    """Lay the draft before the committee: from now all members read it, and tell their clerks.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput while it has neither an indicator nor a budget line.
    """
    plan = _locked(session, actor, plan_id, expected_version)
    state = MACHINE.advance(plan.state, PlanVerb.PROPOSE)
    parts = queries.parts_of(session, plan_id)
    if not parts.indicators:
        raise InvalidInput({"indicators": _("Add at least one indicator before proposing the plan.")})
    with history.act(session, verb="service_plan.proposed", actor=actor, now=now, subject=plan):
        plan.state, plan.proposed_at = state, now
    _tell_members(session, now, plan, lazy("A service plan was proposed"))
    return plan


def return_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, reason: str, expected_version: int | None,
                ) -> ServicePlan:  # fmt: skip
    """Take a proposed plan back into draft, saying why. Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput."""
    plan = _locked(session, actor, plan_id, expected_version)
    state = MACHINE.advance(plan.state, PlanVerb.RETURN)
    if not reason:
        raise InvalidInput({"reason": _("Say why.")})
    with history.act(session, verb="service_plan.returned", actor=actor, now=now, subject=plan, reason=reason):
        plan.state, plan.proposed_at = state, None
    return plan


def approve_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, resolution_id: UUID,
                 expected_version: int | None) -> ServicePlan:  # fmt: skip
    """Record that ``resolution_id`` approved the plan; an earlier approved edition is superseded in the same act.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput for a resolution of another matter or not carried.
    """
    plan = _locked(session, actor, plan_id, expected_version)
    state = MACHINE.advance(plan.state, PlanVerb.APPROVE)
    if resolution_id not in {row.id for row in approving_resolutions(session, plan)}:
        raise InvalidInput({"resolution_id": _("Choose the resolution that approved this plan.")})
    authority = Authority("resolution", resolution_id)
    earlier = [row for row in queries.editions_of(session, actor, plan.series_id) if row.state is PlanState.APPROVED]
    with history.act(session, verb="service_plan.approved", actor=actor, now=now, subject=plan, authority=authority):
        for row in earlier:
            row.state = MACHINE.advance(row.state, PlanVerb.SUPERSEDE)
        session.flush()
        plan.state, plan.approved_at, plan.approval_resolution_id = state, now, resolution_id
    _tell_members(session, now, plan, lazy("A service plan was approved"))
    return plan


def approving_resolutions(session: Session, plan: ServicePlan) -> list[Any]:
    """Return the carried resolutions that can be named as the plan's authority: on the plan itself, for a first edition also
    the one that adopted its proposal."""
    refs = [Ref("service_plan", plan.id)]
    if plan.edition == 1:
        refs.append(Ref("proposal", plan.proposal_id))
    found = meetings.resolutions_on(session, refs)
    return [row for ref in refs for row in found.get(ref, []) if row.carried]


def revise_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, reason: str, expected_version: int | None,
                ) -> ServicePlan:  # fmt: skip
    """Make the next edition as a draft copy of an approved plan with all its parts.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict (also while another next edition is open), InvalidInput.
    """
    plan = _locked(session, actor, plan_id, expected_version)
    MACHINE.advance(plan.state, PlanVerb.REVISE)
    if not reason:
        raise InvalidInput({"reason": _("Say why.")})
    editions = queries.editions_of(session, actor, plan.series_id)
    if any(row.state in (PlanState.DRAFT, PlanState.PROPOSED) for row in editions):
        raise StateConflict(_("A next edition is already being written."))
    copy = ServicePlan(
        id=new_id(), series_id=plan.series_id, edition=max(row.edition for row in editions) + 1, committee_id=plan.committee_id,
        proposal_id=plan.proposal_id, resolution_id=plan.resolution_id, title=plan.title, objective=plan.objective,
        standard=plan.standard, state=PlanState.DRAFT,
    )  # fmt: skip
    parts = queries.parts_of(session, plan_id)
    with history.act(session, verb="service_plan.revised", actor=actor, now=now, subject=copy, reason=reason):
        session.add(copy)
        session.flush()
        _copy_parts(session, parts, copy.id)
    return copy


def _copy_parts(session: Session, parts: queries.Parts, plan_id: UUID) -> None:
    for indicator in parts.indicators:
        made = Indicator(
            id=new_id(), plan_id=plan_id, position=indicator.position, name=indicator.name, unit=indicator.unit,
            baseline=indicator.baseline,
        )  # fmt: skip
        session.add(made)
        session.flush()
        for year, value in parts.targets.get(indicator.id, {}).items():
            session.add(IndicatorTarget(indicator_id=made.id, plan_id=plan_id, fiscal_year=year, value=value))
    for line in parts.budget_lines:
        session.add(BudgetLine(
            plan_id=plan_id, position=line.position, organisation_id=line.organisation_id, fiscal_year=line.fiscal_year,
            source=line.source, amount=line.amount, note=line.note,
        ))  # fmt: skip
    for area in parts.areas:
        session.add(
            ServiceArea(plan_id=plan_id, position=area.position, organisation_id=area.organisation_id, coverage=area.coverage)
        )
    for risk in parts.risks:
        session.add(Risk(plan_id=plan_id, position=risk.position, barrier=risk.barrier, tactic=risk.tactic))


def _locked(session: Session, actor: Actor, plan_id: UUID, expected_version: int | None) -> ServicePlan:
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.SERVICE_PLAN_MANAGE, plan)
    check_version(plan, expected_version)
    return plan


def _tell_members(session: Session, now: datetime, plan: ServicePlan, subject: LazyText) -> None:
    day = today(now)
    organisations = {seat.organisation_id for seat in members.seats_on(session, plan.committee_id, day)}
    drafts = []
    for user in queries.people_of(session, (Role.CLERK,), organisations, day):
        with speaking(user.locale):
            words = f"{subject}: {plan.title}"
        key = f"{plan.id}:{plan.state}:{now.isoformat()}:{user.id}"
        drafts.append(
            Draft(user.id, "service_plan", words, plan.title, Ref("service_plan", plan.id), f"/service-plans/{plan.id}", key)
        )
    if drafts:
        queue_messages(session, now=now, drafts=drafts)
