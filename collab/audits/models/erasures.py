"""Requests to erase personal values from the history, asked by one person and decided by another."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class RequestState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    CARRIED_OUT = "carried_out"
    DECLINED = "declined"


class ErasureRequest(Keyed, Versioned, Base):
    """That every value of one field (``path``: ``state.<field>`` or ``reason``) of one object be erased, on a legal ground in words."""

    __tablename__ = "erasure_request"
    __tracked__ = Tracked(kind="erasure_request", stream=lambda row: ("erasure_request", row.id))
    __table_args__ = (
        sa.Index("ix_erasure_request_asked_at", "asked_at"),
        sa.CheckConstraint("decided_by_id <> asked_by_id", name="two_people"),
    )

    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    path: Mapped[str] = clear_text()
    ground: Mapped[str]
    asked_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    asked_at: Mapped[datetime]
    state: Mapped[RequestState] = code_column(RequestState)
    decided_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    #: The decision under which the values were taken out.
    decision_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("erasure_decision.id"))
