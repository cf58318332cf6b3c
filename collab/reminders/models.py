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


class Outcome(StrEnum):
    """What is known of one reminder, in the order in which it can become known.

    ``accepted`` means that a mail server took it, ``posted`` that a further channel did, never that it was received. ``delivered`` and
    ``bounced`` are what another server reported. Only ``acknowledged`` is a person's own word. What was never reported is unknown.
    """

    QUEUED = "queued"
    ACCEPTED = "accepted"
    POSTED = "posted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    ACKNOWLEDGED = "acknowledged"
    SKIPPED = "skipped"
    FAILED = "failed"


class PauseKind(StrEnum):
    """Why nobody is told for a while that something is late."""

    ACKNOWLEDGED = "acknowledged"
    PROGRESS = "progress"


class ReminderRule(Keyed, Versioned, Base):
    """When whom to remind. ``offset_days`` counts working days from the due day (negative: before); ``repeat_days`` 0 means once.

    It holds for the installation, a committee or a plan, and narrower places may set single values otherwise (`ReminderOverride`).
    It reminds only of what falls on ``enabled_on`` or later, so that switching it on never mails the past.
    """

    __tablename__ = "reminder_rule"
    __tracked__ = Tracked(kind="reminder_rule", stream=lambda row: ("reminder_rule", row.id))
    __table_args__ = (
        sa.CheckConstraint("repeat_days >= 0", name="repeat_not_negative"),
        sa.CheckConstraint("offset_days BETWEEN -365 AND 365", name="offset_range"),
        sa.CheckConstraint("plan_id IS NULL OR committee_id IS NOT NULL", name="plan_in_committee"),
    )

    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    #: A plan of an area above; None: every plan. Its committee is named beside it.
    plan_id: Mapped[UUID | None]
    #: A registered kind of due date; None means every kind.
    due_kind: Mapped[str | None] = clear_text()
    audience: Mapped[Audience] = code_column(Audience)
    offset_days: Mapped[int]
    repeat_days: Mapped[int]
    enabled_on: Mapped[date | None]


class ReminderOverride(Keyed, Versioned, Base):
    """What a committee or a plan sets otherwise in a rule that holds for it; None inherits."""

    __tablename__ = "reminder_override"
    __tracked__ = Tracked(kind="reminder_override", stream=lambda row: ("reminder_rule", row.rule_id))
    __table_args__ = (
        sa.UniqueConstraint(
            "rule_id", "committee_id", "plan_id", name="uq_reminder_override_place", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("repeat_days >= 0", name="repeat_not_negative"),
        sa.CheckConstraint("offset_days BETWEEN -365 AND 365", name="offset_range"),
    )

    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("reminder_rule.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    plan_id: Mapped[UUID | None]
    offset_days: Mapped[int | None]
    repeat_days: Mapped[int | None]
    is_enabled: Mapped[bool | None]
    #: What was to be told here before this day stays untold.
    effective_from: Mapped[date | None]


class Reminder(Keyed, Base):
    """One reminder to one person: recorded once per object, rule, due day, occurrence and recipient, whoever sweeps."""

    __tablename__ = "reminder"
    __table_args__ = (
        sa.UniqueConstraint("due_kind", "target_id", "rule_id", "due_on", "occurrence", "recipient_id", name="uq_reminder_once"),
        sa.Index("ix_reminder_ready", "next_attempt_at", "id", postgresql_where=sa.text("state = 'due'")),
        sa.Index("ix_reminder_leased", "leased_until", postgresql_where=sa.text("state = 'claimed'")),
        sa.Index("ix_reminder_settled_at", "settled_at", postgresql_where=sa.text("settled_at IS NOT NULL")),
        sa.Index("ix_reminder_traced", "message_id", postgresql_where=sa.text("trace = 'queued'")),
        sa.Index("ix_reminder_message_id", "message_id"),
        sa.Index("ix_reminder_target_id", "target_id"),
        sa.Index("ix_reminder_failed", "created_at", postgresql_where=sa.text("state = 'failed'")),
    )

    due_kind: Mapped[str]
    target_kind: Mapped[str]
    target_id: Mapped[UUID]
    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("reminder_rule.id"))
    due_on: Mapped[date]
    #: 0 for the first; a repeating rule counts on. A number and not a day, so that a holiday declared later doubles nothing.
    occurrence: Mapped[int]
    fire_on: Mapped[date]
    #: The rung that was reached: wider than the rule's when everybody of that one, with their deputies, was away.
    audience: Mapped[Audience] = code_column(Audience)
    recipient_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    #: Whom the recipient stands in for, when that person is away.
    deputy_for_id: Mapped[UUID | None]
    committee_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    state: Mapped[ReminderState] = code_column(ReminderState)
    created_at: Mapped[datetime]
    #: Not before this instant: when it was recorded, later after a failure that may pass.
    next_attempt_at: Mapped[datetime]
    #: Who holds the reminder, and until when by the database's clock; after that it is anybody's again.
    claimed_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[str] = mapped_column(default="", server_default="")
    #: The message that tells it, and what was last recorded of that: None until it is queued.
    message_id: Mapped[UUID | None]
    trace: Mapped[Outcome | None] = code_column(Outcome)


class ReminderEvidence(Keyed, Base):
    """What an auditor may rely on: one thing that became known of a reminder to a person. Never changed, only followed."""

    __tablename__ = "reminder_evidence"
    __tracked__ = Tracked(kind="reminder", stream=lambda row: ("reminder", row.target_id))
    __table_args__ = (sa.Index("ix_reminder_evidence_target_id", "target_id", "id"),)

    reminder_id: Mapped[UUID]
    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    due_on: Mapped[date]
    recipient_id: Mapped[UUID]
    deputy_for_id: Mapped[UUID | None]
    audience: Mapped[Audience] = code_column(Audience)
    outcome: Mapped[Outcome] = code_column(Outcome)
    message_id: Mapped[UUID | None]
    note: Mapped[str] = clear_text(default="")
    happened_at: Mapped[datetime]


class JobPause(Keyed, Versioned, Base):
    """That somebody stopped a background job for a while, and why; one row a job, changed back when it goes on."""

    __tablename__ = "job_pause"
    __tracked__ = Tracked(kind="job_pause", stream=lambda row: ("job_pause", row.id))

    job: Mapped[str] = clear_text(unique=True)
    is_paused: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reason: Mapped[str]


class ReminderPause(Keyed, Base):
    """Until a day nobody is told that an object is late: somebody reminded works on it, or progress was reported. Never changed."""

    __tablename__ = "reminder_pause"
    __tracked__ = Tracked(kind="reminder_pause", stream=lambda row: ("reminder", row.target_id))
    __table_args__ = (sa.Index("ix_reminder_pause_target_id", "target_id", "until_on"),)

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    kind: Mapped[PauseKind] = code_column(PauseKind)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    until_on: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    given_at: Mapped[datetime]
