"""Pure decisions of reminding: what holds where (the cascade), and on which working day a due day is told of."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from collab.calendar.rules import add_days, is_working_day

#: No rule looks further ahead or back than this many working days from the due day.
MOST_OFFSET = 250
#: 250 working days, with every holiday there may be, lie within so many calendar days.
_SPAN = timedelta(days=500)


class Layer(StrEnum):
    """Where a value was set, from the widest to the narrowest."""

    INSTALLATION = "installation"
    COMMITTEE = "committee"
    PLAN = "plan"


@dataclass(frozen=True)
class Place:
    """Where rules are looked at or set. A plan's place carries its committee; without both it is the whole installation."""

    committee_id: UUID | None = None
    plan_id: UUID | None = None

    @property
    def layer(self) -> Layer:
        """The layer of this place."""
        if self.plan_id is not None:
            return Layer.PLAN
        return Layer.INSTALLATION if self.committee_id is None else Layer.COMMITTEE

    def holds(self, committee_id: UUID | None, plan_id: UUID | None) -> bool:
        """Say whether an object of this committee and plan lies within this place."""
        if self.plan_id is not None:
            return plan_id == self.plan_id
        return self.committee_id is None or committee_id == self.committee_id

    def chain(self) -> list["Place"]:
        """Return this place and those around it, the widest first."""
        found = [Place()]
        if self.committee_id is not None:
            found.append(Place(self.committee_id))
        return found if self.plan_id is None else [*found, self]


@dataclass(frozen=True)
class Setting:
    """What one layer says about a rule; None inherits. ``effective_from``: what was due to be told before that day stays untold."""

    place: Place
    offset_days: int | None = None
    repeat_days: int | None = None
    is_enabled: bool | None = None
    effective_from: date | None = None


@dataclass(frozen=True)
class Effective:
    """What holds in a place, and which layer said so. ``effective_from`` is None when the rule is off there."""

    offset_days: int
    repeat_days: int
    effective_from: date | None
    offset_layer: Layer
    repeat_layer: Layer
    enabled_layer: Layer

    @property
    def is_enabled(self) -> bool:
        """Whether the rule is on."""
        return self.effective_from is not None


def resolve(settings: Sequence[Setting]) -> Effective:
    """Return what holds at the last of ``settings``, which run from the layer that defines the rule (complete) to the narrowest.

    For each value the narrowest layer that says something wins. A layer that inherits "on" may still have a later beginning of
    its own, left by an "off" that was taken back: it is respected, so that taking back never mails the past.
    """
    first = settings[0]
    offset, repeat = (first.offset_days or 0, first.place.layer), (first.repeat_days or 0, first.place.layer)
    for setting in settings[1:]:
        if setting.offset_days is not None:
            offset = (setting.offset_days, setting.place.layer)
        if setting.repeat_days is not None:
            repeat = (setting.repeat_days, setting.place.layer)
    begins: list[date] = []
    decider = first
    for setting in reversed(settings):
        if setting.effective_from is not None:
            begins.append(setting.effective_from)
        if setting.is_enabled is not None:
            decider = setting
            break
    return Effective(
        offset[0], repeat[0], max(begins) if decider.is_enabled and begins else None, offset[1], repeat[1], decider.place.layer
    )


@dataclass(frozen=True)
class Variant:
    """One set of values of a rule and where it holds: within ``place`` but not within any of ``except_places``."""

    place: Place
    except_places: frozenset[Place]
    effective: Effective

    def holds(self, committee_id: UUID | None, plan_id: UUID | None) -> bool:
        """Say whether the object of this committee and plan is under this variant."""
        inside = self.place.holds(committee_id, plan_id)
        return inside and not any(place.holds(committee_id, plan_id) for place in self.except_places)


