"""What an item costs whom, and by what it is measured."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.models.common import plan_stream
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Money, Versioned


class BudgetLine(Keyed, Versioned, Base):
    """What one organisation plans, has committed (contracts, orders) and has spent on an item, in baht."""

    __tablename__ = "action_budget_line"
    __tracked__ = Tracked(kind="action_budget_line", stream=plan_stream)
    __table_args__ = (
        sa.Index(
            "uq_action_budget_line", "item_id", "organisation_id", unique=True, postgresql_where=sa.text("removed_at IS NULL")
        ),
        sa.Index("ix_action_budget_line_plan_id", "plan_id", postgresql_where=sa.text("removed_at IS NULL")),
        sa.CheckConstraint("planned >= 0 AND committed >= 0 AND spent >= 0", name="not_negative"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    planned: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    committed: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    spent: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    removed_at: Mapped[datetime | None]


class Indicator(Keyed, Versioned, Base):
    """By what one sees that an item works: a measure with its unit, the target, and what was reached (None: not measured yet)."""

    __tablename__ = "action_indicator"
    __tracked__ = Tracked(kind="action_indicator", stream=plan_stream)
    __table_args__ = (sa.Index("ix_action_indicator_item_id", "item_id", postgresql_where=sa.text("removed_at IS NULL")),)

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    text: Mapped[str]
    unit: Mapped[str]
    target: Mapped[Decimal] = mapped_column(sa.Numeric(16, 2))
    reached: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 2))
    position: Mapped[int]
    removed_at: Mapped[datetime | None]
