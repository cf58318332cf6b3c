"""Writes the pending events of a transaction: numbers them in their streams, chains, hashes and stores them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.history import canon
from collab.history.models import FOREVER, HistoryEvent, HistoryOpening, HistoryStream, HistoryVersion
from collab.kernel.access import Actor, Scope
from collab.kernel.events import publish
from collab.kernel.ids import new_id

BODY_VERSION = 1
NO_HASH = bytes(32)
_stream = cast(sa.Table, HistoryStream.__table__)
_event = cast(sa.Table, HistoryEvent.__table__)
_opening = cast(sa.Table, HistoryOpening.__table__)
_version = cast(sa.Table, HistoryVersion.__table__)


@dataclass
class PendingEvent:
    """An event whose place in its stream is not known yet."""

    verb: str
    actor: Actor
    now: datetime
    occurred_at: datetime
    reason: str
    authority_kind: str | None
    authority_id: UUID | None
    authority_clause: str
    on_behalf_of: UUID | None
    stream_id: str
    subject_kind: str
    subject_id: UUID
    subject_version: int
    clear: dict[str, Any]
    private: dict[str, Any]
    attachments: list[dict[str, str]]
    cause: UUID | None = None
    event_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class ChangesRecorded:
    """Published once a transaction, with the (kind, id) of every subject that got an event."""

    subjects: tuple[tuple[str, UUID], ...]


@dataclass
class _Head:
    seq: int
    head: bytes
    recorded_at: datetime


@dataclass
class _Known:
    """The version in force of a subject before an event: its state, commitments and the event that made it."""

    event_id: UUID | None = None
    state: dict[str, Any] = field(default_factory=dict)
    commitments: dict[str, str] = field(default_factory=dict)


def write(session: Session, pending: list[PendingEvent]) -> None:
    """Store ``pending`` in order. Streams are locked in the order of their names, so that two writers cannot deadlock."""
    heads = _lock_streams(session, pending)
    known = _close_versions(session, pending)
    events: list[dict[str, Any]] = []
    openings: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    for item in pending:
        head = heads[item.stream_id]
        head.recorded_at = max(head.recorded_at, item.now)
        event, version, opened = _build(session, item, head, known.get(item.subject_id, _Known()))
        for earlier in versions:
            if earlier["subject_id"] == item.subject_id and earlier["recorded_to"] is None:
                earlier["recorded_to"] = head.recorded_at
        head.seq, head.head = event["seq"], event["leaf_hash"]
        known[item.subject_id] = _Known(item.event_id, version["state"], version["commitments"])
        events.append(event)
        versions.append(version)
        openings.extend(opened)
    _store(session, heads, events, versions, openings)
    publish(session, ChangesRecorded(tuple({(item.subject_kind, item.subject_id): None for item in pending})))


def _lock_streams(session: Session, pending: list[PendingEvent]) -> dict[str, _Head]:
    first = {item.stream_id: item.now for item in reversed(pending)}
    heads: dict[str, _Head] = {}
    for stream_id in sorted(first):
        # The no-op update locks the row and returns it, whether it was there or not.
        statement = (
            postgresql.insert(_stream)
            .values(id=stream_id, seq=0, head=NO_HASH, recorded_at=first[stream_id])
            .on_conflict_do_update(index_elements=["id"], set_={"seq": _stream.c.seq})
            .returning(_stream.c.seq, _stream.c.head, _stream.c.recorded_at)
        )
        row = session.connection().execute(statement).one()
        heads[stream_id] = _Head(row.seq, bytes(row.head), row.recorded_at)
    return heads


def _close_versions(session: Session, pending: list[PendingEvent]) -> dict[UUID, _Known]:
    closing = {item.subject_id: item.now for item in reversed(pending)}
    current = sa.and_(_version.c.subject_id.in_(list(closing)), _version.c.recorded_to == FOREVER)
    stream = sa.select(_stream.c.recorded_at).where(_stream.c.id == _version.c.stream_id).scalar_subquery()
    statement = (
        sa.update(_version)
        .where(current)
        .values(recorded_to=sa.func.greatest(stream, max(closing.values())))
        .returning(_version.c.subject_id, _version.c.event_id, _version.c.state, _version.c.commitments)
    )
    rows = session.connection().execute(statement)
    return {row.subject_id: _Known(row.event_id, row.state, row.commitments) for row in rows}


def _build(session: Session, item: PendingEvent, head: _Head, known: _Known,
           ) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    openings: list[dict[str, Any]] = []
    commitments = {}
    for name, value in item.private.items():
        if known.event_id and name in known.commitments and known.state.get(name) == value:
            commitments[name] = known.commitments[name]
        else:
            commitments[name] = _commit(item, f"state.{name}", value, openings)
    body = canon.encode(_body(session, item, head, known, commitments, openings))
    event = {
        "id": item.event_id, "stream_id": item.stream_id, "seq": head.seq + 1, "leaf_hash": canon.leaf_hash(body), "body": body,
        "verb": item.verb, "subject_kind": item.subject_kind, "subject_id": item.subject_id, "actor_id": item.actor.user_id,
        "organisation_id": item.on_behalf_of or item.actor.organisation_id, "authority_kind": item.authority_kind,
        "authority_id": item.authority_id, "occurred_at": item.occurred_at, "recorded_at": head.recorded_at,
        "request_id": item.actor.request_id,
    }  # fmt: skip
    version = {
        "event_id": item.event_id, "previous_event_id": known.event_id, "stream_id": item.stream_id,
        "subject_kind": item.subject_kind, "subject_id": item.subject_id, "recorded_from": head.recorded_at, "recorded_to": None,
        "state": {**item.clear, **item.private}, "commitments": commitments,
    }  # fmt: skip
    return event, version, openings


def _commit(item: PendingEvent, path: str, value: Any, openings: list[dict[str, Any]]) -> str:
    salt = canon.new_salt()
    openings.append({"event_id": item.event_id, "path": path, "salt": salt, "value": value})
    return canon.commitment(salt, path, value)


def _body(session: Session, item: PendingEvent, head: _Head, known: _Known, commitments: dict[str, str],
          openings: list[dict[str, Any]]) -> dict[str, Any]:  # fmt: skip
    changes: list[dict[str, Any]] = [
        {"f": name, "o": known.state.get(name), "n": value}
        for name, value in sorted(item.clear.items())
        if not known.event_id or known.state.get(name) != value
    ]
    changes += [
        {"f": name, "oc": known.commitments.get(name), "nc": digest}
        for name, digest in sorted(commitments.items())
        if known.commitments.get(name) != digest
    ]
    return {
        "v": BODY_VERSION,
        "log": session.info.get("history_log", "history.demo/1"),
        "id": str(item.event_id),
        "stream": item.stream_id,
        "seq": head.seq + 1,
        "prev": head.head.hex(),
        "action": item.verb,
        "outcome": "done",
        "subject": {"type": item.subject_kind, "id": str(item.subject_id), "ver": item.subject_version},
        "actor": _actor(item.actor),
        "obo": str(item.on_behalf_of) if item.on_behalf_of else None,
        "state": item.clear,
        "state_c": commitments,
        "changes": changes,
        "reason_c": _commit(item, "reason", item.reason, openings) if item.reason else None,
        "authority": _authority(item),
        "att": item.attachments,
        "occurred": canon.instant(item.occurred_at),
        "recorded": canon.instant(head.recorded_at),
        "req": item.actor.request_id,
        "cause": str(item.cause) if item.cause else None,
    }


def _actor(actor: Actor) -> dict[str, Any]:
    roles = sorted({f"{grant.role.value}@{grant.scope.value}" for grant in actor.grants})
    return {
        "id": str(actor.user_id) if actor.user_id else None,
        "kind": actor.kind,
        "job": actor.job or None,
        "roles": roles if len(roles) <= 8 else [role for role in roles if not role.endswith(Scope.ORGANISATION.value)],
        "org": str(actor.organisation_id) if actor.organisation_id else None,
        "aal": actor.assurance,
    }


def _authority(item: PendingEvent) -> dict[str, Any]:
    if item.authority_kind is None:
        return {"kind": "none"}
    return {
        "kind": item.authority_kind,
        "id": str(item.authority_id) if item.authority_id else None,
        "clause": item.authority_clause,
    }


def _store(session: Session, heads: dict[str, _Head], events: list[dict[str, Any]], versions: list[dict[str, Any]],
           openings: list[dict[str, Any]]) -> None:  # fmt: skip
    connection = session.connection()
    connection.execute(sa.insert(_event), events)
    for group in _by_openness(versions):
        connection.execute(*group)
    if openings:
        connection.execute(sa.insert(_opening), openings)
    statement = (
        sa.update(_stream)
        .where(_stream.c.id == sa.bindparam("b_id"))
        .values(seq=sa.bindparam("b_seq"), head=sa.bindparam("b_head"), recorded_at=sa.bindparam("b_at"))
    )
    connection.execute(
        statement, [{"b_id": key, "b_seq": h.seq, "b_head": h.head, "b_at": h.recorded_at} for key, h in heads.items()]
    )


def _by_openness(versions: list[dict[str, Any]]) -> Iterable[tuple[Any, list[dict[str, Any]]]]:
    """Split the versions into those already closed by a later event of the same transaction and those in force."""
    closed = [row for row in versions if row["recorded_to"] is not None]
    current = [{k: v for k, v in row.items() if k != "recorded_to"} for row in versions if row["recorded_to"] is None]
    if closed:
        yield sa.insert(_version), closed
    if current:
        yield sa.insert(_version).values(recorded_to=FOREVER), current
