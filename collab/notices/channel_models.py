"""Further channels of organisations, and what is posted to them: one row a message and channel."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class PostState(StrEnum):
    """How far a post is. ``accepted`` means that the service took it, never that anybody has read it."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DEAD = "dead"


class Channel(Keyed, Versioned, Base):
    """A group chat or the like in which an organisation wants to hear what its people are told, subjects and links only."""

    __tablename__ = "channel"
    __tracked__ = Tracked(kind="channel", stream=lambda row: ("channel", row.id))
    __table_args__ = (sa.Index("ix_channel_organisation_id", "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    name: Mapped[str]
    #: The scheme of the address, which names the service.
    service: Mapped[str] = clear_text()
    #: Where it posts, sealed: whoever knows the address can post there. Never shown again.
    address: Mapped[str] = mapped_column(info={"untracked": True})
    #: The kinds of notices that are posted, with commas between.
    kinds: Mapped[str] = clear_text()
    #: Since when it is on; what came up before is never posted. None: off.
    on_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class ChannelPost(Keyed, Base):
    """That a message is to be posted to a channel; without a message it is a test."""

    __tablename__ = "channel_post"
    __table_args__ = (
        sa.UniqueConstraint("channel_id", "message_id", name="uq_channel_post_once"),
        sa.Index("ix_channel_post_channel_id", "channel_id", "created_at", "id"),
        sa.Index("ix_channel_post_ready", "next_attempt_at", "id", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index("ix_channel_post_leased", "leased_until", postgresql_where=sa.text("state = 'claimed'")),
        sa.Index("ix_channel_post_message_id", "message_id"),
    )

    channel_id: Mapped[UUID] = mapped_column(sa.ForeignKey("channel.id"))
    message_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("message.id"))
    state: Mapped[PostState] = code_column(PostState)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    #: Who holds the post, and until when by the database's clock.
    claimed_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    #: Why the last attempt failed, '' when it did not.
    reason: Mapped[str] = mapped_column(default="")
