"""Changes of deadline, and at which level a committee lets them be decided."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.models.common import plan_stream
from collab.action_plans.states import ApprovalLevel, ChangeState
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, code_column


class DeadlineChange(Keyed, Versioned, Base):
    """A change of an item's due date: asked with a reason, decided at a level that rises with the slips. Both dates are kept.

    ``working_days`` is by how much the date moves (negative: brought forward), ``total_days`` by how much it is then away from the
    date approved first, ``slip_number`` which postponement of the item this is. ``level`` is what the committee's rules asked for
    on that day; rows older than the rules have None for these four. An item that moved because another moved has a row of its own
    with ``cause_id``: it is in the ledger, and is not counted as a slip of that item.
    """

    __tablename__ = "deadline_change"
    __tracked__ = Tracked(kind="deadline_change", stream=plan_stream)
    __table_args__ = (
        sa.Index("ix_deadline_change_item_id", "item_id", "asked_at"),
        sa.Index("ix_deadline_change_plan_id", "plan_id", "asked_at"),
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
    level: Mapped[ApprovalLevel | None] = code_column(ApprovalLevel)
    working_days: Mapped[int | None]
    total_days: Mapped[int | None]
    slip_number: Mapped[int | None]
    cause_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("deadline_change.id"))
    resolution_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("resolution.id"))
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(default="")


class SlipRule(Keyed, Versioned, Base):
    """Up to which slip and how many working days in total a level may approve; beyond it the next level is asked.

    A committee without rows uses `rules.DEFAULT_LADDER`. A resolution of the committee may approve anything and has no row.
    """

    __tablename__ = "slip_rule"
    __tracked__ = Tracked(kind="slip_rule", stream=lambda row: ("committee", row.committee_id))
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "level", name="uq_slip_rule"),
        sa.CheckConstraint("most_slips >= 0 AND most_days >= 0", name="not_negative"),
        sa.CheckConstraint("level <> 'resolution'", name="below_resolution"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    level: Mapped[ApprovalLevel] = code_column(ApprovalLevel)
    most_slips: Mapped[int]
    most_days: Mapped[int]
