"""Tables of meetings. All is written into the stream of its meeting."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Versioned, clear_text, code_column
from collab.meetings.states import Choice, ItemState, MeetingState, Presence


def _stream(row: Any) -> tuple[str, UUID]:
    return ("meeting", row.meeting_id)


class Meeting(Keyed, Versioned, Base):
    """A meeting of a committee, numbered within the Buddhist year when it is convened (ครั้งที่ 1/2570)."""

    __tablename__ = "meeting"
    __tracked__ = Tracked(kind="meeting", stream=lambda row: ("meeting", row.id))
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "number_year", "number_in_year"),
        sa.Index("ix_meeting_committee_id", "committee_id", "starts_at"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    state: Mapped[MeetingState] = code_column(MeetingState)
    number_year: Mapped[int | None]
    number_in_year: Mapped[int | None]
    title: Mapped[str]
    place: Mapped[str]
    starts_at: Mapped[datetime]
    convened_at: Mapped[datetime | None]
    short_notice_reason: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    minutes: Mapped[str] = mapped_column(default="")
    minutes_adopted_at: Mapped[datetime | None]

    @property
    def number(self) -> str:
        """The number within the year, '' while the meeting is a draft."""
        return f"{self.number_in_year}/{self.number_year}" if self.number_in_year else ""


class AgendaItem(Keyed, Versioned, Base):
    """One matter on the agenda, perhaps about an object of the product."""

    __tablename__ = "agenda_item"
    __tracked__ = Tracked(kind="agenda_item", stream=_stream)
    __table_args__ = (
        sa.Index("ix_agenda_item_meeting_id", "meeting_id", "heading", "position"),
        sa.Index("ix_agenda_item_target_id", "target_id"),
        sa.CheckConstraint("heading BETWEEN 1 AND 6", name="heading_range"),
    )

    meeting_id: Mapped[UUID] = mapped_column(sa.ForeignKey("meeting.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    heading: Mapped[int]
    position: Mapped[int]
    title: Mapped[str]
    is_for_decision: Mapped[bool]
    target_kind: Mapped[str | None] = clear_text()
    target_id: Mapped[UUID | None]
    state: Mapped[ItemState] = code_column(ItemState)


class Attendance(Keyed, Versioned, Base):
    """Who sat in a seat at a meeting; the name is of that day."""

    __tablename__ = "attendance"
    __tracked__ = Tracked(kind="attendance", stream=_stream)
    __table_args__ = (sa.UniqueConstraint("meeting_id", "seat_id"),)

    meeting_id: Mapped[UUID] = mapped_column(sa.ForeignKey("meeting.id"))
    seat_id: Mapped[UUID] = mapped_column(sa.ForeignKey("seat.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    presence: Mapped[Presence] = code_column(Presence)
    name: Mapped[str]
    is_voting: Mapped[bool]
    weight: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2))


class Ballot(Keyed, Base):
    """How one seat voted on an item, or that it was recused (``choice`` None) and why."""

    __tablename__ = "ballot"
    __tracked__ = Tracked(kind="ballot", stream=_stream)
    __table_args__ = (sa.UniqueConstraint("agenda_item_id", "seat_id"),)

    meeting_id: Mapped[UUID] = mapped_column(sa.ForeignKey("meeting.id"))
    agenda_item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agenda_item.id"))
    seat_id: Mapped[UUID] = mapped_column(sa.ForeignKey("seat.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    choice: Mapped[Choice | None] = code_column(Choice)
    weight: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2))
    recusal_reason: Mapped[str] = mapped_column(default="")


class Resolution(Keyed, Base):
    """What the committee resolved on an item, with the arithmetic; numbered per committee and Buddhist year. Never changed."""

    __tablename__ = "resolution"
    __tracked__ = Tracked(kind="resolution", stream=_stream)
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "number_year", "number_in_year"),
        sa.UniqueConstraint("agenda_item_id"),
        sa.Index("ix_resolution_target_id", "target_id"),
    )

    meeting_id: Mapped[UUID] = mapped_column(sa.ForeignKey("meeting.id"))
    agenda_item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agenda_item.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    number: Mapped[str] = clear_text()
    number_year: Mapped[int]
    number_in_year: Mapped[int]
    text: Mapped[str]
    carried: Mapped[bool]
    arithmetic: Mapped[dict[str, Any]] = mapped_column(Json, info={"clear": True})
    decided_on: Mapped[date]
    target_kind: Mapped[str | None] = clear_text()
    target_id: Mapped[UUID | None]
