"""Builds the part of a bundle that proves: events, leaves, proofs, checkpoints, openings, attachments, tables as of days."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history import canon
from collab.history.erasure_models import HistoryErasure
from collab.history.evidence.archive import BundleWriter
from collab.history.evidence.heads import HeadLines
from collab.history.log_models import LogCheckpoint, LogCosignature, LogHead, LogKey, LogLeaf
from collab.history.models import HistoryEvent, HistoryOpening
from collab.history.origin import origin
from collab.history.sealing.seal import LOCK_KEY, newest_head
from collab.history.sealing.tree import TreeReader
from collab.history.verifier.assemble import verifier_file
from collab.history.verifier.checks import FORMAT
from collab.history.verifier.merkle import blocks_without
from collab.history.verifier.replay import index_openings, tables_of

MOST_PRIORS = 60
#: Above so many events no tables as of a day are written: the verifier would have to hold every event at once.
MOST_FOR_TABLES = 200_000


class NotSealed(RuntimeError):
    """The log's newest head is not signed, or its last leaf is no manifest: seal first, with a manifest."""


@dataclass(frozen=True)
class EventKey:
    """What decides whether a recipient may read an event's private values: whose event it is."""

    event_id: UUID
    stream_id: str
    subject_kind: str
    subject_id: UUID
    organisation_id: UUID | None


@dataclass
class Plan:
    """What goes into a bundle. ``may_open`` and ``attachment`` are asked about each event and each attached file."""

    kind: str
    subject_id: UUID
    streams: Sequence[str]
    made_at: datetime
    recipient: str
    export_event: UUID | None
    days: Sequence[str] = ()
    #: Sizes of checkpoints that the recipient holds: from each of them the bundle proves that the log continues.
    sizes: Sequence[int] = ()
    may_open: Callable[[EventKey, str], bool] = lambda _event, _path: True
    attachment: Callable[[str], Path | None] = lambda _digest: None
    #: Further files, name -> content: README, report, provenance.
    papers: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """What a bundle came to hold."""

    events: int
    unsealed: int
    size: int
    attachments: int


def build(session: Session, plan: Plan, path: Path, progress: Callable[[int], None] = lambda _percent: None) -> Built:
    """Write the bundle to ``path``. Raises NotSealed. The sealing lock is held until the session's transaction ends."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
    checkpoint, head = _checkpoint(session)
    rows = _rows(session, plan.streams, head)
    progress(20)
    with BundleWriter(path) as out:
        out.add("checkpoint.txt", note_with_cosignatures(session, checkpoint))
        out.add_pieces("events.jsonl", (row.body + b"\n" for row in rows))
        out.add("leaves.txt", "".join(f"{'-' if row.leaf_index is None else row.leaf_index}\n" for row in rows))
        reader = TreeReader(session, checkpoint.size)
        _add_proofs(out, reader, [row.leaf_index for row in rows if row.leaf_index is not None])
        _add_heads(out, session, plan.streams)
        _add_priors(out, session, reader, plan.sizes)
        progress(50)
        openings = _openings(session, rows, plan.may_open)
        out.add_pieces("openings.jsonl", (_line(opening) for opening in openings))
        attached = _add_attachments(out, rows, plan.attachment)
        progress(75)
        days = list(plan.days) if len(rows) <= MOST_FOR_TABLES else []
        for day, table in tables_of((canon.decode(row.body) for row in rows), index_openings(openings), days).items():
            out.add(f"asof/{day}.csv", b"\xef\xbb\xbf" + table.encode())
        for name, data in sorted(plan.papers.items()):
            out.add(name, data)
        out.add("verify.py", verifier_file())
        out.finish(_manifest(plan, checkpoint, rows))
    unsealed = sum(row.leaf_index is None for row in rows)
    return Built(len(rows), unsealed, checkpoint.size, attached)


def _checkpoint(session: Session) -> tuple[LogCheckpoint, LogHead]:
    head = newest_head(session)
    if head is None or head.manifest_event_id is None:
        raise NotSealed("the last leaf is no manifest")
    checkpoint = session.get(LogCheckpoint, head.size)
    if checkpoint is None:
        raise NotSealed("the newest head is not signed")
    return checkpoint, head


def note_with_cosignatures(session: Session, checkpoint: LogCheckpoint) -> str:
    """Return a checkpoint's note with the lines of all witnesses that cosigned it."""
    lines = session.scalars(
        sa.select(LogCosignature.line).where(LogCosignature.size == checkpoint.size).order_by(LogCosignature.witness)
    )
    return checkpoint.note + "".join(lines)


