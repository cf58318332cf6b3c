"""What is done with meetings: one function a verb. Decided items and closed meetings are locked by their states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.dates import buddhist_year, format_date
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _, get_locale
from collab.kernel.targets import Ref
from collab.meetings import emails, minutes, queries
from collab.meetings.events import PlacedOnAgenda, ResolutionAdopted
from collab.meetings.models import AgendaItem, Attendance, Ballot, Meeting, Resolution
from collab.meetings.rules import Quorum, quorum, tally
from collab.meetings.states import MACHINE, Choice, ItemState, MeetingState, MeetingVerb, Presence
from collab.members import queries as members
from collab.members.models import Committee


@dataclass(frozen=True)
class Sitting:
    """Who sits in a seat at a meeting."""

    presence: Presence
    name: str


@dataclass(frozen=True)
class Vote:
    """What is put to the vote, each present seat's choice, and the seats recused with the reason."""

    motion: str
    choices: Mapping[UUID, Choice]
    recused: Mapping[UUID, str]


def create_meeting(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, title: str, place: str,
                   starts_at: datetime) -> Meeting:  # fmt: skip
    """Plan a meeting as a draft. Raises NotFound, NotAllowed, InvalidInput for a moment that is past."""
    committee = members.get_committee(session, committee_id)
    meeting = Meeting(committee_id=committee.id, state=MeetingState.DRAFT, title=title, place=place, starts_at=starts_at)
    authorize(actor, Permission.MEETING_MANAGE, meeting)
    if starts_at < now:
        raise InvalidInput({"day": _("Choose a moment to come.")})
    with history.act(session, verb="meeting.planned", actor=actor, now=now, subject=meeting):
        session.add(meeting)
    return meeting


