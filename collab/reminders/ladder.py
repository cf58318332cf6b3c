"""Who is told: the people of each rung, their deputies while they are away, and the next rung when nobody of one is there."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from collab.kernel.access import Role, Scope
from collab.kernel.paging import AnySelect
from collab.members.models import RoleAssignment, User
from collab.members.queries import in_force_on
from collab.members.standing_queries import away_on, stand_ins_on
from collab.reminders.firing import PASSED
from collab.reminders.models import Audience

#: The ladder across organisations, from the person responsible up to the nanny agency.
LADDER = (Audience.OWNER, Audience.CLERK, Audience.EXECUTIVE, Audience.CHAIR, Audience.COORDINATOR)
ROLES = {
    Audience.CLERK: (Role.CLERK, Scope.ORGANISATION),
    Audience.EXECUTIVE: (Role.EXECUTIVE, Scope.ORGANISATION),
    Audience.CHAIR: (Role.CHAIR, Scope.COMMITTEE),
    Audience.COORDINATOR: (Role.COORDINATOR, Scope.COMMITTEE),
}


def rungs_from(audience: Audience) -> tuple[Audience, ...]:
    """Return the rung of ``audience`` and those above it."""
    return LADDER[LADDER.index(audience) :]


def recipients(audience: Audience, fires: sa.FromClause, day: date) -> sa.Subquery:
    """Return ``fires`` joined with the people of the rung who can be told on ``day``: (…, recipient_id, deputy_for_id).

    Whoever is away is replaced by a deputy who is there; without one the row is left out, and the next rung has its turn.
    """
    people = _people(audience, fires, day).subquery()
    away, stand_in = away_on(day), stand_ins_on(day)
    columns = [people.c[name] for name in PASSED]
    return (
        sa.select(
            *columns,
            sa.func.coalesce(stand_in.c.deputy_id, people.c.person_id).label("recipient_id"),
            sa.case((stand_in.c.deputy_id.is_not(None), people.c.person_id), else_=sa.null()).label("deputy_for_id"),
        )
        .outerjoin(away, away.c.user_id == people.c.person_id)
        .outerjoin(stand_in, stand_in.c.user_id == people.c.person_id)
        .where(sa.or_(away.c.user_id.is_(None), stand_in.c.deputy_id.is_not(None)))
        .subquery()
    )


def beyond(started: Audience, rung: Audience, fires: sa.FromClause, day: date) -> sa.FromClause:
    """Return what of ``fires`` may go on from ``rung`` to the next one, under a rule whose own rung is ``started``.

    Not where the owner holds the rung: such a one is told as the owner, by the rule for owners, and is not passed over.
    """
    if started is Audience.OWNER:
        return fires
    held = aliased(RoleAssignment)
    role, scope = ROLES[rung]
    place = fires.c.organisation_id if scope is Scope.ORGANISATION else fires.c.committee_id
    is_owners = sa.exists().where(
        held.user_id == fires.c.owner_id, held.scope == scope, held.scope_id == place, held.role == role, in_force_on(held, day)
    )
    return sa.select(*_passed(fires)).where(sa.not_(is_owners)).subquery()


def _people(audience: Audience, fires: sa.FromClause, day: date) -> AnySelect | sa.CompoundSelect[*tuple[Any, ...]]:
    if audience is not Audience.OWNER:
        return _holders(audience, fires, day)
    # An owner who can no longer sign in is no owner: the clerks of the organisation are told instead.
    is_there = sa.exists().where(User.id == fires.c.owner_id, User.disabled_at.is_(None))
    owned = sa.select(*_passed(fires), fires.c.owner_id.label("person_id")).where(is_there)
    return sa.union_all(owned, _holders(Audience.CLERK, fires, day).where(sa.not_(is_there)))


def _holders(audience: Audience, fires: sa.FromClause, day: date) -> AnySelect:
    role, scope = ROLES[audience]
    place = fires.c.organisation_id if scope is Scope.ORGANISATION else fires.c.committee_id
    held, person = aliased(RoleAssignment), aliased(User)
    return (
        sa.select(*_passed(fires), held.user_id.label("person_id"))
        .join(held, sa.and_(held.scope == scope, held.scope_id == place, held.role == role))
        .join(person, sa.and_(person.id == held.user_id, person.disabled_at.is_(None)))
        # Whoever owns the matter is reminded as its owner, not a second time for the office.
        .where(in_force_on(held, day), held.user_id.is_distinct_from(fires.c.owner_id))
    )


def _passed(fires: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [fires.c[name] for name in PASSED]
