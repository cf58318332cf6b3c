"""Reads for everyone: agreements in force or ended, and the progress of their plans. Drafts and people never appear."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ItemState, PlanState
from collab.agreements.models import Agreement, AgreementParty, Clause
from collab.agreements.states import AgreementState
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.members.models import Committee

PUBLIC_STATES = (AgreementState.IN_FORCE, AgreementState.TERMINATED)
PUBLIC_PLANS = (PlanState.ACTIVE, PlanState.CLOSED)
_ORDER = (
    Key(Agreement.valid_from, lambda row: row.valid_from, descending=True),
    Key(Agreement.id, lambda row: row.id, descending=True),
)


@dataclass(frozen=True)
class Progress:
    """How far a plan is: whole numbers of items, and the weighted percentage reckoned from them."""

    items: int
    done: int
    late: int
    percent: int


@dataclass(frozen=True)
class PublicItem:
    """One item of a plan as everybody may see it."""

    title: str
    organisation_id: UUID
    due_on: date
    state: ItemState
    percent: int
    is_late: bool


def list_agreements(session: Session, cursor: str | None = None) -> Page[Agreement]:
    """Return a page of the agreements that are or were in force, the newest first."""
    statement = sa.select(Agreement).where(Agreement.state.in_(PUBLIC_STATES))
    return keyset(session, statement, _ORDER, cursor, size=20, scalars=True)


def get_agreement(session: Session, agreement_id: UUID) -> Agreement:
    """Return an agreement that is or was in force; NotFound for any other."""
    found = session.scalars(
        sa.select(Agreement).where(Agreement.id == agreement_id, Agreement.state.in_(PUBLIC_STATES))
    ).one_or_none()
    if found is None:
        raise NotFound("agreement", agreement_id)
    return found


def parties_of(session: Session, agreement_ids: list[UUID]) -> dict[UUID, list[UUID]]:
    """Return the organisations that are parties, by agreement."""
    rows = session.execute(
        sa.select(AgreementParty.agreement_id, AgreementParty.organisation_id)
        .where(AgreementParty.agreement_id.in_(agreement_ids), AgreementParty.removed_at.is_(None))
        .order_by(AgreementParty.id)
    )
    found: dict[UUID, list[UUID]] = {key: [] for key in agreement_ids}
    for row in rows:
        found[row.agreement_id].append(row.organisation_id)
    return found


def clauses_of(session: Session, agreement_id: UUID) -> list[Clause]:
    """Return the clauses of the agreement in order."""
    statement = sa.select(Clause).where(Clause.agreement_id == agreement_id, Clause.removed_at.is_(None)).order_by(Clause.number)
    return list(session.scalars(statement))


def plans_of(session: Session, agreement_ids: list[UUID]) -> list[ActionPlan]:
    """Return the plans of these agreements that are active or closed, the newest year first."""
    statement = sa.select(ActionPlan).where(ActionPlan.agreement_id.in_(agreement_ids), ActionPlan.state.in_(PUBLIC_PLANS))
    return list(session.scalars(statement.order_by(ActionPlan.fiscal_year.desc(), ActionPlan.id)))


def progress_of(session: Session, plan_ids: list[UUID], day: date) -> dict[UUID, Progress]:
    """Return the progress of each plan on ``day``: the percentage is the items' percentages weighted by their weights."""
    counted = sa.and_(ActionItem.removed_at.is_(None), ActionItem.state != ItemState.CANCELLED)
    rows = session.execute(
        sa.select(
            ActionItem.plan_id,
            sa.func.count().label("items"),
            sa.func.count().filter(ActionItem.state == ItemState.DONE).label("done"),
            sa.func.count().filter(ActionItem.state != ItemState.DONE, ActionItem.due_on < day).label("late"),
            (sa.func.sum(ActionItem.percent * ActionItem.weight) / sa.func.sum(ActionItem.weight)).label("percent"),
        )
        .where(ActionItem.plan_id.in_(plan_ids), counted)
        .group_by(ActionItem.plan_id)
    )
    return {row.plan_id: Progress(row.items, row.done, row.late, int(row.percent)) for row in rows}


def items_of(session: Session, plan_id: UUID, day: date, size: int = 200) -> list[PublicItem]:
    """Return the items of a plan in its order, at most ``size``."""
    rows = session.execute(
        sa.select(ActionItem.title, ActionItem.lead_organisation_id, ActionItem.due_on, ActionItem.state, ActionItem.percent)
        .where(ActionItem.plan_id == plan_id, ActionItem.removed_at.is_(None))
        .order_by(ActionItem.position, ActionItem.id)
        .limit(size)
    )
    settled = (ItemState.DONE, ItemState.CANCELLED)
    return [PublicItem(*row, is_late=row.due_on < day and row.state not in settled) for row in rows]


def committees_by_ids(session: Session, keys: set[UUID]) -> dict[UUID, Committee]:
    """Return the committees by id."""
    return {row.id: row for row in session.scalars(sa.select(Committee).where(Committee.id.in_(keys)))}
