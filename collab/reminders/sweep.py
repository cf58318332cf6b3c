"""Records what is due and not yet recorded: INSERT … SELECT … ON CONFLICT DO NOTHING, a rule and kind at a time, in bounded batches.

Run twice, by two schedulers, or after a night off, it records each reminder once. On a closed day it does nothing; the next
working day finds what fell on it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.reminders import firing, ladder, rules
from collab.reminders.firing import Stretch
from collab.reminders.models import Audience, Reminder, ReminderState
from collab.reminders.registry import DueKind
from collab.reminders.rules import Firing, Variant

COLUMNS = (
    "id", "due_kind", "target_kind", "target_id", "rule_id", "due_on", "occurrence", "fire_on", "audience", "recipient_id",
    "deputy_for_id", "committee_id", "organisation_id", "state", "created_at", "next_attempt_at",
)  # fmt: skip
#: About so many occurrences are recorded by one statement, so that no transaction of the sweep is long.
BATCH = 25_000
#: The key of the lock that sweepers take in turn, any number that no other advisory lock has.
SWEEP_LOCK = 2_569_001
Open = AbstractContextManager[Session]


def sweep(session: Session, *, now: datetime) -> int:
    """Record every reminder that is due at ``now`` and not yet recorded; return how many were new, and wake the deliverers."""
    return _sweep(lambda: nullcontext(session), lambda: nullcontext(session), now)


def sweep_in_batches(database: Database, *, now: datetime) -> int:
    """Do what `sweep` does with a commit after each batch; a sweep that is killed keeps what it recorded."""
    return _sweep(database.reading, database.unit_of_work, now)


def _sweep(reading: Callable[[], Open], writing: Callable[[], Open], now: datetime) -> int:
    with reading() as session:
        steps = plan(session, now)
    recorded = 0
    for step in steps:
        for rung in step.rungs():
            with reading() as session:
                due = stretches(session, step, rung)
            if not due:
                break
            for stretch in due:
                with writing() as session:
                    recorded += record(session, step, rung, stretch, now)
    return recorded


@dataclass(frozen=True)
class Step:
    """One variant of a rule for one kind on one day, with the due days that fire by then."""

    rule_id: UUID
    audience: Audience
    kind: DueKind
    variant: Variant
    fires: Sequence[Firing]
    day: date

    def rungs(self) -> tuple[Audience, ...]:
        """Return the rule's own rung and those above, which are told when nobody of it is there."""
        return ladder.rungs_from(self.audience)


def plan(session: Session, now: datetime) -> list[Step]:
    """Return what the sweep has to do at ``now``: nothing on a closed day."""
    day = today(now)
    in_force = firing.rules_in_force(session)
    counted = firing.count_working_days(session, [day], [v.effective.effective_from for _rule, on in in_force for v in on])
    if not counted.is_open(day):
        return []
    steps = []
    for rule, variants in in_force:
        for variant in variants:
            fires = list(rules.firings(counted, day, variant.effective))
            steps += [Step(rule.id, rule.audience, kind, variant, fires, day) for kind in firing.kinds_of(rule) if fires]
    return steps


def stretches(session: Session, step: Step, rung: Audience) -> list[Stretch]:
    """Return the objects of which something is left for ``rung``, cut so that each stretch has about `BATCH` occurrences.

    An object lies in one stretch with all its occurrences. When nothing is left, which is so in most minutes, this one reading query
    is all that the sweep does for the step; there is nothing for the rungs above either.
    """
    fires = _left(step, rung)
    if fires is None:
        return []
    place = sa.func.row_number().over(order_by=fires.c.target_id).label("place")
    numbered = sa.select(fires.c.target_id, place).subquery()
    cuts = sa.select(numbered).where(sa.or_(numbered.c.place == 1, numbered.c.place % BATCH == 0)).order_by(numbered.c.place)
    found = session.execute(cuts).all()
    ends = [None, *(row.target_id for row in found if row.place % BATCH == 0), None]
    return list(pairwise(ends)) if found else []


def _left(step: Step, rung: Audience, stretch: Stretch = firing.EVERYTHING) -> sa.FromClause | None:
    """Return what fires and is not recorded, as far as ``rung`` may be told of it; None when nothing can be."""
    fires: sa.FromClause | None = firing.firing(step.rule_id, step.kind, step.variant, step.fires, step.day, stretch)
    for below in step.rungs()[: step.rungs().index(rung)]:
        fires = None if fires is None else ladder.beyond(step.audience, below, fires, step.day)
    return fires


def record(session: Session, step: Step, rung: Audience, stretch: Stretch, now: datetime) -> int:
    """Record what is left in ``stretch`` for the people of ``rung``; return how many reminders, and wake the deliverers."""
    # One sweeper at a time: two would choose the same rows, and in different orders they would block each other for good.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(SWEEP_LOCK)))
    fires = _left(step, rung, stretch)
    if fires is None:
        return 0
    added: int = session.connection().execute(_insert(step, rung, fires, now)).rowcount
    if added:
        enqueue_after_commit(session, Job.REMINDERS_DELIVER)
    return added


def _insert(step: Step, rung: Audience, fires: sa.FromClause, now: datetime) -> postgresql.Insert:
    chosen = ladder.recipients(rung, fires, step.day)
    moment = sa.literal(now, sa.DateTime(timezone=True))
    source = sa.select(
        sa.func.gen_random_uuid(), sa.literal(step.kind.kind), sa.literal(step.kind.target_kind), chosen.c.target_id,
        sa.literal(step.rule_id, sa.Uuid()), chosen.c.due_on, chosen.c.occurrence, chosen.c.fire_on, sa.literal(rung.value),
        chosen.c.recipient_id, chosen.c.deputy_for_id, chosen.c.committee_id, chosen.c.organisation_id,
        sa.literal(ReminderState.DUE.value), moment, moment,
    )  # fmt: skip
    statement = postgresql.insert(cast(sa.Table, Reminder.__table__)).from_select(COLUMNS, source, include_defaults=False)
    # The number of rows of an INSERT is kept only when it is asked for.
    return statement.on_conflict_do_nothing(constraint="uq_reminder_once").execution_options(preserve_rowcount=True)
