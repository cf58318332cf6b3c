"""Templates of plans: what a service usually needs, in working days from the start."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.states import ItemKind, ServiceKind
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, code_column


def _template_stream(row: Any) -> tuple[str, UUID]:
    return ("plan_template", row.template_id)


class PlanTemplate(Keyed, Versioned, Base):
    """A template for a service, made from a plan by a coordinator and open to every coordinator."""

    __tablename__ = "plan_template"
    __tracked__ = Tracked(kind="plan_template", stream=lambda row: ("plan_template", row.id))
    __table_args__ = (sa.Index("ix_plan_template_service", "service", postgresql_where=sa.text("removed_at IS NULL")),)

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    service: Mapped[ServiceKind] = code_column(ServiceKind)
    title: Mapped[str]
    description: Mapped[str]
    made_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    made_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class TemplateItem(Keyed, Base):
    """An item of a template: it begins ``offset_days`` working days after the start of the plan and takes ``length_days`` of them."""

    __tablename__ = "plan_template_item"
    __tracked__ = Tracked(kind="plan_template_item", stream=_template_stream)
    __table_args__ = (
        sa.Index("ix_plan_template_item_template_id", "template_id", "position"),
        sa.CheckConstraint("offset_days >= 0 AND length_days >= 1", name="days_range"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
    )

    template_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan_template.id"))
    kind: Mapped[ItemKind] = code_column(ItemKind)
    group_name: Mapped[str]
    group_weight: Mapped[int | None]
    title: Mapped[str]
    description: Mapped[str]
    offset_days: Mapped[int]
    length_days: Mapped[int]
    weight: Mapped[int]
    indicator: Mapped[str]
    unit: Mapped[str]
    position: Mapped[int]


class TemplateLink(Keyed, Base):
    """What waits for what in a template, as `Dependency` says it of a plan."""

    __tablename__ = "plan_template_link"
    __tracked__ = Tracked(kind="plan_template_link", stream=_template_stream)
    __table_args__ = (sa.Index("ix_plan_template_link_template_id", "template_id"),)

    template_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan_template.id"))
    predecessor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan_template_item.id"))
    successor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan_template_item.id"))
    lag_days: Mapped[int]
