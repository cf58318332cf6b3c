"""The dry run: what a rule would send on the days to come, without recording anything."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.targets import Ref
from collab.reminders import firing, ladder, rules
from collab.reminders.models import Audience, ReminderRule
from collab.reminders.registry import DueKind
from collab.reminders.rules import Place, Setting, Variant

#: How many days from today a rehearsal shows.
DAYS = 7
#: A rehearsal shows no more than this many reminders; it says when there are more.
MOST = 200


@dataclass(frozen=True)
class Rehearsed:
    """One reminder that would be sent: on which day, about what, to whom, as which rung, and in whose place."""

    day: date
    target: Ref
    due_on: date
    occurrence: int
    recipient_id: UUID
    deputy_for_id: UUID | None
    audience: Audience


def variants_within(rule: ReminderRule, overrides: Collection[Setting], place: Place, today: date) -> list[Variant]:
    """Return what holds in ``place`` and in the places within it; where the rule is off in ``place``, as if switched on today."""
    settings = [*overrides, *([] if any(found.place == place for found in overrides) else [Setting(place)])]
    defined = firing.setting_of(rule)
    if place == defined.place:
        settings = list(overrides)
    found = []
    for variant in rules.variants(defined, settings):
        if place not in variant.place.chain():
            continue
        effective = variant.effective
        if variant.place == place and not effective.is_enabled:
            effective = replace(effective, effective_from=today)
        if effective.is_enabled:
            found.append(replace(variant, effective=effective))
    return found


def rehearse(session: Session, rule: ReminderRule, variants: Collection[Variant], today: date) -> list[Rehearsed]:
    """Return what would be sent from ``today`` on for `DAYS` days, at most `MOST` and one more, in order of days."""
    days = [today + timedelta(days=number) for number in range(DAYS)]
    counted = firing.count_working_days(session, days, [variant.effective.effective_from for variant in variants])
    found: list[Rehearsed] = []
    for day in days:
        for variant in variants:
            # A later day tells only what falls on it: what fired before was told before.
            fires = [fire for fire in rules.firings(counted, day, variant.effective) if day == today or fire.fire_on == day]
            for kind in firing.kinds_of(rule):
                found.extend(_one_day(session, rule, kind, variant, fires, day))
                if len(found) > MOST:
                    return found[: MOST + 1]
    return found


def _one_day(session: Session, rule: ReminderRule, kind: DueKind, variant: Variant, fires: list[rules.Firing],
             day: date) -> Iterator[Rehearsed]:  # fmt: skip
    fired = firing.firing(rule.id, kind, variant, fires, day)
    if fired is None:
        return
    few: sa.FromClause = sa.select(fired).order_by(fired.c.due_on, fired.c.target_id).limit(MOST + 1).subquery()
    told: set[tuple[UUID, date]] = set()
    for rung in ladder.rungs_from(rule.audience):
        waiting = {(row.target_id, row.due_on) for row in session.execute(sa.select(few.c.target_id, few.c.due_on))} - told
        if not waiting:
            return
        chosen = session.execute(sa.select(ladder.recipients(rung, few, day))).all()
        for row in chosen:
            if (row.target_id, row.due_on) in waiting:
                target = Ref(kind.target_kind, row.target_id)
                yield Rehearsed(day, target, row.due_on, row.occurrence, row.recipient_id, row.deputy_for_id, rung)
        told |= {(row.target_id, row.due_on) for row in chosen}
        few = ladder.beyond(rule.audience, rung, few, day)
