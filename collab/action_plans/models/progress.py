"""Reports and the verdict on them, drafts of reports, requests for help, and months that an organisation has closed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.models.common import plan_stream
from collab.action_plans.states import ClosingState, HelpState, ReportState
from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Money, Versioned, code_column


class ProgressReport(Keyed, Versioned, Base):
    """How far an item is, as one person reported it; when it says "finished", also the verdict of another party.

    A reopening of a finished item is a report too: it says how far the item really is, and why.
    """

    __tablename__ = "progress_report"
    __tracked__ = Tracked(kind="progress_report", stream=plan_stream)
    __table_args__ = (
        sa.Index("ix_progress_report_item_id", "item_id", "reported_at"),
        sa.Index("ix_progress_report_plan_id", "plan_id", "reported_at"),
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


class ReportDraft(Base):
    """What a person has typed and not sent yet. Nobody else sees it; it is forgotten when the report is sent."""

    __tablename__ = "report_draft"

    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    typed: Mapped[dict[str, Any]] = mapped_column(Json)
    saved_at: Mapped[datetime]


class HelpRequest(Keyed, Versioned, Base):
    """Somebody who cannot go on asks the coordinator and the supporting organisations for help with an item."""

    __tablename__ = "help_request"
    __tracked__ = Tracked(kind="help_request", stream=plan_stream)
    __table_args__ = (
        sa.Index("ix_help_request_item_id", "item_id", "asked_at"),
        sa.Index("ix_help_request_asked", "committee_id", postgresql_where=sa.text("state = 'asked'")),
        sa.Index("uq_help_request_asked", "item_id", unique=True, postgresql_where=sa.text("state = 'asked'")),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_item.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    state: Mapped[HelpState] = code_column(HelpState)
    words: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    answered_at: Mapped[datetime | None]


class MonthlyClosing(Keyed, Versioned, Base):
    """An organisation has closed a month of its work in a plan: the figures as they stood, with a note.

    ``month`` is the first day of the month. A month that was reopened and closed again is the same row; the history has all of it.
    """

    __tablename__ = "monthly_closing"
    __tracked__ = Tracked(kind="monthly_closing", stream=plan_stream)
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "organisation_id", "month", name="uq_monthly_closing"),
        sa.CheckConstraint("EXTRACT(DAY FROM month) = 1", name="first_of_month"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    month: Mapped[date]
    state: Mapped[ClosingState] = code_column(ClosingState)
    note: Mapped[str]
    figures: Mapped[dict[str, Any]] = mapped_column(Json, info={"clear": True})
    closed_by: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    closed_at: Mapped[datetime]
    reopened_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reopened_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


class PlanReporter(Keyed, Base):
    """That an organisation reports on a plan every month, because it leads an item of it. The database writes these rows itself."""

    __tablename__ = "plan_reporter"
    __table_args__ = (sa.UniqueConstraint("plan_id", "organisation_id", name="uq_plan_reporter"),)

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
