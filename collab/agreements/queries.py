"""Reads of agreements; what a person may see is decided here, for lists and pages alike."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements.models import (
    Agreement,
    AgreementApproval,
    AgreementParty,
    AgreementVersion,
    Clause,
    Obligation,
    Ratification,
    Signature,
)
from collab.agreements.rules import PartyFact
from collab.agreements.states import AgreementState
from collab.kernel.access import Actor
from collab.kernel.db import Keyed
from collab.kernel.errors import NotFound
from collab.service_plans.policy import drafting_committees, readable_committees

Part = TypeVar("Part", Clause, AgreementParty, Obligation)
Row = TypeVar("Row", bound=Keyed)


def visible_agreements(actor: Actor) -> sa.Select[Agreement]:
    """Return the agreements that ``actor`` may see.

    Those of their committees, and those that bind their organisation even when it has left the committee; drafts only to who
    coordinates there.
    """
    statement = sa.select(Agreement)
    readable, drafting = readable_committees(actor), drafting_committees(actor)
    if readable is not None:
        own = sa.select(AgreementParty.agreement_id).where(
            AgreementParty.organisation_id.in_(actor.organisation_ids), AgreementParty.removed_at.is_(None)
        )
        statement = statement.where(sa.or_(Agreement.committee_id.in_(readable), Agreement.id.in_(own)))
    if drafting is not None:
        # What was withdrawn before anybody was asked stays a draft to everybody else.
        told = sa.and_(Agreement.state != AgreementState.DRAFT, Agreement.number.is_not(None))
        statement = statement.where(sa.or_(told, Agreement.committee_id.in_(drafting)))
    return statement


def get_visible(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    """Return the agreement; NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_agreements(actor).where(Agreement.id == agreement_id)).one_or_none()
    if found is None:
        raise NotFound("agreement", agreement_id)
    return found


def visible_ids(session: Session, actor: Actor, keys: Collection[UUID]) -> set[UUID]:
    """Return those of the agreements that ``actor`` may see."""
    return set(session.scalars(visible_agreements(actor).where(Agreement.id.in_(keys)).with_only_columns(Agreement.id)))


