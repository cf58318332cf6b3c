"""Capture: an explicit act, an automatic diff, and a guard that makes an unrecorded change fail.

    with history.act(session, verb="proposal.submitted", actor=actor, now=now, subject=proposal):
        proposal.state = …

Everything tracked that changes within the block becomes one event per object. What changes outside any act raises
UnrecordedChange at the flush; a bulk UPDATE or DELETE on a tracked table is refused at once.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import LoaderCallableStatus, Mapper, ORMExecuteState, Session

from collab.history import canon, recording, store, writer
from collab.history.tracked import Tracked
from collab.kernel.access import Actor
from collab.kernel.db import Base, Versioned
from collab.kernel.errors import StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _
from collab.kernel.ids import new_id


class UnrecordedChange(RuntimeError):
    """A tracked row was about to change without an act that says who, what and why."""


class LateEntry(StateConflict):
    """Something was to be recorded long after it took effect, without a reason or without a second person."""


@dataclass(frozen=True)
class Authority:
    """On what authority something was done: a resolution, a clause, an order, a section of law. ``clause`` narrows it."""

    kind: str
    id: UUID | None = None
    clause: str = ""


@dataclass
class Act:
    """An act under way; ``touched`` holds the tracked objects that changed within it, in order."""

    verb: str
    actor: Actor
    now: datetime
    subject: Any
    reason: str
    authority: Authority | None
    on_behalf_of: UUID | None
    occurred_at: datetime
    corrects: UUID | None = None
    second_person: UUID | None = None
    occurred_source: str = "system"
    outcome: str = "done"
    attachments: list[dict[str, str]] = field(default_factory=list)
    touched: list[Any] = field(default_factory=list)
    #: What rows known before said, of what changed in them.
    before: dict[Any, dict[str, Any]] = field(default_factory=dict)
    #: Id of the event on the subject, for what is to name it.
    event_id: UUID = field(default_factory=new_id)


@contextmanager
def act(session: Session, *, verb: str, actor: Actor, now: datetime, subject: Any, reason: str = "",
        authority: Authority | None = None, on_behalf_of: UUID | None = None, occurred_at: datetime | None = None,
        occurred_source: str = "", second_person: UUID | None = None, corrects: UUID | None = None,
        outcome: str = "done",
        ) -> Iterator[Act]:  # fmt: skip
    """Record what changes within the block as the act ``verb`` of ``actor`` on ``subject``.

    ``reason`` is free text (kept as a commitment), ``occurred_at`` the instant at which it took effect when that is not ``now``
    and ``occurred_source`` where that is known from (user or document). ``corrects`` names the event that this one puts right,
    ``outcome`` is done or refused.
    The subject always gets an event, even when no column of it changed (an opinion requested, a document viewed). Acts do not nest.
    An entry made more than a day after it took effect is marked late; it raises LateEntry without a reason and ``second_person``,
    somebody else who answers for it.
    """
    _refuse_unexplained_lateness(occurred_at, now, reason, actor, second_person)
    current = Act(verb, actor, now, subject, reason, authority, on_behalf_of, occurred_at or now, corrects, second_person,
                  occurred_source or ("user" if occurred_at else "system"), outcome)  # fmt: skip
    with _under_way(session, current) as under_way:
        yield current
        session.flush()
    under_way.pending.extend(_events_of(current))


def add_each(session: Session, *, actor: Actor, acts: Sequence[tuple[str, datetime, Any]]) -> None:
    """Add new rows, each as the subject of an act of its own (verb, instant, row), and write all of them together.

    For jobs that record many things at once: the events are those of as many `act` blocks, the statements are those of one. Raises
    UnrecordedChange when anything else that is tracked would change with them.
    """
    if not acts:
        return
    each = [Act(verb, actor, now, row, "", None, None, now) for verb, now, row in acts]
    with _under_way(session, each[0]) as under_way:
        session.add_all(one.subject for one in each)
        session.flush()
    added = {id(one.subject) for one in each}
    if any(id(row) not in added for row in each[0].touched):
        raise UnrecordedChange("something else changed together with what was added")
    for one in each:
        one.touched[:] = [one.subject]
    under_way.pending.extend(found for one in each for found in _events_of(one))


@contextmanager
def _under_way(session: Session, current: Act) -> Iterator[recording.Recording]:
    """Let ``current`` be the act in which changes are recorded; acts do not nest."""
    under_way = recording.recording(session)
    if under_way.act:
        raise UnrecordedChange("acts do not nest: finish one before the next")
    _refuse_earlier_changes(session)
    under_way.act = current
    try:
        yield under_way
        # A rollback within the block ends what was recorded: of the savepoint, or of the transaction, which has a new account now.
        if under_way.act is not current or recording.recording(session) is not under_way:
            raise UnrecordedChange("an act was under way when the savepoint or transaction in which it began was taken back")
    finally:
        under_way.act = None


def _refuse_unexplained_lateness(
    occurred_at: datetime | None, now: datetime, reason: str, actor: Actor, second_person: UUID | None
) -> None:
    if occurred_at is None or not writer.is_late(occurred_at, now):
        return
    if not reason or second_person is None or second_person == actor.user_id:
        raise LateEntry(_("An entry made later than a day needs a reason and a second person."))


def _refuse_earlier_changes(session: Session) -> None:
    # Changes made before the act opened would otherwise be swept into it and told under the wrong verb.
    if any(_is_tracked(row) and _is_changed(session, row) for row in session.dirty):
        raise UnrecordedChange("a tracked object changed before the act was opened")


def _events_of(current: Act) -> list["writer.PendingEvent"]:
    rows = [current.subject, *(row for row in current.touched if row is not current.subject)]
    events = [_pending(current, row) for row in rows]
    for later in events[1:]:
        later.cause = events[0].event_id
    return events


def _pending(current: Act, row: Any) -> "writer.PendingEvent":
    tracked: Tracked = row.__tracked__
    kind, key = tracked.stream(row)
    clear, private = columns_of(cast(Hashable, type(row)))
    is_new = _is_new(current, row)
    before, altered = _before(current, row, is_new=is_new)
    return writer.PendingEvent(
        verb=current.verb,
        actor=current.actor,
        now=current.now,
        occurred_at=current.occurred_at,
        reason=current.reason if row is current.subject else "",
        authority_kind=current.authority.kind if current.authority else None,
        authority_id=current.authority.id if current.authority else None,
        authority_clause=current.authority.clause if current.authority else "",
        on_behalf_of=current.on_behalf_of,
        stream_id=f"{kind}/{key}",
        subject_kind=tracked.kind,
        subject_id=row.id,
        subject_version=getattr(row, "version", 1),
        clear=_values(row, clear),
        private=_values(row, private),
        attachments=current.attachments if row is current.subject else [],
        event_id=current.event_id if row is current.subject else new_id(),
        corrects=current.corrects,
        outcome=current.outcome,
        second_person=current.second_person,
        occurred_source=current.occurred_source,
        is_new=is_new,
        before=before,
        altered=altered,
    )


def _values(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return _as_kept(type(row), {name: getattr(row, name) for name in names})


def _as_kept(model: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return values as the database will give them back: a sum in its column's decimals, so that 500 and 500.00 are no change."""
    for name, step in _steps(cast(Hashable, model)).items():
        if values.get(name) is not None:
            values[name] = Decimal(values[name]).quantize(step)
    return {name: canon.plain(value) for name, value in values.items()}


