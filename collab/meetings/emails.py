"""Who is told of a meeting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.dates import format_datetime
from collab.kernel.i18n import _, speaking
from collab.kernel.targets import Ref
from collab.meetings.models import Meeting
from collab.members import queries as members
from collab.members.models import User
from collab.notices.outbox import LOOK_AHEAD
from collab.notices.rules import next_digest
from collab.notices.service import queue_message


def invite(session: Session, meeting: Meeting, now: datetime) -> None:
    """Invite the holders of the committee's seats."""
    for user in _holders(session, meeting, now):
        with speaking(user.locale):
            when = format_datetime(meeting.starts_at, user.locale)
            _send(session, meeting, user.id, _("Invitation: %(title)s", title=meeting.title), f"{when}\n{meeting.place}", now)


def tell_cancelled(session: Session, meeting: Meeting, reason: str, now: datetime) -> None:
    """Tell those who were invited that the meeting is cancelled, and why."""
    for user in _holders(session, meeting, now):
        with speaking(user.locale):
            _send(session, meeting, user.id, _("Cancelled: %(title)s", title=meeting.title), reason, now)


def ask_to_adopt(session: Session, meeting: Meeting, actor: Actor, now: datetime) -> None:
    """Ask the chairs of the committee to adopt the minutes, at once as everything that waits for a signature."""
    for user in members.users_with_role(session, Role.CHAIR, Scope.COMMITTEE, meeting.committee_id, today(now)):
        if user.id != actor.user_id:
            with speaking(user.locale):
                subject = _("The minutes await you: %(title)s", title=meeting.title)
                _send(session, meeting, user.id, subject, _("Read the minutes and adopt them."), now, urgent=True)


def _holders(session: Session, meeting: Meeting, now: datetime) -> list[User]:
    seats = members.seats_on(session, meeting.committee_id, today(now))
    found = [members.find_user(session, seat.holder_user_id) for seat in seats if seat.holder_user_id]
    return [user for user in found if user is not None]


def _send(
    session: Session, meeting: Meeting, user_id: UUID, subject: str, text: str, now: datetime, *, urgent: bool = False
) -> None:
    # It waits for the digest, unless that would come after the meeting has begun.
    day = today(now)
    would_be_late = next_digest(now, calendar.closed_days(session, day, day + LOOK_AHEAD)) >= meeting.starts_at > now
    queue_message(
        session, now=now, recipient_id=user_id, kind="meeting", subject=subject, text=text, target=Ref("meeting", meeting.id),
        url=f"/meetings/{meeting.id}", urgent=urgent, bundle=would_be_late,
    )  # fmt: skip
