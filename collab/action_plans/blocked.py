"""Who waits for whom: items that cannot begin or go on because another item, often of another organisation, is not finished."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from collab.action_plans import rules
from collab.action_plans.models import ActionItem, Dependency
from collab.action_plans.states import OPEN_STATES, ItemState

_before, _after = aliased(ActionItem, name="before"), aliased(ActionItem, name="after")


@dataclass(frozen=True)
class Wait:
    """An item that waits for another. ``since`` is the day on which it should have begun; None when that is still to come.

    ``root`` is the item that in the end holds it up: unfinished, and waiting for nothing itself.
    """

    item_id: UUID
    item: str
    organisation_id: UUID
    starts_on: date
    blocker_id: UUID
    blocker: str
    blocker_organisation_id: UUID
    blocker_due_on: date
    blocker_percent: int
    blocker_late_days: int
    since: date | None
    waited_days: int
    root_id: UUID
    root: str
    root_organisation_id: UUID

    @property
    def crosses(self) -> bool:
        """Whether one organisation waits for another."""
        return self.organisation_id != self.blocker_organisation_id


@dataclass(frozen=True)
class Matrix:
    """How many items of each waiting organisation wait for each other organisation; ``cells`` by (waiting, responsible)."""

    waiting: list[UUID]
    responsible: list[UUID]
    cells: dict[tuple[UUID, UUID], int]


def read_waits(session: Session, plan_id: UUID, today: date) -> list[Wait]:
    """Return what waits in a plan, the longest wait first; one SELECT."""
    columns = [
        column.label(f"{side}_{name}")
        for side, item in (("before", _before), ("after", _after))
        for name, column in (
            ("id", item.id), ("title", item.title), ("organisation_id", item.lead_organisation_id), ("starts_on", item.starts_on),
            ("due_on", item.due_on), ("percent", item.percent), ("state", item.state),
        )
    ]  # fmt: skip
    statement = (
        sa.select(*columns)
        .select_from(Dependency)
        .join(_before, _before.id == Dependency.predecessor_id)
        .join(_after, _after.id == Dependency.successor_id)
        .where(
            Dependency.plan_id == plan_id, Dependency.removed_at.is_(None), _before.removed_at.is_(None), _after.removed_at.is_(None),
            _before.state.in_(sorted(OPEN_STATES)), _after.state.in_(sorted(OPEN_STATES)),
        )
    )  # fmt: skip
    return waits(session.execute(statement).all(), today)


def waits(found: Sequence[Any], today: date) -> list[Wait]:
    """Return rows of unfinished predecessors and what follows them as waits, the longest first."""
    roots = _roots(found)
    made = [_wait(row, roots[row.before_id], today) for row in found]
    return sorted(made, key=lambda wait: (-wait.waited_days, wait.starts_on, wait.item, wait.blocker))


def _roots(found: Iterable[Any]) -> dict[UUID, Any]:
    """Return for each blocker the row side that in the end holds it up: of several, the one due last."""
    blockers: dict[UUID, list[Any]] = {}
    facts: dict[UUID, Any] = {}
    for row in found:
        blockers.setdefault(row.after_id, []).append(row)
        facts[row.before_id] = row
    known: dict[UUID, Any] = {}
    for start in facts:
        path = [start]
        # Cycles are refused when dependencies are made; a path that were to meet itself ends there.
        while path[-1] not in known and path[-1] in blockers:
            following = max(blockers[path[-1]], key=lambda row: (row.before_due_on, str(row.before_id))).before_id
            if following in path:
                break
            path.append(following)
        root = known.get(path[-1], facts[path[-1]])
        known.update(dict.fromkeys(path, root))
    return known


def _wait(row: Any, root: Any, today: date) -> Wait:
    late = rules.days_late(row.before_due_on, ItemState(row.before_state), today)
    waited = max((today - row.after_starts_on).days, 0)
    return Wait(
        item_id=row.after_id, item=row.after_title, organisation_id=row.after_organisation_id, starts_on=row.after_starts_on,
        blocker_id=row.before_id, blocker=row.before_title, blocker_organisation_id=row.before_organisation_id,
        blocker_due_on=row.before_due_on, blocker_percent=row.before_percent, blocker_late_days=late,
        since=row.after_starts_on if waited else None, waited_days=waited, root_id=root.before_id, root=root.before_title,
        root_organisation_id=root.before_organisation_id,
    )  # fmt: skip


def of_organisation(found: Iterable[Wait], organisation_id: UUID | None) -> tuple[list[Wait], list[Wait]]:
    """Return what the organisation waits for, and what others wait for from it; for None everything across organisations, and nothing."""
    listed = list(found)
    if organisation_id is None:
        return [wait for wait in listed if wait.crosses], []
    waiting = [wait for wait in listed if wait.organisation_id == organisation_id]
    return waiting, [wait for wait in listed if wait.blocker_organisation_id == organisation_id and wait.crosses]


def matrix(found: Iterable[Wait], names: dict[UUID, str]) -> Matrix:
    """Return who waits for whom across organisations, in numbers of items."""
    pairs = {(wait.organisation_id, wait.blocker_organisation_id, wait.item_id) for wait in found if wait.crosses}
    cells: dict[tuple[UUID, UUID], int] = {}
    for waiting, responsible, _item in pairs:
        cells[waiting, responsible] = cells.get((waiting, responsible), 0) + 1

    def ordered(place: int) -> list[UUID]:
        return sorted({pair[place] for pair in cells}, key=lambda key: (names.get(key, ""), str(key)))

    return Matrix(ordered(0), ordered(1), cells)
