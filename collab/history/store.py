"""How an event reaches the disk: in at most two round trips a transaction, whatever the number of its events, and mostly in none.

One event on a row that was there before is one call at the end (`chaining`): the server fills in what it is chained to. Before other
rows change, one statement announces the act and looks at the streams' heads and the versions in force, without a lock; at the end one
call writes everything, on condition that the heads are still those (`saving`). The call travels with the COMMIT
(`leave_for_commit`); the lock on a stream is held from that call to the commit only. Who did not look, or came too late, opens the
streams first (a lock, then a look). The statements go to psycopg directly, over the connection of the session's own transaction, with
one cursor for each connection: to make a cursor costs as much as to run a small statement.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.models import FOREVER
from collab.kernel.connection import Connection, Last

NO_HASH = bytes(32)

_MAKE = """
INSERT INTO history_stream (id, seq, head, recorded_at)
SELECT id, 0, $1, at FROM unnest($2::text[], $3::timestamptz[]) AS w(id, at) ORDER BY id ON CONFLICT (id) DO NOTHING
"""
_ANNOUNCE = "SELECT set_config('collab.act', '1', true), history_look($1, $2)"
_OPEN = "SELECT history_open($1, $2)"
_SAVE = "history_save($1, $2)"
_MOVE = """
UPDATE history_stream s SET seq = w.seq, head = w.head, recorded_at = w.at
FROM unnest($1::text[], $2::int8[], $3::bytea[], $4::timestamptz[]) AS w(id, seq, head, at) WHERE s.id = w.id
"""
_EVENT = (
    "id", "stream_id", "seq", "leaf_hash", "body", "verb", "subject_kind", "subject_id", "actor_id", "organisation_id",
    "authority_kind", "authority_id", "occurred_at", "recorded_at", "request_id",
)  # fmt: skip
_LINE = ("was", *_EVENT, "previous", "until", "state", "commitments", "openings")
_APPEND = f"history_append({', '.join(f'${place}' for place in range(1, len(_LINE) + 1))})"
#: What `history_chain` takes: the event, its state, what of it was otherwise before, the names and the new ones of its commitments.
CHAINED = (
    "id", "stream_id", "body", "verb", "subject_kind", "subject_id", "actor_id", "organisation_id", "authority_kind", "authority_id",
    "occurred_at", "recorded_at", "request_id", "state", "changed", "committed", "fresh", "openings",
)  # fmt: skip
_CHAIN = f"history_chain({', '.join(f'${place}' for place in range(1, len(CHAINED) + 1))})"
_VERSION = (
    "event_id", "previous_event_id", "stream_id", "subject_kind", "subject_id", "recorded_from", "recorded_to", "state", "commitments"
)  # fmt: skip


def _text(value: Any) -> str:
    """Return what JSON has no form for: hashes and salts in hexadecimal, ids and instants as PostgreSQL reads them."""
    return value.hex() if isinstance(value, bytes) else str(value)


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_text).encode
#: Statements are written with the server's own placeholders, so that nothing has to be translated.
Cursor = psycopg.RawCursor[tuple[Any, ...]]
_CURSOR = "collab.history"


@dataclass(frozen=True)
class Call:
    """A call of a function of the database that writes everything and answers true, or writes nothing and answers false."""

    function: str
    values: list[str | bytes | None]


@dataclass
class Head:
    """Where a stream stands: the number and the leaf hash of its last event, and the instant before which nothing more comes."""

    seq: int
    head: bytes
    recorded_at: datetime
    #: The leaf hash that the stream ended with when it was looked at.
    was: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.was = self.head


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
    #: Versions stored before that end here: `history_append` closes them where the next one begins, COPY does not.
    closed: set[UUID] = field(default_factory=set)

    def close(self, known: Known, at: datetime) -> None:
        """End the version ``known`` at the instant ``at``, whether it is stored already or made in this transaction."""
        if known.event_id is None:
            return
        if known.event_id in self.versions:
            self.versions[known.event_id][6] = at
        else:
            self.closed.add(known.event_id)

    def add_version(self, event_id: UUID, previous: UUID | None, stream_id: str, kind: str, subject_id: UUID, at: datetime,
                    state: dict[str, Any], commitments: dict[str, str]) -> None:  # fmt: skip
        """Add a version in force from ``at``."""
        self.versions[event_id] = [event_id, previous, stream_id, kind, subject_id, at, FOREVER, state, commitments]

    def lines(self, ends: dict[str, bytes]) -> Iterator[tuple[Any, ...]]:
        """Yield what `history_append` takes for each event, chained to ``ends``: the hashes that the streams end with before."""
        ends, openings = dict(ends), self._openings()
        for event in self.events:
            version = self.versions.get(event[0])
            previous, until, state, commitments = (version[1], *version[6:]) if version else (None, None, None, None)
            yield (ends[event[1]], *event, previous, until, state, commitments, openings.get(event[0]))
            ends[event[1]] = event[3]

    def _openings(self) -> dict[UUID, list[tuple[str, bytes, Any]]]:
        found: dict[UUID, list[tuple[str, bytes, Any]]] = {}
        for event_id, path, salt, value in self.openings:
            found.setdefault(event_id, []).append((path, salt, value))
        return found


def cursor_of(session: Session) -> Cursor:
    """Return psycopg's cursor on the connection that carries the transaction of ``session``, the same one each time."""
    connection = session.connection()
    found: Cursor | None = connection.info.get(_CURSOR)
    if found is None:
        found = connection.info[_CURSOR] = Cursor(cast(psycopg.Connection[Any], connection.connection.driver_connection))
    return found


