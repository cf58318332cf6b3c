"""Reads of rules and of the queue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.errors import NotFound
from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat
from collab.kernel.paging import Key, Page, keyset
from collab.kernel.targets import Ref
from collab.reminders.models import (
    JobPause,
    Reminder,
    ReminderEvidence,
    ReminderOverride,
    ReminderPause,
    ReminderRule,
    ReminderState,
)
from collab.reminders.rules import Place

_NEWEST = (Key(ReminderEvidence.id, lambda row: row.id, descending=True),)


def list_rules(session: Session, place: Place | None = None) -> list[ReminderRule]:
    """Return the rules that hold in ``place`` (None: all there are): those of the installation first, then by day."""
    order = (
        ReminderRule.committee_id.is_not(None), ReminderRule.plan_id.is_not(None), ReminderRule.offset_days, ReminderRule.id,
    )  # fmt: skip
    statement = sa.select(ReminderRule).order_by(*order)
    if place is not None:
        plan = sa.or_(ReminderRule.plan_id.is_(None), ReminderRule.plan_id == place.plan_id)
        committee = sa.or_(ReminderRule.committee_id.is_(None), ReminderRule.committee_id == place.committee_id)
        statement = statement.where(plan, committee)
    return list(session.scalars(statement))


def get_rule(session: Session, rule_id: UUID) -> ReminderRule:
    """Return the rule; raise NotFound when there is none."""
    found = session.get(ReminderRule, rule_id)
    if found is None:
        raise NotFound("reminder_rule", rule_id)
    return found


def overrides_of(session: Session, keys: Sequence[UUID]) -> list[ReminderOverride]:
    """Return what committees and plans set otherwise in the rules ``keys``."""
    return list(session.scalars(sa.select(ReminderOverride).where(ReminderOverride.rule_id.in_(keys))))


def overrides_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderOverride]:
    """Return the overrides with these ids."""
    return list(session.scalars(sa.select(ReminderOverride).where(ReminderOverride.id.in_(keys))))


def rules_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderRule]:
    """Return the rules with these ids."""
    return list(session.scalars(sa.select(ReminderRule).where(ReminderRule.id.in_(keys))))


def evidence_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderEvidence]:
    """Return the evidence with these ids."""
    return list(session.scalars(sa.select(ReminderEvidence).where(ReminderEvidence.id.in_(keys))))


def reminders_about(session: Session, target: Ref) -> list[Reminder]:
    """Return the reminders of one object that were told, oldest first."""
    about = sa.and_(Reminder.target_id == target.id, Reminder.target_kind == target.kind, Reminder.state == ReminderState.QUEUED)
    return list(session.scalars(sa.select(Reminder).where(about).order_by(Reminder.created_at, Reminder.id)))


def list_evidence(session: Session, target: Ref, cursor: str | None = None) -> Page[ReminderEvidence]:
    """Return a page of what is known of reminders about one object, newest first."""
    about = sa.and_(ReminderEvidence.target_id == target.id, ReminderEvidence.target_kind == target.kind)
    return keyset(session, sa.select(ReminderEvidence).where(about), _NEWEST, cursor, scalars=True)


def standstills_of(session: Session, target: Ref) -> list[ReminderPause]:
    """Return who said to work on one object, and when progress was reported, newest first."""
    about = sa.and_(ReminderPause.target_id == target.id, ReminderPause.target_kind == target.kind)
    return list(session.scalars(sa.select(ReminderPause).where(about).order_by(ReminderPause.id.desc()).limit(20)))


def standstills_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderPause]:
    """Return with these ids who kept the ladder still."""
    return list(session.scalars(sa.select(ReminderPause).where(ReminderPause.id.in_(keys))))


def list_failed(session: Session, size: int = 50) -> list[Reminder]:
    """Return reminders that failed, oldest first."""
    statement = sa.select(Reminder).where(Reminder.state == ReminderState.FAILED).order_by(Reminder.created_at).limit(size)
    return list(session.scalars(statement))


def oldest_undone(session: Session) -> datetime | None:
    """Return when the oldest reminder that is not settled was recorded, None when all are."""
    undone = Reminder.state.in_([ReminderState.DUE, ReminderState.CLAIMED])
    return session.scalar(sa.select(sa.func.min(Reminder.created_at)).where(undone))


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many reminders there are in each state."""
    return {
        state.value: count
        for state, count in session.execute(sa.select(Reminder.state, sa.func.count()).group_by(Reminder.state))
    }


def heartbeats(session: Session) -> dict[str, Heartbeat]:
    """Return the last run of each job by its name."""
    return {row.job: row for row in session.scalars(sa.select(Heartbeat))}


def is_paused(session: Session, job: Job) -> bool:
    """Return whether somebody paused ``job``."""
    return bool(session.scalar(sa.select(JobPause.is_paused).where(JobPause.job == job.value)))


def pauses(session: Session) -> dict[str, JobPause]:
    """Return the jobs that are paused, by name."""
    return {row.job: row for row in session.scalars(sa.select(JobPause).where(JobPause.is_paused))}


def pauses_by_ids(session: Session, keys: Sequence[UUID]) -> list[JobPause]:
    """Return the pauses with these ids, also those that are over."""
    return list(session.scalars(sa.select(JobPause).where(JobPause.id.in_(keys))))
