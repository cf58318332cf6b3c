"""What waits for whom: each area says which of its objects wait for a person, as one SELECT that is united with the others'."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.i18n import LazyText
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo

#: Columns of every select, in this order: kind, target_id, committee_id, organisation_id, task, due_on, since.
COLUMNS = ("kind", "target_id", "committee_id", "organisation_id", "task", "due_on", "since")
#: What is due within this time is "soon" on the first screen.
SOON = timedelta(days=14)
#: How many tasks one screen shows.
MOST = 50

Select = Callable[[Actor, datetime], AnySelect | None]


@dataclass(frozen=True)
class TurnSource:
    """One source of work: ``select`` returns what waits for an actor (the columns `COLUMNS`), or None when nothing can."""

    name: str
    select: Select


@dataclass(frozen=True)
class Task:
    """One thing that waits; ``who`` names whom it waits for when that is not the reader."""

    label: str
    info: TargetInfo
    due_on: date | None
    since: datetime | None
    days_late: int
    who: str = ""


@dataclass(frozen=True)
class Work:
    """What waits for a person, split by urgency; ``more`` when there is more than fits on one screen."""

    late: list[Task]
    soon: list[Task]
    later: list[Task]
    more: bool

    @property
    def count(self) -> int:
        """How many things wait (on this screen)."""
        return len(self.late) + len(self.soon) + len(self.later)


_sources: dict[str, TurnSource] = {}
_labels: dict[str, LazyText] = {}


def register_turn(source: TurnSource) -> None:
    """Add a source; one of the same name is replaced."""
    _sources[source.name] = source


def register_task_label(task: str, label: LazyText) -> None:
    """Say what a task code means to the person who has to do it ("Answer the opinion request")."""
    _labels[task] = label


def task_label(task: str) -> str:
    """Return the words of a task code in the language in force."""
    return str(_labels[task])


def work_of(session: Session, actor: Actor, now: datetime) -> Work:
    """Return what waits for ``actor``, the most urgent first, with a fixed number of queries.

    Each source is cut to what one screen can show before they are united, so that an index serves it however much waits.
    """
    selects = [_cut(found) for source in _sources.values() if (found := source.select(actor, now)) is not None]
    if not selects:
        return Work([], [], [], False)
    waiting = sa.union_all(*selects).subquery("waiting")
    rows = session.execute(sa.select(waiting).order_by(*_order(waiting.c)).limit(MOST + 1)).all()
    infos = targets.load(session, [Ref(row.kind, row.target_id) for row in rows[:MOST]])
    day = today(now)
    tasks = [_task(row, infos[Ref(row.kind, row.target_id)], day) for row in rows[:MOST] if Ref(row.kind, row.target_id) in infos]
    return Work(
        late=[task for task in tasks if task.days_late > 0],
        soon=[task for task in tasks if task.days_late <= 0 and task.due_on is not None and task.due_on <= day + SOON],
        later=[task for task in tasks if task.due_on is None or task.due_on > day + SOON],
        more=len(rows) > MOST,
    )


def _cut(select: AnySelect) -> AnySelect:
    inner = select.subquery()
    columns = [inner.c[name] for name in COLUMNS]
    cut = sa.select(*columns).order_by(*_order(inner.c)).limit(MOST + 1).subquery()
    return sa.select(*(cut.c[name] for name in COLUMNS))


def _order(columns: Any) -> tuple[Any, ...]:
    return columns.due_on.asc().nulls_last(), columns.since.asc().nulls_last(), columns.target_id


def _task(row: Any, info: TargetInfo, day: date) -> Task:
    return Task(task_label(row.task), info, row.due_on, row.since, (day - row.due_on).days if row.due_on else 0)
