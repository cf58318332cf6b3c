"""Reactions to what becomes known of the messages that told reminders: each becomes evidence, in the words of who reported it."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import job_actor
from collab.kernel.events import subscribe
from collab.kernel.jobs import Job
from collab.notices.events import Fate, MailReported, PostAccepted
from collab.notices.models import Message
from collab.reminders import evidence
from collab.reminders.models import Outcome, Reminder

_FATES = {Fate.DELIVERED: Outcome.DELIVERED, Fate.BOUNCED: Outcome.BOUNCED}


def install() -> None:
    """Subscribe."""
    subscribe(MailReported)(record_fate)
    subscribe(PostAccepted)(record_post)


def record_fate(session: Session, event: MailReported) -> None:
    """Record what was reported of the mail; before it, that the mail server had taken it, where nobody has recorded that yet."""
    outcome = _FATES.get(event.fate)
    if outcome is None:
        return
    actor = job_actor(Job.NOTICES_READ_REPORTS.value)
    for row in _told_by(session, event.message_ids):
        if row.trace is Outcome.QUEUED:
            accepted_at = session.scalar(sa.select(Message.accepted_at).where(Message.id == row.message_id)) or event.now
            evidence.record(session, actor=actor, now=accepted_at, row=row, outcome=Outcome.ACCEPTED)
        evidence.record(session, actor=actor, now=event.now, row=row, outcome=outcome, note=event.note)


def record_post(session: Session, event: PostAccepted) -> None:
    """Record that a further channel took the post; what is known of the mail goes on being followed."""
    for row in _told_by(session, event.message_ids):
        actor, trace = job_actor(Job.NOTICES_POST.value), row.trace
        evidence.record(session, actor=actor, now=event.now, row=row, outcome=Outcome.POSTED, note=event.service)
        row.trace = trace


def _told_by(session: Session, message_ids: Iterable[UUID]) -> list[Reminder]:
    told = sa.select(Reminder).where(Reminder.message_id.in_(list(message_ids))).order_by(Reminder.id)
    return list(session.scalars(told.with_for_update()))