def _is_new(current: Act, row: Any) -> bool:
    return row not in current.before and any(row is touched for touched in current.touched)


def _before(current: Act, row: Any, *, is_new: bool) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """Return what ``row`` said before the act of what was set in it, and the names of what has another value since.

    None for the first when the row is new, or when something was set without having been read.
    """
    read = current.before.get(row)
    if read is None:
        return None if is_new else {}, frozenset()
    clear, private = columns_of(cast(Hashable, type(row)))
    were = {name: value for name, value in read.items() if name in clear or name in private}
    altered = frozenset(name for name, was in were.items() if was != getattr(row, name))
    return None if LoaderCallableStatus.NO_VALUE in were.values() else _as_kept(type(row), were), altered


@cache
def _steps(model: Hashable) -> dict[str, Decimal]:
    """Return the smallest step of each of the model's columns with fixed decimals."""
    mapper: Mapper[Any] = sa.inspect(cast(type[Base], model))
    types = {attribute.key: attribute.columns[0].type for attribute in mapper.column_attrs}
    return {
        name: Decimal(1).scaleb(-kind.scale)
        for name, kind in types.items()
        if isinstance(kind, sa.Numeric) and kind.scale is not None
    }


@cache
def columns_of(model: Hashable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the model's clear and private attributes. Text and JSON are private unless marked clear."""
    clear: list[str] = []
    private: list[str] = []
    mapper: Mapper[Any] = sa.inspect(cast(type[Base], model))
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if column.info.get("untracked") or attribute.key in ("id", "version"):
            continue
        free = isinstance(column.type, (sa.Text, sa.String, sa.JSON, sa.ARRAY, sa.LargeBinary))
        (private if free and not column.info.get("clear") else clear).append(attribute.key)
    return tuple(sorted(clear)), tuple(sorted(private))


def _is_tracked(row: Any) -> bool:
    return hasattr(type(row), "__tracked__")


def _is_changed(session: Session, row: Any) -> bool:
    # The session looks at every attribute of the row; mostly the first that was set has another value.
    state: Any = sa.inspect(row)
    clear, private = columns_of(cast(Hashable, type(row)))
    for name, was in state.committed_state.items():
        if (name in clear or name in private) and was is not LoaderCallableStatus.NO_VALUE and was != state.dict.get(name):
            return True
    return session.is_modified(row)


def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    if any(_is_tracked(row) for row in session.deleted):
        raise UnrecordedChange("nothing tracked is deleted: set removed_at within an act")
    new = [row for row in session.new if _is_tracked(row)]
    changed = new + [row for row in session.dirty if _is_tracked(row) and _is_changed(session, row)]
    if not changed:
        return
    current: Act | None = recording.recording(session).act
    if current is None:
        raise UnrecordedChange(f"{type(changed[0]).__name__} changed outside history.act")
    current.touched.extend(row for row in changed if not any(row is seen for seen in current.touched))
    _note_before(current, changed)
    for row in changed:
        if row.__tracked__.stamp:
            setattr(row, row.__tracked__.stamp, current.now)
    # A row that counts its versions needs no word: its guard sees the count (`migrations.helpers.track_table`).
    if new or not all(isinstance(row, Versioned) for row in changed):
        _announce(session, [current.subject, *changed])


def _note_before(current: Act, changed: list[Any]) -> None:
    """Remember what rows known before said of what is set in them: once flushed nobody knows, and what was said first stands."""
    for row in changed:
        state: Any = sa.inspect(row)
        if state.persistent:
            current.before[row] = {**state.committed_state, **current.before.get(row, {})}


def _announce(session: Session, rows: list[Any]) -> None:
    """Say that an act is under way, which the trigger on every tracked table asks for, so that raw SQL cannot slip past the session.

    Once in a transaction, and once in each savepoint: what is said within one is taken back with it. Only the first time ``rows``
    are looked at: several acts are many rows, and opening their streams together at the end costs less.
    """
    where = session.get_nested_transaction() or session.get_transaction()
    under_way = recording.recording(session)
    if where is not None and under_way.announced is where:
        return
    is_first = under_way.seen is None
    seen = under_way.seen = under_way.seen or store.Seen()
    store.announce(store.cursor_of(session), seen, *_looked_at(rows if is_first else []))
    # The session begins its transaction with its first statement.
    under_way.announced = session.get_nested_transaction() or session.get_transaction()


def _looked_at(rows: list[Any]) -> tuple[set[str], list[UUID]]:
    """Return the streams of ``rows`` and the keys of the rows themselves, as far as they have any: a new row is given its own later."""
    places = (row.__tracked__.stream(row) for row in rows)
    return {f"{kind}/{key}" for kind, key in places if key is not None}, [row.id for row in rows if row.id is not None]


def _before_commit(session: Session) -> None:
    under_way = recording.recording(session)
    if under_way.act:
        raise UnrecordedChange("commit within an act")
    savepoint = session.get_nested_transaction()
    if savepoint is None:
        _write(session, with_commit=True)
        return
    # A savepoint that is released writes nothing: what is around it may still be taken back, with events of changes that stay.
    # Asked twice for one savepoint, it is what is around it that is being committed, and nothing would be asked again.
    if under_way.releasing is savepoint:
        raise UnrecordedChange("commit over an open savepoint: release it first")
    under_way.releasing = savepoint


def write_pending(session: Session) -> None:
    """Write what was recorded so far, for who reads the history within the transaction; a commit does it without being asked.

    Raise UnrecordedChange within a savepoint: taken back, it would take events with it whose changes stay.
    """
    if session.in_nested_transaction():
        raise UnrecordedChange("the history is not written within a savepoint")
    _write(session, with_commit=False)


def _write(session: Session, *, with_commit: bool) -> None:
    session.flush()
    under_way = recording.recording(session)
    # Again, because what reacts to the writing may record something itself; only what is written last can go with the COMMIT.
    while under_way.pending:
        pending, under_way.pending = under_way.pending, []
        seen, under_way.seen = under_way.seen or store.Seen(), None
        publish(session, writer.changes_of(pending))
        writer.write(session, pending, seen, with_commit=with_commit and not under_way.pending)


def _refuse_bulk(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete):
        return
    table = getattr(state.statement, "table", None)
    if table is not None and table.name in _tracked_tables():
        raise UnrecordedChange(f"bulk change of {table.name}: load the rows and change them within an act")


def _refuse_old_bulk(_session: Session, *_rows: Any, **_options: Any) -> None:
    raise UnrecordedChange("bulk ways of the session pass by the history: load the rows and change them within an act")


@cache
def _tracked_tables() -> frozenset[str]:
    return frozenset(tracked_models())


def tracked_models() -> dict[str, type[Base]]:
    """Return every tracked model by the name of its table."""
    return {
        mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers if hasattr(mapper.class_, "__tracked__")
    }


def install() -> None:
    """Put the guards on every Session of the process; calling it again changes nothing."""
    listeners: dict[str, Callable[..., None]] = {
        "before_flush": _before_flush, "before_commit": _before_commit, "do_orm_execute": _refuse_bulk, **recording.LISTENERS,
    }  # fmt: skip
    for name, listener in listeners.items():
        if not event.contains(Session, name, listener):
            event.listen(Session, name, listener)
    # No event tells of these, and they count versions up as a flush does, which the guard in the database takes for an act.
    for name in ("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"):
        setattr(Session, name, _refuse_old_bulk)
