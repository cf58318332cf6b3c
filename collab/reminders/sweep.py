"""Records what is due and not yet recorded: one INSERT … SELECT … ON CONFLICT DO NOTHING a rule and kind.

Run twice, by two schedulers, or after a night off, it records each reminder once. On a closed day it does nothing; the next
working day finds what fell on it.
"""

from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from collab.calendar import queries as calendar
from collab.calendar.rules import is_working_day
from collab.kernel.access import Role, Scope
from collab.kernel.clock import today
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.paging import AnySelect
from collab.members.models import Absence, Deputy, RoleAssignment, User
from collab.members.queries import in_force_on
from collab.reminders.models import Audience, Reminder, ReminderRule, ReminderState
from collab.reminders.registry import DueKind, due_kinds

ROLES = {
    Audience.CLERK: (Role.CLERK, Scope.ORGANISATION),
    Audience.EXECUTIVE: (Role.EXECUTIVE, Scope.ORGANISATION),
    Audience.CHAIR: (Role.CHAIR, Scope.COMMITTEE),
    Audience.COORDINATOR: (Role.COORDINATOR, Scope.COMMITTEE),
}
COLUMNS = (
    "id", "due_kind", "target_kind", "target_id", "rule_id", "due_on", "fire_on", "recipient_id", "deputy_for_id", "committee_id",
    "organisation_id", "state", "created_at",
)  # fmt: skip


def sweep(session: Session, *, now: datetime) -> int:
    """Record every reminder that is due at ``now`` and not yet recorded; return how many were new, and wake the deliverers."""
    day = today(now)
    if not is_working_day(day, calendar.closed_days(session, day, day)):
        return 0
    rules = session.scalars(sa.select(ReminderRule).where(ReminderRule.enabled_on <= day)).all()
    recorded = sum(_record(session, rule, kind, day, now) for rule in rules for kind in _kinds_of(rule))
    if recorded:
        enqueue_after_commit(session, Job.REMINDERS_DELIVER)
    return recorded


def _kinds_of(rule: ReminderRule) -> list[DueKind]:
    return [kind for name, kind in sorted(due_kinds().items()) if rule.due_kind in (None, name)]


def _record(session: Session, rule: ReminderRule, kind: DueKind, day: date, now: datetime) -> int:
    chosen = recipients(rule, kind, day)
    source = sa.select(
        sa.func.gen_random_uuid(), sa.literal(kind.kind), sa.literal(kind.target_kind), chosen.c.target_id, sa.literal(rule.id, sa.Uuid()),
        chosen.c.due_on, chosen.c.fire_on, chosen.c.recipient_id, chosen.c.deputy_for_id, chosen.c.committee_id, chosen.c.organisation_id,
        sa.literal(ReminderState.DUE.value), sa.literal(now, sa.DateTime(timezone=True)),
    )  # fmt: skip
    statement = postgresql.insert(cast(sa.Table, Reminder.__table__)).from_select(COLUMNS, source, include_defaults=False)
    # The number of rows of an INSERT is kept only when it is asked for.
    return (
        session.connection()
        .execute(statement.on_conflict_do_nothing(constraint="uq_reminder_once").execution_options(preserve_rowcount=True))
        .rowcount
    )


def firing(rule: ReminderRule, kind: DueKind, day: date) -> sa.Subquery:
    """Return what fires by ``day`` under ``rule``, with the last day on which it fires by then (``fire_on``)."""
    due = kind.select().subquery()
    today_ = sa.literal(day, sa.Date())
    first: sa.ColumnElement[Any] = due.c.due_on + rule.offset_days
    fire_on = (
        first
        if not rule.repeat_days
        else first + sa.func.div(today_ - first, rule.repeat_days).cast(sa.Integer) * rule.repeat_days
    )
    statement = sa.select(
        due.c.target_id,
        due.c.due_on,
        due.c.organisation_id,
        due.c.owner_id,
        due.c.committee_id,
        fire_on.cast(sa.Date).label("fire_on"),
    ).where(first <= today_, fire_on >= sa.literal(rule.enabled_on, sa.Date()))
    if rule.offset_days < 0:
        # A reminder before the day has lost its sense once the day is past: the one on the day takes over.
        statement = statement.where(due.c.due_on >= today_)
    if rule.committee_id is not None:
        statement = statement.where(due.c.committee_id == rule.committee_id)
    return statement.subquery()