def _rows(session: Session, streams: Sequence[str], head: LogHead) -> list[Any]:
    statement = (
        sa.select(
            HistoryEvent.id, HistoryEvent.stream_id, HistoryEvent.seq, HistoryEvent.body, HistoryEvent.subject_kind,
            HistoryEvent.subject_id, HistoryEvent.organisation_id, LogLeaf.leaf_index,
        )
        .outerjoin(LogLeaf, LogLeaf.event_id == HistoryEvent.id)
        .where(sa.or_(HistoryEvent.stream_id.in_(streams), HistoryEvent.id == head.manifest_event_id))
        .order_by(LogLeaf.leaf_index.asc().nulls_last(), HistoryEvent.stream_id, HistoryEvent.seq)
    )  # fmt: skip
    return list(session.execute(statement))


def _add_proofs(out: BundleWriter, reader: TreeReader, indexes: list[int]) -> None:
    blocks = blocks_without(indexes, 0, reader.size)
    lines = (f"{level} {index} {base64.b64encode(reader.node(level, index)).decode()}\n".encode() for level, index in blocks)
    out.add_pieces("proof.txt", lines)


def _add_heads(out: BundleWriter, session: Session, streams: Sequence[str]) -> None:
    known = HeadLines(session)
    out.add_pieces("heads.jsonl", (_line(proof) for proof in map(known.proof, sorted(set(streams))) if proof))


def _add_priors(out: BundleWriter, session: Session, reader: TreeReader, sizes: Sequence[int]) -> None:
    """Add earlier checkpoints, those with most cosignatures among the newest, so that any that an auditor kept can be continued."""
    cosigned = sa.select(LogCosignature.size, sa.func.count().label("lines")).group_by(LogCosignature.size).subquery()
    chosen = session.scalars(
        sa.select(LogCheckpoint)
        .outerjoin(cosigned, cosigned.c.size == LogCheckpoint.size)
        .where(LogCheckpoint.size < reader.size)
        .order_by(sa.func.coalesce(cosigned.c.lines, 0).desc(), LogCheckpoint.size.desc())
        .limit(MOST_PRIORS)
    ).all()
    for prior in sorted(chosen, key=lambda row: row.size):
        out.add(f"prior/{prior.size}.txt", note_with_cosignatures(session, prior))
    for size in sorted({row.size for row in chosen} | {size for size in sizes if 0 < size < reader.size}):
        out.add(f"consistency/{size}.txt", consistency_text(reader, size))
    keys = session.scalars(sa.select(LogKey).order_by(LogKey.from_size))
    out.add("keys.txt", "".join(f"{key.vkey} from size {key.from_size}\n{key.endorsement}\n" for key in keys))


def consistency_text(reader: TreeReader, old: int) -> str:
    """Return the consistency proof from ``old``, one hash in base64 a line."""
    return "".join(f"{base64.b64encode(step).decode()}\n" for step in reader.consistency(old))


def _openings(session: Session, rows: list[Any], may_open: Callable[[EventKey, str], bool]) -> list[dict[str, Any]]:
    numbers = {row.id: number for number, row in enumerate(rows, 1)}
    keys = {row.id: EventKey(row.id, row.stream_id, row.subject_kind, row.subject_id, row.organisation_id) for row in rows}
    found: list[dict[str, Any]] = []
    for batch in _batches(list(numbers), 5000):
        for opening in session.scalars(sa.select(HistoryOpening).where(HistoryOpening.event_id.in_(batch))):
            if may_open(keys[opening.event_id], opening.path):
                found.append({
                    "n": numbers[opening.event_id], "event": str(opening.event_id), "path": opening.path,
                    "salt": opening.salt.hex(), "value": opening.value,
                })  # fmt: skip
        for gone in session.scalars(sa.select(HistoryErasure).where(HistoryErasure.event_id.in_(batch))):
            found.append({
                "n": numbers[gone.event_id], "event": str(gone.event_id), "path": gone.path, "erased": str(gone.erasure_event_id),
            })  # fmt: skip
    return sorted(found, key=lambda line: (line["n"], line["path"]))


def _batches(ids: list[UUID], size: int) -> Iterator[list[UUID]]:
    for at in range(0, len(ids), size):
        yield ids[at : at + size]


def _add_attachments(out: BundleWriter, rows: list[Any], attachment: Callable[[str], Path | None]) -> int:
    digests = {file["sha256"]: None for row in rows for file in canon.decode(row.body)["att"] if "sha256" in file}
    count = 0
    for digest in digests:
        path = attachment(digest)
        if path is not None:
            out.add_file(f"attachments/{digest}", path)
            count += 1
    return count


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _manifest(plan: Plan, checkpoint: LogCheckpoint, rows: list[Any]) -> dict[str, Any]:
    return {
        "format": FORMAT, "origin": origin(), "made_at": canon.instant(plan.made_at), "recipient": plan.recipient,
        "scope": {"kind": plan.kind, "id": str(plan.subject_id), "streams": sorted(set(plan.streams))},
        "export_event": str(plan.export_event) if plan.export_event else None, "checkpoint_size": checkpoint.size,
        "events": len(rows), "unsealed": sum(row.leaf_index is None for row in rows), "as_of": sorted(plan.days),
    }  # fmt: skip
