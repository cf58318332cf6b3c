"""Who may see and do what, in every state and for every role."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collab.kernel.access import Permission, can
from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from collab.meetings import queries, service
from collab.meetings.models import Meeting
from collab.meetings.states import MeetingState
from tests.factories.meetings import make_meeting
from tests.factories.world import World

S = MeetingState
PEOPLE = (
    "administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_banphru", "clerk_khohong", "clerk_outside",
)  # fmt: skip
LEADERS = {"coordinator", "chair"}

Deed = Callable[[Session, World, datetime, Meeting, str], Any]


def _step(verb: Any, **more: Any) -> Deed:
    def deed(session: Session, world: World, now: datetime, made: Meeting, person: str) -> Any:
        return verb(session, actor=world.actors[person], now=now, meeting_id=made.id, **more)

    return deed


#: Each deed with those who may do it and the states in which it can be done.
DEEDS: dict[str, tuple[Deed, set[str], set[MeetingState]]] = {
    "place": (
        _step(service.place_on_agenda, title="เรื่อง", heading=5, is_for_decision=True), {"coordinator"}, {S.DRAFT, S.CONVENED, S.IN_SESSION},
    ),
    "convene": (_step(service.convene, short_notice_reason="x", expected_version=None), {"coordinator"}, {S.DRAFT}),
    "open": (_step(service.open_meeting, expected_version=None), LEADERS, {S.CONVENED}),
    "attendance": (_step(service.record_attendance, sheet={}), LEADERS, {S.IN_SESSION}),
    "close": (_step(service.close_meeting, expected_version=None), LEADERS, {S.IN_SESSION}),
    "adopt": (_step(service.adopt_minutes, expected_version=None), {"chair"}, {S.CLOSED}),
    "cancel": (_step(service.cancel, reason="x", expected_version=None), {"coordinator"}, {S.DRAFT, S.CONVENED}),
}  # fmt: skip


def _sees(person: str, state: MeetingState) -> bool:
    return person in LEADERS or (state is not S.DRAFT and person != "clerk_outside")


@pytest.mark.parametrize("state", list(S))
def test_drafts_are_the_leaders_and_outsiders_see_nothing(
    session: Session, world: World, now: datetime, state: MeetingState
) -> None:
    made = make_meeting(session, world, now, state)
    for person in PEOPLE:
        actor = world.actors[person]
        assert can(actor, Permission.MEETING_VIEW, made) is _sees(person, state), person
        assert (queries.visible_ids(session, actor, [made.id]) == {made.id}) is _sees(person, state), person
        assert (made in queries.list_meetings(session, actor).rows) is _sees(person, state), person


@pytest.mark.parametrize("name", list(DEEDS))
@pytest.mark.parametrize("state", list(S))
def test_every_verb_in_every_state_for_every_role(
    session: Session, world: World, now: datetime, state: MeetingState, name: str
) -> None:
    deed, who, when = DEEDS[name]
    for person in PEOPLE:
        made = make_meeting(session, world, now, state, days=0)
        if not _sees(person, state):
            expected: type[Exception] | None = NotFound
        elif person not in who:
            expected = NotAllowed
        else:
            expected = None if state in when else StateConflict
        if expected is None:
            deed(session, world, now, made, person)
            session.flush()
        else:
            with pytest.raises(expected):
                deed(session, world, now, made, person)
        session.rollback()


@pytest.mark.parametrize("person", [person for person in PEOPLE if person != "coordinator"])
def test_only_the_coordinator_plans(session: Session, world: World, now: datetime, person: str) -> None:
    with pytest.raises(NotAllowed):
        service.create_meeting(
            session, actor=world.actors[person], now=now, committee_id=world.committee.id, title="x", place="y", starts_at=now
        )
