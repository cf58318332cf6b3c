"""Findings of auditors and the exchange on each."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.audits.states import FindingState
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class Finding(Keyed, Versioned, Base):
    """A question of an auditor to one organisation about any object (or one event of its history), to be answered by a day."""

    __tablename__ = "finding"
    __tracked__ = Tracked(kind="finding", stream=lambda row: ("finding", row.id))
    __table_args__ = (
        sa.Index("ix_finding_target_id", "target_id"),
        sa.Index("ix_finding_organisation_id", "organisation_id", "state"),
    )

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    event_id: Mapped[UUID | None]
    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    question: Mapped[str]
    due_on: Mapped[date]
    state: Mapped[FindingState] = code_column(FindingState)
    conclusion: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]


class FindingReply(Keyed, Base):
    """One turn in the exchange: the organisation's answer, or the auditor's further question."""

    __tablename__ = "finding_reply"
    __tracked__ = Tracked(kind="finding_reply", stream=lambda row: ("finding", row.finding_id))
    __table_args__ = (sa.Index("ix_finding_reply_finding_id", "finding_id"),)

    finding_id: Mapped[UUID] = mapped_column(sa.ForeignKey("finding.id"))
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    text: Mapped[str]
    written_at: Mapped[datetime]
