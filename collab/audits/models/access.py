"""Under what mandate an auditor reads, what was read and taken away, and what the auditor notes in private."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class Reading(StrEnum):
    """What an auditor did with a record."""

    READ = "read"
    EXPORTED = "exported"


class AuditAccess(Keyed, Versioned, Base):
    """Access granted to an auditor for a period, for the whole installation or one committee, with the letter that asks for it.

    The role that opens the records is ``role_assignment_id``: it ends by itself after ``valid_to``, the last day.
    """

    __tablename__ = "audit_access"
    __tracked__ = Tracked(kind="audit_access", stream=lambda row: ("audit_access", row.id))
    __table_args__ = (
        sa.Index("ix_audit_access_auditor_id", "auditor_id"),
        sa.CheckConstraint("valid_to >= valid_from", name="ordered"),
    )

    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    #: None: the whole installation.
    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    role_assignment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("role_assignment.id"))
    reference: Mapped[str] = clear_text()
    purpose: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    granted_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    granted_at: Mapped[datetime]
    #: When it was taken back before its last day.
    ended_at: Mapped[datetime | None]


class AuditReading(Keyed, Base):
    """That an auditor read the history of an object on a day (once a day and object), or took a file away (each time)."""

    __tablename__ = "audit_reading"
    __tracked__ = Tracked(kind="audit_reading", stream=lambda row: ("audit_reading", row.auditor_id))
    __table_args__ = (
        sa.Index("ix_audit_reading_auditor_id", "auditor_id", "id"),
        sa.Index(
            "uq_audit_reading_once_a_day", "auditor_id", "target_id", "read_on", unique=True,
            postgresql_where=sa.text("action = 'read'"),
        ),
    )  # fmt: skip

    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    action: Mapped[Reading] = code_column(Reading)
    #: What was read; None for an export of the whole trail.
    target_kind: Mapped[str | None] = clear_text()
    target_id: Mapped[UUID | None]
    read_on: Mapped[date]
    #: Of an export: what was asked, how many rows, and the fingerprint of the file.
    query: Mapped[str] = clear_text(default="")
    count: Mapped[int | None]
    sha256: Mapped[str] = clear_text(default="")


class AuditNote(Keyed, Versioned, Base):
    """A note of one auditor on an object, for nobody else's eyes; its text is only a commitment in the sealed history."""

    __tablename__ = "audit_note"
    __tracked__ = Tracked(kind="audit_note", stream=lambda row: ("audit_note", row.id))
    __table_args__ = (sa.Index("ix_audit_note_target_id", "target_id", "auditor_id"),)

    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    text: Mapped[str]
    written_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
