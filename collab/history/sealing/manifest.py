"""The manifest: one event that lists, as a Merkle root, the head of every stream that is in the log.

An inclusion proof cannot show that the end of a stream was not left out. The manifest can: it is the last leaf of a checkpoint, and
a bundle carries its stream's line with a proof up to the manifest's root, so nobody can stop earlier unseen.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history import canon, store
from collab.history.log_models import LOG_ID, LogLeaf, LogSealed
from collab.history.origin import APP_VERSION, origin
from collab.history.verifier.merkle import Frontier, hash_leaf
from collab.kernel.ids import new_id

EventId = UUID
#: A stream of its own, written only under the sealing lock: nobody else can come between a manifest and its leaf.
STREAM = f"log_heads/{LOG_ID}"
VERB = "log.heads"


def line_of(stream_id: str, seq: int, head: bytes) -> bytes:
    """Return a stream's line in the manifest."""
    return f"{stream_id}\t{seq}\t{head.hex()}\n".encode()


def lines(session: Session) -> Iterator[bytes]:
    """Yield the lines of all streams in the log but the manifests' own, in the order of their names."""
    columns = (LogSealed.stream_id, LogSealed.seq, LogSealed.head)
    statement = sa.select(*columns).where(LogSealed.stream_id != STREAM).order_by(LogSealed.stream_id)
    for stream_id, seq, head in session.execute(statement.execution_options(yield_per=5000)):
        yield line_of(stream_id, seq, head)


def add(session: Session, *, now: datetime, size: int) -> tuple[EventId, bytes]:
    """Write the manifest of the ``size`` leaves so far as an event and as the next leaf; return its id and leaf hash."""
    session.flush()
    frontier = Frontier()
    for line in lines(session):
        frontier.append(hash_leaf(line))
    cursor = store.cursor_of(session)
    heads, _known = store.open_streams(cursor, {STREAM: now}, [])
    head = heads[STREAM]
    head.recorded_at = max(head.recorded_at, now)
    event_id = new_id()
    body = canon.encode(_body(event_id, head, {"count": frontier.size, "root": frontier.root().hex(), "size": size}))
    previous = head.seq
    head.seq, head.head = previous + 1, canon.leaf_hash(body)
    rows = store.Rows()
    rows.events.append((
        event_id, STREAM, head.seq, head.head, body, VERB, "log", LOG_ID, None, None, None, None, head.recorded_at, head.recorded_at,
        "",
    ))  # fmt: skip
    store.save(cursor, heads, rows)
    _place(session, event_id, size, head)
    return event_id, head.head


def _place(session: Session, event_id: UUID, size: int, head: store.Head) -> None:
    session.execute(sa.insert(LogLeaf).values(leaf_index=size, event_id=event_id, leaf_hash=head.head))
    statement = sa.text(
        "INSERT INTO log_sealed (stream_id, seq, head) VALUES (:id, :seq, :head) "
        "ON CONFLICT (stream_id) DO UPDATE SET seq = excluded.seq, head = excluded.head"
    )
    session.execute(statement, {"id": STREAM, "seq": head.seq, "head": head.head})


def _body(event_id: UUID, head: store.Head, heads: dict[str, Any]) -> dict[str, Any]:
    moment = canon.instant(head.recorded_at)
    return {
        "v": 1, "log": origin(), "id": str(event_id), "stream": STREAM, "seq": head.seq + 1, "prev": head.head.hex(),
        "action": VERB, "outcome": "done", "subject": {"type": "log", "id": str(LOG_ID), "ver": head.seq + 1},
        "actor": {"id": None, "kind": "job", "job": "history.seal", "roles": [], "org": None, "aal": 1}, "obo": None, "state": {},
        "state_c": {}, "changes": [], "reason_c": None, "authority": {"kind": "none"}, "att": [], "occurred": moment,
        "occurred_src": "system", "late": False, "second": None, "corrects": None, "recorded": moment, "req": "", "cause": None,
        "app": APP_VERSION, "heads": heads,
    }  # fmt: skip
