"""Verifies the whole log from the tables, leaf by leaf, in bounded memory: what an operator runs, and what proves nothing to others.

An auditor verifies a bundle instead; this finds a damaged disk, a careless hand and an intruder without the signing key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history import canon
from collab.history.log_models import LogCheckpoint, LogCosignature, LogHead, LogKey, LogSealed, LogTile, LogWitness
from collab.history.models import HistoryStream
from collab.history.origin import origin
from collab.history.sealing.keys import verify_with_openssl
from collab.history.sealing.manifest import line_of
from collab.history.sealing.tree import WIDTH
from collab.history.verifier.merkle import Frontier, hash_leaf
from collab.history.verifier.notes import BadNote, Checkpoint, cosigned_at, is_signed_by, parse_checkpoint, parse_key, parse_note
from collab.history.verifier.strict import Fault, Span, check_chunk, commitments_in, join_spans, read_event

CHUNK = 2000
MOST_FAULTS = 1000

_EVENTS = """
SELECT e.id, e.stream_id, e.seq, e.leaf_hash, e.body, e.verb, e.subject_kind, e.subject_id, e.actor_id, e.organisation_id,
       e.authority_kind, e.authority_id, e.occurred_at, e.recorded_at, e.request_id, l.leaf_index, l.leaf_hash AS sealed_hash,
       (SELECT jsonb_agg(jsonb_build_object('path', o.path, 'salt', encode(o.salt, 'hex'), 'value', o.value))
        FROM history_opening o WHERE o.event_id = e.id) AS openings,
       (SELECT jsonb_agg(jsonb_build_object('path', x.path, 'erased', x.erasure_event_id))
        FROM history_erasure x WHERE x.event_id = e.id) AS erased
"""
_SEALED = sa.text(_EVENTS + "FROM log_leaf l LEFT JOIN history_event e ON e.id = l.event_id ORDER BY l.leaf_index")
_UNSEALED = sa.text(
    _EVENTS
    + "FROM history_event e LEFT JOIN log_leaf l ON l.event_id = e.id WHERE l.event_id IS NULL ORDER BY e.stream_id, e.seq"
)


@dataclass
class LogReport:
    """What was found; ``sealed`` and ``unsealed`` count events, ``size`` is the newest head's."""

    faults: list[Fault] = field(default_factory=list)
    sealed: int = 0
    unsealed: int = 0
    size: int = 0
    checkpoints: int = 0

    @property
    def code(self) -> int:
        """Return 0 clean, 1 tampered, 3 when only the end is not sealed yet."""
        return 1 if self.faults else 3 if self.unsealed else 0

    def fail(self, mechanism: str, what: str, detail: str = "", number: int = 0, event: str = "") -> None:
        """Add a fault; beyond a thousand only the first are kept."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(mechanism, number, event, what, detail))


@dataclass
class _Walk:
    """The state of a walk over the leaves."""

    report: LogReport
    heads: dict[int, LogHead]
    notes: dict[int, str]
    frontier: Frontier = field(default_factory=Frontier)
    tile: list[bytes] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    #: What was erased and what events tell of it: (the event that says so, event, path).
    erased: set[tuple[str, str, str]] = field(default_factory=set)
    told: set[tuple[str, str, str]] = field(default_factory=set)
    last_manifest: int = 0


def verify_log(session: Session) -> LogReport:
    """Check everything there is; the session's transaction should be a snapshot (REPEATABLE READ) when others write meanwhile."""
    report = LogReport()
    heads = {head.size: head for head in session.scalars(sa.select(LogHead))}
    checkpoints = {row.size: row.note for row in session.scalars(sa.select(LogCheckpoint))}
    report.size, report.checkpoints = max(heads, default=0), len(checkpoints)
    walk = _Walk(report, heads, checkpoints)
    walk.last_manifest = max((size for size, head in heads.items() if head.manifest_event_id), default=0)
    for rows in _chunks(session, _SEALED):
        _take(session, walk, rows, sealed=True)
    _check_size(walk)
    sealed_ends = {stream: (span.last_seq, span.last_hash) for stream, span in walk.spans.items()}
    for rows in _chunks(session, _UNSEALED):
        _take(session, walk, rows, sealed=False)
    _check_streams(session, walk, sealed_ends)
    _check_notes(session, walk)
    _check_tiles(session, report)
    _check_salts(session, report)
    for _by, *place in sorted(walk.erased - walk.told):
        report.fail("ERASURE", "erased_untold", " ".join(place))
    return report


