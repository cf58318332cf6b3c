"""A true history for rows that never pass through a session: the writer's own events, chained in their streams, for COPY.

Bytes, hashes, commitments and versions are made by `collab.history.writer`, so that mass data is told as everything else is.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from collab.factory.demo.scale_copy import Batch, blank
from collab.history import Authority, Tracked, canon, store, writer
from collab.history.tracking import columns_of
from collab.kernel.access import Actor
from collab.kernel.db import Base
from collab.kernel.ids import new_id


@dataclass(eq=False)
class Subject:
    """A row under way, by attribute and in plain values, and the version of it that is in force."""

    model: type[Base]
    id: UUID
    row: dict[str, Any]
    known: store.Known = field(default_factory=store.Known)


def new_subject(model: type[Base], **values: Any) -> Subject:
    """Return a new row of ``model`` with ``values`` (plain: ids, days, sums and instants as text) over the model's defaults."""
    key = new_id()
    row = blank(model) | {"id": str(key)} | values
    if "version" in row:
        row["version"] = 0
    return Subject(model, key, row)


def _tracked(subject: Subject) -> Tracked:
    found: Tracked = subject.model.__tracked__  # type: ignore[attr-defined]
    return found


class Chain:
    """The end of one stream, and the rows that wait to be written behind it."""

    def __init__(self, batch: Batch, stream_id: str, head: store.Head) -> None:
        """Continue the stream ``stream_id`` from ``head``, whose lock the caller holds."""
        self.batch, self.stream_id, self.head = batch, stream_id, head

    def act(self, verb: str, actor: Actor, now: datetime, subjects: list[Subject], *, reason: str = "",
            authority: Authority | None = None, attachments: list[dict[str, str]] | None = None) -> None:  # fmt: skip
        """Record an act as `history.act` does: the first of ``subjects`` is what it is about, the others changed with it."""
        first: writer.PendingEvent | None = None
        for subject in subjects:
            if "version" in subject.row:
                subject.row["version"] += 1
            if stamp := _tracked(subject).stamp:
                subject.row[stamp] = canon.instant(now)
            item = self._pending(verb, actor, now, subject, authority)
            if first is None:
                first = replace(item, reason=reason, attachments=attachments or [])
                item = first
            else:
                item.cause = first.event_id
            self._record(item, subject)

    def _pending(
        self, verb: str, actor: Actor, now: datetime, subject: Subject, authority: Authority | None
    ) -> writer.PendingEvent:
        tracked = _tracked(subject)
        clear, private = columns_of(subject.model)
        row = subject.row
        return writer.PendingEvent(
            verb=verb, actor=actor, now=now, occurred_at=now, reason="", authority_kind=authority.kind if authority else None,
            authority_id=authority.id if authority else None, authority_clause=authority.clause if authority else "",
            on_behalf_of=None, stream_id=self.stream_id, subject_kind=tracked.kind, subject_id=subject.id,
            subject_version=row.get("version", 1), clear={name: row[name] for name in clear},
            private={name: row[name] for name in private}, attachments=[],
        )  # fmt: skip

    def _record(self, item: writer.PendingEvent, subject: Subject) -> None:
        head, rows = self.head, self.batch.history
        head.recorded_at = max(head.recorded_at, item.now)
        rows.close(subject.known, head.recorded_at)
        subject.known = writer.add(rows, item, head, subject.known)


def new_chain(batch: Batch, stream_id: str, now: datetime) -> Chain:
    """Begin a stream whose first event comes at ``now``."""
    head = store.Head(0, store.NO_HASH, now)
    batch.streams[stream_id] = head
    return Chain(batch, stream_id, head)
