"""What is to be told on a day, as one set: the due rows of a kind joined with the due days that fire under a rule."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.paging import AnySelect
from collab.reminders import rules
from collab.reminders.models import Reminder, ReminderOverride, ReminderPause, ReminderRule
from collab.reminders.registry import DueKind, due_kinds
from collab.reminders.rules import Firing, Place, Setting, Variant, WorkingDays

#: Objects by id, from the one after the first to the second; None is an open end.
Stretch = tuple[UUID | None, UUID | None]
EVERYTHING: Stretch = (None, None)
#: Columns of what fires, besides those of the registry.
PASSED = ("target_id", "due_on", "organisation_id", "owner_id", "committee_id", "occurrence", "fire_on")


def setting_of(rule: ReminderRule) -> Setting:
    """Return what the rule says where it is defined."""
    enabled = rule.enabled_on is not None
    return Setting(Place(rule.committee_id, rule.plan_id), rule.offset_days, rule.repeat_days, enabled, rule.enabled_on)


def override_of(row: ReminderOverride) -> Setting:
    """Return what a narrower place says."""
    return Setting(Place(row.committee_id, row.plan_id), row.offset_days, row.repeat_days, row.is_enabled, row.effective_from)


def rules_in_force(session: Session) -> list[tuple[ReminderRule, list[Variant]]]:
    """Return every rule with those of its variants that are on, in two queries."""
    found = session.scalars(sa.select(ReminderRule).order_by(ReminderRule.id)).all()
    overrides: dict[UUID, list[Setting]] = {}
    for row in session.scalars(sa.select(ReminderOverride)):
        overrides.setdefault(row.rule_id, []).append(override_of(row))
    pairs = []
    for rule in found:
        on = [variant for variant in rules.variants(setting_of(rule), overrides.get(rule.id, ())) if variant.effective.is_enabled]
        if on:
            pairs.append((rule, on))
    return pairs


def count_working_days(session: Session, days: Collection[date], begins: Iterable[date | None]) -> WorkingDays:
    """Return the working days counted over all that matters to rules in force since ``begins`` when asked on ``days``."""
    spans = [rules.span_for(day, begin or day) for day in days for begin in (*begins, None)]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    return WorkingDays(first, last, calendar.closed_days(session, first, last))


def kinds_of(rule: ReminderRule) -> list[DueKind]:
    """Return the kinds that the rule is about."""
    return [kind for name, kind in sorted(due_kinds().items()) if rule.due_kind in (None, name)]


def firing(
    rule_id: UUID, kind: DueKind, variant: Variant, fires: Sequence[Firing], day: date, stretch: Stretch = EVERYTHING
) -> sa.CTE | None:
    """Return what of ``stretch`` is due on the days of ``fires`` and was not yet recorded for anybody by ``day``; None: nothing can be.

    An occurrence that was recorded once is over: who takes over an office, or comes back from an absence, is not told of it again.
    What is late stays untold while somebody works on it, and is told when that day has passed.
    """
    if not fires:
        return None
    every = kind.select().subquery()
    if "plan_id" not in every.c and variant.place.plan_id is not None:
        return None
    # The bounds say nothing new, but an index on the day serves them.
    near = sa.select(every).where(every.c.due_on.between(fires[0].due_on, fires[-1].due_on), *_on(stretch, every))
    due = _once(near, "near")
    table = (
        sa.func.unnest(
            sa.literal([fire.due_on for fire in fires], ARRAY(sa.Date())),
            sa.literal([fire.occurrence for fire in fires], ARRAY(sa.Integer())),
            sa.literal([fire.fire_on for fire in fires], ARRAY(sa.Date())),
        )
        .table_valued(sa.column("due_on", sa.Date()), sa.column("occurrence", sa.Integer()), sa.column("fire_on", sa.Date()))
        .render_derived(name="fires")
    )
    # Looked up row by row in the index of `uq_reminder_once`. As NOT EXISTS it is a join, for which the planner takes a nested loop
    # over all that was recorded when its statistics do not know yet of a hundred thousand reminders recorded a moment ago.
    # (And not as IS NULL, of which the planner believes that it leaves one row of two hundred.)
    looked_up = sa.select(sa.true()).where(
        Reminder.due_kind == kind.kind, Reminder.target_id == due.c.target_id, Reminder.rule_id == rule_id,
        Reminder.due_on == due.c.due_on, Reminder.occurrence == table.c.occurrence,
    )  # fmt: skip
    is_recorded = sa.func.coalesce(looked_up.limit(1).scalar_subquery(), sa.false())
    statement = (
        sa.select(*(due.c[name] for name in PASSED[:5]), table.c.occurrence, table.c.fire_on)
        .join(table, table.c.due_on == due.c.due_on)
        .where(sa.not_(is_recorded), sa.or_(due.c.due_on >= day, sa.not_(paused(due.c.target_id, day))), *_within(variant, due))
    )
    return _once(statement, "firing")


def _once(statement: AnySelect, name: str) -> sa.CTE:
    """Return a statement that is run once, however often the one around it asks; and is planned before it, by what is known of it."""
    return statement.cte(name).prefix_with("MATERIALIZED")


def _on(stretch: Stretch, due: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    after, upto = stretch
    clauses = [] if after is None else [due.c.target_id > after]
    return clauses if upto is None else [*clauses, due.c.target_id <= upto]


def paused(target_id: Any, day: date) -> sa.Exists:
    """Return the condition that nobody is to be told on ``day`` that the object is late: somebody works on it."""
    return sa.exists().where(ReminderPause.target_id == target_id, ReminderPause.until_on >= day)


def _within(variant: Variant, due: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = []
    if variant.place.plan_id is not None:
        clauses.append(due.c.plan_id == variant.place.plan_id)
    elif variant.place.committee_id is not None:
        clauses.append(due.c.committee_id == variant.place.committee_id)
    plans = sorted(place.plan_id for place in variant.except_places if place.plan_id is not None)
    committees = sorted(place.committee_id for place in variant.except_places if place.plan_id is None and place.committee_id)
    if plans and "plan_id" in due.c:
        clauses.append(sa.or_(due.c.plan_id.is_(None), due.c.plan_id.not_in(plans)))
    if committees:
        clauses.append(sa.or_(due.c.committee_id.is_(None), due.c.committee_id.not_in(committees)))
    return clauses
