"""Reads of formulas and shares."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.cost_sharing.models import CostFormula, CostShare


def formulas_of(session: Session, target_id: UUID) -> list[CostFormula]:
    """Return the versions beside one object, the newest first."""
    return list(
        session.scalars(sa.select(CostFormula).where(CostFormula.target_id == target_id).order_by(CostFormula.edition.desc()))
    )


def shares_of(session: Session, formula_ids: Iterable[UUID]) -> dict[UUID, list[CostShare]]:
    """Return the shares by formula, in the order of the parties."""
    found: dict[UUID, list[CostShare]] = {}
    rows = session.scalars(sa.select(CostShare).where(CostShare.formula_id.in_(list(formula_ids))).order_by(CostShare.position))
    for row in rows:
        found.setdefault(row.formula_id, []).append(row)
    return found


def formulas_by_ids(session: Session, keys: Iterable[UUID]) -> list[CostFormula]:
    """Return the formulas with these ids."""
    return list(session.scalars(sa.select(CostFormula).where(CostFormula.id.in_(list(keys)))))
