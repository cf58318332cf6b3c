"""What became of a stream between two instants: added, removed, changed, changed and put back, come and gone, and by which events.

The state at the earlier instant is read from the version rows; the versions that began since are laid over it in the order of their
events. So the later state, the difference and every step between them come from the same rows and cannot contradict one another.
Three queries, however long the history. Knows ids and kinds, not people or areas: a removal is a ``removed_at`` in the state.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.models import HistoryEvent, HistoryOpening, HistoryVersion
from collab.history.queries import Entry, FieldChange, Snapshot, as_of


class Change(StrEnum):
    """What became of one subject between two instants. Exactly one applies to each subject that has an event between them."""

    #: Was not there, is there now: entered, or brought back after a removal.
    ADDED = "added"
    #: Was there, is removed now.
    REMOVED = "removed"
    #: Is there at both ends, with another state.
    CHANGED = "changed"
    #: Was changed between, and is at the end what it was at the beginning.
    REVERTED = "reverted"
    #: Was there for a while between, at neither end: a comparison of two pictures alone would miss it.
    PASSING = "passing"
    #: An act is recorded that changed nothing which is in force (a notice sent; a note on something removed before).
    NOTED = "noted"


class Step:
    """One event between the instants with what it did to its subject. Its body is read when it is asked for: most are only counted."""

    def __init__(self, row: Any, changes: tuple[FieldChange, ...], reasons: Mapping[UUID, str]) -> None:
        self.event_id: UUID = row.id
        self.seq: int = row.seq
        self.changes = changes
        self._row = row
        self._reasons = reasons

    @cached_property
    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self._row.body)
        return body

    @cached_property
    def entry(self) -> Entry:
        """The event as a timeline shows it, with its own reason only."""
        row, body = self._row, self._body
        return Entry(
            event_id=row.id, stream_id=row.stream_id, seq=row.seq, verb=row.verb, subject_kind=row.subject_kind,
            subject_id=row.subject_id, actor_id=row.actor_id, actor_kind=body["actor"]["kind"], job=body["actor"]["job"] or "",
            organisation_id=row.organisation_id, reason=self._reasons.get(row.id, ""), authority_kind=row.authority_kind,
            authority_id=row.authority_id, authority_clause=body["authority"].get("clause", ""), occurred_at=row.occurred_at,
            recorded_at=row.recorded_at, changes=self.changes,
        )  # fmt: skip

    @property
    def cause(self) -> UUID | None:
        """The event of the act's own subject, for what changed beside it. Both lie in one transaction."""
        return UUID(self._body["cause"]) if self._body["cause"] else None

    @property
    def reason(self) -> str:
        """The reason of the act: an object that changed beside the act's own subject has it from there."""
        own = self._reasons.get(self.event_id, "")
        return own or (self._reasons.get(self.cause, "") if self.cause else "")

    @property
    def attachments(self) -> tuple[Mapping[str, str], ...]:
        """The digests of the files that the event fixed."""
        return tuple(self._body["att"])


@dataclass(frozen=True)
class Difference:
    """One subject at both instants; ``before`` or ``after`` is None when it was not known then.

    ``fields`` differ between the ends. ``reverted`` names the fields that were changed between and are equal at both ends.
    """

    change: Change
    subject_kind: str
    subject_id: UUID
    before: Snapshot | None
    after: Snapshot | None
    fields: tuple[FieldChange, ...]
    reverted: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Comparison:
    """A stream at two instants: every subject known at each (the removed ones too), and the differences in order of first event."""

    earlier: datetime
    later: datetime
    before: Mapping[UUID, Snapshot]
    after: Mapping[UUID, Snapshot]
    differences: tuple[Difference, ...]

    def of(self, kind: str, *changes: Change) -> list[Difference]:
        """Return the differences of one kind of subject, narrowed to ``changes`` when any are given."""
        return [row for row in self.differences if row.subject_kind == kind and (not changes or row.change in changes)]


def is_present(snapshot: Snapshot | None) -> bool:
    """Say whether the subject was there: known, and not removed."""
    return snapshot is not None and snapshot.state.get("removed_at") is None


def state_at(session: Session, stream_id: str, at: datetime, *beside: str, kind: str = "") -> dict[UUID, Snapshot]:
    """Return every subject of the stream (and ``beside``) by its id as it was recorded at ``at``, the removed ones too; one query."""
    return {snapshot.subject_id: snapshot for snapshot in as_of(session, stream_id, at, *beside, kind=kind)}


