"""Who may read and change organisations, committees, seats and people."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from collab.kernel.access import Actor, Permission, Role, Scope, allow

#: Roles that, held for the installation, see every committee.
OVERSEEING = (Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR)


@dataclass(frozen=True)
class Seating:
    """The seats of a committee with their holders: what its coordinator keeps up to date."""

    committee_id: UUID


@dataclass(frozen=True)
class Standing:
    """Deputies and absences of a person whose organisation sits in the committees ``committee_ids``."""

    user_id: UUID
    committee_ids: frozenset[UUID]


@dataclass(frozen=True)
class Place:
    """The organisation that something is to belong to."""

    organisation_id: UUID


def _administers(actor: Actor, target: Any) -> bool:
    return actor.everywhere(Role.ADMINISTRATOR)


def _coordinates(actor: Actor, target: Any) -> bool:
    if actor.everywhere(Role.COORDINATOR):
        return target is None or isinstance(target, (Seating, Standing))
    mine = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if isinstance(target, Seating):
        return target.committee_id in mine
    return isinstance(target, Standing) and bool(target.committee_ids & mine)


def _may_see(actor: Actor, target: Any) -> bool:
    committee_id = getattr(target, "committee_id", None)
    return committee_id is None or committee_id in actor.committee_ids or sees_all_committees(actor)


def sees_all_committees(actor: Actor) -> bool:
    """Say whether the actor's roles for the whole installation open every committee."""
    return any(actor.everywhere(role) for role in OVERSEEING)


def install() -> None:
    """Add this area's rows to the table of permissions.

    Organisations with their figures and the names of people are known to every signed-in person; a committee only to those who
    sit in it, coordinate it or oversee all.
    """
    allow(Permission.MEMBERS_VIEW, None, _may_see)
    allow(Permission.MEMBERS_MANAGE, Role.ADMINISTRATOR, _administers)
    allow(Permission.MEMBERS_MANAGE, Role.COORDINATOR, _coordinates)
