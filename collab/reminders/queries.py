"""Reads of rules and of the queue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.models import Heartbeat
from collab.reminders.models import Reminder, ReminderEvidence, ReminderRule, ReminderState


def list_rules(session: Session) -> list[ReminderRule]:
    """Return the rules: those of the whole installation first, then by day."""
    order = (ReminderRule.committee_id.is_not(None), ReminderRule.committee_id, ReminderRule.offset_days, ReminderRule.id)
    return list(session.scalars(sa.select(ReminderRule).order_by(*order)))


def rules_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderRule]:
    """Return the rules with these ids."""
    return list(session.scalars(sa.select(ReminderRule).where(ReminderRule.id.in_(keys))))


def evidence_by_ids(session: Session, keys: Sequence[UUID]) -> list[ReminderEvidence]:
    """Return the evidence with these ids."""
    return list(session.scalars(sa.select(ReminderEvidence).where(ReminderEvidence.id.in_(keys))))


def evidence_on(session: Session, target_id: UUID) -> list[ReminderEvidence]:
    """Return what is known of reminders about one object, oldest first."""
    return list(
        session.scalars(sa.select(ReminderEvidence).where(ReminderEvidence.target_id == target_id).order_by(ReminderEvidence.id))
    )


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
