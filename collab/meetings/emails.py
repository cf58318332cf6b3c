"""Who is told of a meeting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.clock import today
from collab.kernel.dates import format_datetime
from collab.kernel.i18n import _, speaking
from collab.kernel.targets import Ref
from collab.meetings.models import Meeting
from collab.members import queries as members
from collab.members.models import User
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


def _holders(session: Session, meeting: Meeting, now: datetime) -> list[User]:
    seats = members.seats_on(session, meeting.committee_id, today(now))
    found = [members.find_user(session, seat.holder_user_id) for seat in seats if seat.holder_user_id]
    return [user for user in found if user is not None]


def _send(session: Session, meeting: Meeting, user_id: UUID, subject: str, text: str, now: datetime) -> None:
    queue_message(
        session, now=now, recipient_id=user_id, kind="meeting", subject=subject, text=text, target=Ref("meeting", meeting.id),
        url=f"/meetings/{meeting.id}", urgent=True,
    )  # fmt: skip
