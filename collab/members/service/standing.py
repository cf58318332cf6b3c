"""Who acts for whom, and who is away."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.text import normalise
from collab.members import queries, rules
from collab.members.models import Absence, Deputy, User
from collab.members.policy import Standing
from collab.members.service.people import check_term


def standing_of(session: Session, user: User, day: date) -> Standing:
    """Return what the permission is asked about: the person with the committees of their organisation."""
    committees = queries.committees_of(session, [user.organisation_id], day)
    return Standing(user.id, frozenset(row.id for row in committees))


def appoint_deputy(session: Session, *, actor: Actor, now: datetime, user_id: UUID, deputy_id: UUID, order_number: str,
                   valid_from: date, valid_to: date | None) -> Deputy:  # fmt: skip
    """Let somebody act for a person from a day to a day, by an order. Raises InvalidInput, NotFound."""
    user = queries.lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, standing_of(session, user, today(now)))
    return enter_deputy(
        session, actor=actor, now=now, user=user, deputy_id=deputy_id, order_number=order_number, valid_from=valid_from,
        valid_to=valid_to,
    )  # fmt: skip


def enter_deputy(session: Session, *, actor: Actor, now: datetime, user: User, deputy_id: UUID, order_number: str,
                 valid_from: date, valid_to: date | None) -> Deputy:  # fmt: skip
    """Appoint the deputy without asking for a permission: for `appoint_deputy` and the demonstration."""
    check_term(valid_from, valid_to)
    if deputy_id == user.id:
        raise InvalidInput({"deputy_id": _("Nobody is their own deputy.")})
    queries.get_user(session, deputy_id)
    for other in queries.list_deputies(session, user.id):
        if rules.overlap((other.valid_from, other.valid_to), (valid_from, valid_to)):
            raise InvalidInput({"valid_from": _("The person has a deputy at that time already.")})
    made = Deputy(
        user_id=user.id, deputy_id=deputy_id, order_number=normalise(order_number), valid_from=valid_from, valid_to=valid_to
    )
    with history.act(session, verb="deputy.appointed", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


def remove_deputy(session: Session, *, actor: Actor, now: datetime, deputy_id: UUID, expected_version: int | None) -> Deputy:
    """End a deputy's appointment at once."""
    found = queries.lock_row(session, Deputy, "deputy", deputy_id)
    user = queries.get_user(session, found.user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, standing_of(session, user, today(now)))
    check_version(found, expected_version)
    with history.act(session, verb="deputy.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
    return found


def add_absence(session: Session, *, actor: Actor, now: datetime, user_id: UUID, first_day: date, last_day: date) -> Absence:
    """Note the days on which a person is away: anybody for themselves, a coordinator for the members of the committee."""
    user = queries.lock_row(session, User, "user", user_id)
    if actor.user_id != user_id:
        authorize(actor, Permission.MEMBERS_MANAGE, standing_of(session, user, today(now)))
    if last_day < first_day:
        raise InvalidInput({"last_day": _("The last day comes before the first one.")})
    for other in queries.list_absences(session, user_id):
        if rules.overlap((other.first_day, other.last_day), (first_day, last_day)):
            raise InvalidInput({"first_day": _("An absence on some of these days is noted already.")})
    made = Absence(user_id=user_id, first_day=first_day, last_day=last_day, removed_at=None)
    with history.act(session, verb="absence.noted", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


def remove_absence(session: Session, *, actor: Actor, now: datetime, absence_id: UUID, expected_version: int | None) -> Absence:
    """Take an absence back."""
    found = queries.lock_row(session, Absence, "absence", absence_id)
    if actor.user_id != found.user_id:
        user = queries.get_user(session, found.user_id)
        authorize(actor, Permission.MEMBERS_MANAGE, standing_of(session, user, today(now)))
    check_version(found, expected_version)
    with history.act(session, verb="absence.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
    return found
