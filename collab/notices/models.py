"""The outbox: one row a message to a person, written in the transaction of what it tells of; and what became of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base, Keyed, code_column


class MessageState(StrEnum):
    """How far the mail of a message is. ``accepted`` means that the mail server took it, never that it was received."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    MUTED = "muted"
    DEAD = "dead"


class Message(Keyed, Base):
    """One message to one person: shown in the product's notice centre and sent by mail."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_todo", "next_attempt_at", postgresql_where=sa.text("state IN ('waiting', 'claimed')")),
        sa.Index("ix_message_unread", "recipient_id", postgresql_where=sa.text("read_at IS NULL AND NOT is_secret")),
        sa.Index("ix_message_recipient_id", "recipient_id", "created_at", "id"),
        sa.Index("ix_message_dead", "created_at", postgresql_where=sa.text("state = 'dead'")),
    )

    recipient_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    url: Mapped[str]
    target_kind: Mapped[str | None]
    target_id: Mapped[UUID | None]
    is_urgent: Mapped[bool]
    #: Holds a one-time link: mailed, never shown in the centre, and blanked once handed over.
    is_secret: Mapped[bool]
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    #: Stable over every attempt, so that a repeated mail is recognised as the same one.
    mail_id: Mapped[str]
    state: Mapped[MessageState] = code_column(MessageState)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class DeliveryAttempt(Keyed, Base):
    """One attempt to hand a message over, and how it ended."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (sa.Index("ix_delivery_attempt_message_id", "message_id"),)

    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("message.id"))
    tried_at: Mapped[datetime]
    is_accepted: Mapped[bool]
    answer: Mapped[str]


class MutedKind(Base):
    """A kind of message that a person does not want by mail; it still appears in the centre."""

    __tablename__ = "muted_kind"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)


class SunkMail(Keyed, Base):
    """A mail that the local sink took instead of a server; developers read it in the browser."""

    __tablename__ = "sunk_mail"

    mail_id: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    source: Mapped[bytes]
    text: Mapped[str]
    sunk_at: Mapped[datetime]
