"""The index: one row an object, with its folded text and the pairs of neighbouring characters in it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base


class SearchEntry(Base):
    """What global search knows of one object. Derived from it at each recorded change; never the source of anything."""

    __tablename__ = "search_entry"
    __table_args__ = (
        sa.Index("ix_search_entry_grams", "grams", postgresql_using="gin"),
        sa.Index("ix_search_entry_order", "updated_at", "target_id"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    committee_id: Mapped[UUID | None]
    folded: Mapped[str]
    grams: Mapped[list[str]] = mapped_column(postgresql.ARRAY(sa.Text()))
    updated_at: Mapped[datetime]
