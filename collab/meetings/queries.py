"""Reads of meetings and resolutions."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.kernel.targets import Ref
from collab.meetings.models import AgendaItem, Attendance, Ballot, Meeting, Resolution
from collab.meetings.states import ItemState, MeetingState

_NEWEST = (
    Key(Meeting.starts_at, lambda row: row.starts_at, descending=True),
    Key(Meeting.id, lambda row: row.id, descending=True),
)
PLACEABLE = (MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.IN_SESSION)


def visible_clause(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition under which ``actor`` may see a meeting: `policy` as one clause for lists."""
    if actor.everywhere(Role.COORDINATOR) or actor.everywhere(Role.CHAIR):
        return sa.true()
    led = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.CHAIR, Scope.COMMITTEE)
    announced = Meeting.state != MeetingState.DRAFT
    if actor.everywhere(Role.AUDITOR) or actor.everywhere(Role.ADMINISTRATOR):
        return sa.or_(announced, Meeting.committee_id.in_(led))
    seated = set(actor.committee_ids) if actor.has(Role.CLERK) or actor.has(Role.EXECUTIVE) else set()
    seated |= actor.scopes(Role.AUDITOR, Scope.COMMITTEE)
    return sa.or_(Meeting.committee_id.in_(led), sa.and_(announced, Meeting.committee_id.in_(seated)))


def list_meetings(session: Session, actor: Actor, cursor: str | None = None) -> Page[Meeting]:
    """Return a page of the meetings that ``actor`` may see, the latest first."""
    return keyset(session, sa.select(Meeting).where(visible_clause(actor)), _NEWEST, cursor, scalars=True)


def get_visible(session: Session, actor: Actor, meeting_id: UUID) -> Meeting:
    """Return the meeting when ``actor`` may see it; NotFound otherwise."""
    found = session.scalars(sa.select(Meeting).where(Meeting.id == meeting_id, visible_clause(actor))).one_or_none()
    if found is None:
        raise NotFound("meeting", meeting_id)
    return found


