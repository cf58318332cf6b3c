"""Formulas of cost sharing on plain values. All shares sum exactly to the total (largest remainder, ties to the earlier party)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from collab.kernel.money import SATANG, split_by_weights


class Method(StrEnum):
    """How a cost is shared."""

    EQUAL = "equal"
    BY_MEASURE = "by_measure"
    MIXED = "mixed"
    CAPPED = "capped"
    PER_UNIT = "per_unit"
    FIXED_AND_UNIT = "fixed_and_unit"
    HOST_RATE = "host_rate"


#: Methods whose total is an input; the others add up from rates and quantities.
SPLITS_TOTAL = frozenset({Method.EQUAL, Method.BY_MEASURE, Method.MIXED, Method.CAPPED})
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Terms:
    """The numbers of a formula: total (baht), equal part and cap (per cent), rate and host rate (baht a unit), fixed sum (baht)."""

    total: Decimal = Decimal(0)
    equal_percent: Decimal = Decimal(0)
    cap_percent: Decimal = HUNDRED
    rate: Decimal = Decimal(0)
    host_rate: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)
    host: str = ""


class Unshareable(ValueError):
    """The inputs give no shares: no party, no positive measure, or a cap too low to be met."""


def shares(method: Method, measures: Mapping[str, Decimal], terms: Terms) -> dict[str, Decimal]:
    """Return each party's share in baht, in the order of ``measures`` (party → population, tonnes, …). Raises Unshareable."""
    parties = list(measures)
    if not parties or any(value < 0 for value in measures.values()):
        raise Unshareable
    weights = list(measures.values())
    if method in SPLITS_TOTAL and method is not Method.EQUAL and not any(weights):
        raise Unshareable
    if method is Method.CAPPED:
        found = _capped(weights, terms)
    elif method in SPLITS_TOTAL:
        found = split_by_weights(terms.total, _blend(method, weights, terms))
    else:
        found = _by_rate(method, parties, weights, terms)
    return dict(zip(parties, found, strict=True))


def _blend(method: Method, weights: Sequence[Decimal], terms: Terms) -> list[Decimal]:
    """Return the weights of a split: equal, by measure, or a part of each."""
    if method is Method.EQUAL:
        return [Decimal(1)] * len(weights)
    if method is Method.BY_MEASURE:
        return list(weights)
    whole = sum(weights, Decimal(0))
    equal = terms.equal_percent / HUNDRED / len(weights)
    rest = 1 - terms.equal_percent / HUNDRED
    return [equal + rest * weight / whole for weight in weights]


def _capped(weights: Sequence[Decimal], terms: Terms) -> list[Decimal]:
    """Share by measure; whoever would pay above the cap pays the cap, and the others share the rest by measure."""
    cap = (terms.total * terms.cap_percent / HUNDRED).quantize(SATANG, rounding=ROUND_DOWN)
    if cap * len(weights) < terms.total:
        raise Unshareable
    capped: set[int] = set()
    while True:
        free = [index for index in range(len(weights)) if index not in capped]
        rest = terms.total - cap * len(capped)
        if not free or not any(weights[index] for index in free):
            raise Unshareable
        split = dict(zip(free, split_by_weights(rest, [weights[index] for index in free]), strict=True))
        over = {index for index, share in split.items() if share > cap}
        if not over:
            return [cap if index in capped else split[index] for index in range(len(weights))]
        capped |= over


def _by_rate(method: Method, parties: Sequence[str], weights: Sequence[Decimal], terms: Terms) -> list[Decimal]:
    fixed = (
        split_by_weights(terms.fixed, [Decimal(1)] * len(parties))
        if method is Method.FIXED_AND_UNIT
        else [Decimal(0)] * len(parties)
    )
    rates = [terms.host_rate if method is Method.HOST_RATE and party == terms.host else terms.rate for party in parties]
    return [part + (weight * rate).quantize(SATANG) for part, weight, rate in zip(fixed, weights, rates, strict=True)]
