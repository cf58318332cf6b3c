"""Keeping the ladder still: a person who was reminded says until when they work on it, or progress was reported."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.calendar import queries as calendar
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.kernel.text import normalise
from collab.reminders import evidence, queries, rules
from collab.reminders.models import Outcome, PauseKind, ReminderPause

LONGEST_NOTE = 1000


@dataclass(frozen=True)
class Reminded:
    """Who was reminded of one object: what the permission to acknowledge is asked about."""

    target: Ref
    user_ids: frozenset[UUID]


def acknowledge(session: Session, *, actor: Actor, now: datetime, target: Ref, until_on: date, note: str = "") -> ReminderPause:
    """Say "seen, working on it until ``until_on``": until then nobody is told that the object is late.

    Raises NotFound when nobody was reminded of it, NotAllowed to all but those who were, InvalidInput for a day that has passed or
    lies more than `rules.MOST_PAUSE` working days ahead.
    """
    told = queries.reminders_about(session, target)
    if not told or actor.user_id is None:
        raise NotFound("reminder", target.id)
    authorize(actor, Permission.REMINDER_ACKNOWLEDGE, Reminded(target, frozenset(row.recipient_id for row in told)))
    day = today(now)
    latest = rules.latest_pause(day, calendar.closed_days(session, *rules.span_for(day, day)))
    if not day <= until_on <= latest:
        raise InvalidInput(
            {"until_on": _("Choose a day from today on, at most %(num)s working days ahead.", num=rules.MOST_PAUSE)}
        )
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(
            {"note": _("Use at most %(most)s characters; this has %(length)s.", most=LONGEST_NOTE, length=len(note))}
        )
    made = _pause(session, actor, now, target, PauseKind.ACKNOWLEDGED, until_on, normalise(note))
    own = [row for row in told if row.recipient_id == actor.user_id]
    evidence.record(session, actor=actor, now=now, row=own[-1], outcome=Outcome.ACKNOWLEDGED)
    return made


def note_progress(session: Session, *, actor: Actor, now: datetime, target: Ref) -> None:
    """Keep the ladder still for `rules.PROGRESS_PAUSE` working days, because progress of ``target`` was reported.

    For areas to call within their own transaction; whoever may report may do this.
    """
    if actor.user_id is None:
        return
    day = today(now)
    until_on = rules.progress_pause(day, calendar.closed_days(session, *rules.span_for(day, day)))
    _pause(session, actor, now, target, PauseKind.PROGRESS, until_on, "")


def _pause(
    session: Session, actor: Actor, now: datetime, target: Ref, kind: PauseKind, until_on: date, note: str
) -> ReminderPause:
    made = ReminderPause(
        target_kind=target.kind, target_id=target.id, kind=kind, user_id=actor.user_id, until_on=until_on, note=note, given_at=now
    )
    verb = "reminder_pause.acknowledged" if kind is PauseKind.ACKNOWLEDGED else "reminder_pause.progress"
    with history.act(session, verb=verb, actor=actor, now=now, subject=made):
        session.add(made)
    return made
