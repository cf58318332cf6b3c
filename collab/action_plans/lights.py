"""Traffic lights that can be explained: which rule, on which items, made a plan or a municipality yellow or red. Pure rules.

The thresholds stand here, and the page names the one that was passed; nothing is weighed in secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from collab.action_plans import rules
from collab.action_plans.states import OPEN_STATES, ItemState

#: An item that is later than this makes the light red.
LONG_DAYS = 30
#: An item that should be under way and of which nothing was reported for longer than this makes the light yellow.
SILENT_DAYS = 45
#: An item whose due date moved by more than this since it was approved makes the light yellow.
SLIPPED_DAYS = 60
#: How many points of a hundred the earned progress may lie behind the planned one.
BEHIND_YELLOW, BEHIND_RED = Decimal(10), Decimal(20)


class Light(StrEnum):
    """From good to bad; ``NONE`` when there is nothing to judge."""

    NONE = "none"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Flag(StrEnum):
    """What is true of an item today. An item may have several; a cancelled one has none."""

    ALL = "all"
    OPEN = "open"
    DONE = "done"
    AWAITING = "awaiting"
    SOON = "soon"
    LATE = "late"
    LATE_LONG = "late_long"
    SILENT = "silent"
    SLIPPED = "slipped"


class Rule(StrEnum):
    """The rules that can change a light."""

    LATE_LONG = "late_long"
    LATE = "late"
    SILENT = "silent"
    SLIPPED = "slipped"
    BEHIND = "behind"


@dataclass(frozen=True)
class ItemFacts:
    """What the rules need of one item; ``reported_on`` is the day of its last report."""

    id: UUID
    plan_id: UUID
    lead_organisation_id: UUID
    group: str
    weight: int
    percent: int
    state: ItemState
    starts_on: date
    due_on: date
    baseline_starts_on: date | None
    baseline_due_on: date | None
    reported_on: date | None


@dataclass(frozen=True)
class Reason:
    """One rule that applies: how bad it is, and its figure (items, or points behind); ``longest`` in days for items that are late."""

    rule: Rule
    light: Light
    figure: Decimal
    longest: int = 0


@dataclass(frozen=True)
class Verdict:
    """A light and every rule that applies, the worst first."""

    light: Light
    reasons: tuple[Reason, ...]


def flags(item: ItemFacts, today: date) -> frozenset[Flag]:
    """Return what is true of the item on the day ``today``."""
    if item.state is ItemState.CANCELLED:
        return frozenset()
    found = {Flag.ALL}
    if item.state not in OPEN_STATES:
        return frozenset(found | {Flag.DONE})
    late = rules.days_late(item.due_on, item.state, today)
    asks = {
        Flag.OPEN: True,
        Flag.AWAITING: item.state is ItemState.AWAITING_VERIFICATION,
        Flag.SOON: 0 <= (item.due_on - today).days <= rules.SOON_DAYS,
        Flag.LATE: late > 0,
        Flag.LATE_LONG: late > LONG_DAYS,
        Flag.SILENT: silent_days(item, today) > SILENT_DAYS,
        Flag.SLIPPED: rules.slip_days(item.baseline_due_on, item.due_on) > SLIPPED_DAYS,
    }
    return frozenset(found | {flag for flag, is_true in asks.items() if is_true})


def silent_days(item: ItemFacts, today: date) -> int:
    """Return for how many days nothing was heard of an item that should be under way; 0 while it waits to be verified."""
    if item.state is ItemState.AWAITING_VERIFICATION or item.starts_on > today:
        return 0
    return (today - max(item.starts_on, item.reported_on or item.starts_on)).days


def judge(items: Iterable[ItemFacts], planned: Decimal, earned: Decimal, today: date) -> Verdict:
    """Return the light of a set of items, of which ``planned`` per cent should be done and ``earned`` per cent are."""
    counted = [(item, flags(item, today)) for item in items]
    if not any(Flag.ALL in found for _item, found in counted):
        return Verdict(Light.NONE, ())
    longest = max((rules.days_late(item.due_on, item.state, today) for item, found in counted if Flag.LATE in found), default=0)
    reasons = []
    for rule, flag, light in _COUNTING:
        number = sum(1 for _item, found in counted if flag in found)
        if number:
            reasons.append(Reason(rule, light, Decimal(number), longest if flag in (Flag.LATE, Flag.LATE_LONG) else 0))
    behind = planned - earned
    if behind >= BEHIND_YELLOW:
        reasons.append(Reason(Rule.BEHIND, Light.RED if behind >= BEHIND_RED else Light.YELLOW, behind))
    reasons.sort(key=lambda reason: _SEVERITY.index(reason.light), reverse=True)
    return Verdict(reasons[0].light if reasons else Light.GREEN, tuple(reasons))


_COUNTING = (
    (Rule.LATE_LONG, Flag.LATE_LONG, Light.RED),
    (Rule.LATE, Flag.LATE, Light.YELLOW),
    (Rule.SILENT, Flag.SILENT, Light.YELLOW),
    (Rule.SLIPPED, Flag.SLIPPED, Light.YELLOW),
)
_SEVERITY = (Light.NONE, Light.GREEN, Light.YELLOW, Light.RED)
#: The items behind a rule's figure; a rule without a flag has all items behind it.
FLAG_OF = {rule: flag for rule, flag, _light in _COUNTING} | {Rule.BEHIND: Flag.ALL}
