"""Pure sums and decisions: the roll-up of progress, lateness, slips, and what an item must have."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from collab.action_plans.states import OPEN_STATES, ItemState

FINISHED = 100
#: How long before its due date an item begins to wait for its owner.
SOON_DAYS = 14
MOST_WEIGHT = 1000
#: Kinds of objects that may be the authority of an item.
AUTHORITY_KINDS = frozenset({"resolution", "clause"})


@dataclass(frozen=True)
class RollUp:
    """Weighted progress, with the sums it was reckoned from, so that anybody can reckon it again.

    ``points`` is the sum of weight times percent; ``reported`` is points / weights; ``verified`` counts only what another party
    has verified. Both in per cent to one decimal, half up.
    """

    items: int
    weights: int
    points: int
    verified_weights: int
    reported: Decimal
    verified: Decimal


def roll_up(items: Iterable[tuple[int, int, ItemState]]) -> RollUp:
    """Return the weighted progress of ``(weight, percent, state)``; cancelled items count for nothing."""
    counted = [(weight, percent, state) for weight, percent, state in items if state is not ItemState.CANCELLED]
    weights = sum(weight for weight, _percent, _state in counted)
    points = sum(weight * percent for weight, percent, _state in counted)
    verified = sum(weight for weight, _percent, state in counted if state is ItemState.DONE)
    return RollUp(len(counted), weights, points, verified, _share(points, weights), _share(verified * FINISHED, weights))


def _share(points: int, weights: int) -> Decimal:
    if not weights:
        return Decimal("0.0")
    return (Decimal(points) / Decimal(weights)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def days_late(due_on: date, state: ItemState, today: date) -> int:
    """Return by how many days an open item is past its due date; 0 when it is not, or when nothing is left to do."""
    return max((today - due_on).days, 0) if state in OPEN_STATES else 0


def slip_days(baseline_due_on: date | None, due_on: date) -> int:
    """Return by how many days the due date was moved since the plan was approved (negative: brought forward)."""
    return (due_on - baseline_due_on).days if baseline_due_on else 0


def may_judge(*, judge_organisations: set[UUID], reporter_organisation: UUID | None, lead_organisation: UUID) -> bool:
    """Say whether the judge belongs to another party than those who did and reported the work."""
    return not judge_organisations & ({reporter_organisation, lead_organisation} - {None})


def has_verifier(*, lead_organisation: UUID, agency: UUID, supporters: Iterable[UUID]) -> bool:
    """Say whether somebody will be able to verify: the agency, when it does not lead itself, or a supporting organisation."""
    return lead_organisation != agency or any(supporter != lead_organisation for supporter in supporters)
