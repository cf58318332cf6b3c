"""Shows meetings, agenda items and resolutions to the rest of the product; says what waits for whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import at_bangkok, today
from collab.kernel.i18n import _, lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.meetings import queries
from collab.meetings.due import day_of, next_meeting
from collab.meetings.models import AgendaItem, Meeting, Resolution
from collab.meetings.states import MeetingState
from collab.meetings.wording import ITEM_STATES, STATES


def _load_meetings(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "meeting", row.id, row.title, f"/meetings/{row.id}", number=row.number, state=str(STATES[row.state][0]),
            day=today(row.starts_at), committee_id=row.committee_id,
        )
        for row in queries.meetings_by_ids(session, keys)
    ]  # fmt: skip


def _load_items(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "agenda_item", row.id, row.title, f"/meetings/{row.meeting_id}", number=f"{row.heading}.{row.position}",
            state=str(ITEM_STATES[row.state]), committee_id=row.committee_id,
        )
        for row in queries.items_by_ids(session, keys)
    ]  # fmt: skip


def _load_resolutions(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "resolution", row.id, row.text, f"/resolutions/{row.id}", number=row.number,
            state=_("Carried") if row.carried else _("Not carried"), day=row.decided_on, committee_id=row.committee_id,
        )
        for row in queries.resolutions_by_ids(session, keys)
    ]  # fmt: skip


def _visible_parts(model: Any) -> Any:
    def visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        statement = sa.select(model.id).join(Meeting, Meeting.id == model.meeting_id)
        return set(session.scalars(statement.where(model.id.in_(keys), queries.visible_clause(actor))))

    return visible


def _item_because(session: Session, key: UUID) -> list[Ref]:
    rows = queries.items_by_ids(session, [key])
    return [Ref(row.target_kind, row.target_id) for row in rows if row.target_kind and row.target_id]


def _resolution_because(session: Session, key: UUID) -> list[Ref]:
    rows = queries.resolutions_by_ids(session, [key])
    return [Ref(row.target_kind, row.target_id) for row in rows if row.target_kind and row.target_id]


def _resolution_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: row.text for row in queries.resolutions_by_ids(session, keys)}


def _meeting_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    rows = queries.meetings_by_ids(session, keys)
    return {row.id: f"{row.title} {row.place} {row.minutes}" for row in rows if row.state is not MeetingState.DRAFT}


def _turn(task: Any, at: Any = Meeting.starts_at) -> AnySelect:
    return sa.select(
        sa.literal("meeting").label("kind"), Meeting.id.label("target_id"), Meeting.committee_id,
        sa.cast(sa.null(), sa.Uuid()).label("organisation_id"), task.label("task"),
        day_of(at).label("due_on"), Meeting.convened_at.label("since"),
    )  # fmt: skip


def _coordinators_turn(actor: Actor, now: datetime) -> AnySelect | None:
    committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not committees and not actor.everywhere(Role.COORDINATOR):
        return None
    task = sa.case((Meeting.state == MeetingState.DRAFT, "meeting.convene"), else_="meeting.record")
    statement = _turn(task).where(Meeting.state.in_([MeetingState.DRAFT, MeetingState.IN_SESSION]))
    return statement if actor.everywhere(Role.COORDINATOR) else statement.where(Meeting.committee_id.in_(committees))


def _chairs_turn(actor: Actor, now: datetime) -> AnySelect | None:
    committees = actor.scopes(Role.CHAIR, Scope.COMMITTEE)
    if not committees:
        return None
    to_open = sa.and_(Meeting.state == MeetingState.CONVENED, Meeting.starts_at < at_bangkok(today(now) + timedelta(days=1)))
    to_adopt = sa.and_(Meeting.state == MeetingState.CLOSED, Meeting.minutes_adopted_at.is_(None))
    task = sa.case((Meeting.state == MeetingState.CONVENED, "meeting.open"), else_="meeting.adopt_minutes")
    # Minutes are adopted at the next meeting: until one is called there is no day by which.
    at = sa.case((Meeting.state == MeetingState.CLOSED, next_meeting()), else_=Meeting.starts_at)
    return _turn(task, at).where(sa.or_(to_open, to_adopt), Meeting.committee_id.in_(committees))


def install() -> None:
    """Register the kinds and what waits for whom."""
    register("meeting", TargetKind(lazy("Meeting"), _load_meetings, queries.visible_ids, search_texts=_meeting_texts))
    register("agenda_item", TargetKind(lazy("Agenda item"), _load_items, _visible_parts(AgendaItem), _item_because))
    register(
        "resolution",
        TargetKind(
            lazy("Resolution"), _load_resolutions, _visible_parts(Resolution), _resolution_because, search_texts=_resolution_texts
        ),
    )
    turns.register_turn(turns.TurnSource("meeting.coordinator", _coordinators_turn))
    turns.register_turn(turns.TurnSource("meeting.chair", _chairs_turn))
    for task, label in (
        ("meeting.convene", lazy("Convene the meeting")),
        ("meeting.record", lazy("Record the meeting in session")),
        ("meeting.open", lazy("Open the meeting")),
        ("meeting.adopt_minutes", lazy("Adopt the minutes")),
    ):
        turns.register_task_label(task, label)
