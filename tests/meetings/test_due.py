"""Invitations and minutes as things that fall due."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.clock import today
from collab.meetings import due, service
from collab.meetings.states import MeetingState
from collab.reminders.models import Audience, Reminder
from collab.reminders.sweep import sweep
from tests.factories.meetings import make_meeting
from tests.factories.reminders import add_rule
from tests.factories.world import World

DAY = timedelta(days=1)


def test_an_invitation_is_due_as_many_days_before_as_the_rules_ask_for(session: Session, world: World, now: datetime) -> None:
    meeting = make_meeting(session, world, now, days=20)
    (row,) = session.execute(due.due_invitations())
    assert (row.target_id, row.due_on) == (meeting.id, today(now) + 13 * DAY), "seven days of notice"
    assert row.organisation_id == world.org_id("pao"), "the agency"
    service.convene(
        session, actor=world.actors["coordinator"], now=now, meeting_id=meeting.id, short_notice_reason="", expected_version=None
    )
    session.flush()
    assert session.execute(due.due_invitations()).all() == [], "it went out"


def test_minutes_are_due_at_the_next_meeting_and_settled_when_adopted(session: Session, world: World, now: datetime) -> None:
    held = make_meeting(session, world, now, MeetingState.CLOSED)
    assert session.execute(due.due_minutes()).all() == [], "no meeting follows yet"
    make_meeting(session, world, now, MeetingState.CONVENED, days=30)
    (row,) = session.execute(due.due_minutes())
    assert (row.target_id, row.due_on) == (held.id, today(now) + 30 * DAY)
    service.adopt_minutes(session, actor=world.actors["chair"], now=now, meeting_id=held.id, expected_version=None)
    session.flush()
    assert session.execute(due.due_minutes()).all() == []


def test_the_coordinator_is_reminded_of_an_invitation(session: Session, world: World, now: datetime) -> None:
    monday = now + 2 * DAY
    make_meeting(session, world, now, days=11)  # due on the Wednesday after
    add_rule(session, world, now, Audience.COORDINATOR, -2, due_kind="meeting_invitation")
    assert sweep(session, now=monday) == 1
    assert session.scalar(sa.select(Reminder.recipient_id)) == world.users["coordinator"].id
