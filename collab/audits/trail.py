"""Reads of the trail of changes, narrowed in every way an auditor asks, at a cost that does not grow with the log.

One condition leads through an index; the others are looked at on at most `BUDGET` events behind it. When fewer rows than a page
match among those, the page says how far back it has looked and offers to look further: no question scans the whole log.
"""

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits.rules import Told
from collab.calendar import queries as calendar
from collab.history.models import HistoryEvent, HistoryOpening
from collab.history.writer import LATE_AFTER
from collab.kernel.clock import at_bangkok

#: How many events one page looks at when a condition has no index of its own.
BUDGET = 10_000
_FIRST_DAY = date(1900, 1, 1)
#: The columns that make a `Told`, in its order.
_TOLD = ("id", "stream_id", "seq", "subject_kind", "subject_id", "verb", "actor_id", "recorded_at")


@dataclass(frozen=True)
class Filter:
    """What to show: of one object, one stream, or everything; the rest narrows it. Days are of Bangkok, both included."""

    subject_id: UUID | None = None
    stream_id: str = ""
    who: UUID | None = None
    organisation: UUID | None = None
    verb: str = ""
    kind: str = ""
    field: str = ""
    without_authority: bool = False
    late: bool = False
    closed_day: bool = False
    first: date | None = None
    last: date | None = None
    #: Only what was recorded by this instant: a population that stands still.
    until: datetime | None = None


@dataclass(frozen=True)
class Stretch:
    """Part of the trail, newest first; ``cursor`` leads to what is older (None: this is the end), ``searched_to`` says how far
    back the filter has looked when the page is not full."""

    events: list[Told]
    cursor: str | None
    searched_to: datetime | None = None


def read(session: Session, wanted: Filter, cursor: str | None = None, size: int = 50) -> Stretch:
    """Return at most ``size`` events that match ``wanted``, older than ``cursor``; a cursor that cannot be read means the newest.

    Two queries, three when the calendar of closed days is asked.
    """
    inner = candidates(wanted, cursor)
    outer = (
        sa.select(*(inner.c[name] for name in _TOLD))
        .where(*_rest(session, wanted, inner))
        .order_by(*_order(wanted, inner.c))
        .limit(size + 1)
    )
    rows = session.execute(outer).all()
    events = [Told(*row) for row in rows[:size]]
    if len(rows) > size:
        return Stretch(events, cursor_after(wanted, events[-1]))
    edge = session.execute(
        sa.select(*(inner.c[name] for name in _TOLD)).order_by(*_order(wanted, inner.c)).offset(BUDGET - 1).limit(1)
    ).first()
    if edge is None:
        return Stretch(events, None)
    last = Told(*edge)
    return Stretch(events, cursor_after(wanted, last), last.recorded_at)


def latest(session: Session, verbs: Collection[str], size: int) -> list[Told]:
    """Return the newest ``size`` events with one of ``verbs`` among the newest `BUDGET` of the log. One query."""
    inner = candidates(Filter())
    columns = (inner.c[name] for name in _TOLD)
    rows = session.execute(sa.select(*columns).where(inner.c.verb.in_(verbs)).order_by(*_order(Filter(), inner.c)).limit(size))
    return [Told(*row) for row in rows]


def candidates(wanted: Filter, cursor: str | None = None, most: int | None = None) -> sa.Subquery:
    """Return the newest ``most`` (`BUDGET`) events behind the leading condition and ``cursor``, straight from an index."""
    event = HistoryEvent
    statement = sa.select(event).where(*_leading(wanted))
    if wanted.first:
        statement = statement.where(event.recorded_at >= at_bangkok(wanted.first))
    if wanted.last:
        statement = statement.where(event.recorded_at < at_bangkok(wanted.last + timedelta(days=1)))
    if wanted.until:
        statement = statement.where(event.recorded_at <= wanted.until)
    place = _read_cursor(wanted, cursor)
    if isinstance(place, int):
        statement = statement.where(event.seq < place)
    elif place is not None:
        statement = statement.where(sa.tuple_(event.recorded_at, event.id) < sa.tuple_(*map(sa.literal, place)))
    return statement.order_by(*_order(wanted, event)).limit(most or BUDGET).subquery("candidate")


