"""Choosing what to check, so that anybody can do the choice again with the population, the seed and a spreadsheet.

The population is numbered 1 … N in the order of its ids. Random numbers come from the generator of Park and Miller (1988),
x ← 16807·x mod 2147483647, begun with the seed: every product stays below 2^53, so a spreadsheet reckons it exactly. Sums are in
whole baht.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from collab.kernel.targets import Ref

MULTIPLIER = 16_807
MODULUS = 2_147_483_647
#: Seeds from 1 to this.
LARGEST_SEED = MODULUS - 1


class Subject(StrEnum):
    """What a sample is drawn from; of the last three each unit is one line of money of one organisation."""

    ACTION_ITEMS = "action_items"
    AGREEMENTS = "agreements"
    DECISIONS = "decisions"
    BUDGETS = "budgets"
    COSTS = "costs"
    CONTRIBUTIONS = "contributions"


class Method(StrEnum):
    """How a sample is chosen."""

    RANDOM = "random"
    MONETARY = "monetary"
    RISK = "risk"


@dataclass(frozen=True)
class Unit:
    """One item of the population: its sum in whole baht, the object whose history shows it, what it is told by and what makes it risky."""

    id: UUID
    title: str
    amount: int
    target: Ref
    is_late: bool = False
    without_authority: bool = False
    slips: int = 0
    organisation_id: UUID | None = None
    old_due_on: date | None = None
    new_due_on: date | None = None


@dataclass(frozen=True)
class Choice:
    """One chosen item: its number in the population (from 1), and what chose it (random number, baht hit, or score)."""

    number: int
    drawn: int


@dataclass(frozen=True)
class Monetary:
    """A money-weighted choice: every ``interval``-th baht from the baht ``start`` on."""

    interval: int
    start: int
    choices: tuple[Choice, ...]


#: How each population may be chosen from: by money where it has money, by risk where signs of risk are defined.
METHODS: Mapping[Subject, tuple[Method, ...]] = {
    Subject.ACTION_ITEMS: (Method.RANDOM, Method.MONETARY, Method.RISK),
    Subject.AGREEMENTS: (Method.RANDOM, Method.MONETARY, Method.RISK),
    Subject.DECISIONS: (Method.RANDOM, Method.RISK),
    Subject.BUDGETS: (Method.RANDOM, Method.MONETARY),
    Subject.COSTS: (Method.RANDOM, Method.MONETARY),
    Subject.CONTRIBUTIONS: (Method.RANDOM, Method.MONETARY),
}
#: Points of each sign of risk; money counts once for every full step of baht, up to its most.
WEIGHTS: Mapping[str, int] = {"late": 3, "without_authority": 3, "slip": 1, "million": 1}
MOST_SLIPS, MOST_MILLIONS, MILLION = 5, 5, 1_000_000


def whole_baht(amount: Decimal) -> int:
    """Return a sum in whole baht, half a baht rounded up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def numbers(seed: int) -> Iterator[int]:
    """Yield the generator's numbers, each from 1 to 2147483646."""
    value = seed
    while True:
        value = MULTIPLIER * value % MODULUS
        yield value


def draw_random(population: int, size: int, seed: int) -> list[Choice]:
    """Return ``size`` different items, each equally likely: x gives the number 1 + ⌊x·N / 2147483647⌋; repeats are passed over."""
    chosen: list[Choice] = []
    seen: set[int] = set()
    for value in numbers(seed):
        if len(chosen) >= min(size, population):
            return chosen
        number = 1 + value * population // MODULUS
        if number not in seen:
            seen.add(number)
            chosen.append(Choice(number, value))
    return chosen


def draw_monetary(amounts: Sequence[int], size: int, seed: int) -> Monetary:
    """Return the items in which every J-th baht of the running total lies, from the baht 1 + (x mod J) on; J is total ÷ size.

    An item of J baht or more is always chosen; one hit several times counts once; one without money never.
    """
    total = sum(amounts)
    interval = max(total // size, 1) if size else 0
    if total == 0 or size == 0:
        return Monetary(0, 0, ())
    start = 1 + next(numbers(seed)) % interval
    chosen: list[Choice] = []
    hit, running = start, 0
    for number, amount in enumerate(amounts, start=1):
        running += amount
        if hit > running:
            continue
        chosen.append(Choice(number, hit))
        hit += ((running - hit) // interval + 1) * interval
    return Monetary(interval, start, tuple(chosen))


def score(unit: Unit) -> int:
    """Return the points of risk of ``unit`` by `WEIGHTS`."""
    return (
        WEIGHTS["late"] * unit.is_late
        + WEIGHTS["without_authority"] * unit.without_authority
        + WEIGHTS["slip"] * min(unit.slips, MOST_SLIPS)
        + WEIGHTS["million"] * min(unit.amount // MILLION, MOST_MILLIONS)
    )


def draw_risk(units: Sequence[Unit], size: int) -> list[Choice]:
    """Return the items with the most points; of equal ones the dearer, then the one with the smaller number."""
    ranked = sorted(enumerate(units, start=1), key=lambda pair: (-score(pair[1]), -pair[1].amount, pair[0]))
    return [Choice(number, score(unit)) for number, unit in ranked[:size]]
