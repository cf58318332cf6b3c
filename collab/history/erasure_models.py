"""Tables of erasure: the decision, which is history, and the list of what was erased under it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history.tracked import Tracked
from collab.kernel.db import Base, Json, Keyed


class ErasureDecision(Keyed, Base):
    """A decision to erase personal values, by one person and confirmed by a second; the ground is told in words."""

    __tablename__ = "erasure_decision"
    __tracked__ = Tracked(kind="erasure_decision", stream=lambda row: ("erasure_decision", row.id))
    __table_args__ = (sa.CheckConstraint("decided_by_id <> second_person_id", name="two_people"),)

    ground: Mapped[str]
    decided_by_id: Mapped[UUID]
    second_person_id: Mapped[UUID]
    decided_at: Mapped[datetime]
    #: What was erased, as {event, path}; in clear, because it says where something was and never what.
    places: Mapped[list[dict[str, str]]] = mapped_column(Json, info={"clear": True})


class HistoryErasure(Base):
    """One erased value: where it stood and the event that says so. Kept also outside the database, to be repeated on a backup."""

    __tablename__ = "history_erasure"

    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("history_event.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    decision_id: Mapped[UUID] = mapped_column(sa.ForeignKey("erasure_decision.id"))
    erasure_event_id: Mapped[UUID]
