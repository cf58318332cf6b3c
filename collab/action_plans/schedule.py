"""Dates of linked items, purely: what moves when one item moves, and which cycle a new link would close.

The method is the forward pass of the critical path method on working days: an item is moved only when what it waits for ends too
late, only to a later day, by as little as possible, and keeps its length in working days.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from collab.calendar.rules import is_working_day

Dates = tuple[date, date]
_STEP = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Span:
    """One item as the schedule sees it.

    ``is_fixed``: it has begun or ended, so nothing moves it. ``is_ended``: it is done or cancelled, so nothing waits for it.
    """

    id: UUID
    starts_on: date
    due_on: date
    is_milestone: bool = False
    is_fixed: bool = False
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """``successor`` waits until ``predecessor`` has ended and ``lag_days`` working days have passed."""

    predecessor: UUID
    successor: UUID
    lag_days: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """An item that moves, from when to when."""

    id: UUID
    old: Dates
    new: Dates


class WorkingDays:
    """The working days from ``first`` on, reckoned once and then looked up. ``closed`` are days on which offices are shut."""

    def __init__(self, closed: Collection[date], first: date) -> None:
        self._closed = closed
        self._first = first
        self._next = first
        self._days: list[date] = []

    def from_day(self, day: date) -> date:
        """Return ``day`` when it is a working day, else the next one."""
        self._reach(day)
        return self._days[bisect_left(self._days, day)]

    def after(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day`` (1: the next one)."""
        self._reach(day)
        index = bisect_right(self._days, day) + count - 1
        while index >= len(self._days):
            self._grow()
        return self._days[index]

    def before(self, day: date, count: int) -> date:
        """Return the ``count``-th working day before ``day`` (0: ``day`` itself, or the last working day before it)."""
        self._reach(day)
        return self._days[max(bisect_right(self._days, day) - 1 - count, 0)]

    def count(self, first: date, last: date) -> int:
        """Return how many working days lie from ``first`` to ``last``, both counted."""
        self._reach(last)
        return bisect_right(self._days, last) - bisect_left(self._days, first)

    def _reach(self, day: date) -> None:
        if day < self._first:
            raise ValueError(f"{day} is before {self._first}, the first day that was asked for")
        while not self._days or self._days[-1] <= day:
            self._grow()

    def _grow(self) -> None:
        end = self._next + _STEP
        while self._next < end:
            if is_working_day(self._next, self._closed):
                self._days.append(self._next)
            self._next += timedelta(days=1)


def earliest_start(link: Link, predecessor_due: date, successor: Span, days: WorkingDays) -> date:
    """Return the first day on which ``successor`` may begin.

    A task begins on a working day after the end and the lag. A milestone may stand on the very day on which what leads to it ends.
    """
    if successor.is_milestone and link.lag_days == 0:
        return days.from_day(predecessor_due)
    return days.after(predecessor_due, link.lag_days + (0 if successor.is_milestone else 1))


def find_cycle(links: Iterable[Link], new: Link) -> list[UUID]:
    """Return the items of the cycle that ``new`` would close, in order and ending where it begins; empty when there is none."""
    after: dict[UUID, list[UUID]] = defaultdict(list)
    for link in links:
        after[link.predecessor].append(link.successor)
    came_from: dict[UUID, UUID] = {}
    waiting = deque([new.successor])
    while waiting:
        current = waiting.popleft()
        if current == new.predecessor:
            path = [current]
            while path[-1] != new.successor:
                path.append(came_from[path[-1]])
            return [new.predecessor, *reversed(path)]
        for following in after[current]:
            if following not in came_from and following != new.successor:
                came_from[following] = current
                waiting.append(following)
    return []


def consequences(spans: Mapping[UUID, Span], links: Sequence[Link], changed: Mapping[UUID, Dates], days: WorkingDays,
                 also: Collection[UUID] = ()) -> list[Move]:  # fmt: skip
    """Return what else moves, in the order of dependence, when the items in ``changed`` get new dates.

    ``also`` are items to look at again although nothing before them moved (a new link ends there). Items that are not in
    ``spans`` and links to them count for nothing. The links must be free of cycles.
    """
    before, after = _by_end(spans, links)
    dates: dict[UUID, Dates] = dict(changed)
    moves: list[Move] = []
    for key in _downstream([*changed, *also], after):
        span = spans[key]
        if span.is_fixed or key in changed:
            continue
        if key not in also and not any(link.predecessor in dates for link in before[key]):
            continue
        needed = [_needed(link, spans, dates, days) for link in before[key] if not spans[link.predecessor].is_ended]
        start = max(needed, default=span.starts_on)
        if start > span.starts_on:
            dates[key] = (start, _end_from(start, span, days))
            moves.append(Move(key, (span.starts_on, span.due_on), dates[key]))
    return moves


