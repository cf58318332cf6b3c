"""A meeting in each of its states, made through the service."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role
from collab.kernel.targets import Ref
from collab.meetings import service
from collab.meetings.models import AgendaItem, Meeting, Resolution
from collab.meetings.service import Sitting, Vote
from collab.meetings.states import Choice, MeetingState, Presence
from tests.factories.world import World

DAYS_AHEAD = 10


def _held_by(world: World, role: Role) -> Actor:
    return next(actor for actor in world.actors.values() if actor.has(role))


def make_meeting(
    session: Session, world: World, now: datetime, state: MeetingState = MeetingState.DRAFT, *, days: int | None = None
) -> Meeting:
    """Make a meeting of the world's committee and bring it to ``state``; in session nobody is present yet.

    It begins ``days`` after ``now``: ten days ahead while it is to come, at once when it is to be opened.
    """
    if days is None:
        days = 0 if state in (MeetingState.IN_SESSION, MeetingState.CLOSED) else DAYS_AHEAD
    coordinator, chair = _held_by(world, Role.COORDINATOR), _held_by(world, Role.CHAIR)
    meeting = service.create_meeting(
        session, actor=coordinator, now=now, committee_id=world.committee.id, title="ประชุมคณะกรรมการ", place="ห้องประชุมใหญ่",
        starts_at=now + timedelta(days=days),
    )  # fmt: skip
    session.flush()
    step: dict[str, Any] = {"now": now, "meeting_id": meeting.id, "expected_version": None}
    if state is MeetingState.CANCELLED:
        service.cancel(session, actor=coordinator, reason="ไม่มีเรื่องพิจารณา", **step)
    elif state is not MeetingState.DRAFT:
        service.convene(session, actor=coordinator, short_notice_reason="เร่งด่วน", **step)
        if state is not MeetingState.CONVENED:
            service.open_meeting(session, actor=chair, **step)
        if state is MeetingState.CLOSED:
            service.close_meeting(session, actor=chair, **step)
    session.commit()
    return meeting


def add_item(
    session: Session, world: World, now: datetime, meeting: Meeting, *, target: Ref | None = None, is_for_decision: bool = True
) -> AgendaItem:
    """Put a matter on the meeting's agenda."""
    item = service.place_on_agenda(
        session, actor=world.actors["coordinator"], now=now, meeting_id=meeting.id, title="พิจารณาโครงการกำจัดขยะร่วม", heading=5,
        is_for_decision=is_for_decision, target=target,
    )  # fmt: skip
    session.commit()
    return item


def seat_all(session: Session, world: World, now: datetime, meeting: Meeting, *absent: str) -> None:
    """Record that all seats but ``absent`` are present."""
    sheet = {
        seat.id: Sitting(Presence.ABSENT if name in absent else Presence.HOLDER, f"นายก {name}")
        for name, seat in world.seats.items()
    }
    service.record_attendance(session, actor=world.actors["coordinator"], now=now, meeting_id=meeting.id, sheet=sheet)
    session.commit()


def ballot(world: World, **choices: Choice) -> dict[UUID, Choice]:
    """Return the choices by seat, given by the names of the world's members."""
    return {world.seats[name].id: choice for name, choice in choices.items()}


def vote(
    session: Session, world: World, now: datetime, item: AgendaItem, choices: Mapping[UUID, Choice],
    recused: Mapping[UUID, str] | None = None,
) -> Resolution:  # fmt: skip
    """Record a vote on the item as the coordinator."""
    made = service.record_votes(
        session, actor=world.actors["coordinator"], now=now, item_id=item.id, vote=Vote("เห็นชอบโครงการ", choices, recused or {})
    )
    session.commit()
    return made
