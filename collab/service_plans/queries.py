"""Reads of service plans; what a person may see is decided here, for lists and pages alike."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.members.models import RoleAssignment, User
from collab.members.queries import in_force_on
from collab.service_plans.models import BudgetLine, Indicator, IndicatorTarget, Risk, ServiceArea, ServicePlan
from collab.service_plans.policy import drafting_committees, readable_committees
from collab.service_plans.states import PlanState

Part = TypeVar("Part", Indicator, BudgetLine, ServiceArea, Risk)
_NEWEST = (Key(ServicePlan.id, lambda row: row.id, descending=True),)


@dataclass(frozen=True)
class Parts:
    """Everything that one edition holds; ``targets`` by indicator, then by fiscal year."""

    indicators: list[Indicator]
    targets: dict[UUID, dict[int, Decimal]]
    budget_lines: list[BudgetLine]
    areas: list[ServiceArea]
    risks: list[Risk]

    @property
    def target_years(self) -> list[int]:
        """The fiscal years for which any indicator has a target."""
        return sorted({year for by_year in self.targets.values() for year in by_year})


def visible_plans(actor: Actor) -> sa.Select[ServicePlan]:
    """Return the editions that ``actor`` may see: of their committees, drafts only to who coordinates there."""
    statement = sa.select(ServicePlan)
    readable, drafting = readable_committees(actor), drafting_committees(actor)
    if readable is not None:
        statement = statement.where(ServicePlan.committee_id.in_(readable))
    if drafting is not None:
        statement = statement.where(sa.or_(ServicePlan.state != PlanState.DRAFT, ServicePlan.committee_id.in_(drafting)))
    return statement


def get_visible(session: Session, actor: Actor, plan_id: UUID) -> ServicePlan:
    """Return the edition; NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_plans(actor).where(ServicePlan.id == plan_id)).one_or_none()
    if found is None:
        raise NotFound("service_plan", plan_id)
    return found


def get_plan(session: Session, plan_id: UUID) -> ServicePlan:
    """Return the edition, whoever asks; NotFound when there is none."""
    found = session.get(ServicePlan, plan_id)
    if found is None:
        raise NotFound("service_plan", plan_id)
    return found


def lock_plan(session: Session, actor: Actor, plan_id: UUID) -> ServicePlan:
    """Return the edition with its row locked; NotFound as `get_visible`."""
    get_visible(session, actor, plan_id)
    statement = sa.select(ServicePlan).where(ServicePlan.id == plan_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def list_plans(session: Session, actor: Actor, cursor: str | None = None, *, committee_id: UUID | None = None,
               state: PlanState | None = None) -> Page[ServicePlan]:  # fmt: skip
    """Return a page of the editions that ``actor`` may see, newest first; superseded ones only when asked for."""
    statement = visible_plans(actor)
    if committee_id is not None:
        statement = statement.where(ServicePlan.committee_id == committee_id)
    if state is None:
        statement = statement.where(ServicePlan.state != PlanState.SUPERSEDED)
    else:
        statement = statement.where(ServicePlan.state == state)
    return keyset(session, statement, _NEWEST, cursor, scalars=True)


def plans_by_ids(session: Session, keys: Sequence[UUID]) -> list[ServicePlan]:
    """Return the editions with these ids, whoever asks."""
    return list(session.scalars(sa.select(ServicePlan).where(ServicePlan.id.in_(keys))))


def plan_of_proposal(session: Session, proposal_id: UUID) -> ServicePlan | None:
    """Return the first edition of the plan made from the proposal, whoever asks, or None."""
    which = (ServicePlan.proposal_id == proposal_id, ServicePlan.edition == 1)
    return session.scalars(sa.select(ServicePlan).where(*which)).one_or_none()


def editions_of(session: Session, actor: Actor, series_id: UUID) -> list[ServicePlan]:
    """Return the editions of one plan that ``actor`` may see, the newest first."""
    statement = visible_plans(actor).where(ServicePlan.series_id == series_id)
    return list(session.scalars(statement.order_by(ServicePlan.edition.desc())))


def parts_of(session: Session, plan_id: UUID) -> Parts:
    """Return everything that the edition holds, with five queries."""
    targets: dict[UUID, dict[int, Decimal]] = defaultdict(dict)
    which = (IndicatorTarget.plan_id == plan_id, IndicatorTarget.value.is_not(None))
    for row in session.scalars(sa.select(IndicatorTarget).where(*which).order_by(IndicatorTarget.fiscal_year)):
        if row.value is not None:
            targets[row.indicator_id][row.fiscal_year] = row.value
    return Parts(
        _parts(session, Indicator, plan_id), dict(targets), _parts(session, BudgetLine, plan_id),
        _parts(session, ServiceArea, plan_id), _parts(session, Risk, plan_id),
    )  # fmt: skip


def _parts(session: Session, model: type[Part], plan_id: UUID) -> list[Part]:
    statement = sa.select(model).where(model.plan_id == plan_id, model.removed_at.is_(None))
    return list(session.scalars(statement.order_by(model.position, model.id)))


def get_part(session: Session, model: type[Part], plan_id: UUID, part_id: UUID, *, lock: bool = False) -> Part:
    """Return a part of the edition that was not taken out; NotFound otherwise. ``lock`` takes its row."""
    statement = sa.select(model).where(model.id == part_id, model.plan_id == plan_id, model.removed_at.is_(None))
    if lock:
        statement = statement.with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(model.__tablename__, part_id)
    return found


def lock_part(session: Session, model: type[Part], plan_id: UUID, part_id: UUID) -> Part:
    """Return the same as `get_part` with its row locked."""
    return get_part(session, model, plan_id, part_id, lock=True)


def targets_of(session: Session, indicator_id: UUID) -> dict[int, IndicatorTarget]:
    """Return the yearly targets of an indicator by fiscal year, those taken back included."""
    rows = session.scalars(sa.select(IndicatorTarget).where(IndicatorTarget.indicator_id == indicator_id))
    return {row.fiscal_year: row for row in rows}


def part_names(session: Session, model: type[Part], keys: Collection[UUID]) -> list[Part]:
    """Return the parts with these ids, taken out or not, whoever asks."""
    return list(session.scalars(sa.select(model).where(model.id.in_(keys))))


def visible_ids(session: Session, actor: Actor, plan_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the editions that ``actor`` may see."""
    statement = visible_plans(actor).where(ServicePlan.id.in_(plan_ids)).with_only_columns(ServicePlan.id)
    return set(session.scalars(statement))


def people_of(session: Session, roles: Collection[Role], organisation_ids: Collection[UUID], day: date) -> list[User]:
    """Return the people, not disabled, who hold one of ``roles`` for one of the organisations on ``day``, with one query."""
    statement = (
        sa.select(User)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(
            RoleAssignment.role.in_(roles), RoleAssignment.scope == Scope.ORGANISATION,
            RoleAssignment.scope_id.in_(organisation_ids), in_force_on(RoleAssignment, day), User.disabled_at.is_(None),
        )
        .distinct()
        .order_by(User.id)
    )  # fmt: skip
    return list(session.scalars(statement))
