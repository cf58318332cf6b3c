"""The table of evidence bundles."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class BundleState(StrEnum):
    """Where the making of a bundle stands."""

    ASKED = "asked"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class EvidenceBundle(Keyed, Versioned, Base):
    """A bundle that somebody asked for: of what, as of which day beside today, and the file that came of it."""

    __tablename__ = "evidence_bundle"
    __tracked__ = Tracked(kind="evidence_bundle", stream=lambda row: ("evidence_bundle", row.id))
    __table_args__ = (
        sa.Index("ix_evidence_bundle_asked_by_id", "asked_by_id", "asked_at"),
        sa.Index("ix_evidence_bundle_state", "state"),
    )

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    as_of_day: Mapped[date | None]
    #: None when it was made at the console.
    asked_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    asked_at: Mapped[datetime]
    state: Mapped[BundleState] = code_column(BundleState)
    begun_at: Mapped[datetime | None]
    begun_event_id: Mapped[UUID | None]
    made_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = clear_text()
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
    checkpoint_size: Mapped[int | None] = mapped_column(sa.BigInteger)
    event_count: Mapped[int | None]
    #: The size of a checkpoint that the recipient kept or that stands in printed minutes: the bundle proves what continues it.
    kept_size: Mapped[int | None] = mapped_column(sa.BigInteger)


class BundleProgress(Base):
    """How far the making of a bundle is, for the page that waits."""

    __tablename__ = "bundle_progress"

    bundle_id: Mapped[UUID] = mapped_column(sa.ForeignKey("evidence_bundle.id"), primary_key=True)
    percent: Mapped[int]
