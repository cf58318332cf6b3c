"""Pure decisions on proposals: what is missing, whether opinions may be closed, how ready it is."""

from collections.abc import Iterable, Mapping
from datetime import date

from collab.proposals.states import OpinionState

#: Fields that must be filled before a proposal is submitted; a draft may lack any of them.
REQUIRED = ("title", "problem", "objective", "area", "legal_basis")


def missing_fields(values: Mapping[str, object]) -> list[str]:
    """Return the names of the required fields that are empty, in the order of the form."""
    return [name for name in REQUIRED if not values.get(name)]


def opinions_can_close(states: Iterable[OpinionState], due_on: date, today: date) -> bool:
    """Say whether opinions may be closed: all are in, or the day is past. A silent council does not hold up the others."""
    return today > due_on or all(state is OpinionState.ANSWERED for state in states)


def readiness_mean(scores: Mapping[str, int]) -> float | None:
    """Return the mean of the readiness scores (1–5) to one decimal, None when none is given."""
    return round(sum(scores.values()) / len(scores), 1) if scores else None


def register_number(code: str, number: int, year: int) -> str:
    """Return a register number such as ``หญ 3/2570`` (พ.ศ.)."""
    return f"{code} {number}/{year}"
