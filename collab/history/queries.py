"""Reads of the history: an object's timeline, everything of a stream, and any stream as it was recorded on a day."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.models import FOREVER, HistoryEvent, HistoryOpening, HistoryVersion
from collab.kernel.paging import Key, Page, keyset


@dataclass(frozen=True)
class FieldChange:
    """One field before and after, with private values opened; of an erased one the mark (`canon.is_erased`)."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Entry:
    """One event as the timeline shows it."""

    event_id: UUID
    stream_id: str
    seq: int
    verb: str
    subject_kind: str
    subject_id: UUID
    actor_id: UUID | None
    actor_kind: str
    job: str
    organisation_id: UUID | None
    reason: str
    authority_kind: str | None
    authority_id: UUID | None
    authority_clause: str
    occurred_at: datetime
    recorded_at: datetime
    changes: tuple[FieldChange, ...]
    is_reason_erased: bool = False


@dataclass(frozen=True)
class Snapshot:
    """A subject's state as it was recorded at an instant, and the event that made it so."""

    subject_kind: str
    subject_id: UUID
    event_id: UUID
    recorded_from: datetime
    state: dict[str, Any]


_NEWEST_FIRST = (
    Key(HistoryEvent.recorded_at, lambda row: row.recorded_at, descending=True),
    Key(HistoryEvent.id, lambda row: row.id, descending=True),
)


def list_subject(session: Session, subject_id: UUID, cursor: str | None = None, size: int = 50) -> Page[Entry]:
    """Return the page of events on one subject, newest first."""
    return _page(session, sa.select(HistoryEvent).where(HistoryEvent.subject_id == subject_id), cursor, size)


def list_stream(session: Session, stream_id: str, cursor: str | None = None, size: int = 50) -> Page[Entry]:
    """Return the page of events of one stream (an agreement with its parties, a plan with its items), newest first."""
    keys = (Key(HistoryEvent.seq, lambda row: row.seq, descending=True),)
    statement = sa.select(HistoryEvent).where(HistoryEvent.stream_id == stream_id)
    page = keyset(session, statement, keys, cursor, size=size, scalars=True)
    return Page(_entries(session, page.rows), page.next_cursor, page.previous_cursor)


def entries_by_ids(session: Session, event_ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """Return the events with these ids as the timeline shows them, with three queries however many they are."""
    events = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.id.in_(event_ids))).all()
    return {entry.event_id: entry for entry in _entries(session, events)}


def as_of(session: Session, stream_id: str, at: datetime, *beside: str, kind: str = "") -> list[Snapshot]:
    """Return every subject of the stream (and of the streams ``beside`` it) as it was recorded at the instant ``at``.

    What was removed by then carries removed_at. ``kind`` narrows to subjects of one kind. One query.
    """
    streams = HistoryVersion.stream_id.in_([stream_id, *beside])
    return _snapshots(session, sa.and_(streams, HistoryVersion.subject_kind == kind) if kind else streams, at)


def subject_as_of(session: Session, subject_id: UUID, at: datetime) -> Snapshot | None:
    """Return one subject as it was recorded at ``at``, or None when it was not known by then."""
    found = _snapshots(session, HistoryVersion.subject_id == subject_id, at)
    return found[0] if found else None


def current_states(session: Session, subject_ids: Collection[UUID]) -> list[Snapshot]:
    """Return the present states of the subjects that are known among ``subject_ids``, whatever their kind. One query."""
    return _versions(session, HistoryVersion.subject_id.in_(subject_ids), HistoryVersion.recorded_to == FOREVER)


def _snapshots(session: Session, which: sa.ColumnElement[bool], at: datetime) -> list[Snapshot]:
    return _versions(session, which, HistoryVersion.recorded_from <= at, HistoryVersion.recorded_to > at)


def _versions(session: Session, *which: sa.ColumnElement[bool]) -> list[Snapshot]:
    version = HistoryVersion
    rows = session.execute(
        sa.select(version.subject_kind, version.subject_id, version.event_id, version.recorded_from, version.state)
        .where(*which)
        .order_by(version.subject_kind, version.subject_id)
    )
    return [Snapshot(row.subject_kind, row.subject_id, row.event_id, row.recorded_from, row.state) for row in rows]


def _page(session: Session, statement: sa.Select[Any], cursor: str | None, size: int) -> Page[Entry]:
    page = keyset(session, statement, _NEWEST_FIRST, cursor, size=size, scalars=True)
    return Page(_entries(session, page.rows), page.next_cursor, page.previous_cursor)


def _entries(session: Session, events: Sequence[HistoryEvent]) -> list[Entry]:
    ids = [event.id for event in events]
    states = _states(session, ids)
    reasons = _reasons(session, ids)
    return [_entry(event, *states.get(event.id, ({}, {})), reasons.get(event.id, "")) for event in events]


def _states(session: Session, event_ids: list[UUID]) -> dict[UUID, tuple[dict[str, Any], dict[str, Any]]]:
    before = sa.orm.aliased(HistoryVersion)
    rows = session.execute(
        sa.select(HistoryVersion.event_id, before.state.label("old"), HistoryVersion.state.label("new"))
        .outerjoin(before, before.event_id == HistoryVersion.previous_event_id)
        .where(HistoryVersion.event_id.in_(event_ids))
    )
    return {row.event_id: (row.old or {}, row.new) for row in rows}


def _reasons(session: Session, event_ids: list[UUID]) -> dict[UUID, str]:
    rows = session.execute(
        sa.select(HistoryOpening.event_id, HistoryOpening.value).where(
            HistoryOpening.event_id.in_(event_ids), HistoryOpening.path == "reason"
        )
    )
    return {row.event_id: row.value for row in rows}


def _entry(event: HistoryEvent, old: dict[str, Any], new: dict[str, Any], reason: str) -> Entry:
    body = json.loads(event.body)
    names = [change["f"] for change in body["changes"]]
    return Entry(
        event_id=event.id, stream_id=event.stream_id, seq=event.seq, verb=event.verb, subject_kind=event.subject_kind,
        subject_id=event.subject_id, actor_id=event.actor_id, actor_kind=body["actor"]["kind"], job=body["actor"]["job"] or "",
        organisation_id=event.organisation_id, reason=reason, authority_kind=event.authority_kind,
        authority_id=event.authority_id, authority_clause=body["authority"].get("clause", ""), occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        changes=tuple(FieldChange(name, old.get(name), new.get(name)) for name in names),
        is_reason_erased=bool(body["reason_c"]) and not reason,
    )  # fmt: skip
