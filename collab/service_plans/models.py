"""Service plans: one row an edition, with indicators, budget lines, service areas and risks."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Money, Versioned, code_column
from collab.service_plans.states import FundingSource, PlanState

Figure = sa.Numeric(16, 2)


class ServicePlan(Keyed, Versioned, Base):
    """One edition of a service plan. Editions of one plan share ``series_id``, the id of the first; ``edition`` counts from 1."""

    __tablename__ = "service_plan"
    __tracked__ = Tracked(kind="service_plan", stream=lambda row: ("service_plan", row.id))
    __table_args__ = (
        sa.UniqueConstraint("series_id", "edition"),
        # One plan a proposal; what changes later is a further edition.
        sa.Index("uq_service_plan_first_edition", "proposal_id", unique=True, postgresql_where=sa.text("edition = 1")),
        sa.Index("ix_service_plan_committee_id", "committee_id", "state"),
        sa.Index("ix_service_plan_proposal_id", "proposal_id"),
        sa.Index(
            "uq_service_plan_open_edition", "series_id", unique=True, postgresql_where=sa.text("state IN ('draft', 'proposed')")
        ),
        sa.Index("uq_service_plan_approved_edition", "series_id", unique=True, postgresql_where=sa.text("state = 'approved'")),
    )

    series_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_plan.id", deferrable=True, initially="DEFERRED"))
    edition: Mapped[int]
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    proposal_id: Mapped[UUID] = mapped_column(sa.ForeignKey("proposal.id"))
    #: The resolution that adopted the proposal; on its authority the plan is made.
    resolution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("resolution.id"))
    #: The resolution on whose authority this edition was approved.
    approval_resolution_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("resolution.id"))
    title: Mapped[str]
    objective: Mapped[str]
    standard: Mapped[str]
    state: Mapped[PlanState] = code_column(PlanState)
    proposed_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]


class _Part(Keyed, Versioned):
    """What every part of a plan has: its plan, its place in the list, and when it was taken out."""

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_plan.id"))
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    removed_at: Mapped[datetime | None]

    @declared_attr.directive
    def __table_args__(cls) -> Any:  # noqa: N805 - SQLAlchemy calls it with the class
        name = cls.__tablename__  # type: ignore[attr-defined]
        return (sa.Index(f"ix_{name}_plan_id", "plan_id", "position"),)


class Indicator(_Part, Base):
    """What is measured: its unit and where it stands before the service begins."""

    __tablename__ = "plan_indicator"
    __tracked__ = Tracked(kind="plan_indicator", stream=lambda row: ("service_plan", row.plan_id))

    name: Mapped[str]
    unit: Mapped[str]
    baseline: Mapped[Decimal | None] = mapped_column(Figure)


class IndicatorTarget(Keyed, Versioned, Base):
    """The value that an indicator should reach in a fiscal year (พ.ศ.)."""

    __tablename__ = "plan_indicator_target"
    __tracked__ = Tracked(kind="plan_indicator_target", stream=lambda row: ("service_plan", row.plan_id))
    __table_args__ = (sa.UniqueConstraint("indicator_id", "fiscal_year"), sa.Index("ix_plan_indicator_target_plan_id", "plan_id"))

    indicator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan_indicator.id"))
    #: Repeated here, so that the target's history is written in the plan's stream.
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_plan.id"))
    fiscal_year: Mapped[int]
    #: None: no target for this year (any more).
    value: Mapped[Decimal | None] = mapped_column(Figure)


class BudgetLine(_Part, Base):
    """What one organisation pays in one fiscal year (พ.ศ.) from one source."""

    __tablename__ = "plan_budget_line"
    __tracked__ = Tracked(kind="plan_budget_line", stream=lambda row: ("service_plan", row.plan_id))

    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    fiscal_year: Mapped[int]
    source: Mapped[FundingSource] = code_column(FundingSource)
    amount: Mapped[Decimal] = mapped_column(Money)
    note: Mapped[str] = mapped_column(default="")


class ServiceArea(_Part, Base):
    """Which part of an organisation's area is served, and how."""

    __tablename__ = "plan_service_area"
    __tracked__ = Tracked(kind="plan_service_area", stream=lambda row: ("service_plan", row.plan_id))

    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    coverage: Mapped[str]


class Risk(_Part, Base):
    """A barrier that may stop the service, and the tactic against it."""

    __tablename__ = "plan_risk"
    __tracked__ = Tracked(kind="plan_risk", stream=lambda row: ("service_plan", row.plan_id))

    barrier: Mapped[str]
    tactic: Mapped[str]
