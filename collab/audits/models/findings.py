"""Findings of auditors and the exchange on each."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.audits.states import FindingState, Severity, Step
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class Finding(Keyed, Versioned, Base):
    """A question of an auditor to one organisation about any object (or one event of its history), to be answered by a day.

    What was found is told in the five parts of audit reports: criteria, condition, cause, effect, recommendation. Until it is issued
    only its author sees it.
    """

    __tablename__ = "finding"
    __tracked__ = Tracked(kind="finding", stream=lambda row: ("finding", row.id))
    __table_args__ = (
        sa.Index("ix_finding_target_id", "target_id"),
        sa.Index("ix_finding_organisation_id", "organisation_id", "state"),
        sa.Index("ix_finding_due_on", "state", "due_on"),
        sa.Index("ix_finding_follow_up_on", "state", "follow_up_on"),
        sa.CheckConstraint("reopened >= 0", name="reopened_not_negative"),
    )

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    event_id: Mapped[UUID | None]
    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    question: Mapped[str]
    severity: Mapped[Severity] = code_column(Severity, default=Severity.MEDIUM)
    criteria: Mapped[str] = mapped_column(default="")
    condition: Mapped[str] = mapped_column(default="")
    cause: Mapped[str] = mapped_column(default="")
    effect: Mapped[str] = mapped_column(default="")
    recommendation: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date]
    state: Mapped[FindingState] = code_column(FindingState)
    issued_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    #: By when what the reply promises is to be done and reported.
    follow_up_on: Mapped[date | None]
    #: How often it was opened again after it had been closed.
    reopened: Mapped[int] = mapped_column(default=0)
    conclusion: Mapped[str] = mapped_column(default="")
    lesson: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]


class FindingReply(Keyed, Base):
    """One turn in the exchange: the organisation's answer, or the auditor's judgement of it."""

    __tablename__ = "finding_reply"
    __tracked__ = Tracked(kind="finding_reply", stream=lambda row: ("finding", row.finding_id))
    __table_args__ = (sa.Index("ix_finding_reply_finding_id", "finding_id"),)

    finding_id: Mapped[UUID] = mapped_column(sa.ForeignKey("finding.id"))
    step: Mapped[Step] = code_column(Step, default=Step.REPLY)
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    text: Mapped[str]
    #: The day by which the reply was asked for: whether it came late can be seen ever after.
    due_on: Mapped[date | None]
    written_at: Mapped[datetime]