@dataclass
class Seen:
    """What a transaction has looked at without a lock: true as long as the streams' heads are still those when it writes."""

    heads: dict[str, Head] = field(default_factory=dict)
    #: None: looked for, and there is no version in force.
    known: dict[UUID, Known | None] = field(default_factory=dict)

    def covers(self, streams: Iterable[str], subjects: Iterable[UUID]) -> bool:
        """Return whether all of these were looked at."""
        return self.heads.keys() >= set(streams) and self.known.keys() >= set(subjects)


def announce(cursor: Cursor, seen: Seen, streams: Iterable[str], subjects: Sequence[UUID]) -> None:
    """Say in the transaction that an act is under way, which the trigger on every tracked table asks for.

    By the way, look at the ``streams`` and at the versions in force of the ``subjects``, and keep what is ``seen``.
    """
    _set, found = cursor.execute(_ANNOUNCE, (_listed(streams), _listed(subjects))).fetchone() or (None, None)
    heads, known = _found(found)
    seen.heads |= heads
    seen.known |= dict.fromkeys(subjects) | known


def open_streams(cursor: Cursor, first: dict[str, datetime], subjects: list[UUID]) -> tuple[dict[str, Head], dict[UUID, Known]]:
    """Lock the streams (making those that are new, from their first instant) and return their heads and the versions in force.

    The versions are read by a statement of its own after the lock is held, so that it sees what the last holder committed.
    """
    names = sorted(first)
    heads, known = _read(cursor, names, subjects)
    missing = [name for name in names if name not in heads]
    if missing:
        cursor.execute(_MAKE, (NO_HASH, missing, [first[name] for name in missing]))
        heads, known = _read(cursor, names, subjects)
    return heads, known


def _read(cursor: Cursor, names: list[str], subjects: list[UUID]) -> tuple[dict[str, Head], dict[UUID, Known]]:
    (found,) = cursor.execute(_OPEN, (_listed(names), _listed(subjects))).fetchone() or (None,)
    return _found(found)


def _listed(names: Iterable[object]) -> str:
    # Names of streams and ids hold no space. A list in one text costs a fraction of what an array costs to write.
    return " ".join(map(str, names))


