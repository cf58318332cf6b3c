"""Reads of agreements."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements.models import Agreement, AgreementParty, Clause
from collab.kernel.errors import NotFound


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


def clauses_of(session: Session, agreement_id: UUID) -> list[Clause]:
    """Return the clauses of the agreement in their order, without those taken out of the draft."""
    which = (Clause.agreement_id == agreement_id, Clause.removed_at.is_(None))
    return list(session.scalars(sa.select(Clause).where(*which).order_by(Clause.number, Clause.id)))


def parties_of(session: Session, agreement_id: UUID) -> list[AgreementParty]:
    """Return the parties of the agreement, the host first, then in the order in which they were added."""
    which = (AgreementParty.agreement_id == agreement_id, AgreementParty.removed_at.is_(None))
    order = (AgreementParty.role != "host", AgreementParty.id)
    return list(session.scalars(sa.select(AgreementParty).where(*which).order_by(*order)))