def recipients(rule: ReminderRule, kind: DueKind, day: date) -> sa.Subquery:
    """Return what fires by ``day`` joined with the people to be reminded; a deputy in the place of one who is away."""
    fires = firing(rule, kind, day)
    people = _people(rule.audience, fires, day).subquery()
    deputy = aliased(Deputy)
    is_away = _is_away(people.c.person_id, day)
    stand_in = (
        sa.select(deputy.deputy_id)
        .where(deputy.user_id == people.c.person_id, in_force_on(deputy, day), is_away, sa.not_(_is_away(deputy.deputy_id, day)))
        .order_by(deputy.valid_from.desc(), deputy.id)
        .limit(1)
        .scalar_subquery()
    )
    columns = [people.c[name] for name in ("target_id", "due_on", "fire_on", "committee_id", "organisation_id")]
    inner = sa.select(*columns, people.c.person_id, stand_in.label("stand_in")).subquery()
    return sa.select(
        *(inner.c[column.name] for column in columns),
        sa.func.coalesce(inner.c.stand_in, inner.c.person_id).label("recipient_id"),
        sa.case((inner.c.stand_in.is_not(None), inner.c.person_id), else_=sa.null()).label("deputy_for_id"),
    ).subquery()


def _is_away(person_id: Any, day: date) -> sa.Exists:
    absence = aliased(Absence)
    return sa.exists().where(
        absence.user_id == person_id, absence.removed_at.is_(None), absence.first_day <= day, absence.last_day >= day
    )


def _people(audience: Audience, fires: sa.Subquery, day: date) -> AnySelect | sa.CompoundSelect[*tuple[Any, ...]]:
    if audience is not Audience.OWNER:
        return _holders(audience, fires, day)
    # An owner who can no longer sign in is no owner: the clerks of the organisation are told instead.
    is_there = sa.exists().where(User.id == fires.c.owner_id, User.disabled_at.is_(None))
    owned = sa.select(*_passed(fires), fires.c.owner_id.label("person_id")).where(is_there)
    return sa.union_all(owned, _holders(Audience.CLERK, fires, day).where(sa.not_(is_there)))


def _holders(audience: Audience, fires: sa.Subquery, day: date) -> AnySelect:
    role, scope = ROLES[audience]
    place = fires.c.organisation_id if scope is Scope.ORGANISATION else fires.c.committee_id
    held = aliased(RoleAssignment)
    return (
        sa.select(*_passed(fires), held.user_id.label("person_id"))
        .join(held, sa.and_(held.scope == scope, held.scope_id == place, held.role == role))
        # Whoever owns the matter is reminded as its owner, not a second time for the office.
        .where(in_force_on(held, day), held.user_id.is_distinct_from(fires.c.owner_id))
    )


def _passed(fires: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    return [fires.c[name] for name in ("target_id", "due_on", "fire_on", "committee_id", "organisation_id")]


def preview(session: Session, rule: ReminderRule, *, day: date) -> list[tuple[UUID, UUID, date]]:
    """Return whom the rule would remind of what on ``day`` if it were switched on that day: (target, recipient, due day)."""
    found: list[tuple[UUID, UUID, date]] = []
    for kind in _kinds_of(rule):
        chosen = recipients(rule, kind, day)
        rows = session.execute(sa.select(chosen.c.target_id, chosen.c.recipient_id, chosen.c.due_on).limit(200))
        found.extend((row.target_id, row.recipient_id, row.due_on) for row in rows)
    return found
