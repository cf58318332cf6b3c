"""Formulas with their inputs, and the shares they gave."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.cost_sharing.rules import Method
from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Money, clear_text, code_column


class CostFormula(Keyed, Base):
    """One version of a formula beside an object. It is never changed: another trial is another version."""

    __tablename__ = "cost_formula"
    __tracked__ = Tracked(kind="cost_formula", stream=lambda row: ("cost_sharing", row.target_id))
    __table_args__ = (sa.UniqueConstraint("target_id", "edition"),)

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    edition: Mapped[int]
    method: Mapped[Method] = code_column(Method)
    #: The numbers of `rules.Terms`, as text.
    terms: Mapped[dict[str, Any]] = mapped_column(Json, info={"clear": True})
    total: Mapped[Decimal] = mapped_column(Money)
    unit: Mapped[str] = clear_text(default="")
    source: Mapped[str]
    measured_on: Mapped[date | None]
    made_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    made_at: Mapped[datetime]


class CostShare(Keyed, Base):
    """One party's measure and share under a formula."""

    __tablename__ = "cost_share"
    __tracked__ = Tracked(kind="cost_share", stream=lambda row: ("cost_sharing", row.target_id))
    __table_args__ = (sa.UniqueConstraint("formula_id", "organisation_id"),)

    formula_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cost_formula.id"))
    target_id: Mapped[UUID]
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    position: Mapped[int]
    measure: Mapped[Decimal] = mapped_column(sa.Numeric(18, 3))
    amount: Mapped[Decimal] = mapped_column(Money)