def compare(session: Session, stream_id: str, earlier: datetime, later: datetime, *beside: str, kind: str = "") -> Comparison:
    """Return what became of the stream (and ``beside``) after ``earlier`` up to and including ``later``.

    ``beside`` names further streams that belong to it, as the seats to a committee; ``kind`` narrows to subjects of one kind, as the
    agreements of a register. ValueError when the instants are the wrong way round.
    """
    if earlier > later:
        raise ValueError("the earlier instant comes first")
    streams = [stream_id, *beside]
    before = state_at(session, stream_id, earlier, *beside, kind=kind)
    rows = _rows_between(session, streams, earlier, later, kind)
    reasons = _reasons(session, streams, earlier, later)
    after = dict(before)
    steps: dict[UUID, list[Step]] = {}
    path: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        known = after.get(row.subject_id)
        steps.setdefault(row.subject_id, []).append(Step(row, changed_fields(known.state if known else {}, row.state), reasons))
        path.setdefault(row.subject_id, []).append(row.state)
        after[row.subject_id] = Snapshot(row.subject_kind, row.subject_id, row.id, row.recorded_at, row.state)
    differences = tuple(_difference(before.get(key), after[key], path[key], steps[key]) for key in steps)
    return Comparison(earlier, later, before, after, differences)


def states_at(session: Session, stream_ids: Collection[str], kind: str, instants: Sequence[datetime], fields: Sequence[str],
              ) -> list[tuple[datetime, str, dict[str, str | None]]]:  # fmt: skip
    """Return (instant, stream, fields) of every subject of ``kind`` that was there at each of the instants, in one query.

    Only the named fields leave the database, as text, so that a year of month ends of a large stream stays small. What was removed
    by an instant is left out of it.
    """
    version = HistoryVersion
    moment = sa.func.unnest(sa.literal(list(instants), sa.ARRAY(sa.DateTime(timezone=True)))).table_valued("at").render_derived()
    rows = session.execute(
        sa.select(moment.c.at, version.stream_id, *(version.state[name].astext.label(name) for name in fields))
        .join_from(moment, version, sa.and_(version.recorded_from <= moment.c.at, version.recorded_to > moment.c.at))
        .where(version.stream_id.in_(stream_ids), version.subject_kind == kind, version.state["removed_at"].astext.is_(None))
    )
    return [(row[0], row[1], dict(zip(fields, row[2:], strict=True))) for row in rows]


def _between(streams: Sequence[str], earlier: datetime, later: datetime) -> list[sa.ColumnElement[bool]]:
    event = HistoryEvent
    return [event.stream_id.in_(streams), event.recorded_at > earlier, event.recorded_at <= later]


def _rows_between(session: Session, streams: Sequence[str], earlier: datetime, later: datetime, kind: str) -> Iterable[Any]:
    event, version = HistoryEvent, HistoryVersion
    narrowed = [event.subject_kind == kind] if kind else []
    return session.execute(
        sa.select(
            event.id, event.stream_id, event.seq, event.verb, event.subject_kind, event.subject_id, event.actor_id,
            event.organisation_id, event.authority_kind, event.authority_id, event.occurred_at, event.recorded_at, event.body,
            version.state,
        )
        .join(version, version.event_id == event.id)
        .where(*_between(streams, earlier, later), *narrowed)
        .order_by(event.recorded_at, event.stream_id, event.seq)
    ).all()  # fmt: skip


def _reasons(session: Session, streams: Sequence[str], earlier: datetime, later: datetime) -> dict[UUID, str]:
    opening = HistoryOpening
    statement = sa.select(opening.event_id, opening.value).join(HistoryEvent, HistoryEvent.id == opening.event_id)
    rows = session.execute(statement.where(opening.path == "reason", *_between(streams, earlier, later)))
    return {row.event_id: row.value for row in rows}


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return the fields in which two states of a subject differ, by name."""
    if old == new:
        return ()
    names = [name for name, value in new.items() if old.get(name) != value]
    names += [name for name, value in old.items() if name not in new and value is not None]
    return tuple(FieldChange(name, old.get(name), new.get(name)) for name in sorted(names))


def _difference(before: Snapshot | None, after: Snapshot, path: list[dict[str, Any]], steps: list[Step]) -> Difference:
    fields = changed_fields(before.state if before else {}, after.state)
    lasting = {field.name for field in fields}
    touched = {field.name for step in (steps if before else steps[1:]) for field in step.changes}
    return Difference(
        change=_classify(before, after, bool(fields), path), subject_kind=after.subject_kind, subject_id=after.subject_id, before=before,
        after=after, fields=fields, reverted=tuple(sorted(touched - lasting)), steps=tuple(steps),
    )  # fmt: skip


def _classify(before: Snapshot | None, after: Snapshot, differs: bool, path: list[dict[str, Any]]) -> Change:
    was, is_now = is_present(before), is_present(after)
    if was != is_now:
        return Change.ADDED if is_now else Change.REMOVED
    if not is_now:
        return Change.PASSING if any(state.get("removed_at") is None for state in path) else Change.NOTED
    if differs:
        return Change.CHANGED
    return Change.REVERTED if before is not None and any(changed_fields(before.state, state) for state in path) else Change.NOTED
