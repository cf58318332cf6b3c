"""Writes the pending events of a transaction: numbers them in their streams, chains, hashes and stores them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.history import canon, store
from collab.history.origin import APP_VERSION, origin
from collab.history.store import Head, Known
from collab.kernel.access import Actor, Scope
from collab.kernel.ids import new_id

BODY_VERSION = 1
#: An act recorded later than this after it took effect is marked late and needs a reason and a second person.
LATE_AFTER = timedelta(hours=24)


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
    #: Whether the row was added by the act, so that there is no version of it.
    is_new: bool = False
    #: Names of attributes that got another value, of a row known before.
    altered: frozenset[str] = frozenset()
    cause: UUID | None = None
    #: The event that this one corrects; both stay.
    corrects: UUID | None = None
    #: Who else answers for an entry made late.
    second_person: UUID | None = None
    #: Where the instant of effect was taken from: system, user, or document.
    occurred_source: str = "system"
    #: done, refused or failed.
    outcome: str = "done"
    #: What a row that was there before said of what changed; None: the row is new, or nobody knows.
    before: dict[str, Any] | None = None
    event_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class ChangesRecorded:
    """Published once a transaction, with the (kind, id) of every subject that got an event."""

    subjects: tuple[tuple[str, UUID], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What chains an event to the one before it: its number, the hash before, the instant. Or, for the first two, what stands for them."""

    seq: int | str
    prev: str
    recorded_at: datetime


def changes_of(pending: list[PendingEvent]) -> ChangesRecorded:
    """Return what is told of ``pending``: each subject once."""
    return ChangesRecorded(tuple({(item.subject_kind, item.subject_id): None for item in pending}))


def write(session: Session, pending: list[PendingEvent], seen: store.Seen, *, with_commit: bool) -> None:
    """Store ``pending`` in order, building on what was ``seen`` or is expected while that is true, else on streams opened and locked.

    ``with_commit``: nothing comes after this but the COMMIT, so that it may go with it; nobody can read it before.
    """
    cursor = store.cursor_of(session)
    call = _going_on(pending, seen) or _chained(pending)

    def openly() -> None:
        streams = {item.stream_id: item.now for item in reversed(pending)}
        heads, known = store.open_streams(cursor, streams, list({item.subject_id: None for item in pending}))
        store.save(cursor, heads, _rows(pending, heads, known))

    if call and with_commit and store.leave_for_commit(session, call, otherwise=openly):
        return
    if not (call and store.done(cursor, call)):
        openly()


def _going_on(pending: list[PendingEvent], seen: store.Seen) -> store.Call | None:
    """Return the call that writes upon what was looked at without a lock; None when that is not all."""
    streams = {item.stream_id for item in pending}
    new = {item.subject_id for item in pending if item.is_new}
    if not seen.covers(streams, {item.subject_id for item in pending} - new):
        return None
    heads = {name: seen.heads[name] for name in streams}
    return store.saving(heads, _rows(pending, heads, seen.known))


def _chained(pending: list[PendingEvent]) -> store.Call | None:
    """Return the call that writes the only event of a transaction without a look: the server fills in what it is chained to.

    None when there are more, or when nobody knows what the row said before.
    """
    item = pending[0]
    if len(pending) > 1 or item.before is None:
        return None
    rows, mark = store.Rows(), item.event_id.hex
    state = {**item.clear, **item.private}
    known = Known(item.event_id, {**state, **item.before}, {name: f"{mark}{name}." for name in item.private})
    commitments = _commitments(rows, item, known, item.private)
    body = canon.encode(_body(rows, item, known, commitments, Link(f"{mark}-seq.", f"{mark}-prev.", item.now)))
    fresh = {name: digest for name, digest in commitments.items() if digest is not known.commitments[name]}
    return store.chaining((
        item.event_id, item.stream_id, body.decode(), *_index(item), item.now, item.actor.request_id,
        state, item.before, " ".join(item.private), fresh, [opening[1:] for opening in rows.openings] or None,
    ))  # fmt: skip


