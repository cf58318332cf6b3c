"""The table of files. The bytes stand beside the database, under the SHA-256 named here."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text


class Document(Keyed, Versioned, Base):
    """One file as one person attached it to one object. Two documents may name the same bytes; the bytes are kept once.

    Kind and size were read from the content. The name is the person's own, cleaned, and is private in the history.
    """

    __tablename__ = "document"
    __tracked__ = Tracked(kind="document", stream=lambda row: ("document", row.id))
    __table_args__ = (
        sa.Index("ix_document_target_id", "target_id", "target_kind"),
        sa.CheckConstraint("size > 0", name="not_empty"),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_hex"),
    )

    sha256: Mapped[str] = clear_text()
    size: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str] = clear_text()
    filename: Mapped[str]
    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    note: Mapped[str]
    #: None when a job made the file.
    uploaded_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