def _check_size(walk: _Walk) -> None:
    """As many leaves as the newest head says."""
    if walk.frontier.size != walk.report.size:
        walk.report.fail("ROOT", "proof_missing", f"{walk.frontier.size} leaves under a head of {walk.report.size}")


def _check_salts(session: Session, report: LogReport) -> None:
    """No salt serves twice."""
    reused = sa.text("SELECT min(event_id::text) FROM history_opening GROUP BY salt HAVING count(*) > 1 LIMIT 20")
    for event in session.scalars(reused):
        report.fail("COMMIT", "salt_reused", "", 0, event)


def _chunks(session: Session, statement: sa.TextClause) -> Iterator[list[Any]]:
    result = session.execute(statement.execution_options(yield_per=CHUNK))
    for rows in result.partitions(CHUNK):
        yield list(rows)


def _take(session: Session, walk: _Walk, rows: list[Any], *, sealed: bool) -> None:
    report = walk.report
    first = report.sealed + report.unsealed + 1
    present = [row for row in rows if row.body is not None]
    for row in rows:
        if row.body is None:
            report.fail("ROOT", "event_gone", str(row.leaf_index))
    openings = [
        {"n": number, **opening}
        for number, row in enumerate(present, first)
        for opening in [*(row.openings or []), *(row.erased or [])]
    ]
    chunk = check_chunk(first, origin(), [row.body for row in present], openings)
    report.faults += chunk.faults[: MOST_FAULTS - len(report.faults)]
    report.faults += join_spans(walk.spans, chunk, whole=True)
    for number, (row, digest) in enumerate(zip(present, chunk.hashes, strict=True), first):
        _check_row(walk, row, digest, number)
        if sealed:
            _grow(session, walk, row, digest)
    if sealed:
        report.sealed += len(present)
    else:
        report.unsealed += len(present)


def _check_row(walk: _Walk, row: Any, digest: bytes, number: int) -> None:
    report, event = walk.report, str(row.id)
    try:
        body = read_event(row.body)
    except ValueError:
        return
    _check_hash(walk, row, digest, number)
    different = [name for name, expected, found in _columns(row, body) if expected != found]
    if different:
        report.fail("INDEX", "columns_differ", ", ".join(different), number, event)
    _check_opened(walk, row, body, number)
    walk.erased |= {(gone["erased"], event, gone["path"]) for gone in row.erased or []}
    if body["action"] == "privacy.erased":
        walk.told |= {(event, place["event"], place["path"]) for place in body["state"].get("places", [])}


def _check_hash(walk: _Walk, row: Any, digest: bytes, number: int) -> None:
    """The hash stored with the event and that in the tree are the hash of its bytes."""
    if row.leaf_hash != digest or (row.sealed_hash is not None and row.sealed_hash != digest):
        walk.report.fail("ROOT", "hash_differs", "", number, str(row.id))


def _check_opened(walk: _Walk, row: Any, body: dict[str, Any], number: int) -> None:
    """Every commitment can be opened, or was erased by a decision."""
    have = {opening["path"] for opening in [*(row.openings or []), *(row.erased or [])]}
    lost = sorted(set(commitments_in(body)) - have)
    if lost:
        walk.report.fail("ERASURE", "opening_gone", ", ".join(lost), number, str(row.id))


