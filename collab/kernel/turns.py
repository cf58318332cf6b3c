"""What waits for whom: each area says which of its objects wait for a person, as one SELECT that the dashboard unites with others."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collab.kernel.access import Actor
from collab.kernel.i18n import LazyText

#: Columns of every select, in this order: kind, target_id, committee_id, organisation_id, task, due_on, since.
COLUMNS = ("kind", "target_id", "committee_id", "organisation_id", "task", "due_on", "since")

Select = Callable[[Actor, datetime], "sa.Select[Any] | None"]


@dataclass(frozen=True)
class TurnSource:
    """One source of work: ``select`` returns what waits for an actor (the columns `COLUMNS`), or None when nothing can."""

    name: str
    select: Select


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


def waiting_for(actor: Actor, now: datetime) -> "sa.CompoundSelect[Any] | None":
    """Return one UNION ALL of everything that waits for ``actor``, or None when no source has anything for such a person."""
    selects = [found for source in _sources.values() if (found := source.select(actor, now)) is not None]
    return sa.union_all(*selects) if selects else None