def lock_meeting(session: Session, actor: Actor, meeting_id: UUID) -> Meeting:
    """Return the meeting with its row locked and fresh; NotFound when ``actor`` may not see it."""
    get_visible(session, actor, meeting_id)
    statement = sa.select(Meeting).where(Meeting.id == meeting_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def visible_ids(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    """Return those of ``keys`` that ``actor`` may see."""
    return set(session.scalars(sa.select(Meeting.id).where(Meeting.id.in_(keys), visible_clause(actor))))


def meetings_by_ids(session: Session, keys: Iterable[UUID]) -> list[Meeting]:
    """Return the meetings with these ids, whoever asks."""
    return list(session.scalars(sa.select(Meeting).where(Meeting.id.in_(list(keys)))))


def placeable_meetings(session: Session, actor: Actor, committee_id: UUID) -> list[Meeting]:
    """Return the meetings of a committee whose agenda is still open, the soonest first."""
    statement = sa.select(Meeting).where(
        Meeting.committee_id == committee_id, Meeting.state.in_(PLACEABLE), visible_clause(actor)
    )
    return list(session.scalars(statement.order_by(Meeting.starts_at)))


def agenda_of(session: Session, meeting_id: UUID) -> list[AgendaItem]:
    """Return the agenda in its order."""
    order = (AgendaItem.heading, AgendaItem.position, AgendaItem.id)
    return list(session.scalars(sa.select(AgendaItem).where(AgendaItem.meeting_id == meeting_id).order_by(*order)))


def get_item(session: Session, item_id: UUID, *, lock: bool = False) -> AgendaItem:
    """Return an agenda item; NotFound when there is none. Whoever asks: the caller looks at its meeting."""
    statement = sa.select(AgendaItem).where(AgendaItem.id == item_id)
    if lock:
        # Fresh, not as this session read it before it waited for the lock.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("agenda_item", item_id)
    return found


def items_by_ids(session: Session, keys: Iterable[UUID]) -> list[AgendaItem]:
    """Return the items with these ids."""
    return list(session.scalars(sa.select(AgendaItem).where(AgendaItem.id.in_(list(keys)))))


def is_on_agenda(session: Session, ref: Ref) -> bool:
    """Say whether an open item of a meeting that was not cancelled is about the object."""
    statement = _items_about(ref).where(AgendaItem.state == ItemState.OPEN, Meeting.state != MeetingState.CANCELLED)
    return session.execute(statement.limit(1)).first() is not None


def is_carried_over(session: Session, ref: Ref) -> bool:
    """Say whether the object stood on an agenda last without an outcome: its item was postponed or the meeting cancelled."""
    last = session.execute(_items_about(ref).order_by(AgendaItem.id.desc()).limit(1)).first()
    return last is not None and (last.item is ItemState.POSTPONED or last.meeting is MeetingState.CANCELLED)


def _items_about(ref: Ref) -> AnySelect:
    statement = sa.select(AgendaItem.state.label("item"), Meeting.state.label("meeting"))
    return statement.join(Meeting, Meeting.id == AgendaItem.meeting_id).where(
        AgendaItem.target_id == ref.id, AgendaItem.target_kind == ref.kind
    )


def attendance_of(session: Session, meeting_id: UUID) -> dict[UUID, Attendance]:
    """Return the attendance by seat, in the order in which the seats were entered."""
    statement = sa.select(Attendance).where(Attendance.meeting_id == meeting_id)
    return {row.seat_id: row for row in session.scalars(statement.order_by(Attendance.id))}


def ballots_of(session: Session, meeting_id: UUID) -> list[Ballot]:
    """Return the ballots of a meeting."""
    return list(session.scalars(sa.select(Ballot).where(Ballot.meeting_id == meeting_id).order_by(Ballot.id)))


def resolutions_of(session: Session, meeting_id: UUID) -> list[Resolution]:
    """Return the resolutions of a meeting in the order of their numbers."""
    statement = sa.select(Resolution).where(Resolution.meeting_id == meeting_id)
    return list(session.scalars(statement.order_by(Resolution.number_year, Resolution.number_in_year)))


def resolutions_on(session: Session, refs: Iterable[Ref]) -> dict[Ref, list[Resolution]]:
    """Return the resolutions on each object, the oldest first."""
    wanted = list(refs)
    rows = session.scalars(
        sa.select(Resolution).where(Resolution.target_id.in_([ref.id for ref in wanted])).order_by(Resolution.id)
    )
    found: dict[Ref, list[Resolution]] = {ref: [] for ref in wanted}
    for row in rows:
        if row.target_kind and row.target_id and Ref(row.target_kind, row.target_id) in found:
            found[Ref(row.target_kind, row.target_id)].append(row)
    return found


def get_resolution(session: Session, resolution_id: UUID) -> Resolution:
    """Return a resolution; NotFound when there is none. Whoever asks."""
    found = session.get(Resolution, resolution_id)
    if found is None:
        raise NotFound("resolution", resolution_id)
    return found


def resolutions_by_ids(session: Session, keys: Iterable[UUID]) -> list[Resolution]:
    """Return the resolutions with these ids."""
    return list(session.scalars(sa.select(Resolution).where(Resolution.id.in_(list(keys)))))


def last_meeting_number(session: Session, committee_id: UUID, year: int) -> int:
    """Return the last number of a meeting in the year. Call it with the committee locked."""
    highest = sa.select(sa.func.max(Meeting.number_in_year)).where(
        Meeting.committee_id == committee_id, Meeting.number_year == year
    )
    return session.scalar(highest) or 0


def last_resolution_number(session: Session, committee_id: UUID, year: int) -> int:
    """Return the last number of a resolution in the year. Call it with the committee locked."""
    highest = sa.select(sa.func.max(Resolution.number_in_year)).where(
        Resolution.committee_id == committee_id, Resolution.number_year == year
    )
    return session.scalar(highest) or 0
