"""Tables of action plans. Everything is written into the stream of its plan, so that a plan can be shown as of any day."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.states import ChangeState, ItemState, PlanState, ReportState
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Money, Versioned, clear_text, code_column


def _plan_stream(row: Any) -> tuple[str, UUID]:
    return ("action_plan", row.plan_id)


class ActionPlan(Keyed, Versioned, Base):
    """What a committee does together in a fiscal year, often under an agreement. ``fiscal_year`` is a Buddhist year."""

    __tablename__ = "action_plan"
    __tracked__ = Tracked(kind="action_plan", stream=lambda row: ("action_plan", row.id))
    __table_args__ = (
        sa.Index("ix_action_plan_committee_id", "committee_id", sa.text("fiscal_year DESC"), sa.text("id DESC")),
        sa.Index("ix_action_plan_agreement_id", "agreement_id"),
        sa.CheckConstraint("fiscal_year BETWEEN 2400 AND 2699", name="buddhist_year"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("agreement.id"))
    fiscal_year: Mapped[int]
    title: Mapped[str]
    state: Mapped[PlanState] = code_column(PlanState, default=PlanState.DRAFT)
    activated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class ActionItem(Keyed, Versioned, Base):
    """One thing to be done, by one leading organisation with the help of others.

    ``is_open`` (the plan is active, and the item neither done nor cancelled nor removed) is kept by the service, so that a work
    list is one index scan. ``baseline_*`` are the dates that were approved when the plan was activated; they never change.
    """

    __tablename__ = "action_item"
    __tracked__ = Tracked(kind="action_item", stream=_plan_stream)
    __table_args__ = (
        sa.Index("ix_action_item_plan_id", "plan_id", "position"),
        sa.Index("ix_action_item_lead_open", "lead_organisation_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_owner_open", "owner_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_committee_open", "committee_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.CheckConstraint("due_on >= starts_on", name="dates_ordered"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent_range"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
        sa.CheckConstraint("budget_planned >= 0", name="budget_not_negative"),
        sa.CheckConstraint("(authority_kind IS NULL) = (authority_id IS NULL)", name="authority_whole"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    group_name: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    lead_organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    starts_on: Mapped[date]
    due_on: Mapped[date]
    baseline_starts_on: Mapped[date | None]
    baseline_due_on: Mapped[date | None]
    weight: Mapped[int] = mapped_column(default=1)
    budget_planned: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    authority_kind: Mapped[str | None] = clear_text()
    authority_id: Mapped[UUID | None]
    state: Mapped[ItemState] = code_column(ItemState, default=ItemState.PLANNED)
    percent: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    is_open: Mapped[bool] = mapped_column(default=False, info={"untracked": True})
    removed_at: Mapped[datetime | None]

    @property
    def organisation_id(self) -> UUID:
        """The leading organisation: what the predicates of access look for."""
        return self.lead_organisation_id


class ItemSupporter(Keyed, Base):
    """An organisation that helps with an item and may verify its evidence."""

    __tablename__ = "action_item_supporter"
    __tracked__ = Tracked(kind="action_item_supporter", stream=_plan_stream)
    __table_args__ = (
        sa.Index(
            "uq_action_item_supporter", "item_id", "organisation_id", unique=True, postgresql_where=sa.text("removed_at IS NULL")
        ),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    removed_at: Mapped[datetime | None]


class ProgressReport(Keyed, Versioned, Base):
    """How far an item is, as one person reported it; when it says "finished", also the verdict of another party."""

    __tablename__ = "progress_report"
    __tracked__ = Tracked(kind="progress_report", stream=_plan_stream)
    __table_args__ = (
        sa.Index("ix_progress_report_item_id", "item_id", "reported_at"),
        sa.Index("uq_progress_report_awaiting", "item_id", unique=True, postgresql_where=sa.text("state = 'awaiting'")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent_range"),
        sa.CheckConstraint("cost_spent >= 0", name="cost_not_negative"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    state: Mapped[ReportState] = code_column(ReportState)
    percent: Mapped[int]
    words: Mapped[str]
    milestone: Mapped[str]
    cost_spent: Mapped[Decimal | None] = mapped_column(Money)
    reported_by: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    reported_at: Mapped[datetime]
    judged_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    judged_at: Mapped[datetime | None]
    verdict: Mapped[str] = mapped_column(default="")


class DeadlineChange(Keyed, Versioned, Base):
    """A change of an item's due date: asked with a reason, decided by the coordinator or the chair. Both dates are kept."""

    __tablename__ = "deadline_change"
    __tracked__ = Tracked(kind="deadline_change", stream=_plan_stream)
    __table_args__ = (
        sa.Index("ix_deadline_change_item_id", "item_id", "asked_at"),
        sa.Index("ix_deadline_change_asked", "committee_id", postgresql_where=sa.text("state = 'asked'")),
        sa.Index("uq_deadline_change_asked", "item_id", unique=True, postgresql_where=sa.text("state = 'asked'")),
        sa.CheckConstraint("new_due_on <> old_due_on", name="changes_something"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    state: Mapped[ChangeState] = code_column(ChangeState)
    old_due_on: Mapped[date]
    new_due_on: Mapped[date]
    reason: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(default="")
