"""The tables of the log. Leaves, tiles, heads, checkpoints and cosignatures are only ever added."""

from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history.tracked import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text

#: The stream in which the log speaks of itself: its keys, witnesses, manifests and alarms.
LOG_ID = uuid5(NAMESPACE_URL, "collab:log")


def _log_stream(_row: object) -> tuple[str, UUID]:
    return "log", LOG_ID


class LogLeaf(Base):
    """Which event is which leaf of the tree; the hash was reckoned from the event's bytes when it was sealed."""

    __tablename__ = "log_leaf"

    leaf_index: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("history_event.id"), unique=True)
    leaf_hash: Mapped[bytes]


class LogTile(Base):
    """256 neighbouring hashes of the tree and the root over them; level 0 holds leaves, level L the roots of tiles of level L-1."""

    __tablename__ = "log_tile"
    __table_args__ = (sa.CheckConstraint("octet_length(hashes) = 8192 AND octet_length(root) = 32", name="full"),)

    level: Mapped[int] = mapped_column(primary_key=True)
    idx: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    hashes: Mapped[bytes]
    root: Mapped[bytes]


class LogSealed(Base):
    """How far a stream is in the log, and its leaf hash there. Follows from the leaves; kept so that sealing need not search."""

    __tablename__ = "log_sealed"

    stream_id: Mapped[str] = mapped_column(sa.ForeignKey("history_stream.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    head: Mapped[bytes]


class LogHead(Base):
    """A size that the tree has had, with its root; ``manifest_event_id`` when its last leaf lists the heads of all streams."""

    __tablename__ = "log_head"

    size: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    manifest_event_id: Mapped[UUID | None]
    made_at: Mapped[datetime]


class LogCheckpoint(Base):
    """A head as the log's key signed it: the C2SP note, without the witnesses' lines."""

    __tablename__ = "log_checkpoint"

    size: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("log_head.size"), primary_key=True, autoincrement=False)
    note: Mapped[str]
    signed_at: Mapped[datetime]


class LogCosignature(Base):
    """A witness's signature line under a checkpoint; ``cosigned_at`` is the instant that the witness signed."""

    __tablename__ = "log_cosignature"

    size: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("log_checkpoint.size"), primary_key=True)
    witness: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]
    cosigned_at: Mapped[datetime]
    received_at: Mapped[datetime]


class LogKey(Keyed, Base):
    """A public key of the log and the size from which it signs; ``endorsement`` is the note by which the key before it says so."""

    __tablename__ = "log_key"
    __tracked__ = Tracked(kind="log_key", stream=_log_stream)

    vkey: Mapped[str] = clear_text(unique=True)
    from_size: Mapped[int] = mapped_column(sa.BigInteger)
    announced_at: Mapped[datetime]
    endorsement: Mapped[str] = clear_text()


class LogWitness(Keyed, Versioned, Base):
    """Somebody outside who cosigns checkpoints: by HTTP when ``url`` is set, else by a file that is carried."""

    __tablename__ = "log_witness"
    __tracked__ = Tracked(kind="log_witness", stream=_log_stream)

    name: Mapped[str] = clear_text(unique=True)
    vkey: Mapped[str] = clear_text()
    #: Who runs it; a witness run by the operator of the log counts for nothing, so this is shown beside it.
    operator: Mapped[str] = clear_text()
    url: Mapped[str] = clear_text()
    is_audit_office: Mapped[bool]
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class IntegrityAlarm(Keyed, Base):
    """Something that does not agree with the history: which mechanism saw it, where, and in which fields."""

    __tablename__ = "integrity_alarm"
    __tracked__ = Tracked(kind="integrity_alarm", stream=_log_stream)
    __table_args__ = (sa.Index("ix_integrity_alarm_subject_id", "subject_id"),)

    mechanism: Mapped[str] = clear_text()
    subject_table: Mapped[str] = clear_text()
    subject_id: Mapped[UUID | None]
    #: Names of the fields that differ, never their values.
    fields: Mapped[str] = clear_text()
    found_at: Mapped[datetime]
