"""Compares every tracked table with the versions in force: what was changed past the history is noticed, whoever did it and however.

The triggers refuse such a change; whoever can switch triggers off is found here the next night, and the finding is an event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history import canon
from collab.history.log_models import IntegrityAlarm
from collab.history.models import FOREVER, HistoryVersion
from collab.history.tracking import add_each, columns_of, tracked_models
from collab.kernel.access import job_actor
from collab.kernel.ids import new_id

CHUNK = 1000
_ACTOR = job_actor("history.reconcile")
MISSING_ROW, UNRECORDED_ROW = "(row gone)", "(row unrecorded)"


@dataclass(frozen=True)
class Disagreement:
    """A row that is not what the history says; ``fields`` names what differs."""

    table: str
    subject_id: UUID
    fields: tuple[str, ...]


def find_disagreements(session: Session, tables: list[str] | None = None) -> Iterator[Disagreement]:
    """Yield the rows of tracked ``tables`` (None: all) that differ from the versions in force."""
    for table, model in sorted(tracked_models().items()):
        if tables is None or table in tables:
            yield from _compare(session, table, model)


def _compare(session: Session, table: str, model: Any) -> Iterator[Disagreement]:
    clear, private = columns_of(model)
    names = (*clear, *private)
    current = sa.and_(HistoryVersion.subject_id == model.id, HistoryVersion.recorded_to == FOREVER)
    statement = sa.select(model.id, HistoryVersion.state, *(getattr(model, name) for name in names)).outerjoin(
        HistoryVersion, current
    )
    for row in session.execute(statement.execution_options(yield_per=CHUNK)):
        if row[1] is None:
            yield Disagreement(table, row[0], (UNRECORDED_ROW,))
            continue
        different = [name for name, value in zip(names, row[2:], strict=True) if not _same(row[1].get(name), value)]
        if different:
            yield Disagreement(table, row[0], tuple(different))
    kind = model.__tracked__.kind
    gone = sa.select(HistoryVersion.subject_id).where(
        HistoryVersion.subject_kind == kind, HistoryVersion.recorded_to == FOREVER,
        ~sa.exists().where(model.id == HistoryVersion.subject_id),
    )  # fmt: skip
    for key in session.scalars(gone):
        yield Disagreement(table, key, (MISSING_ROW,))


def _same(recorded: Any, value: Any) -> bool:
    # A value erased by law stays readable in no version; whether the row still holds it is the area's own affair.
    if canon.is_erased(recorded):
        return True
    plain: Any = canon.plain(value)
    return bool(recorded == plain)


def reconcile(session: Session, *, now: datetime) -> int:
    """Record an alarm for each disagreement that has none yet; return how many are new."""
    found = [(one.table, one.subject_id, ", ".join(one.fields)) for one in find_disagreements(session)]
    return raise_new_alarms(session, now=now, mechanism="reconcile", found=found)


def raise_new_alarms(session: Session, *, now: datetime, mechanism: str, found: Sequence[tuple[str, UUID, str]]) -> int:
    """Record an alarm for each of ``found`` (table, row, what is wrong with it) that has none yet; return how many are new.

    The queries grow with the chunks: what was changed past the history may be much, and is found again each night.
    """
    distinct, count = list(dict.fromkeys(found)), 0
    for start in range(0, len(distinct), CHUNK):
        chunk = distinct[start : start + CHUNK]
        known = _known(session, [subject_id for _table, subject_id, _fields in chunk])
        alarms = [_alarm(one, mechanism, now) for one in chunk if one not in known]
        add_each(session, actor=_ACTOR, acts=[("integrity.alarm_raised", now, alarm) for alarm in alarms])
        count += len(alarms)
    return count


def _known(session: Session, subject_ids: Sequence[UUID]) -> set[tuple[str, UUID, str]]:
    columns = (IntegrityAlarm.subject_table, IntegrityAlarm.subject_id, IntegrityAlarm.fields)
    rows = session.execute(sa.select(*columns).where(IntegrityAlarm.subject_id.in_(subject_ids)))
    return {(table, subject_id, fields) for table, subject_id, fields in rows if subject_id is not None}


def _alarm(found: tuple[str, UUID, str], mechanism: str, now: datetime) -> IntegrityAlarm:
    table, subject_id, fields = found
    return IntegrityAlarm(
        id=new_id(), mechanism=mechanism, subject_table=table, subject_id=subject_id, fields=fields, found_at=now
    )
