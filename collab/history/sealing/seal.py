"""Sealing: events that no head covers yet become leaves; then the new head is signed.

Two steps, each a transaction under one advisory lock, each repeatable after a kill at any point: `grow` adds leaves, tiles and a
head; `sign` signs the newest head. The database does the hashing of the bytes, so that only hashes travel.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.log_models import LogCheckpoint, LogHead
from collab.history.origin import origin
from collab.history.sealing import manifest, tree
from collab.history.sealing.keys import LogSigner
from collab.history.verifier.notes import Checkpoint

LOCK_KEY = 72_61_20
BATCH = 10_000
#: A manifest of all streams' heads is added at least this often, and always before a bundle is made.
MANIFEST_EVERY = timedelta(hours=1)

UnitOfWork = Callable[[], AbstractContextManager[Session]]

_BATCH = sa.text("""
WITH lag AS (
  SELECT s.id, coalesce(p.seq, 0) AS done, s.seq, sum(s.seq - coalesce(p.seq, 0)) OVER (ORDER BY s.id) AS upto
  FROM history_stream s LEFT JOIN log_sealed p ON p.stream_id = s.id WHERE s.seq > coalesce(p.seq, 0)
), span AS (
  SELECT id, done, least(seq, (done + :most - (upto - (seq - done)))::bigint) AS last FROM lag WHERE upto - (seq - done) < :most
), batch AS MATERIALIZED (
  SELECT e.id, e.stream_id, e.seq, e.leaf_hash, sha256('\\x00'::bytea || e.body) AS computed,
         row_number() OVER (ORDER BY e.recorded_at, e.stream_id, e.seq) - 1 AS place
  FROM span JOIN history_event e ON e.stream_id = span.id AND e.seq > span.done AND e.seq <= span.last
), leaves AS (
  INSERT INTO log_leaf (leaf_index, event_id, leaf_hash) SELECT :size + place, id, computed FROM batch
), done AS (
  INSERT INTO log_sealed (stream_id, seq, head)
  SELECT DISTINCT ON (stream_id) stream_id, seq, computed FROM batch ORDER BY stream_id, seq DESC
  ON CONFLICT (stream_id) DO UPDATE SET seq = excluded.seq, head = excluded.head
)
SELECT count(*), coalesce(string_agg(computed, ''::bytea ORDER BY place), ''::bytea),
       min(id::text) FILTER (WHERE computed <> leaf_hash), (SELECT coalesce(sum(last - done), 0) FROM span)
FROM batch
""")


class SealRefused(RuntimeError):
    """An event's bytes do not have the hash that was stored with them, or a stream has a gap: nothing is sealed over it."""


@dataclass(frozen=True)
class Sealed:
    """What one run has done: events added, the tree's size, and whether a checkpoint was signed."""

    events: int
    size: int
    signed: bool


def seal(
    unit_of_work: UnitOfWork, signer: LogSigner, *, now: datetime, with_manifest: bool = False, batch: int = BATCH
) -> Sealed | None:
    """Seal everything that is committed, batch by batch, then sign the head; None when another process is sealing.

    ``with_manifest`` adds the list of all streams' heads as the last leaf even when the last one is young. Raises SealRefused and
    what `LogSigner.sign` raises.
    """
    total, more, size = 0, True, 0
    while more:
        with unit_of_work() as session:
            if not _lock(session):
                return None
            size, added, more = grow(session, now=now, with_manifest=with_manifest, batch=batch)
            total += added
    with unit_of_work() as session:
        if not _lock(session):
            return None
        signed = sign(session, signer, now=now)
    return Sealed(total, size, signed)


def _lock(session: Session) -> bool:
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK_KEY))))


def grow(session: Session, *, now: datetime, with_manifest: bool, batch: int = BATCH) -> tuple[int, int, bool]:
    """Add one batch to the tree; return its size, the number of events added, and whether there may be more."""
    head = newest_head(session)
    size = head.size if head else 0
    count, leaves, wrong, expected = session.execute(_BATCH, {"most": batch, "size": size}).one()
    if wrong is not None:
        raise SealRefused(f"the bytes of event {wrong} are not those that were hashed")
    if count != expected:
        raise SealRefused(f"{expected - count} events are missing from their streams")
    if count == batch:
        _add_head(session, size, _split(leaves), None, now)
        return size + count, count, True
    hashes = _split(leaves)
    listed = None
    if size + count and _manifest_due(session, now, with_manifest, count):
        listed, leaf = manifest.add(session, now=now, size=size + count)
        hashes.append(leaf)
    if hashes:
        _add_head(session, size, hashes, listed, now)
    return size + len(hashes), len(hashes), False


def _split(joined: bytes) -> list[bytes]:
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def _add_head(session: Session, size: int, hashes: list[bytes], listed: manifest.EventId | None, now: datetime) -> None:
    root = tree.append(session, size, hashes)
    session.add(LogHead(size=size + len(hashes), root=root, manifest_event_id=listed, made_at=now))
    session.flush()


def _manifest_due(session: Session, now: datetime, asked: bool, count: int) -> bool:
    last = session.execute(
        sa.select(LogHead.size, LogHead.made_at)
        .where(LogHead.manifest_event_id.is_not(None))
        .order_by(LogHead.size.desc())
        .limit(1)
    ).one_or_none()
    newest = newest_head(session)
    if count == 0 and last is not None and newest is not None and newest.size == last.size:
        return False
    return asked or last is None or now - last.made_at >= MANIFEST_EVERY


def sign(session: Session, signer: LogSigner, *, now: datetime) -> bool:
    """Sign the newest head unless that is done; return whether a checkpoint was added."""
    head = newest_head(session)
    if head is None or session.get(LogCheckpoint, head.size) is not None:
        return False
    reader = tree.TreeReader(session, head.size)
    note = signer.sign(Checkpoint(origin(), head.size, head.root), reader.consistency)
    session.add(LogCheckpoint(size=head.size, note=note, signed_at=now))
    return True


def newest_head(session: Session) -> LogHead | None:
    """Return the head of the tree as it is now."""
    return session.scalars(sa.select(LogHead).order_by(LogHead.size.desc()).limit(1)).one_or_none()


def newest_checkpoint(session: Session) -> LogCheckpoint | None:
    """Return the newest signed checkpoint."""
    return session.scalars(sa.select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).one_or_none()
