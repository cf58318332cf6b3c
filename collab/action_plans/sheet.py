"""A plan's page: what stands over the whole plan, and its body, table and picture, made once and kept until something changes.

What the body is made from is its key: the head of the plan's chain of events (it changes with every change of anything in the plan), the
names of organisations and people, the closed days, today, the language and the filters. Two SELECTs therefore say whether the body
that is kept still holds; see docs/adr/0008.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import gantt, rows, rules
from collab.action_plans.filters import Filters, Order
from collab.action_plans.rows import Line, Names
from collab.action_plans.rules import PlanSum
from collab.action_plans.states import ItemKind, ItemState
from collab.action_plans.wording import ITEM_STATES, TONES, late_text, slip_text
from collab.calendar import queries as calendar
from collab.kernel import i18n
from collab.kernel.dates import format_date
from collab.kernel.i18n import _
from collab.kernel.money import format_baht
from collab.web.compression import Fragment, fragment
from collab.web.fragments import Kept

#: Memory of one process for bodies, and for what is known of plans without their bodies.
_BODIES: Kept["Body"] = Kept(32 * 1024 * 1024)
_OVERVIEWS: Kept["Overview"] = Kept(4 * 1024 * 1024)


@dataclass(frozen=True)
class Overview:
    """What is said over a whole plan whatever the filters: who takes part, its groups, days, progress, sums. ``budget`` in baht."""

    organisations: frozenset[UUID]
    people: frozenset[UUID]
    groups: tuple[str, ...]
    first: date
    last: date
    count: int
    progress: PlanSum
    budget: Decimal
    late_count: int


@dataclass(frozen=True)
class Asked:
    """Which body is asked for: the plan, the head of its chain of events, the filters, the page and the day."""

    plan_id: UUID
    head: bytes
    filters: Filters
    cursor: str
    today: date


@dataclass(frozen=True)
class Body:
    """The table and picture of a page of items as text, how many items that are, and the pages beside it."""

    text: Fragment
    count: int
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class Cells:
    """One row as the template writes it: everything in words already."""

    id: UUID
    title: str
    lead: str
    supporters: tuple[str, ...]
    owner: str
    starts: str
    due: str
    late: str
    approved: str
    slip: str
    weight: int
    percent: int
    budget: str
    state: str
    tone: str


@dataclass(frozen=True)
class Sheet:
    """What the template of a body needs. ``names`` stand beside the bars of ``chart``: (text, item or None for a group)."""

    groups: list[tuple[str, list[Cells]]]
    names: list[tuple[str, UUID | None]]
    chart: gantt.Chart | None
    late_count: int


def overview(session: Session, plan: Any, today: date) -> Overview:
    """Return what is said over the whole ``plan`` (a row of `rows.plan_head`); read anew when the head of its chain of events is another."""
    key = (plan.id, plan.head, today)
    kept = _OVERVIEWS.get(key)
    if kept is None:
        kept = _overview(rows.read_all(session, plan.id, Filters(), today), plan.groups or [], today)
        _OVERVIEWS.put(key, kept, 1000 + 80 * (len(kept.organisations) + len(kept.people)) + 400 * len(kept.groups))
    return kept


def _overview(found: Sequence[Any], weighted: Sequence[tuple[str, int | None]], today: date) -> Overview:
    organisations, people = rows.ids_in(found)
    spans = [gantt.Span(row.starts_on, row.due_on, row.baseline_starts_on, row.baseline_due_on) for row in found]
    first, last = gantt.bounds(spans) if spans else (today, today)
    counted = [row for row in found if row.state is not ItemState.CANCELLED]
    progress = rules.roll_up_plan(
        [rules.Counted(row.group_name, row.weight, row.percent, row.state) for row in found], dict(weighted)
    )
    return Overview(
        organisations=organisations, people=people, groups=_ordered(weighted, found),
        first=first, last=last, count=len(found), progress=progress,
        budget=sum((row.budget_planned for row in counted), Decimal(0)),
        late_count=sum(1 for row in found if rules.days_late(row.due_on, row.state, today)),
    )  # fmt: skip


def _ordered(weighted: Sequence[tuple[str, int | None]], found: Sequence[Any]) -> tuple[str, ...]:
    used = dict.fromkeys(row.group_name for row in found if row.group_name)
    return tuple(dict.fromkeys([*(name for name, _weight in weighted if name in used), *used]))


def body(session: Session, asked: Asked, whole: Overview, names: Names, render: Callable[[Sheet], str]) -> Body:
    """Return the body asked for, made with ``render`` unless one made from the very same facts is kept."""
    closed = calendar.closed_days(session, whole.first, whole.last)
    key = (asked, i18n.get_locale(), names, closed)
    kept = _BODIES.get(key)
    if kept is None:
        page = rows.read_page(session, asked.plan_id, asked.filters, asked.today, asked.cursor)
        found = rows.lines(page.rows, names, asked.today)
        links = rows.read_links(session, asked.plan_id)
        # Ordered by day, the groups stand as their first items do.
        order = whole.groups if asked.filters.order is Order.PLAN else ()
        text = fragment(render(sheet(found, asked.today, closed, links, order)))
        kept = Body(text, len(found), page.next_cursor, page.previous_cursor)
        _BODIES.put(key, kept, text.size)
    return kept


def sheet(
    found: Sequence[Line], today: date, closed: frozenset[date], links: Iterable[tuple[UUID, UUID]], order: Sequence[str] = ()
) -> Sheet:
    """Return the lines in words with their picture; cancelled items stand in the table and not in the picture.

    ``links`` are (predecessor, successor); one that leads to an item on another page is not drawn. ``order`` is that of the groups.
    """
    groups = rows.by_group(found, order)
    names, spans = _picture(groups)
    places = {key: place for place, (_name, key) in enumerate(names) if key}
    drawn = [(places[before], places[after]) for before, after in links if before in places and after in places]
    cells = _Words()
    return Sheet(
        groups=[(group, [cells.of(line) for line in members]) for group, members in groups], names=names,
        chart=gantt.draw(spans, today, drawn, closed), late_count=sum(1 for line in found if line.late_days),
    )  # fmt: skip


def _picture(groups: list[tuple[str, list[Line]]]) -> tuple[list[tuple[str, UUID | None]], list[gantt.Span]]:
    names: list[tuple[str, UUID | None]] = []
    spans: list[gantt.Span] = []
    for group, members in groups:
        drawn = [line for line in members if line.state is not ItemState.CANCELLED]
        if not drawn:
            continue
        if group or len(groups) > 1:
            names.append((group or _("Without a group"), None))
            spans.append(gantt.Span(min(line.starts_on for line in drawn), max(line.due_on for line in drawn), kind="group"))
        names += [(line.title, line.id) for line in drawn]
        spans += [span_of(line) for line in drawn]
    return names, spans


def span_of(line: Line) -> gantt.Span:
    """Return what the picture draws of an item; beside its bar stands in words whether it is late, done or moved."""
    if line.late_days:
        kind, words = "late", late_text(line.late_days)
    elif line.state is ItemState.DONE:
        kind, words = "done", str(ITEM_STATES[ItemState.DONE])
    else:
        kind, words = "now", slip_text(line.slip_days) if line.slip_days else ""
    is_milestone = line.kind is ItemKind.MILESTONE
    return gantt.Span(line.starts_on, line.due_on, line.baseline_starts_on, line.baseline_due_on, kind, words, is_milestone)


class _Words:
    """Says what lines say; every day, number of days and state is put into words once."""

    def __init__(self) -> None:
        self._locale = i18n.get_locale()
        self._days: dict[date, str] = {}
        self._late: dict[int, str] = {0: ""}
        self._slip: dict[int, str] = {0: ""}
        self._states = {state: (str(ITEM_STATES[state]), TONES[state.value]) for state in ItemState}

    def of(self, line: Line) -> Cells:
        """Return the line in words."""
        if line.late_days not in self._late:
            self._late[line.late_days] = late_text(line.late_days)
        if line.slip_days not in self._slip:
            self._slip[line.slip_days] = slip_text(line.slip_days)
        state, tone = self._states[line.state]
        return Cells(
            line.id, line.title, line.lead, line.supporters, line.owner, self._day(line.starts_on), self._day(line.due_on),
            self._late[line.late_days],
            self._day(line.baseline_due_on) if line.baseline_due_on else "", self._slip[line.slip_days], line.weight, line.percent,
            format_baht(line.budget), state, tone,
        )  # fmt: skip

    def _day(self, day: date) -> str:
        if day not in self._days:
            self._days[day] = format_date(day, self._locale, short=True)
        return self._days[day]
