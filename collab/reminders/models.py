"""Rules of reminding, the queue of what is to be sent, and the evidence of what became of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class Audience(StrEnum):
    """Who is reminded: the rungs of the ladder across organisations. A missing owner means the organisation's clerks."""

    OWNER = "owner"
    CLERK = "clerk"
    EXECUTIVE = "executive"
    CHAIR = "chair"
    COORDINATOR = "coordinator"


class ReminderState(StrEnum):
    """How far one reminder is."""

    DUE = "due"
    CLAIMED = "claimed"
    QUEUED = "queued"
    SKIPPED = "skipped"
    FAILED = "failed"


class ReminderRule(Keyed, Versioned, Base):
    """When whom to remind. ``offset_days`` counts from the due day (negative: before); ``repeat_days`` 0 means once.

    A rule reminds only of days from ``enabled_on`` on, so that switching it on never mails the past.
    """

    __tablename__ = "reminder_rule"
    __tracked__ = Tracked(kind="reminder_rule", stream=lambda row: ("reminder_rule", row.id))
    __table_args__ = (
        sa.CheckConstraint("repeat_days >= 0", name="repeat_not_negative"),
        sa.CheckConstraint("offset_days BETWEEN -365 AND 365", name="offset_range"),
    )

    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    #: A registered kind of due date; None means every kind.
    due_kind: Mapped[str | None] = clear_text()
    audience: Mapped[Audience] = code_column(Audience)
    offset_days: Mapped[int]
    repeat_days: Mapped[int]
    enabled_on: Mapped[date | None]


class Reminder(Keyed, Base):
    """One reminder to one person: recorded once per object, rule, due day, day of firing and recipient, whoever sweeps."""

    __tablename__ = "reminder"
    __table_args__ = (
        sa.UniqueConstraint("due_kind", "target_id", "rule_id", "due_on", "fire_on", "recipient_id", name="uq_reminder_once"),
        sa.Index("ix_reminder_todo", "created_at", postgresql_where=sa.text("state IN ('due', 'claimed')")),
        sa.Index("ix_reminder_failed", "created_at", postgresql_where=sa.text("state = 'failed'")),
    )

    due_kind: Mapped[str]
    target_kind: Mapped[str]
    target_id: Mapped[UUID]
    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("reminder_rule.id"))
    due_on: Mapped[date]
    fire_on: Mapped[date]
    recipient_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    #: Whom the recipient stands in for, when that person is away.
    deputy_for_id: Mapped[UUID | None]
    committee_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    state: Mapped[ReminderState] = code_column(ReminderState)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[str] = mapped_column(default="", server_default="")


class ReminderEvidence(Keyed, Base):
    """What an auditor may rely on: that a reminder was queued for a person, or why it was not. Never changed."""

    __tablename__ = "reminder_evidence"
    __tracked__ = Tracked(kind="reminder", stream=lambda row: ("reminder", row.target_id))
    __table_args__ = (sa.Index("ix_reminder_evidence_target_id", "target_id"),)

    reminder_id: Mapped[UUID]
    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    due_on: Mapped[date]
    recipient_id: Mapped[UUID]
    deputy_for_id: Mapped[UUID | None]
    audience: Mapped[Audience] = code_column(Audience)
    outcome: Mapped[ReminderState] = code_column(ReminderState)
    message_id: Mapped[UUID | None]
    note: Mapped[str] = clear_text(default="")
    happened_at: Mapped[datetime]
