"""What became of a reminder, recorded step by step as it becomes known: nothing is claimed that nobody reported."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from collab import history
from collab.history.integrity import reconcile
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.notices.models import DeliveryAttempt, Message, MessageState
from collab.reminders.models import Outcome, Reminder, ReminderEvidence, ReminderPause, ReminderRule
from collab.reminders.registry import due_kinds

VERBS = {
    Outcome.ACCEPTED: "reminder.accepted",
    Outcome.BOUNCED: "reminder.bounced",
    Outcome.DELIVERED: "reminder.delivered",
    Outcome.EXPIRED: "reminder.expired",
    Outcome.POSTED: "reminder.posted",
    Outcome.ACKNOWLEDGED: "reminder.acknowledged",
    Outcome.SKIPPED: "reminder.skipped",
}
#: The last states of a message, and what they mean for the reminder that it told.
_ENDS = {
    MessageState.ACCEPTED: Outcome.ACCEPTED,
    MessageState.DEAD: Outcome.EXPIRED,
    MessageState.DROPPED: Outcome.SKIPPED,
}
#: What an alarm says of a reminder that is called accepted though no server is known to have taken its mail.
NO_RECEIPT = "accepted without a receipt"
SETTLED = "settled or moved meanwhile"
#: A run follows so many at most; the next one goes on.
BATCH = 500


def passed_over(session: Session, rows: Sequence[Reminder]) -> dict[UUID, str]:
    """Return for each reminder the rung that its rule names when a wider one had to be told, '' otherwise.

    Everybody of that rung and their deputies were away.
    """
    named = sa.select(ReminderRule.id, ReminderRule.audience).where(ReminderRule.id.in_({row.rule_id for row in rows}))
    audiences = {found.id: found.audience for found in session.execute(named)}
    return {
        row.id: "" if audiences[row.rule_id] is row.audience else f"nobody there: {audiences[row.rule_id].value}" for row in rows
    }


def record(session: Session, *, actor: Actor, now: datetime, row: Reminder, outcome: Outcome, note: str = "") -> None:
    """Add what became known of the reminder ``row``; ``note`` is the answer of a machine, never a person's text."""
    found = evidence_of(row, outcome, note, now)
    row.trace = outcome
    with history.act(session, verb=VERBS[outcome], actor=actor, now=now, subject=found):
        session.add(found)


def evidence_of(row: Reminder, outcome: Outcome, note: str, now: datetime) -> ReminderEvidence:
    """Return what is to be added as known of the reminder ``row`` at ``now``; a note has at most 300 characters."""
    return ReminderEvidence(
        reminder_id=row.id, target_kind=row.target_kind, target_id=row.target_id, due_on=row.due_on, recipient_id=row.recipient_id,
        deputy_for_id=row.deputy_for_id, audience=row.audience, outcome=outcome, message_id=row.message_id, note=note[:300],
        happened_at=now,
    )  # fmt: skip


def follow(session: Session, *, actor: Actor, now: datetime, size: int = BATCH) -> int:
    """Record what became of the mails of reminders that were last known as queued; return of how many something was new.

    A reminder that went out in a digest shares the fate of that mail. Run twice, or killed half-way, it records each once. A message
    that calls itself accepted without the answer of a server is believed by nobody: of it nothing is known.
    """
    digest = aliased(Message)
    carrier_state = sa.func.coalesce(digest.state, Message.state)
    rows = session.execute(
        sa.select(Reminder, carrier_state.label("state"), sa.func.coalesce(digest.accepted_at, Message.accepted_at).label("at"))
        .join(Message, Message.id == Reminder.message_id)
        .outerjoin(digest, digest.id == Message.digest_id)
        .where(Reminder.trace == Outcome.QUEUED, carrier_state.in_([state.value for state in _ENDS]))
        .where(sa.or_(carrier_state != MessageState.ACCEPTED, _receipt_of(sa.func.coalesce(digest.id, Message.id))))
        .order_by(Reminder.message_id)
        .limit(size)
        .with_for_update(of=Reminder, skip_locked=True)
    ).all()
    acts = []
    for row, state, at in rows:
        row.trace = outcome = _ENDS[MessageState(state)]
        note = SETTLED if outcome is Outcome.SKIPPED else ""
        acts.append((VERBS[outcome], at or now, evidence_of(row, outcome, note, at or now)))
    history.add_each(session, actor=actor, acts=acts)
    return len(rows)


def _receipt_of(message_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.exists().where(DeliveryAttempt.message_id == message_id, DeliveryAttempt.is_accepted)


def raise_alarms(session: Session, *, now: datetime) -> int:
    """Record an alarm for each reminder called accepted whose mail no server is known to have taken; return how many are new.

    History design 6.2, attack 59: somebody wrote that a reminder went out. The receipt is the attempt with the server's answer.
    """
    claimed = ReminderEvidence
    unproved = (
        sa.select(claimed.id)
        .outerjoin(Message, Message.id == claimed.message_id)
        .where(claimed.outcome == Outcome.ACCEPTED, ~_receipt_of(sa.func.coalesce(Message.digest_id, Message.id)))
    )
    return reconcile.raise_new_alarms(
        session,
        now=now,
        mechanism="receipts",
        found=[("reminder_evidence", key, NO_RECEIPT) for key in session.scalars(unproved)],
    )


def no_longer_due(session: Session, message_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Return those messages of which every reminder is settled, moved, or worked on: what `notices.digest` asks before it mails."""
    rows = session.scalars(sa.select(Reminder).where(Reminder.message_id.in_(message_ids))).all()
    day = today(now)
    late = [row.target_id for row in rows if row.due_on < day]
    pauses = sa.select(ReminderPause.target_id).where(ReminderPause.target_id.in_(late), ReminderPause.until_on >= day)
    worked_on = set(session.scalars(pauses))
    due = {name: still_due(session, name, [row.target_id for row in rows]) for name in {row.due_kind for row in rows}}
    still = {
        row.message_id
        for row in rows
        if (row.target_id, row.due_on) in due[row.due_kind] and not (row.due_on < day and row.target_id in worked_on)
    }
    return set(message_ids) - still


def still_due(session: Session, due_kind: str, target_ids: Sequence[UUID]) -> dict[tuple[UUID, date], UUID | None]:
    """Return those of the objects that are still due, each with its due day, and who is responsible by name."""
    kind = due_kinds().get(due_kind)
    if kind is None:
        return {}
    due = kind.select().subquery()
    found = session.execute(sa.select(due.c.target_id, due.c.due_on, due.c.owner_id).where(due.c.target_id.in_(target_ids)))
    return {(row.target_id, row.due_on): row.owner_id for row in found}