def _rows(pending: list[PendingEvent], heads: dict[str, Head], known: Mapping[UUID, Known | None]) -> store.Rows:
    """Return what ``pending`` adds to streams that stand at ``heads``, which move on."""
    rows, now_known = store.Rows(), dict(known)
    for item in pending:
        head = heads[item.stream_id]
        head.recorded_at = max(head.recorded_at, item.now)
        before = now_known.get(item.subject_id) or Known()
        rows.close(before, head.recorded_at)
        now_known[item.subject_id] = add(rows, item, head, before)
    return rows


def add(rows: store.Rows, item: PendingEvent, head: Head, known: Known) -> Known:
    """Add the event, its openings and its version to ``rows``; move ``head`` on; return the version now in force."""
    private = _recorded(item, known)
    commitments = _commitments(rows, item, known, private)
    body = canon.encode(_body(rows, item, known, commitments, Link(head.seq + 1, head.head.hex(), head.recorded_at)))
    head.seq, head.head = head.seq + 1, canon.leaf_hash(body)
    rows.events.append((
        item.event_id, item.stream_id, head.seq, head.head, body, *_index(item), head.recorded_at, item.actor.request_id,
    ))  # fmt: skip
    state = {**item.clear, **private}
    rows.add_version(
        item.event_id, known.event_id, item.stream_id, item.subject_kind, item.subject_id, head.recorded_at, state, commitments
    )
    return Known(item.event_id, state, commitments)


def _index(item: PendingEvent) -> tuple[Any, ...]:
    """Return what of an event is kept in columns beside its body, from the verb to the instant of effect."""
    return (
        item.verb, item.subject_kind, item.subject_id, item.actor.user_id, item.on_behalf_of or item.actor.organisation_id,
        item.authority_kind, item.authority_id, item.occurred_at,
    )  # fmt: skip


def _recorded(item: PendingEvent, known: Known) -> dict[str, Any]:
    """Return what is recorded of private fields: what was erased stays so until the field changes, whatever the row holds still."""
    erased = {name: was for name, was in known.state.items() if name not in item.altered and canon.is_erased(was)}
    return {name: erased.get(name, value) for name, value in item.private.items()}


def _commitments(rows: store.Rows, item: PendingEvent, known: Known, private: dict[str, Any]) -> dict[str, str]:
    """Return a commitment to each private field: the one before while the value stays, a fresh one with its opening where not."""
    return {
        name: known.commitments[name]
        if known.event_id and name in known.commitments and known.state.get(name) == value
        else _commit(rows, item, f"state.{name}", value)
        for name, value in private.items()
    }


def _commit(rows: store.Rows, item: PendingEvent, path: str, value: Any) -> str:
    salt = canon.new_salt()
    rows.openings.append((item.event_id, path, salt, value))
    return canon.commitment(salt, path, value)


def _body(rows: store.Rows, item: PendingEvent, known: Known, commitments: dict[str, str], link: Link) -> dict[str, Any]:
    return {
        "v": BODY_VERSION,
        "log": origin(),
        "id": str(item.event_id),
        "stream": item.stream_id,
        "seq": link.seq,
        "prev": link.prev,
        "action": item.verb,
        "outcome": item.outcome,
        "subject": {"type": item.subject_kind, "id": str(item.subject_id), "ver": item.subject_version},
        "actor": _actor(item.actor),
        "obo": str(item.on_behalf_of) if item.on_behalf_of else None,
        "state": item.clear,
        "state_c": commitments,
        "changes": _changes(item, known, commitments),
        "reason_c": _commit(rows, item, "reason", item.reason) if item.reason else None,
        "authority": _authority(item),
        "att": item.attachments,
        "occurred": canon.instant(item.occurred_at),
        "occurred_src": item.occurred_source,
        "late": is_late(item.occurred_at, link.recorded_at),
        "second": str(item.second_person) if item.second_person else None,
        "corrects": str(item.corrects) if item.corrects else None,
        "recorded": canon.instant(link.recorded_at),
        "req": item.actor.request_id,
        "cause": str(item.cause) if item.cause else None,
        "app": APP_VERSION,
    }


def is_late(occurred_at: datetime, recorded_at: datetime) -> bool:
    """Say whether what took effect at ``occurred_at`` is recorded so late that a reason and a second person are needed."""
    return recorded_at - occurred_at > LATE_AFTER


def _changes(item: PendingEvent, known: Known, commitments: dict[str, str]) -> list[dict[str, Any]]:
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
    return changes


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
