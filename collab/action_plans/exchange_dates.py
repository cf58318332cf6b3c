"""Dates that a sheet changes together: a row that begins before what it waits for is a fault, and what waits for a row moves with it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import schedule
from collab.action_plans.exchange_check import Effect, Known, Outcome
from collab.action_plans.models import ActionPlan
from collab.action_plans.schedule import Dates
from collab.action_plans.service import moving
from collab.action_plans.service.moving import Impact
from collab.action_plans.states import ItemKind
from collab.kernel import i18n
from collab.kernel.dates import format_date
from collab.kernel.i18n import _


@dataclass(frozen=True)
class Checked:
    """What the rows of a sheet would do, and which other items would move because of their dates."""

    outcomes: list[Outcome]
    impact: Impact

    @property
    def fingerprint(self) -> str:
        """What changes when any outcome or move does, so that what is confirmed is what was seen."""
        rows = [(each.row, each.effect, each.item_id, each.facts, each.changes) for each in self.outcomes]
        return hashlib.sha256(repr((rows, self.impact.digest)).encode()).hexdigest()


def settle(session: Session, plan: ActionPlan, outcomes: list[Outcome], known: Known) -> Checked:
    """Return ``outcomes`` with the dates of linked items weighed against one another; three queries when a date changes, else none."""
    changed = {each.item_id: each for each in outcomes if each.item_id and each.effect is Effect.CHANGE and _moves(each, known)}
    dates: dict[UUID, Dates] = {key: (each.facts.starts_on, each.facts.due_on) for key, each in changed.items() if each.facts}
    if not dates:
        return Checked(outcomes, Impact(()))
    network = moving.network_of(session, plan, dates)
    spans = network.spans | {
        key: replace(network.spans[key], is_milestone=each.facts.kind is ItemKind.MILESTONE)
        for key, each in changed.items()
        if each.facts
    }
    try:
        moves, early = schedule.settle(spans, network.links, dates, network.days)
    except OverflowError:
        fault = _("With these dates other items would end thousands of years from now.")
        return Checked(_faulty(outcomes, dict.fromkeys(dates, fault)), Impact(()))
    return Checked(_faulty(outcomes, {key: _too_early(known, *first) for key, first in early.items()}), Impact(tuple(moves)))


def _moves(outcome: Outcome, known: Known) -> bool:
    if outcome.facts is None or outcome.item_id is None:
        return False
    before = known.items[outcome.item_id].facts
    return (outcome.facts.starts_on, outcome.facts.due_on) != (before.starts_on, before.due_on)


def _too_early(known: Known, day: date, holder: UUID) -> str:
    title = known.items[holder].facts.title
    return _("“%(title)s” has to end first. The earliest day is %(day)s.", title=title, day=format_date(day, i18n.get_locale()))


def _faulty(outcomes: Sequence[Outcome], faults: Mapping[UUID, str]) -> list[Outcome]:
    """Return the outcomes, those with a fault (by item) as rows that are left out."""
    return [
        replace(each, effect=Effect.BAD, facts=None, changes=[], faults={"starts_on": faults[each.item_id]})
        if each.item_id and each.item_id in faults and each.effect is Effect.CHANGE
        else each
        for each in outcomes
    ]
