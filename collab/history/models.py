"""The tables of the history. The application's role may insert and read them; triggers refuse the rest even to the owner."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base, Json

#: End of a version that is still in force; a real instant, because Python cannot read PostgreSQL's infinity.
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


class HistoryStream(Base):
    """The head of one chain of events (an agreement's, a plan's, …): the only row of the history that changes."""

    __tablename__ = "history_stream"

    id: Mapped[str] = mapped_column(primary_key=True)
    #: Number of the last event: gap-free from 1.
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    #: Leaf hash of the last event.
    head: Mapped[bytes]
    #: Instants in a stream never run backwards, whatever the server's clock does.
    recorded_at: Mapped[datetime]


class HistoryEvent(Base):
    """One event. ``body`` holds the exact bytes that are hashed; the other columns are an index drawn from it."""

    __tablename__ = "history_event"
    __table_args__ = (
        sa.UniqueConstraint("stream_id", "seq"),
        sa.Index("ix_history_event_subject", "subject_id", "recorded_at", "id"),
        sa.Index("ix_history_event_actor", "actor_id", "recorded_at"),
        sa.Index("ix_history_event_recorded", "recorded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: No foreign key, which would be asked for every event: the check of the log finds a stream without a head.
    stream_id: Mapped[str]
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    leaf_hash: Mapped[bytes]
    body: Mapped[bytes]
    verb: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    actor_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    authority_kind: Mapped[str | None]
    authority_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    request_id: Mapped[str]


class HistoryOpening(Base):
    """The salt and value behind one commitment of an event. Erasable: the event's hash does not depend on it."""

    __tablename__ = "history_opening"

    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("history_event.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    value: Mapped[Any] = mapped_column(Json)


class HistoryVersion(Base):
    """A subject as it was recorded from one instant to another: derived from the events, made to be queried."""

    __tablename__ = "history_version"
    __table_args__ = (
        sa.Index("ix_history_version_stream", "stream_id", "recorded_from", "recorded_to"),
        sa.Index("ix_history_version_subject", "subject_id", "recorded_to"),
        sa.Index(
            "uq_history_version_current",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("recorded_to = '9999-01-01 00:00:00+00'::timestamptz"),
        ),
    )

    #: No foreign key, for the same reason: the rebuilding of versions finds one without its event.
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    #: The event that made the version before this one; None for the first.
    previous_event_id: Mapped[UUID | None]
    stream_id: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    recorded_from: Mapped[datetime]
    #: FOREVER while this is the present version.
    recorded_to: Mapped[datetime]
    state: Mapped[dict[str, Any]] = mapped_column(Json)
    #: Commitments in force per private field, carried forward to later events while the field does not change.
    commitments: Mapped[dict[str, str]] = mapped_column(Json)


# Alembic and the models' registry look here for an area's tables.
from collab.history import erasure_models as erasure_models  # noqa: E402
from collab.history import log_models as log_models  # noqa: E402
