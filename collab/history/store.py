"""How an event reaches the disk: two round trips a transaction, whatever the number of its events.

The statements go to psycopg directly, in its pipeline mode, over the connection of the session's own transaction: asking for the
streams and the versions in force takes one round trip, writing everything takes the other. Rows travel as arrays.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from collab.history.models import FOREVER

NO_HASH = bytes(32)

_MAKE = """
INSERT INTO history_stream (id, seq, head, recorded_at)
SELECT id, 0, %s, at FROM unnest(%s::text[], %s::timestamptz[]) AS w(id, at) ORDER BY id ON CONFLICT (id) DO NOTHING
"""
_LOCK = "SELECT id, seq, head, recorded_at FROM history_stream WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_KNOWN = """
SELECT subject_id, event_id, state, commitments FROM history_version
WHERE subject_id = ANY(%s) AND recorded_to = '9999-01-01 00:00:00+00'
"""
_CLOSE = """
UPDATE history_version v SET recorded_to = w.at FROM unnest(%s::uuid[], %s::timestamptz[]) AS w(event_id, at)
WHERE v.event_id = w.event_id
"""
_INTO_EVENTS = """
history_event (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, actor_id, organisation_id,
               authority_kind, authority_id, occurred_at, recorded_at, request_id)
"""
_INTO_VERSIONS = """
history_version (event_id, previous_event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to, state, commitments)
"""
_INTO_OPENINGS = "history_opening (event_id, path, salt, value)"
_EVENTS = f"""
INSERT INTO {_INTO_EVENTS}
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::int8[], %s::bytea[], %s::bytea[], %s::text[], %s::text[], %s::uuid[], %s::uuid[],
                     %s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[])
"""
_VERSIONS = f"""
INSERT INTO {_INTO_VERSIONS}
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[],
                     %s::jsonb[])
"""
_OPENINGS = f"""
INSERT INTO {_INTO_OPENINGS} SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::jsonb[])
"""
_HEADS = """
UPDATE history_stream s SET seq = w.seq, head = w.head, recorded_at = w.at
FROM unnest(%s::text[], %s::int8[], %s::bytea[], %s::timestamptz[]) AS w(id, seq, head, at) WHERE s.id = w.id
"""

Connection = psycopg.Connection[Any]


@dataclass
class Head:
    """Where a stream stands: the number and the leaf hash of its last event, and the instant before which nothing more comes."""

    seq: int
    head: bytes
    recorded_at: datetime


@dataclass
class Known:
    """The version in force of a subject before an event: its state, commitments and the event that made it."""

    event_id: UUID | None = None
    state: dict[str, Any] = field(default_factory=dict)
    commitments: dict[str, str] = field(default_factory=dict)


@dataclass
class Rows:
    """What a transaction adds to the history, as rows in the order of their columns."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    openings: list[tuple[UUID, str, bytes, Any]] = field(default_factory=list)
    versions: dict[UUID, list[Any]] = field(default_factory=dict)
    closed: dict[UUID, datetime] = field(default_factory=dict)

    def close(self, known: Known, at: datetime) -> None:
        """End the version ``known`` at the instant ``at``, whether it is stored already or made in this transaction."""
        if known.event_id is None:
            return
        if known.event_id in self.versions:
            self.versions[known.event_id][6] = at
        else:
            self.closed[known.event_id] = at

    def add_version(self, event_id: UUID, previous: UUID | None, stream_id: str, kind: str, subject_id: UUID, at: datetime,
                    state: dict[str, Any], commitments: dict[str, str]) -> None:  # fmt: skip
        """Add a version in force from ``at``."""
        self.versions[event_id] = [
            event_id, previous, stream_id, kind, subject_id, at, FOREVER, json.dumps(state, ensure_ascii=False),
            json.dumps(commitments),
        ]  # fmt: skip

    def opening_texts(self) -> list[tuple[UUID, str, bytes, str]]:
        """Return the openings with their values as JSON."""
        return [(event, path, salt, json.dumps(value, ensure_ascii=False)) for event, path, salt, value in self.openings]


def connection_of(session: Session) -> Connection:
    """Return psycopg's connection that carries the transaction of ``session``."""
    return cast(Connection, session.connection().connection.driver_connection)


def open_streams(
    connection: Connection, first: dict[str, datetime], subjects: list[UUID]
) -> tuple[dict[str, Head], dict[UUID, Known]]:
    """Lock the streams (making those that are new, from their first instant) and return their heads and the versions in force.

    The versions are read by a statement of its own after the lock is held, so that it sees what the last holder committed.
    """
    names = sorted(first)
    heads, known = _read(connection, names, subjects)
    missing = [name for name in names if name not in heads]
    if missing:
        connection.execute(_MAKE, (NO_HASH, missing, [first[name] for name in missing]))
        heads, known = _read(connection, names, subjects)
    return heads, known


def _read(connection: Connection, names: list[str], subjects: list[UUID]) -> tuple[dict[str, Head], dict[UUID, Known]]:
    with connection.cursor() as lock, connection.cursor() as versions:
        with connection.pipeline():
            lock.execute(_LOCK, (names,))
            versions.execute(_KNOWN, (subjects,))
        # Both answers came with the end of the pipeline: fetching within it would ask the server once more.
        heads = {row[0]: Head(row[1], row[2], row[3]) for row in lock}
        known = {row[0]: Known(row[1], row[2], row[3]) for row in versions}
    return heads, known


def save(connection: Connection, heads: dict[str, Head], rows: Rows) -> None:
    """Write the events, versions and openings, and move the streams on."""
    with connection.pipeline():
        if rows.closed:
            connection.execute(_CLOSE, (list(rows.closed), list(rows.closed.values())))
        connection.execute(_EVENTS, _columns(rows.events))
        if rows.versions:
            connection.execute(_VERSIONS, _columns(list(rows.versions.values())))
        if rows.openings:
            connection.execute(_OPENINGS, _columns(rows.opening_texts()))
        move(connection, heads)


def copy(connection: Connection, rows: Rows, new_streams: dict[str, Head]) -> None:
    """Write what a mass load adds, by COPY: streams that are new, and ``rows`` that close no version stored before.

    For loads that hold the lock on every stream that they go on with, and move it on themselves.
    """
    assert not rows.closed
    moved = [(name, head.seq, head.head, head.recorded_at) for name, head in new_streams.items()]
    for into, lines in (
        ("history_stream (id, seq, head, recorded_at)", moved), (_INTO_EVENTS, rows.events),
        (_INTO_VERSIONS, list(rows.versions.values())), (_INTO_OPENINGS, rows.opening_texts()),
    ):  # fmt: skip
        with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copying:
            for line in lines:
                copying.write_row(line)


def move(connection: Connection, heads: dict[str, Head]) -> None:
    """Move the streams on to where ``heads`` stand."""
    moved = list(heads.items())
    connection.execute(
        _HEADS,
        (
            [name for name, _ in moved],
            [h.seq for _, h in moved],
            [h.head for _, h in moved],
            [h.recorded_at for _, h in moved],
        ),
    )


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
