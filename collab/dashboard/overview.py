"""Committees at a glance, and what a person waits for from others: both reckoned from what the areas declared as due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import overview as plan_overview
from collab.action_plans import overview_words
from collab.action_plans.overview_queries import Scope
from collab.kernel import targets
from collab.kernel.access import Actor, Role
from collab.kernel.clock import today
from collab.kernel.paging import Key, Page, keyset
from collab.kernel.targets import Ref
from collab.kernel.turns import Task
from collab.members import queries as members
from collab.members.models import Committee
from collab.members.rules import name_of
from collab.reminders.registry import DueKind, due_kinds

OTHERS = 10
#: Whoever has one of these roles sees more than their own organisation.
OVERSEERS = (Role.COORDINATOR, Role.CHAIR, Role.AUDITOR, Role.ADMINISTRATOR)
#: A figure above this is shown as "1,000+": counting on would make the first screen slower for the largest installations.
MOST = 1000


@dataclass(frozen=True)
class Figure:
    """How much is late of one kind, with the page that lists the rows behind it."""

    label: str
    number: str
    url: str


@dataclass(frozen=True)
class CommitteeOverview:
    """What is late in one committee, and the names of the kinds of which nothing is."""

    committee_id: UUID
    name: str
    late: Sequence[Figure]
    in_time: Sequence[str]


def committees_of(session: Session, actor: Actor, now: datetime) -> list[CommitteeOverview]:
    """Return the committees that ``actor`` oversees with what is late in each, one query a kind of due date."""
    committees = members.list_committees(session, actor)
    day = today(now)
    keys = [row.id for row in committees]
    late = {name: _late_counts(session, kind, keys, day) for name, kind in sorted(due_kinds().items())} if keys else {}
    return [_committee(actor, row, {name: found.get(row.id, 0) for name, found in late.items()}) for row in committees]


def _committee(actor: Actor, row: Committee, late: Mapping[str, int]) -> CommitteeOverview:
    shown = {name: number for name, number in late.items() if due_kinds()[name].may_count(actor, row.id)}
    figures = [_figure(name, number, row.id) for name, number in shown.items() if number]
    in_time = [str(due_kinds()[name].label) for name, number in shown.items() if not number]
    return CommitteeOverview(row.id, name_of(row), figures, in_time)


def _late_counts(session: Session, kind: DueKind, committee_ids: list[UUID], day: date) -> dict[UUID, int]:
    due = kind.select().subquery()
    committee = sa.select(sa.func.unnest(sa.literal(committee_ids, sa.ARRAY(sa.Uuid()))).label("id")).subquery()
    late = sa.select(due.c.target_id).where(due.c.committee_id == committee.c.id, due.c.due_on < day).limit(MOST + 1).lateral()
    counted = sa.select(committee.c.id, sa.func.count(late.c.target_id).label("late"))
    rows = session.execute(counted.select_from(committee.outerjoin(late, sa.true())).group_by(committee.c.id))
    return {row.id: row.late for row in rows}


def _figure(name: str, number: int, committee_id: UUID) -> Figure:
    shown = f"{number:,}" if number <= MOST else f"{MOST:,}+"
    return Figure(str(due_kinds()[name].label), shown, "/due?" + urlencode({"kind": name, "committee": committee_id}))


def plans_of(session: Session, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Return how the plans under way stand, one line a committee: all of it for those who oversee, else what one's organisation leads."""
    oversees = any(actor.has(role) for role in OVERSEERS)
    scope = Scope() if oversees else Scope(organisation_id=actor.organisation_id)
    standings = plan_overview.summary(session, actor, scope, now)
    names = {row.id: name_of(row) for row in members.list_committees(session, actor)}
    return overview_words.rows(standings, scope, "committee", names)


def late_rows(
    session: Session, actor: Actor, now: datetime, kind: str, committee_id: UUID | None, cursor: str | None
) -> Page[Task]:
    """Return a page of what is late of one kind in the committees that ``actor`` may see (or in one of them)."""
    visible = {row.id for row in members.list_committees(session, actor)}
    wanted = visible if committee_id is None else visible & {committee_id}
    if kind not in due_kinds() or not wanted:
        return Page([])
    due = due_kinds()[kind].select().subquery()
    statement = sa.select(due).where(due.c.committee_id.in_(wanted), due.c.due_on < today(now))
    keys = (Key(due.c.due_on, lambda row: row.due_on), Key(due.c.target_id, lambda row: row.target_id))
    page = keyset(session, statement, keys, cursor)
    return Page(
        _tasks(session, actor, [(due_kinds()[kind], row) for row in page.rows], today(now)),
        page.next_cursor,
        page.previous_cursor,
    )


def others_of(session: Session, actor: Actor, now: datetime) -> list[Task]:
    """Return what other organisations owe in the committees of ``actor``, the most urgent first, at most `OTHERS`."""
    if not actor.committee_ids:
        return []
    found: list[tuple[DueKind, Any]] = []
    for kind in due_kinds().values():
        due = kind.select().subquery()
        statement = (
            sa.select(due)
            .where(due.c.committee_id.in_(actor.committee_ids), due.c.organisation_id.not_in(actor.organisation_ids))
            .order_by(due.c.due_on, due.c.target_id)
            .limit(OTHERS)
        )
        found.extend((kind, row) for row in session.execute(statement))
    found.sort(key=lambda pair: (pair[1].due_on, pair[1].target_id))
    return _tasks(session, actor, found[:OTHERS], today(now))


def _tasks(session: Session, actor: Actor, found: Sequence[tuple[DueKind, Any]], day: date) -> list[Task]:
    infos = targets.resolve(session, actor, [Ref(kind.target_kind, row.target_id) for kind, row in found])
    names = members.organisation_names(session, {row.organisation_id for _kind, row in found})
    return [
        Task(
            label=str(kind.label), info=infos[ref], due_on=row.due_on, since=None, days_late=(day - row.due_on).days,
            who=names.get(row.organisation_id, ""),
        )
        for kind, row in found
        if (ref := Ref(kind.target_kind, row.target_id)) in infos
    ]  # fmt: skip