def settle(
    spans: Mapping[UUID, Span], links: Sequence[Link], changed: Mapping[UUID, Dates], days: WorkingDays
) -> tuple[list[Move], dict[UUID, tuple[date, UUID]]]:
    """Return what else moves when all of ``changed`` get new dates together, and which of them begin too early.

    Those stay as they are, or move as others do; with each stands the first day on which it may begin and the item that holds it
    up. One pass in the order of dependence. The links must be free of cycles.
    """
    before, after = _by_end(spans, links)
    dates: dict[UUID, Dates] = {}
    moves: list[Move] = []
    early: dict[UUID, tuple[date, UUID]] = {}
    for key in _downstream(changed, after):
        span = spans[key]
        waits = [link for link in before[key] if not spans[link.predecessor].is_ended]
        first = max(((_needed(link, spans, dates, days), link.predecessor) for link in waits), default=None)
        if key in changed:
            if first is None or changed[key][0] >= first[0]:
                dates[key] = changed[key]
                continue
            early[key] = first
        is_pushed = first is not None and first[0] > span.starts_on and any(link.predecessor in dates for link in waits)
        if first is not None and is_pushed and not span.is_fixed:
            dates[key] = (first[0], _end_from(first[0], span, days))
            moves.append(Move(key, (span.starts_on, span.due_on), dates[key]))
    return moves, early


def earliest_allowed(spans: Mapping[UUID, Span], links: Sequence[Link], key: UUID, days: WorkingDays) -> tuple[date, UUID] | None:
    """Return the first day on which the item may begin and the item that holds it up; None when it waits for nothing."""
    into = [link for link in links if link.successor == key and link.predecessor in spans]
    found = [(_needed(link, spans, {}, days), link.predecessor) for link in into if not spans[link.predecessor].is_ended]
    return max(found, key=lambda pair: pair[0], default=None)


def digest(moves: Iterable[Move]) -> str:
    """Return a short fingerprint of ``moves``: by it a person confirms exactly the consequences that were shown."""
    text = ";".join(f"{move.id}:{move.new[0]}:{move.new[1]}" for move in sorted(moves, key=lambda move: move.id))
    return sha256(text.encode()).hexdigest()[:32]


def _needed(link: Link, spans: Mapping[UUID, Span], dates: Mapping[UUID, Dates], days: WorkingDays) -> date:
    due = dates[link.predecessor][1] if link.predecessor in dates else spans[link.predecessor].due_on
    return earliest_start(link, due, spans[link.successor], days)


def _end_from(start: date, span: Span, days: WorkingDays) -> date:
    if span.is_milestone:
        return start
    # `start` is a working day and counts itself. What lay on closed days only takes one day.
    return days.after(start, max(days.count(span.starts_on, span.due_on), 1) - 1)


def _by_end(spans: Mapping[UUID, Span], links: Iterable[Link]) -> tuple[dict[UUID, list[Link]], dict[UUID, list[UUID]]]:
    before: dict[UUID, list[Link]] = defaultdict(list)
    after: dict[UUID, list[UUID]] = defaultdict(list)
    for link in links:
        if link.predecessor in spans and link.successor in spans:
            before[link.successor].append(link)
            after[link.predecessor].append(link.successor)
    return before, after


def _downstream(starts: Iterable[UUID], after: Mapping[UUID, list[UUID]]) -> list[UUID]:
    """Return the items reachable from ``starts``, each behind everything that leads to it (depth first, without recursion)."""
    done: dict[UUID, None] = {}
    for first in starts:
        stack: list[tuple[UUID, bool]] = [(first, False)]
        while stack:
            key, is_left = stack.pop()
            if key in done:
                continue
            if is_left:
                done[key] = None
                continue
            stack.append((key, True))
            stack.extend((following, False) for following in after.get(key, ()) if following not in done)
    return list(reversed(done))