def lock_agreement(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    """Return the agreement with its row locked; NotFound as `get_visible`."""
    get_visible(session, actor, agreement_id)
    statement = sa.select(Agreement).where(Agreement.id == agreement_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def find_agreement(session: Session, agreement_id: UUID) -> Agreement | None:
    """Return the agreement, whoever asks, or None."""
    return session.get(Agreement, agreement_id)


def get_agreement(session: Session, agreement_id: UUID) -> Agreement:
    """Return the agreement, whoever asks; NotFound when there is none."""
    found = find_agreement(session, agreement_id)
    if found is None:
        raise NotFound("agreement", agreement_id)
    return found


def agreements_by_ids(session: Session, keys: Sequence[UUID]) -> list[Agreement]:
    """Return the agreements with these ids, whoever asks."""
    return list(session.scalars(sa.select(Agreement).where(Agreement.id.in_(keys))))


def agreements_of_plan(session: Session, actor: Actor, service_plan_id: UUID) -> list[Agreement]:
    """Return the agreements made from a service plan that ``actor`` may see, oldest first."""
    statement = visible_agreements(actor).where(Agreement.service_plan_id == service_plan_id)
    return list(session.scalars(statement.order_by(Agreement.id)))


def clauses_of(session: Session, agreement_id: UUID) -> list[Clause]:
    """Return the clauses of the agreement in their order, without those taken out of the draft."""
    which = (Clause.agreement_id == agreement_id, Clause.removed_at.is_(None))
    return list(session.scalars(sa.select(Clause).where(*which).order_by(Clause.number, Clause.id)))


def clauses_by_ids(session: Session, keys: Sequence[UUID]) -> list[Clause]:
    """Return the clauses with these ids, taken out or not, whoever asks."""
    return list(session.scalars(sa.select(Clause).where(Clause.id.in_(keys))))


def parties_of(session: Session, agreement_id: UUID) -> list[AgreementParty]:
    """Return the parties of the agreement, the host first, then in the order in which they were added."""
    return parties_by_agreement(session, [agreement_id]).get(agreement_id, [])


def parties_by_agreement(session: Session, keys: Collection[UUID]) -> dict[UUID, list[AgreementParty]]:
    """Return the parties of several agreements with one query, each list as `parties_of`."""
    which = (AgreementParty.agreement_id.in_(keys), AgreementParty.removed_at.is_(None))
    found: dict[UUID, list[AgreementParty]] = defaultdict(list)
    for row in session.scalars(
        sa.select(AgreementParty).where(*which).order_by(AgreementParty.role != "host", AgreementParty.id)
    ):
        found[row.agreement_id].append(row)
    return dict(found)


def get_part(session: Session, model: type[Part], agreement_id: UUID, key: UUID, *, lock: bool = False) -> Part:
    """Return a clause, party or obligation of the agreement that was not taken out; NotFound otherwise. ``lock`` takes its row."""
    statement = sa.select(model).where(model.id == key, model.agreement_id == agreement_id, model.removed_at.is_(None))
    if lock:
        statement = statement.with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(model.__tablename__, key)
    return found


def lock_part(session: Session, model: type[Part], agreement_id: UUID, key: UUID) -> Part:
    """Return the same as `get_part` with its row locked."""
    return get_part(session, model, agreement_id, key, lock=True)


def ratifications_of(session: Session, agreement_id: UUID) -> list[Ratification]:
    """Return every record of the councils' decisions, corrected ones included, oldest first."""
    which = Ratification.agreement_id == agreement_id
    return list(session.scalars(sa.select(Ratification).where(which).order_by(Ratification.recorded_at, Ratification.id)))


def current_ratifications(session: Session, keys: Collection[UUID]) -> dict[UUID, Ratification]:
    """Return, for the agreements ``keys``, each party's record in force (not corrected by a later one) by the party's id."""
    later = sa.orm.aliased(Ratification)
    statement = (
        sa.select(Ratification)
        .outerjoin(later, later.corrects_id == Ratification.id)
        .where(Ratification.agreement_id.in_(keys), later.id.is_(None))
    )
    return {row.party_id: row for row in session.scalars(statement)}


def party_facts(session: Session, agreement_id: UUID) -> list[PartyFact]:
    """Return the parties as the entry-into-force rule sees them."""
    current = current_ratifications(session, [agreement_id])
    return [
        PartyFact(row.organisation_id, row.role, current[row.id].outcome if row.id in current else None)
        for row in parties_of(session, agreement_id)
    ]


def approvals_of(session: Session, agreement_id: UUID) -> list[AgreementApproval]:
    """Return the approvals recorded for the agreement, oldest first."""
    which = AgreementApproval.agreement_id == agreement_id
    return list(session.scalars(sa.select(AgreementApproval).where(which).order_by(AgreementApproval.id)))


def signatures_of(session: Session, agreement_id: UUID) -> dict[UUID, Signature]:
    """Return the signatures by party."""
    rows = session.scalars(sa.select(Signature).where(Signature.agreement_id == agreement_id))
    return {row.party_id: row for row in rows}


def text_of(session: Session, agreement_id: UUID) -> AgreementVersion | None:
    """Return the newest fixed text of the agreement, or None while it is a draft."""
    statement = sa.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement_id)
    return session.scalars(statement.order_by(AgreementVersion.number.desc()).limit(1)).one_or_none()


def obligations_of(session: Session, agreement_id: UUID) -> list[Obligation]:
    """Return the obligations of the agreement, the next due first, settled ones last."""
    which = (Obligation.agreement_id == agreement_id, Obligation.removed_at.is_(None))
    order = (Obligation.settled_at.is_not(None), Obligation.due_on, Obligation.id)
    return list(session.scalars(sa.select(Obligation).where(*which).order_by(*order)))


def rows_by_ids(session: Session, model: type[Row], keys: Collection[UUID]) -> list[Row]:
    """Return rows of any part of an agreement by their ids, whoever asks."""
    return list(session.scalars(sa.select(model).where(model.id.in_(keys))))
