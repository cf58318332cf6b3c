"""Posts beside an object."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text


class Post(Keyed, Versioned, Base):
    """One contribution to the talk beside an object. A removed one stays in the record; its place says that it was removed."""

    __tablename__ = "post"
    __tracked__ = Tracked(kind="post", stream=lambda row: ("forum", row.target_id))
    __table_args__ = (sa.Index("ix_post_target_id", "target_id", "id"),)

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    committee_id: Mapped[UUID | None]
    text: Mapped[str]
    written_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
