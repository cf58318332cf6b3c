"""Seats of organisations in a committee, and who holds them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.text import normalise
from collab.members import queries, rules
from collab.members.models import Capacity, Committee, Seat, SeatHolder
from collab.members.policy import Seating
from collab.members.service.people import check_term


@dataclass(frozen=True)
class Terms:
    """How a seat is held: in what capacity, with what vote, from a day to a day (None: open)."""

    capacity: Capacity
    is_voting: bool
    weight: Decimal
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Holder:
    """Who holds a seat: a user or only a name, from a day to a day (None: open)."""

    user_id: UUID | None
    name: str
    position: str
    valid_from: date
    valid_to: date | None = None


def add_seat(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, organisation_id: UUID, terms: Terms) -> Seat:
    """Give an organisation a seat. Raises InvalidInput when the term is not in order or it has a voting seat at that time."""
    committee = queries.lock_row(session, Committee, "committee", committee_id)
    authorize(actor, Permission.MEMBERS_MANAGE, Seating(committee.id))
    queries.get_organisation(session, organisation_id)
    return enter_seat(session, actor=actor, now=now, committee=committee, organisation_id=organisation_id, terms=terms)


def enter_seat(
    session: Session, *, actor: Actor, now: datetime, committee: Committee, organisation_id: UUID, terms: Terms
) -> Seat:
    """Give the seat without asking for a permission: for `add_seat` and the demonstration."""
    made = Seat(committee_id=committee.id, organisation_id=organisation_id)
    _check(session, made, terms)
    _fill(made, terms)
    with history.act(session, verb="seat.added", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


def _fill(seat: Seat, terms: Terms) -> None:
    seat.capacity, seat.is_voting, seat.weight = terms.capacity, terms.is_voting, terms.weight
    seat.valid_from, seat.valid_to = terms.valid_from, terms.valid_to


def _check(session: Session, seat: Seat, terms: Terms) -> None:
    """Raise InvalidInput unless the term is in order, the weight positive, and no other voting seat overlaps."""
    check_term(terms.valid_from, terms.valid_to)
    if not 0 < terms.weight < 1_000_000 or terms.weight != round(terms.weight, 2):
        raise InvalidInput({"weight": _("Write a number above 0 with at most two decimals.")})
    if not terms.is_voting:
        return
    for other in queries.list_seats(session, seat.committee_id):
        same = other.organisation_id == seat.organisation_id and other.id != seat.id and other.is_voting
        if same and rules.overlap((other.valid_from, other.valid_to), (terms.valid_from, terms.valid_to)):
            raise InvalidInput({"valid_from": _("The organisation has another voting seat in this committee at that time.")})


def change_seat(
    session: Session, *, actor: Actor, now: datetime, seat_id: UUID, terms: Terms, expected_version: int | None
) -> Seat:
    """Change the capacity, vote or term of a seat."""
    seat = _lock(session, actor, seat_id, expected_version)
    _check(session, seat, terms)
    with history.act(session, verb="seat.changed", actor=actor, now=now, subject=seat):
        _fill(seat, terms)
    return seat


def remove_seat(
    session: Session, *, actor: Actor, now: datetime, seat_id: UUID, expected_version: int | None, reason: str
) -> Seat:
    """Take out a seat that was entered by mistake; a seat whose term is over gets a last day instead."""
    seat = _lock(session, actor, seat_id, expected_version)
    with history.act(session, verb="seat.removed", actor=actor, now=now, subject=seat, reason=reason):
        seat.removed_at = now
    return seat


def _lock(session: Session, actor: Actor, seat_id: UUID, expected_version: int | None) -> Seat:
    # The committee's row is the lock under which its seats are compared with one another.
    known = queries.get_row(session, Seat, "seat", seat_id)
    queries.lock_row(session, Committee, "committee", known.committee_id)
    seat = queries.lock_row(session, Seat, "seat", seat_id)
    authorize(actor, Permission.MEMBERS_MANAGE, Seating(seat.committee_id))
    check_version(seat, expected_version)
    return seat


def fill_seat(session: Session, *, actor: Actor, now: datetime, seat_id: UUID, holder: Holder) -> SeatHolder:
    """Put a holder into a seat from a day on; the open holder before ends the day before. Raises InvalidInput, NotFound."""
    seat = _lock(session, actor, seat_id, None)
    return enter_holder(session, actor=actor, now=now, seat=seat, holder=holder)


def enter_holder(session: Session, *, actor: Actor, now: datetime, seat: Seat, holder: Holder) -> SeatHolder:
    """Put the holder in without asking for a permission: for `fill_seat` and the demonstration."""
    name = _check_holder(session, seat, holder)
    made = SeatHolder(
        seat_id=seat.id, user_id=holder.user_id, name=name, position=normalise(holder.position), valid_from=holder.valid_from,
        valid_to=holder.valid_to,
    )  # fmt: skip
    earlier = queries.list_holders(session, seat.id)
    with history.act(session, verb="seat_holder.entered", actor=actor, now=now, subject=made):
        for row in earlier:
            _end_before(row, holder)
        session.add(made)
        session.flush()
    return made


def _check_holder(session: Session, seat: Seat, holder: Holder) -> str:
    check_term(holder.valid_from, holder.valid_to)
    if holder.valid_from < seat.valid_from or (
        seat.valid_to is not None and (holder.valid_to or holder.valid_from) > seat.valid_to
    ):
        raise InvalidInput({"valid_from": _("The seat does not exist on all of these days.")})
    if holder.user_id is not None:
        return queries.get_user(session, holder.user_id).name_th
    if not normalise(holder.name):
        raise InvalidInput({"name": _("Choose a person or write a name.")})
    return normalise(holder.name)


def _end_before(row: SeatHolder, holder: Holder) -> None:
    if not rules.overlap((row.valid_from, row.valid_to), (holder.valid_from, holder.valid_to)):
        return
    if row.valid_from >= holder.valid_from:
        raise InvalidInput({"valid_from": _("Somebody else holds the seat from that day or later: end that first.")})
    row.valid_to = holder.valid_from - timedelta(days=1)


def end_holding(session: Session, *, actor: Actor, now: datetime, holder_id: UUID, last_day: date, expected_version: int | None,
                ) -> SeatHolder:  # fmt: skip
    """Let a holding end on ``last_day``."""
    known = queries.get_row(session, SeatHolder, "seat_holder", holder_id)
    _lock(session, actor, known.seat_id, None)
    found = queries.lock_row(session, SeatHolder, "seat_holder", holder_id)
    check_version(found, expected_version)
    check_term(found.valid_from, last_day)
    if found.valid_to is not None and last_day > found.valid_to:
        raise InvalidInput({"valid_to": _("The holding ends earlier already.")})
    with history.act(session, verb="seat_holder.ended", actor=actor, now=now, subject=found):
        found.valid_to = last_day
    return found


def remove_holding(session: Session, *, actor: Actor, now: datetime, holder_id: UUID, expected_version: int | None) -> SeatHolder:
    """Take out a holder who was entered by mistake."""
    known = queries.get_row(session, SeatHolder, "seat_holder", holder_id)
    _lock(session, actor, known.seat_id, None)
    found = queries.lock_row(session, SeatHolder, "seat_holder", holder_id)
    check_version(found, expected_version)
    with history.act(session, verb="seat_holder.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
    return found
