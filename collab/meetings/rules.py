"""Quorum and majority, reckoned on plain values so that the arithmetic can be printed and checked on paper.

A seat that is absent or recused from an item has no part in its vote: recusal lowers the denominator, it is never a vote against.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from collab.meetings.states import Choice

#: The six standing headings of an agenda (ระเบียบวาระ), as offices print them.
HEADINGS = {
    1: "เรื่องที่ประธานแจ้งให้ที่ประชุมทราบ",
    2: "เรื่องรับรองรายงานการประชุม",
    3: "เรื่องสืบเนื่อง",
    4: "เรื่องที่เสนอให้ที่ประชุมทราบ",
    5: "เรื่องที่เสนอให้ที่ประชุมพิจารณา",
    6: "เรื่องอื่น ๆ",
}


@dataclass(frozen=True)
class Quorum:
    """How many voting seats there are, are present, and are needed."""

    seats: int
    present: int
    needed: int

    @property
    def is_met(self) -> bool:
        """Whether enough are present."""
        return self.present >= self.needed


def quorum(rule: str, seats: int, present: int) -> Quorum:
    """Reckon the quorum: ``half`` (rounded up), ``more_than_half`` or ``two_thirds`` (rounded up) of the voting seats."""
    needed = {
        "half": -(-seats // 2),
        "more_than_half": seats // 2 + 1,
        "two_thirds": -(-seats * 2 // 3),
    }[rule]
    return Quorum(seats, present, max(needed, 1))


@dataclass(frozen=True)
class Tally:
    """A vote with the arithmetic that decided it; sums are of weights."""

    rule: str
    votes_for: Decimal
    votes_against: Decimal
    abstained: Decimal
    present: Decimal
    recused: Decimal
    denominator: Decimal
    needed: Decimal
    casting_vote: bool
    is_carried: bool

    def as_json(self) -> dict[str, Any]:
        """Return the arithmetic with sums as text, for the resolution's record."""
        return {name: _plain(value) if isinstance(value, Decimal) else value for name, value in self.__dict__.items()}


def _plain(weight: Decimal) -> str:
    # Two votes are 2, not 2.00; half a vote is 0.5.
    return f"{weight.normalize():f}"


def tally(rule: str, ballots: Mapping[str, tuple[Choice, Decimal]], *, present: Decimal, recused: Decimal = Decimal(0),
          chair: str | None = None, casting_vote: bool = False) -> Tally:  # fmt: skip
    """Reckon a vote. ``ballots`` maps each seat that voted to its choice and weight; ``present`` is the weight of all present.

    Simple majorities need more than half of their denominator: the votes cast for or against, or all present and not recused.
    On a tie of a simple majority the chair's own choice decides when the rules give a casting vote. Unanimity needs every vote cast
    and at least one.
    """
    sums = {choice: sum((weight for cast, weight in ballots.values() if cast is choice), Decimal(0)) for choice in Choice}
    in_favour, against = sums[Choice.FOR], sums[Choice.AGAINST]
    entitled = present - recused
    denominator = in_favour + against if rule in ("simple_of_votes_cast", "unanimous") else entitled
    needed, is_carried = _majority(rule, in_favour, denominator)
    chairs = ballots.get(chair or "", (None, Decimal(0)))[0]
    is_tie = rule.startswith("simple") and in_favour == against and in_favour > 0
    casts = is_tie and casting_vote and chairs in (Choice.FOR, Choice.AGAINST)
    return Tally(
        rule=rule, votes_for=in_favour, votes_against=against, abstained=sums[Choice.ABSTAIN], present=present, recused=recused,
        denominator=denominator, needed=needed, casting_vote=casts, is_carried=chairs is Choice.FOR if casts else is_carried,
    )  # fmt: skip


def _majority(rule: str, in_favour: Decimal, denominator: Decimal) -> tuple[Decimal, bool]:
    """Return the bound of the rule and whether ``in_favour`` passes it."""
    if rule == "unanimous":
        return denominator, denominator > 0 and in_favour == denominator
    if rule == "two_thirds_of_present":
        bound = Fraction(denominator) * 2 / 3
        return Decimal(bound.numerator) / Decimal(bound.denominator), denominator > 0 and Fraction(in_favour) >= bound
    return denominator / 2, denominator > 0 and in_favour * 2 > denominator
