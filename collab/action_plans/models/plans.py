"""Plans, their groups and items, who helps, what waits for what, and what comes again."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.models.common import plan_stream
from collab.action_plans.states import Frequency, ItemKind, ItemState, PlanState
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Money, Versioned, clear_text, code_column


class ActionPlan(Keyed, Versioned, Base):
    """What a committee does together in a fiscal year, often under an agreement. ``fiscal_year`` is a Buddhist year.

    ``previous_id`` is the plan from which this one was copied.
    """

    __tablename__ = "action_plan"
    __tracked__ = Tracked(kind="action_plan", stream=lambda row: ("action_plan", row.id))
    __table_args__ = (
        sa.Index("ix_action_plan_committee_id", "committee_id", sa.text("fiscal_year DESC"), sa.text("id DESC")),
        sa.Index("ix_action_plan_agreement_id", "agreement_id"),
        sa.CheckConstraint("fiscal_year BETWEEN 2400 AND 2699", name="buddhist_year"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("agreement.id"))
    previous_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("action_plan.id"))
    fiscal_year: Mapped[int]
    title: Mapped[str]
    state: Mapped[PlanState] = code_column(PlanState, default=PlanState.DRAFT)
    activated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class ItemGroup(Keyed, Versioned, Base):
    """The place and the weight of a group of work in a plan. Its items name it in ``group_name``.

    A group without a weight weighs as much as its items together, so that a plan that weighs no groups is reckoned by items alone.
    """

    __tablename__ = "action_group"
    __tracked__ = Tracked(kind="action_group", stream=plan_stream)
    __table_args__ = (
        sa.Index("uq_action_group_name", "plan_id", "name", unique=True, postgresql_where=sa.text("removed_at IS NULL")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
        sa.CheckConstraint("name <> ''", name="named"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    name: Mapped[str]
    weight: Mapped[int | None]
    position: Mapped[int]
    removed_at: Mapped[datetime | None]


class Recurrence(Keyed, Versioned, Base):
    """What comes again: on the n-th working day of each month, quarter or year of the fiscal year, until ``ends_on``.

    Its occurrences are ordinary items that carry its id and the first day of their period.
    """

    __tablename__ = "action_recurrence"
    __tracked__ = Tracked(kind="action_recurrence", stream=plan_stream)
    __table_args__ = (
        sa.Index("ix_action_recurrence_plan_id", "plan_id"),
        sa.CheckConstraint("working_day BETWEEN 1 AND 20", name="working_day_range"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    frequency: Mapped[Frequency] = code_column(Frequency)
    working_day: Mapped[int]
    ends_on: Mapped[date]
    removed_at: Mapped[datetime | None]


class ActionItem(Keyed, Versioned, Base):
    """One thing to be done, by one leading organisation with the help of others; or a milestone, which is a day to be reached.

    ``is_open`` (the plan is active, and the item neither done nor cancelled nor removed) is kept by the service, so that a work
    list is one index scan; ``changed_at`` is when the item itself changed last, kept by the history. ``baseline_*`` are the dates that were approved first, when the plan was activated or, for an item that
    was added later, by the next baseline; they never change. ``budget_planned`` is the sum of the budget lines where there are any.
    """

    __tablename__ = "action_item"
    __tracked__ = Tracked(kind="action_item", stream=plan_stream, stamp="changed_at")
    __table_args__ = (
        sa.Index("ix_action_item_plan_id", "plan_id", "position"),
        sa.Index("ix_action_item_plan_due_on", "plan_id", "due_on", "id", postgresql_where=sa.text("removed_at IS NULL")),
        sa.Index("ix_action_item_plan_starts_on", "plan_id", "starts_on", "id", postgresql_where=sa.text("removed_at IS NULL")),
        sa.Index("ix_action_item_lead_open", "lead_organisation_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_plan_lead_open", "plan_id", "lead_organisation_id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_owner_open", "owner_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_committee_open", "committee_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_lead_state", "lead_organisation_id", "state", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_lead_plan", "lead_organisation_id", "plan_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_lead_changed", "lead_organisation_id", "changed_at", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_committee_state", "committee_id", "state", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index("ix_action_item_committee_plan", "committee_id", "plan_id", "due_on", "id", postgresql_where=sa.text("is_open")),
        sa.Index(
            "ix_action_item_committee_lead", "committee_id", "lead_organisation_id", "due_on", "id", postgresql_where=sa.text("is_open")
        ),
        sa.Index("ix_action_item_committee_changed", "committee_id", "changed_at", "id", postgresql_where=sa.text("is_open")),
        sa.Index(
            "uq_action_item_occurrence", "recurrence_id", "period_on", unique=True, postgresql_where=sa.text("recurrence_id IS NOT NULL")
        ),
        sa.CheckConstraint("due_on >= starts_on", name="dates_ordered"),
        sa.CheckConstraint("kind <> 'milestone' OR starts_on = due_on", name="milestone_is_a_day"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent_range"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
        sa.CheckConstraint("budget_planned >= 0", name="budget_not_negative"),
        sa.CheckConstraint("(authority_kind IS NULL) = (authority_id IS NULL)", name="authority_whole"),
        sa.CheckConstraint("(recurrence_id IS NULL) = (period_on IS NULL)", name="occurrence_whole"),
    )  # fmt: skip

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    kind: Mapped[ItemKind] = code_column(ItemKind, default=ItemKind.TASK, server_default="task")
    group_name: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    location: Mapped[str] = mapped_column(default="", server_default="")
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
    recurrence_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("action_recurrence.id"))
    period_on: Mapped[date | None]
    previous_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("action_item.id"))
    state: Mapped[ItemState] = code_column(ItemState, default=ItemState.PLANNED)
    percent: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    is_open: Mapped[bool] = mapped_column(default=False, info={"untracked": True})
    changed_at: Mapped[datetime] = mapped_column(info={"untracked": True})
    removed_at: Mapped[datetime | None]

    @property
    def organisation_id(self) -> UUID:
        """The leading organisation: what the predicates of access look for."""
        return self.lead_organisation_id


class ItemSupporter(Keyed, Base):
    """An organisation that helps with an item and may verify its evidence."""

    __tablename__ = "action_item_supporter"
    __tracked__ = Tracked(kind="action_item_supporter", stream=plan_stream)
    __table_args__ = (
        sa.Index(
            "uq_action_item_supporter", "item_id", "organisation_id", unique=True, postgresql_where=sa.text("removed_at IS NULL")
        ),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    removed_at: Mapped[datetime | None]


class Dependency(Keyed, Versioned, Base):
    """The successor may begin when the predecessor has ended and ``lag_days`` working days have passed (finish to start)."""

    __tablename__ = "action_dependency"
    __tracked__ = Tracked(kind="action_dependency", stream=plan_stream)
    __table_args__ = (
        sa.Index(
            "uq_action_dependency", "predecessor_id", "successor_id", unique=True, postgresql_where=sa.text("removed_at IS NULL")
        ),
        sa.Index("ix_action_dependency_plan_id", "plan_id", postgresql_where=sa.text("removed_at IS NULL")),
        sa.Index("ix_action_dependency_successor_id", "successor_id", postgresql_where=sa.text("removed_at IS NULL")),
        sa.CheckConstraint("predecessor_id <> successor_id", name="not_itself"),
        sa.CheckConstraint("lag_days BETWEEN 0 AND 250", name="lag_range"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    predecessor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    successor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    lag_days: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None]
