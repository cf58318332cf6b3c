"""Rebuilds every version from the events and compares it with the stored one: states, intervals, order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.models import FOREVER
from collab.history.verifier.strict import commitments_in

CHUNK = 2000

_ROWS = """
SELECT e.id, e.stream_id, e.subject_id, e.subject_kind, e.body, v.event_id AS stored, v.previous_event_id, v.recorded_from,
       v.recorded_to, v.state, v.commitments, v.stream_id AS version_stream, v.subject_id AS version_subject,
       v.subject_kind AS version_kind,
       (SELECT jsonb_object_agg(o.path, o.value) FROM history_opening o WHERE o.event_id = e.id) AS opened,
       (SELECT jsonb_object_agg(x.path, x.erasure_event_id) FROM history_erasure x WHERE x.event_id = e.id) AS erased
FROM history_event e LEFT JOIN history_version v ON v.event_id = e.id
{where} ORDER BY e.stream_id, e.seq
"""
_OF_NO_EVENT = """
SELECT v.event_id AS id, v.subject_kind, v.subject_id FROM history_version v
WHERE NOT EXISTS (SELECT FROM history_event e WHERE e.id = v.event_id) {and_where} ORDER BY v.event_id
"""


@dataclass(frozen=True)
class Difference:
    """A version that is not what the events give: of which event, and in what."""

    event_id: UUID
    subject_kind: str
    subject_id: UUID
    what: str


def check_versions(session: Session, streams: list[str] | None = None) -> Iterator[Difference]:
    """Yield every difference between the stored versions and those rebuilt from the events of ``streams`` (None: all)."""
    where = "" if streams is None else "WHERE e.stream_id = ANY(:streams)"
    given = {} if streams is None else {"streams": streams}
    statement = sa.text(_ROWS.format(where=where)).execution_options(yield_per=CHUNK)
    stream = ""
    opened: dict[UUID, Any] = {}
    meaning: dict[str, Any] = {}
    for row in session.execute(statement, given):
        if row.stream_id != stream:
            yield from _close(opened)
            stream, opened, meaning = row.stream_id, {}, {}
        body = json.loads(row.body)
        if "heads" in body:
            continue
        before = opened.get(row.subject_id)
        yield from _compare(row, body, before, meaning)
        opened[row.subject_id] = row
    yield from _close(opened)
    of_no_event = sa.text(_OF_NO_EVENT.format(and_where="" if streams is None else "AND v.stream_id = ANY(:streams)"))
    for row in session.execute(of_no_event, given):
        yield Difference(row.id, row.subject_kind, row.subject_id, "event")


def _close(opened: dict[UUID, Any]) -> Iterator[Difference]:
    for row in opened.values():
        if row.stored is not None and row.recorded_to != FOREVER:
            yield Difference(row.id, row.subject_kind, row.subject_id, "recorded_to")


def _compare(row: Any, body: dict[str, Any], before: Any, meaning: dict[str, Any]) -> Iterator[Difference]:
    if row.stored is None:
        yield Difference(row.id, row.subject_kind, row.subject_id, "missing")
        return
    opened, erased = row.opened or {}, row.erased or {}
    for path, made in commitments_in(body).items():
        meaning[made] = f"[erased, event {erased[path]}]" if path in erased else opened.get(path)
    expected = dict(body["state"]) | {name: meaning.get(made) for name, made in body["state_c"].items()}
    recorded = _instant(body["recorded"])
    checks = {
        "state": row.state == expected,
        "commitments": row.commitments == body["state_c"],
        "recorded_from": row.recorded_from == recorded,
        "previous_event_id": row.previous_event_id == (before.id if before is not None else None),
        "subject": (row.version_stream, row.version_kind, row.version_subject)
        == (row.stream_id, row.subject_kind, row.subject_id),
    }
    for what, holds in checks.items():
        if not holds:
            yield Difference(row.id, row.subject_kind, row.subject_id, what)
    if before is not None and before.recorded_to != recorded:
        yield Difference(before.id, before.subject_kind, before.subject_id, "recorded_to")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
