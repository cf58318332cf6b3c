"""The two clocks of a past day: what was known then (recorded by it), and what was in force then (had taken effect by it).

The first is read from the version rows alone. The second goes by when things took effect, so that what was entered late counts from
the day on which it happened, and what was recorded beforehand only from the day on which it began; dated rows (a seat, an agreement)
must cover the day besides.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.history.models import HistoryEvent, HistoryVersion
from collab.history.queries import Snapshot
from collab.kernel.paging import Key, Page, keyset

#: Kinds whose state of all installations is shown as a register; each has its partial index on the version rows.
REGISTERS = ("agreement", "resolution")
REGISTER_SIZE = 100
#: Objects of these kinds are in force only in these states.
_STATES = {"agreement": frozenset({"in_force"})}
_BEGINNINGS = ("valid_from", "in_force_from", "decided_on")


class Clock(StrEnum):
    """By which clock a past day is shown."""

    KNOWN = "known"
    IN_FORCE = "in_force"


def is_in_force(kind: str, state: Mapping[str, Any], day: date) -> bool:
    """Say whether a stored state was in force on ``day``: not removed, in a state that binds, and within its own dates."""
    if state.get("removed_at") or state.get("carried") is False:
        return False
    if kind in _STATES and state.get("state") not in _STATES[kind]:
        return False
    text = day.isoformat()
    begins = [value for name in _BEGINNINGS if (value := state.get(name))]
    ends = state.get("valid_to")
    return all(value <= text for value in begins) and (not ends or ends >= text)


def streams_beside(session: Session, stream_id: str) -> list[str]:
    """Return the streams that belong to ``stream_id``: to a committee those of its seats, in which their holders are written."""
    if not stream_id.startswith("committee/"):
        return []
    version = HistoryVersion
    seats = sa.select(version.subject_id).where(version.stream_id == stream_id, version.subject_kind == "seat").distinct()
    return [f"seat/{key}" for key in session.scalars(seats)]


def effective(session: Session, streams: Sequence[str], end_of_day: datetime, day: date, known_at: datetime) -> list[Snapshot]:
    """Return what of the streams was in force at the end of ``day``, with everything that is known at ``known_at``; one query."""
    version, event = HistoryVersion, HistoryEvent
    rows = session.execute(
        sa.select(version.subject_kind, version.subject_id, version.event_id, version.recorded_from, version.state)
        .ext(postgresql.distinct_on(version.subject_id))
        .join(event, event.id == version.event_id)
        .where(version.stream_id.in_(streams), version.recorded_from <= known_at, event.occurred_at <= end_of_day)
        .order_by(version.subject_id, version.recorded_from.desc(), event.seq.desc())
    )
    found = [Snapshot(row.subject_kind, row.subject_id, row.event_id, row.recorded_from, row.state) for row in rows]
    return [snapshot for snapshot in found if is_in_force(snapshot.subject_kind, snapshot.state, day)]


def register_at(session: Session, kind: str, at: datetime, cursor: str | None = None, size: int = REGISTER_SIZE) -> Page[Any]:
    """Return a page of every object of ``kind`` as it was recorded at ``at``, the earliest entered first (rows with ``state``)."""
    version = HistoryVersion
    statement = sa.select(version.subject_kind, version.subject_id, version.event_id, version.recorded_from, version.state).where(
        version.subject_kind.in_(REGISTERS),
        version.subject_kind == kind,
        version.recorded_from <= at,
        version.recorded_to > at,
    )
    return keyset(session, statement, (Key(version.subject_id, lambda row: row.subject_id),), cursor, size=size)


def streams_changed(session: Session, kind: str, earlier: datetime, later: datetime, most: int) -> list[str]:
    """Return the streams in which an object of the register ``kind`` changed after ``earlier`` up to ``later``, ``most`` at most."""
    version = HistoryVersion
    found = sa.select(version.stream_id).where(
        version.subject_kind.in_(REGISTERS), version.subject_kind == kind, version.recorded_from > earlier, version.recorded_from <= later,
    )  # fmt: skip
    return list(session.scalars(found.distinct().order_by(version.stream_id).limit(most)))