def _columns(row: Any, body: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    actor, authority = body["actor"], body["authority"]
    return [
        ("id", body["id"], str(row.id)), ("stream_id", body["stream"], row.stream_id), ("seq", body["seq"], row.seq),
        ("verb", body["action"], row.verb), ("subject_kind", body["subject"]["type"], row.subject_kind),
        ("subject_id", body["subject"]["id"], str(row.subject_id)), ("actor_id", actor["id"], _text(row.actor_id)),
        ("organisation_id", body["obo"] or actor["org"], _text(row.organisation_id)),
        ("authority_kind", None if authority["kind"] == "none" else authority["kind"], row.authority_kind),
        ("authority_id", authority.get("id"), _text(row.authority_id)), ("occurred_at", body["occurred"], canon.instant(row.occurred_at)),
        ("recorded_at", body["recorded"], canon.instant(row.recorded_at)), ("request_id", body["req"], row.request_id),
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _grow(session: Session, walk: _Walk, row: Any, digest: bytes) -> None:
    report = walk.report
    if row.leaf_index != walk.frontier.size:
        report.fail("ROOT", "proof_missing", f"leaf {walk.frontier.size} is missing")
    if walk.frontier.size + 1 == walk.last_manifest:
        _check_manifest(walk, row)
    walk.frontier.append(digest)
    walk.tile.append(digest)
    if len(walk.tile) == WIDTH:
        _check_tile(session, walk)
        walk.tile.clear()
    _check_head(walk)


def _check_tile(session: Session, walk: _Walk) -> None:
    """The tile that is full now is stored with the hashes of its leaves."""
    index = walk.frontier.size // WIDTH - 1
    stored = session.get(LogTile, (0, index))
    if stored is None or stored.hashes != b"".join(walk.tile):
        walk.report.fail("TILE", "tile_differs", f"0/{index}")


def _check_head(walk: _Walk) -> None:
    """A head of this size has the root of the leaves so far."""
    head = walk.heads.get(walk.frontier.size)
    if head is not None and head.root != walk.frontier.root():
        walk.report.fail("ROOT", "root_differs", str(head.size))


def _check_manifest(walk: _Walk, row: Any) -> None:
    """The last manifest lists the streams as they were then; the spans are that far, but for the rest of this chunk."""
    heads = read_event(row.body).get("heads")
    if not heads or heads["size"] != walk.frontier.size or str(walk.heads[walk.last_manifest].manifest_event_id) != str(row.id):
        walk.report.fail("HEADS", "heads_missing", str(walk.frontier.size))


def _check_streams(session: Session, walk: _Walk, sealed_ends: dict[str, tuple[int, str]]) -> None:
    report = walk.report
    frontier, last = Frontier(), session.scalar(sa.select(sa.func.max(LogHead.size)))
    ends = {stream: (span.last_seq, span.last_hash) for stream, span in walk.spans.items()}
    for row in session.execute(sa.select(HistoryStream.id, HistoryStream.seq, HistoryStream.head).order_by(HistoryStream.id)):
        if ends.pop(row.id, (0, bytes(32).hex())) != (row.seq, row.head.hex()):
            report.fail("HEADS", "heads_differ", row.id)
    for stream in ends:
        report.fail("HEADS", "heads_missing", stream)
    for end in session.scalars(sa.select(LogSealed).order_by(LogSealed.stream_id)):
        if sealed_ends.pop(end.stream_id, None) != (end.seq, end.head.hex()):
            report.fail("HEADS", "heads_differ", end.stream_id)
        if not end.stream_id.startswith("log_heads/"):
            frontier.append(hash_leaf(line_of(end.stream_id, end.seq, end.head)))
    for stream in sealed_ends:
        report.fail("HEADS", "heads_missing", stream)
    if last and last == walk.last_manifest:
        body = session.scalar(
            sa.text("SELECT body FROM history_event WHERE id = :id"), {"id": walk.heads[walk.last_manifest].manifest_event_id}
        )
        if body is None or read_event(body)["heads"]["root"] != frontier.root().hex():
            report.fail("HEADS", "heads_differ", "manifest")


def _check_notes(session: Session, walk: _Walk) -> None:
    keys = [(parse_key(row.vkey), row.from_size) for row in session.scalars(sa.select(LogKey).order_by(LogKey.from_size))]
    for size, text in sorted(walk.notes.items()):
        head = walk.heads[size]
        trusted = [key for key, first in keys if first <= size][-1:]
        try:
            note = parse_note(text)
            right = parse_checkpoint(note.text) == Checkpoint(origin(), size, head.root)
        except BadNote:
            right = False
        if not right or not any(is_signed_by(note, key, verify_with_openssl) for key in trusted):
            walk.report.fail("NOTE", "not_signed", str(size))
    witnesses = {row.name: parse_key(row.vkey) for row in session.scalars(sa.select(LogWitness))}
    for line in session.scalars(sa.select(LogCosignature)):
        known = witnesses.get(line.witness)
        under = walk.notes.get(line.size, "")
        if known is None or not under or cosigned_at(parse_note(under + line.line), known, verify_with_openssl) is None:
            walk.report.fail("WITNESS", "not_signed", f"{line.witness} {line.size}")


def _check_tiles(session: Session, report: LogReport) -> None:
    """Tiles above the leaves hold the roots of the tiles below, and each root is the root over its tile."""
    below: dict[tuple[int, int], list[bytes]] = {}
    for tile in session.scalars(sa.select(LogTile).order_by(LogTile.level, LogTile.idx).execution_options(yield_per=500)):
        hashes = [tile.hashes[at : at + 32] for at in range(0, len(tile.hashes), 32)]
        frontier = Frontier()
        frontier.extend(hashes)
        expected = below.pop((tile.level, tile.idx), None) if tile.level else hashes
        if frontier.root() != tile.root or expected != hashes:
            report.fail("TILE", "tile_differs", f"{tile.level}/{tile.idx}")
        below.setdefault((tile.level + 1, tile.idx // WIDTH), []).append(tile.root)