def _leading(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """Return the condition that an index serves best; `_rest` repeats none of it."""
    event = HistoryEvent
    conditions = {
        "stream_id": event.stream_id == wanted.stream_id,
        "subject_id": event.subject_id == wanted.subject_id,
        "who": event.actor_id == wanted.who,
        "verb": event.verb == wanted.verb,
        "late": late_clause(event),
        "organisation": event.organisation_id == wanted.organisation,
    }
    leader = _leader(wanted)
    return [conditions[leader]] if leader else []


def _leader(wanted: Filter) -> str:
    for name in ("stream_id", "subject_id", "who", "verb", "late", "organisation"):
        if getattr(wanted, name):
            return name
    return ""


def _rest(session: Session, wanted: Filter, inner: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    columns = inner.c
    leader = _leader(wanted)
    conditions = {
        "subject_id": columns.subject_id == wanted.subject_id,
        "who": columns.actor_id == wanted.who,
        "verb": columns.verb == wanted.verb,
        "organisation": columns.organisation_id == wanted.organisation,
        "kind": columns.subject_kind == wanted.kind,
        "without_authority": columns.authority_kind.is_(None),
        "late": late_clause(columns),
        "field": _touches(columns.body, wanted.field),
    }
    found = [condition for name, condition in conditions.items() if name != leader and getattr(wanted, name)]
    if wanted.closed_day:
        found.append(_on_closed_day(session, columns.recorded_at))
    return found


def late_clause(columns: Any) -> sa.ColumnElement[bool]:
    """Return the condition that an event was recorded later than policy allows (as the partial index has it)."""
    late: sa.ColumnElement[bool] = columns.recorded_at - columns.occurred_at > sa.literal_column(
        f"'{LATE_AFTER.total_seconds():.0f} seconds'::interval"
    )
    return late


def _touches(body: Any, field: str) -> sa.ColumnElement[bool]:
    # The stored bytes are canonical: this run of bytes stands there if and only if the list of changes names the field,
    # because a quotation mark within a text is written \".
    needle = f'"f":"{field}"'.encode()
    return sa.func.position(sa.literal(needle).op("IN")(body)) > 0


def _on_closed_day(session: Session, moment: Any) -> sa.ColumnElement[bool]:
    local = sa.func.timezone("Asia/Bangkok", moment)
    holidays = calendar.closed_days(session, _FIRST_DAY, date(9999, 1, 1))
    weekend = sa.extract("isodow", local) > 5
    return sa.or_(weekend, sa.cast(local, sa.Date).in_(sorted(holidays)))


def _order(wanted: Filter, columns: Any) -> tuple[Any, ...]:
    if wanted.stream_id:
        return (columns.seq.desc(),)
    return columns.recorded_at.desc(), columns.id.desc()


def cursor_after(wanted: Filter, event: Told) -> str:
    """Return the cursor that continues behind ``event``."""
    text = str(event.seq) if wanted.stream_id else f"{event.recorded_at.isoformat()}~{event.event_id.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(wanted: Filter, cursor: str | None) -> int | tuple[datetime, UUID] | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor[:200]) % 4)).decode()
        if wanted.stream_id:
            place = int(text)
            return place if 0 < place < 2**62 else None
        moment, _tilde, key = text.partition("~")
        read_at = datetime.fromisoformat(moment)
        return (read_at, UUID(key)) if read_at.tzinfo else None
    except (ValueError, binascii.Error):
        return None


def every(session: Session, wanted: Filter, most: int) -> list[Told]:
    """Return all matching events up to ``most``, newest first, for an export."""
    found: list[Told] = []
    cursor: str | None = None
    while len(found) < most:
        stretch = read(session, wanted, cursor, size=min(1000, most - len(found)))
        found.extend(stretch.events)
        cursor = stretch.cursor
        if cursor is None:
            break
    return found


def reasons_of_acts(session: Session, event_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return, by event, the reason of the act in which something changed beside the act's own subject; two queries.

    A reason stands with the subject of an act alone; what changed with it names the subject's event as its cause.
    """
    rows = session.execute(sa.select(HistoryEvent.id, HistoryEvent.body).where(HistoryEvent.id.in_(event_ids)))
    causes = {row.id: UUID(cause) for row in rows if (cause := json.loads(row.body)["cause"])}
    opening = HistoryOpening
    reasons = session.execute(
        sa.select(opening.event_id, opening.value).where(opening.event_id.in_(set(causes.values())), opening.path == "reason")
    )
    by_cause = {row.event_id: row.value for row in reasons}
    return {key: by_cause[cause] for key, cause in causes.items() if by_cause.get(cause)}