def convene(session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, short_notice_reason: str,
            expected_version: int | None) -> Meeting:  # fmt: skip
    """Number the meeting and invite the seats' holders. Notice shorter than the rules of procedure needs a reason.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_MANAGE)
    check_version(meeting, expected_version)
    state = MACHINE.advance(meeting.state, MeetingVerb.CONVENE)
    rules = members.rules_on(session, meeting.committee_id, today(now))
    if meeting.starts_at < now + timedelta(days=rules.notice_days) and not short_notice_reason:
        raise InvalidInput(
            {"reason": _("The rules ask for %(days)s days of notice. Say why it is shorter.", days=rules.notice_days)}
        )
    committee = _lock_registers(session, meeting.committee_id)
    year = buddhist_year(today(meeting.starts_at))
    with history.act(session, verb="meeting.convened", actor=actor, now=now, subject=meeting, reason=short_notice_reason):
        meeting.state, meeting.convened_at, meeting.short_notice_reason = state, now, short_notice_reason
        meeting.number_year, meeting.number_in_year = year, queries.last_meeting_number(session, committee.id, year) + 1
    emails.invite(session, meeting, now)
    return meeting


def place_on_agenda(session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, title: str, heading: int,
                    is_for_decision: bool, target: Ref | None = None) -> AgendaItem:  # fmt: skip
    """Put a matter on the agenda; one about an object of the same committee tells its area, which may refuse (StateConflict).

    An object that is carried over from a postponed item or a cancelled meeting was announced to its area then: it is not told twice.
    """
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_MANAGE)
    MACHINE.advance(meeting.state, MeetingVerb.EDIT_AGENDA)
    is_news = target is not None and _check_target(session, actor, meeting, target)
    position = 1 + len([row for row in queries.agenda_of(session, meeting.id) if row.heading == heading])
    item = AgendaItem(
        meeting_id=meeting.id, committee_id=meeting.committee_id, heading=heading, position=position, title=title,
        is_for_decision=is_for_decision, target_kind=target.kind if target else None, target_id=target.id if target else None,
        state=ItemState.OPEN,
    )  # fmt: skip
    with history.act(session, verb="agenda.placed", actor=actor, now=now, subject=item):
        session.add(item)
    if target is not None and is_news:
        publish(session, PlacedOnAgenda(meeting.id, item.id, target, actor, now))
    return item


def _check_target(session: Session, actor: Actor, meeting: Meeting, target: Ref) -> bool:
    """Say whether its area has yet to hear that the object is put on an agenda; refuse what cannot be put there."""
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None or info.committee_id != meeting.committee_id:
        raise NotFound(target.kind, target.id)
    if queries.is_on_agenda(session, target):
        raise StateConflict(_("It stands on an agenda already."))
    return not queries.is_carried_over(session, target)


def open_meeting(session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, expected_version: int | None) -> Meeting:
    """Open the session; every seat is entered as absent until the attendance is recorded.

    Raises as the verbs above; StateConflict before the meeting's day, because its resolutions bear the date of that day.
    """
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_PRESIDE, Permission.MEETING_MANAGE)
    check_version(meeting, expected_version)
    state = MACHINE.advance(meeting.state, MeetingVerb.OPEN)
    if today(now) < today(meeting.starts_at):
        day = format_date(today(meeting.starts_at), get_locale())
        raise StateConflict(_("The meeting is on %(day)s: it cannot be opened before.", day=day))
    seats = members.seats_on(session, meeting.committee_id, today(now))
    with history.act(session, verb="meeting.opened", actor=actor, now=now, subject=meeting):
        meeting.state, meeting.opened_at = state, now
        session.add_all(
            Attendance(
                meeting_id=meeting.id, seat_id=seat.seat_id, organisation_id=seat.organisation_id, presence=Presence.ABSENT,
                name=seat.holder_name, is_voting=seat.is_voting, weight=seat.weight,
            )
            for seat in seats
        )  # fmt: skip
    return meeting


def record_attendance(
    session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, sheet: Mapping[UUID, Sitting],
    expected_version: int | None = None,
) -> Quorum:  # fmt: skip
    """Record the whole attendance sheet, by seat; return the quorum. Raises as the verbs above; NotFound for a foreign seat.

    ``expected_version`` is the `sheet_version` that was on the screen: VersionConflict when somebody changed the sheet since.
    """
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_MANAGE, Permission.MEETING_PRESIDE)
    MACHINE.advance(meeting.state, MeetingVerb.RECORD)
    rows = queries.attendance_of(session, meeting.id)
    if set(sheet) - set(rows):
        raise NotFound("seat", next(iter(set(sheet) - set(rows))))
    if expected_version is not None and expected_version != sheet_version(rows.values()):
        raise VersionConflict(sheet_version(rows.values()))
    with history.act(session, verb="meeting.attendance_recorded", actor=actor, now=now, subject=meeting):
        for seat_id, sitting in sheet.items():
            rows[seat_id].presence, rows[seat_id].name = sitting.presence, sitting.name or rows[seat_id].name
    return quorum_of(session, meeting)


def sheet_version(rows: Iterable[Attendance]) -> int:
    """Return the version of a whole attendance sheet: it grows with every change of any of its rows."""
    return sum(row.version for row in rows)


def quorum_of(session: Session, meeting: Meeting) -> Quorum:
    """Return the quorum of a meeting from its attendance, under the rules in force on its day."""
    voting = [row for row in queries.attendance_of(session, meeting.id).values() if row.is_voting]
    present = [row for row in voting if row.presence is not Presence.ABSENT]
    rules = members.rules_on(session, meeting.committee_id, today(meeting.starts_at))
    return quorum(rules.quorum.value, len(voting), len(present))


def record_votes(session: Session, *, actor: Actor, now: datetime, item_id: UUID, vote: Vote) -> Resolution:
    """Record the vote on an item and resolve: number, arithmetic, carried or not; the item is locked and its area is told.

    Raises NotFound, NotAllowed, StateConflict when the item is decided; InvalidInput without quorum, for a missing choice, or for
    a seat that is absent or recused.
    """
    item = queries.get_item(session, item_id)
    meeting = _locked(session, actor, item.meeting_id, Permission.MEETING_MANAGE, Permission.MEETING_PRESIDE)
    MACHINE.advance(meeting.state, MeetingVerb.RECORD)
    item = queries.get_item(session, item_id, lock=True)
    if not item.is_for_decision:
        raise StateConflict(_("This item is for information: it is not put to the vote."))
    if item.state is not ItemState.OPEN:
        raise StateConflict(_("This item is decided already."))
    present = {
        key: row
        for key, row in queries.attendance_of(session, meeting.id).items()
        if row.is_voting and row.presence is not Presence.ABSENT
    }
    _check_vote(session, meeting, present, vote)
    resolution = _resolve(session, actor, now, meeting, item, present, vote)
    target = Ref(item.target_kind, item.target_id) if item.target_kind and item.target_id else None
    publish(session, ResolutionAdopted(resolution.id, meeting.committee_id, target, resolution.carried, actor, now))
    return resolution


def _check_vote(session: Session, meeting: Meeting, present: Mapping[UUID, Attendance], vote: Vote) -> None:
    if not quorum_of(session, meeting).is_met:
        raise InvalidInput({"choices": _("There is no quorum: nothing can be resolved.")})
    entitled = set(present) - set(vote.recused)
    if set(vote.choices) - entitled or set(vote.recused) - set(present):
        raise InvalidInput({"choices": _("A seat that is absent or recused cannot vote.")})
    if entitled - set(vote.choices):
        raise InvalidInput({"choices": _("Every seat that is present votes or abstains.")})
    if not vote.choices:
        raise InvalidInput({"choices": _("Nobody is left to vote.")})
    if any(not reason for reason in vote.recused.values()):
        raise InvalidInput({"choices": _("Give the reason of each recusal.")})


def _resolve(session: Session, actor: Actor, now: datetime, meeting: Meeting, item: AgendaItem, present: Mapping[UUID, Attendance],
             vote: Vote) -> Resolution:  # fmt: skip
    day = today(meeting.starts_at)
    rules = members.rules_on(session, meeting.committee_id, day)
    committee = _lock_registers(session, meeting.committee_id)
    chair = next((str(seat.seat_id) for seat in members.seats_on(session, committee.id, day) if seat.capacity == "chair"), None)
    counted = tally(
        rules.majority.value, {str(key): (choice, present[key].weight) for key, choice in vote.choices.items()},
        present=_sum(row.weight for row in present.values()), recused=_sum(present[key].weight for key in vote.recused if key in present),
        chair=chair, casting_vote=rules.casting_vote,
    )  # fmt: skip
    sitting = quorum_of(session, meeting)
    year = buddhist_year(day)
    number = queries.last_resolution_number(session, committee.id, year) + 1
    resolution = Resolution(
        meeting_id=meeting.id, agenda_item_id=item.id, committee_id=committee.id, number=f"{committee.code} {number}/{year}",
        number_year=year, number_in_year=number, text=vote.motion, carried=counted.is_carried, decided_on=day,
        arithmetic={**counted.as_json(), "seats": sitting.seats, "seats_present": sitting.present, "seats_needed": sitting.needed},
        target_kind=item.target_kind, target_id=item.target_id,
    )  # fmt: skip
    with history.act(session, verb="resolution.made", actor=actor, now=now, subject=resolution):
        session.add(resolution)
        session.add_all(_ballots(meeting, item, present, vote))
        item.state = ItemState.DECIDED
    return resolution


def _ballots(meeting: Meeting, item: AgendaItem, present: Mapping[UUID, Attendance], vote: Vote) -> list[Ballot]:
    return [
        Ballot(
            meeting_id=meeting.id, agenda_item_id=item.id, seat_id=key, organisation_id=row.organisation_id,
            choice=vote.choices.get(key), weight=row.weight, recusal_reason=vote.recused.get(key, ""),
        )
        for key, row in present.items()
    ]  # fmt: skip


def settle_item(
    session: Session, *, actor: Actor, now: datetime, item_id: UUID, state: ItemState, reason: str = ""
) -> AgendaItem:
    """Note an item for information, or postpone one. Raises NotFound, NotAllowed, StateConflict, InvalidInput for a missing reason."""
    item = queries.get_item(session, item_id)
    meeting = _locked(session, actor, item.meeting_id, Permission.MEETING_MANAGE, Permission.MEETING_PRESIDE)
    MACHINE.advance(meeting.state, MeetingVerb.RECORD)
    item = queries.get_item(session, item_id, lock=True)
    if item.state is not ItemState.OPEN:
        raise StateConflict(_("This item is decided already."))
    if state is ItemState.POSTPONED and not reason:
        raise InvalidInput({"reason": _("Say why it is postponed.")})
    verb = "agenda.noted" if state is ItemState.NOTED else "agenda.postponed"
    with history.act(session, verb=verb, actor=actor, now=now, subject=item, reason=reason):
        item.state = state
    return item


def close_meeting(session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, expected_version: int | None) -> Meeting:
    """Close the session and draft the minutes from the record; all is locked from then on. Raises as the verbs above."""
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_PRESIDE, Permission.MEETING_MANAGE)
    check_version(meeting, expected_version)
    state = MACHINE.advance(meeting.state, MeetingVerb.CLOSE)
    if any(row.state is ItemState.OPEN for row in queries.agenda_of(session, meeting.id)):
        raise StateConflict(_("Some items are still open: decide, note or postpone them first."))
    text = minutes.draft(session, meeting, now)
    with history.act(session, verb="meeting.closed", actor=actor, now=now, subject=meeting):
        meeting.state, meeting.closed_at, meeting.minutes = state, now, text
    emails.ask_to_adopt(session, meeting, actor, now)
    return meeting


def adopt_minutes(session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, expected_version: int | None) -> Meeting:
    """Adopt the minutes. Raises as the verbs above; StateConflict when they are adopted already."""
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_PRESIDE)
    check_version(meeting, expected_version)
    MACHINE.advance(meeting.state, MeetingVerb.ADOPT_MINUTES)
    if meeting.minutes_adopted_at is not None:
        raise StateConflict(_("The minutes were adopted already."))
    with history.act(session, verb="minutes.adopted", actor=actor, now=now, subject=meeting):
        meeting.minutes_adopted_at = now
    return meeting


def cancel(
    session: Session, *, actor: Actor, now: datetime, meeting_id: UUID, reason: str, expected_version: int | None
) -> Meeting:
    """Cancel a meeting that has not begun, with the reason, and tell those who were invited. Raises as the verbs above."""
    meeting = _locked(session, actor, meeting_id, Permission.MEETING_MANAGE)
    check_version(meeting, expected_version)
    was_announced = meeting.state is MeetingState.CONVENED
    state = MACHINE.advance(meeting.state, MeetingVerb.CANCEL)
    with history.act(session, verb="meeting.cancelled", actor=actor, now=now, subject=meeting, reason=reason):
        meeting.state = state
    if was_announced:
        emails.tell_cancelled(session, meeting, reason, now)
    return meeting


def _locked(session: Session, actor: Actor, meeting_id: UUID, *permissions: Permission) -> Meeting:
    """Return the meeting locked when the actor has any of ``permissions`` on it."""
    meeting = queries.lock_meeting(session, actor, meeting_id)
    if not any(can(actor, permission, meeting) for permission in permissions):
        raise NotAllowed(permissions[0].value)
    return meeting


def _lock_registers(session: Session, committee_id: UUID) -> Committee:
    # The committee's row is the lock of its registers: two recorders at once cannot take one number, and none is skipped.
    return session.scalars(sa.select(Committee).where(Committee.id == committee_id).with_for_update(key_share=True)).one()


def _sum(weights: Iterable[Decimal]) -> Decimal:
    return sum(weights, Decimal(0))
