"""What a draft holds: indicators, budget lines, service areas, risks. Each is saved by one function, new or changed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.service_plans import queries
from collab.service_plans.models import BudgetLine, Indicator, IndicatorTarget, Risk, ServiceArea, ServicePlan
from collab.service_plans.rules import FIRST_YEAR, LAST_YEAR
from collab.service_plans.states import MACHINE, FundingSource, PlanVerb

#: The parts of a plan by the word that names them in addresses.
MODELS: Mapping[str, type[Any]] = {
    "indicators": Indicator,
    "budget": BudgetLine,
    "areas": ServiceArea,
    "risks": Risk,
}


def save_indicator(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, part_id: UUID | None, name: str, unit: str,
                   baseline: Decimal | None, targets: Mapping[int, Decimal], expected_version: int | None) -> Indicator:  # fmt: skip
    """Add an indicator to a draft (``part_id`` None) or change one, with its targets by fiscal year.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict.
    """
    plan = _drafting(session, actor, plan_id)
    part = _part(session, Indicator, plan, part_id, expected_version)
    past = queries.targets_of(session, part_id) if part_id else {}
    with history.act(session, verb="service_plan.indicator_saved", actor=actor, now=now, subject=part):
        part.name, part.unit, part.baseline = name, unit, baseline
        session.add(part)
        session.flush()
        for year in sorted({*past, *targets}):
            row = past.get(year) or IndicatorTarget(indicator_id=part.id, plan_id=plan.id, fiscal_year=year)
            row.value = targets.get(year)
            session.add(row)
    return part


def save_budget_line(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, part_id: UUID | None, organisation_id: UUID,
                     fiscal_year: int, source: FundingSource, amount: Decimal, note: str, expected_version: int | None,
                     ) -> BudgetLine:  # fmt: skip
    """Add or change what an organisation of the committee, or its agency, pays in one fiscal year (พ.ศ.), in baht.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    plan = _drafting(session, actor, plan_id)
    _check_organisation(session, plan, organisation_id, now)
    if not FIRST_YEAR <= fiscal_year <= LAST_YEAR:
        raise InvalidInput({"fiscal_year": _("Write the fiscal year in the Buddhist era, for example 2570.")})
    part = _part(session, BudgetLine, plan, part_id, expected_version)
    with history.act(session, verb="service_plan.budget_line_saved", actor=actor, now=now, subject=part):
        part.organisation_id, part.fiscal_year, part.source = organisation_id, fiscal_year, source
        part.amount, part.note = amount, note
        session.add(part)
    return part


def save_area(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, part_id: UUID | None, organisation_id: UUID,
              coverage: str, expected_version: int | None) -> ServiceArea:  # fmt: skip
    """Add or change which part of an organisation's area is served.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    plan = _drafting(session, actor, plan_id)
    _check_organisation(session, plan, organisation_id, now)
    part = _part(session, ServiceArea, plan, part_id, expected_version)
    with history.act(session, verb="service_plan.area_saved", actor=actor, now=now, subject=part):
        part.organisation_id, part.coverage = organisation_id, coverage
        session.add(part)
    return part


def save_risk(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, part_id: UUID | None, barrier: str, tactic: str,
              expected_version: int | None) -> Risk:  # fmt: skip
    """Add or change a barrier and the tactic against it. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    plan = _drafting(session, actor, plan_id)
    part = _part(session, Risk, plan, part_id, expected_version)
    with history.act(session, verb="service_plan.risk_saved", actor=actor, now=now, subject=part):
        part.barrier, part.tactic = barrier, tactic
        session.add(part)
    return part


def remove_part(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, kind: str, part_id: UUID,
                expected_version: int | None) -> None:  # fmt: skip
    """Take a part out of a draft; ``kind`` is a word of `MODELS`. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    _drafting(session, actor, plan_id)
    part = queries.lock_part(session, MODELS[kind], plan_id, part_id)
    check_version(part, expected_version)
    with history.act(session, verb="service_plan.part_removed", actor=actor, now=now, subject=part):
        part.removed_at = now


def _drafting(session: Session, actor: Actor, plan_id: UUID) -> ServicePlan:
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.SERVICE_PLAN_MANAGE, plan)
    MACHINE.advance(plan.state, PlanVerb.EDIT)
    return plan


def _part(session: Session, model: type[queries.Part], plan: ServicePlan, part_id: UUID | None, expected_version: int | None,
          ) -> queries.Part:  # fmt: skip
    if part_id is not None:
        part = queries.lock_part(session, model, plan.id, part_id)
        check_version(part, expected_version)
        return part
    last = session.scalar(sa.select(sa.func.max(model.position)).where(model.plan_id == plan.id))
    return model(plan_id=plan.id, position=(last or 0) + 1)


def _check_organisation(session: Session, plan: ServicePlan, organisation_id: UUID, now: datetime) -> None:
    if organisation_id not in {key for key, _name in payers(session, plan.committee_id, now)}:
        raise InvalidInput({"organisation_id": _("Choose an organisation of the committee.")})


def payers(session: Session, committee_id: UUID, now: datetime) -> list[tuple[UUID, str]]:
    """Return the organisations that a plan of the committee may name, with their names: its seats today, then its agency."""
    found = {seat.organisation_id: seat.organisation_name for seat in members.seats_on(session, committee_id, today(now))}
    agency = members.get_committee(session, committee_id).agency_id
    names = members.organisation_names(session, [agency])
    return list({**found, **names}.items()) if agency not in found else list(found.items())
