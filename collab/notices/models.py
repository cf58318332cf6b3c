"""The outbox: one row a message to a person, written in the transaction of what it tells of; and what became of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base, Keyed, code_column
from collab.notices.events import Fate
from collab.notices.kinds import Mode
from collab.notices.reports import ReportKind


class MessageState(StrEnum):
    """How far the mail of a message is. ``accepted`` means that the mail server took it, never that it was received.

    ``held`` waits to be gathered; then it is ``digested``, or ``seen`` when the person read it in the product before, or
    ``dropped`` when it was no longer true.
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    MUTED = "muted"
    DEAD = "dead"
    HELD = "held"
    DIGESTED = "digested"
    SEEN = "seen"
    DROPPED = "dropped"


class Message(Keyed, Base):
    """One message to one person: shown in the product's notice centre and sent by mail."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index(
            "ix_message_ready", sa.text("is_urgent DESC"), "next_attempt_at", "id", postgresql_where=sa.text("state = 'waiting'")
        ),
        sa.Index("ix_message_leased", "leased_until", postgresql_where=sa.text("state = 'claimed'")),
        sa.Index("ix_message_unread", "recipient_id", postgresql_where=sa.text("read_at IS NULL AND NOT is_secret")),
        sa.Index("ix_message_recipient_id", "recipient_id", "created_at", "id"),
        sa.Index("ix_message_recipient_kind", "recipient_id", "kind", "created_at", "id"),
        sa.Index("ix_message_held", "next_attempt_at", "recipient_id", postgresql_where=sa.text("state = 'held'")),
        sa.Index("ix_message_digest_id", "digest_id", postgresql_where=sa.text("digest_id IS NOT NULL")),
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
    #: Stable over every attempt, so that a repeated mail is recognised as the same one.
    mail_id: Mapped[str]
    state: Mapped[MessageState] = code_column(MessageState)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    #: Who holds the message, and until when by the database's clock; after that it is anybody's again.
    claimed_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    #: Attempts begun, also those that nobody came back from.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Why it was given up.
    reason: Mapped[str] = mapped_column(default="", server_default="")
    #: The mail that carried this message together with others.
    digest_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("message.id"))
    #: Why it came to this person, in their language; '' where its kind says so.
    because: Mapped[str] = mapped_column(default="", server_default="")
    #: What was reported of its mail after the mail server had taken it; None is unknown.
    fate: Mapped[Fate | None] = code_column(Fate)


class MessageKey(Base):
    """That something was said, so that it is not said again: by a message of its own, or within another that it joined."""

    __tablename__ = "message_key"
    __table_args__ = (sa.Index("ix_message_key_message_id", "message_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("message.id", deferrable=True, initially="DEFERRED"))


class DeliveryAttempt(Keyed, Base):
    """One attempt to hand a message over, and how it ended."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        sa.Index("ix_delivery_attempt_message_id", "message_id"),
        sa.Index("ix_delivery_attempt_tried_at", "tried_at"),
    )

    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("message.id"))
    tried_at: Mapped[datetime]
    is_accepted: Mapped[bool]
    answer: Mapped[str]


class Finding(StrEnum):
    """What a report led to. ``unmatched`` names no mail of ours, ``noted`` says nothing that changes anything."""

    FLAGGED = "flagged"
    BOUNCED = "bounced"
    DELIVERED = "delivered"
    COMPLAINED = "complained"
    NOTED = "noted"
    UNMATCHED = "unmatched"


class ReportSource(StrEnum):
    """How a report came."""

    MAILBOX = "mailbox"
    WEBHOOK = "webhook"


class MailReport(Keyed, Base):
    """A report about mail of ours, by the hash of its bytes: one that comes twice counts once. Its text is not kept."""

    __tablename__ = "mail_report"
    __table_args__ = (
        sa.Index("ix_mail_report_received_at", "received_at", "id"),
        sa.Index("ix_mail_report_user_id", "user_id", "received_at"),
    )

    digest: Mapped[bytes] = mapped_column(unique=True)
    source: Mapped[ReportSource] = code_column(ReportSource)
    kind: Mapped[ReportKind] = code_column(ReportKind)
    finding: Mapped[Finding] = code_column(Finding)
    #: The enhanced status code of a failure (RFC 3463), '' without one.
    status: Mapped[str]
    message_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("message.id"))
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    received_at: Mapped[datetime]


class NoticePreference(Base):
    """How a person wants messages of a kind by mail; without a row they are gathered."""

    __tablename__ = "notice_preference"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[Mode] = code_column(Mode)


class MutedTarget(Base):
    """An object of which a person wants no mail; what follows from a duty by law still comes."""

    __tablename__ = "muted_target"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    target_kind: Mapped[str]
    muted_at: Mapped[datetime]


class UsedLink(Base):
    """A signed link that was used, by the hash of its token: it works once."""

    __tablename__ = "used_link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]


class SunkMail(Keyed, Base):
    """A mail that the local sink took instead of a server; developers read it in the browser."""

    __tablename__ = "sunk_mail"

    mail_id: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    source: Mapped[bytes]
    text: Mapped[str]
    sunk_at: Mapped[datetime]
