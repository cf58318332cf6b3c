"""Baselines: the plan as a resolution approved it. Each is an unchangeable copy with a fingerprint."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.models.common import plan_stream
from collab.action_plans.states import ItemKind, ItemState
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Money, clear_text, code_column


class Baseline(Keyed, Base):
    """The plan as approved by a resolution of its committee; ``number`` counts from 1 in each plan.

    ``digest`` is the SHA-256 of its rows (`rules.baseline_digest`). It is in the history, so that a changed row would be seen.
    """

    __tablename__ = "action_baseline"
    __tracked__ = Tracked(kind="action_baseline", stream=plan_stream)
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "number", name="uq_action_baseline"),
        sa.CheckConstraint("number >= 1", name="counts_from_one"),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_hex"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    number: Mapped[int]
    resolution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("resolution.id"))
    approved_at: Mapped[datetime]
    made_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    note: Mapped[str]
    items_count: Mapped[int]
    budget_planned: Mapped[Decimal] = mapped_column(Money)
    digest: Mapped[str] = clear_text()


class BaselineItem(Base):
    """One item as it stood in a baseline. The database refuses to change or delete it."""

    __tablename__ = "action_baseline_item"
    __table_args__ = (sa.Index("ix_action_baseline_item_item_id", "item_id"),)

    baseline_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_baseline.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"), primary_key=True)
    kind: Mapped[ItemKind] = code_column(ItemKind)
    group_name: Mapped[str]
    title: Mapped[str]
    lead_organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    starts_on: Mapped[date]
    due_on: Mapped[date]
    weight: Mapped[int]
    budget_planned: Mapped[Decimal] = mapped_column(Money)
    state: Mapped[ItemState] = code_column(ItemState)
    percent: Mapped[int]
    position: Mapped[int]