def _found(seen: list[Any] | None) -> tuple[dict[str, Head], dict[UUID, Known]]:
    heads, known = seen or (None, None)
    return (
        {name: Head(seq, bytes.fromhex(head), datetime.fromisoformat(at)) for name, seq, head, at in heads or ()},
        {UUID(subject): Known(UUID(event), state, commitments) for subject, event, state, commitments in known or ()},
    )


def chaining(line: tuple[Any, ...]) -> Call:
    """Return the call that writes one event (`CHAINED` in order), chained by the server to what its stream ends with.

    It writes the version that the event makes, too; nothing when the version in force is not the one that the line goes on from.
    """
    return Call(_CHAIN, [_typed(value) for value in line])


def saving(heads: dict[str, Head], rows: Rows) -> Call:
    """Return the call that writes the events, versions and openings, and moves the streams on.

    It writes nothing when a stream has moved on since its head was looked at; never so after `open_streams`.
    """
    lines = list(rows.lines({name: head.was for name, head in heads.items()}))
    if len(lines) == 1:
        return Call(_APPEND, [_typed(value) for value in lines[0]])
    looked_at = [{"id": name, "was": head.was} for name, head in heads.items()]
    return Call(_SAVE, [_json(looked_at), _json([_object(line) for line in lines])])


def done(cursor: Cursor, call: Call) -> bool:
    """Make the call now; return False when it wrote nothing."""
    saved = cursor.execute(f"SELECT {call.function}", call.values).fetchone()
    return saved is not None and saved[0]


def save(cursor: Cursor, heads: dict[str, Head], rows: Rows) -> None:
    """Write upon streams that were opened with their locks."""
    if not done(cursor, saving(heads, rows)):
        raise RuntimeError("a stream moved on under its lock")


def leave_for_commit(session: Session, call: Call, otherwise: Callable[[], None]) -> bool:
    """Let the call go with the COMMIT, in one round trip, and ``otherwise`` be done before it if the call writes nothing.

    Return False when the session's commit is not the COMMIT of its connection, or the connection not of our kind.
    """
    ours = Connection.of(session.connection().connection.driver_connection)
    if ours is None or not isinstance(session.bind, sa.Engine) or session.twophase:
        return False
    ours.say_last(Last(f"SELECT collab_insist({call.function})", call.values, otherwise))
    return True


def _typed(value: Any) -> str | bytes | None:
    """Return a value of a line as psycopg writes it at once: bytes as they are, all else as text that the function's types read."""
    if value is None or isinstance(value, (bytes, str)):
        return value
    return _json(value) if isinstance(value, (dict, list)) else str(value)


def _object(line: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(_LINE, line, strict=True))
    found["body"] = found["body"].decode()
    return found


def copy(cursor: Cursor, rows: Rows, new_streams: dict[str, Head]) -> None:
    """Write what a mass load adds, by COPY: streams that are new, and ``rows`` that close no version stored before.

    For loads that hold the lock on every stream that they go on with, and move it on themselves.
    """
    assert not rows.closed
    moved = [(name, head.seq, head.head, head.recorded_at) for name, head in new_streams.items()]
    versions = [(*version[:7], _json(version[7]), _json(version[8])) for version in rows.versions.values()]
    openings = [(event, path, salt, _json(value)) for event, path, salt, value in rows.openings]
    for table, columns, lines in (
        ("history_stream", ("id", "seq", "head", "recorded_at"), moved), ("history_event", _EVENT, rows.events),
        ("history_version", _VERSION, versions), ("history_opening", ("event_id", "path", "salt", "value"), openings),
    ):  # fmt: skip
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copying:
            for line in lines:
                copying.write_row(line)


def move(cursor: Cursor, heads: dict[str, Head]) -> None:
    """Move the streams on to where ``heads`` stand."""
    names, ends = list(heads), list(heads.values())
    cursor.execute(_MOVE, (names, [h.seq for h in ends], [h.head for h in ends], [h.recorded_at for h in ends]))