def variants(defined: Setting, overrides: Collection[Setting]) -> list[Variant]:
    """Return the rule's variants: every object within the rule's own place is under exactly one of them."""
    places = {defined.place: defined, **{override.place: override for override in overrides}}
    found = []
    for place in places:
        chain = [places[step] for step in place.chain() if step in places]
        if chain[0] is not defined:  # set outside of where the rule holds: without effect
            continue
        narrower = frozenset(other for other in places if other != place and place in other.chain())
        found.append(Variant(place, narrower, resolve(chain)))
    return found


class WorkingDays:
    """A count of working days over a span, so that reckoning in working days is plain arithmetic."""

    def __init__(self, first: date, last: date, closed: Collection[date]) -> None:
        """Count from ``first`` to ``last``; ``closed`` are the days besides weekends on which offices are shut."""
        span = (last - first).days + 1
        self.first = first
        self._days = [day for day in (first + timedelta(days=n) for n in range(span)) if is_working_day(day, closed)]

    def index(self, day: date) -> int:
        """Return the number of the working day on which a delay that ends on ``day`` ends: ``day`` itself, else the next one.

        Administrative Procedure Act B.E. 2539, section 64: what ends on a closed day ends on the next working day.
        """
        return bisect_left(self._days, day)

    def day(self, index: int) -> date:
        """Return the working day with this number."""
        return self._days[index]

    def is_open(self, day: date) -> bool:
        """Say whether ``day`` is a working day."""
        index = self.index(day)
        return index < len(self._days) and self._days[index] == day


def span_for(day: date, effective_from: date) -> tuple[date, date]:
    """Return the first and last day that must be counted to say what fires on ``day`` under a rule in force since then."""
    return min(day, effective_from) - _SPAN, day + _SPAN


@dataclass(frozen=True)
class Firing:
    """That what is due on ``due_on`` is told of: the ``occurrence``-th time (from 0), which fell on ``fire_on``."""

    due_on: date
    occurrence: int
    fire_on: date


def firings(counted: WorkingDays, day: date, effective: Effective) -> Iterator[Firing]:
    """Yield for each due day that has fired by the working day ``day`` its latest occurrence.

    The first occurrence falls ``offset_days`` working days from the due day (on the next working day when that one is closed),
    further ones every ``repeat_days`` working days. Nothing whose first occurrence lies before ``effective_from`` is told; of
    several missed occurrences only the latest is. One before the due day has lost its sense once that is past: the reminder on
    the day takes over.
    """
    if effective.effective_from is None or not counted.is_open(day):
        return
    now, begins = counted.index(day), counted.index(effective.effective_from)
    low, high = _due_between(counted, effective, begins, now)
    due_on = low
    while due_on <= high:
        passed = now - counted.index(due_on) - effective.offset_days
        told_too_late = effective.offset_days < 0 and counted.index(due_on) < now
        if passed >= 0 and now - passed >= begins and not told_too_late:
            occurrence = passed // effective.repeat_days if effective.repeat_days else 0
            yield Firing(due_on, occurrence, counted.day(now - passed + occurrence * effective.repeat_days))
        due_on += timedelta(days=1)


def _due_between(counted: WorkingDays, effective: Effective, begins: int, now: int) -> tuple[date, date]:
    """Return due days between which all that can fire lies: a few closed days too many on either side do no harm."""
    first = counted.day(max(begins - effective.offset_days - 1, 0))
    return first, counted.day(now - effective.offset_days)


#: The furthest that somebody may say "I am working on it": after so many working days the next rung is told again.
MOST_PAUSE = 20
#: Reported progress keeps the ladder still for so many working days.
PROGRESS_PAUSE = 5


def latest_pause(day: date, closed: Collection[date]) -> date:
    """Return the last day until which an acknowledgement given on ``day`` may hold."""
    return add_days(day, MOST_PAUSE, "working", closed)


def progress_pause(day: date, closed: Collection[date]) -> date:
    """Return until when progress reported on ``day`` keeps the ladder still."""
    return add_days(day, PROGRESS_PAUSE, "working", closed)
