"""The work of a person, united from what the areas registered."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import targets, turns
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.targets import Ref, TargetInfo

SOON = timedelta(days=14)
MOST = 50


@dataclass(frozen=True)
class Task:
    """One thing that waits for the person."""

    label: str
    info: TargetInfo
    due_on: date | None
    since: datetime | None
    days_late: int


@dataclass(frozen=True)
class Work:
    """What waits for a person, split by urgency; ``more`` when there is more than fits on one page."""

    late: list[Task]
    soon: list[Task]
    later: list[Task]
    more: bool

    @property
    def count(self) -> int:
        """How many things wait (on this page)."""
        return len(self.late) + len(self.soon) + len(self.later)


def work_of(session: Session, actor: Actor, now: datetime) -> Work:
    """Return what waits for ``actor``, the most urgent first, with a fixed number of queries."""
    union = turns.waiting_for(actor, now)
    if union is None:
        return Work([], [], [], False)
    waiting = union.subquery("waiting")
    order = (waiting.c.due_on.asc().nulls_last(), waiting.c.since.asc().nulls_last(), waiting.c.target_id)
    rows = session.execute(sa.select(waiting).order_by(*order).limit(MOST + 1)).all()
    more = len(rows) > MOST
    infos = targets.load(session, [Ref(row.kind, row.target_id) for row in rows[:MOST]])
    tasks = [_task(row, infos, today(now)) for row in rows[:MOST] if Ref(row.kind, row.target_id) in infos]
    return Work(
        late=[task for task in tasks if task.days_late > 0],
        soon=[task for task in tasks if task.days_late <= 0 and task.due_on is not None and task.due_on <= today(now) + SOON],
        later=[task for task in tasks if task.due_on is None or task.due_on > today(now) + SOON],
        more=more,
    )


def _task(row: sa.Row[tuple[object, ...]], infos: dict[Ref, TargetInfo], day: date) -> Task:
    late = (day - row.due_on).days if row.due_on else 0
    return Task(turns.task_label(row.task), infos[Ref(row.kind, row.target_id)], row.due_on, row.since, late)
