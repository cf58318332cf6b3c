"""Reads of addresses to which mail came back: who has one, and for whom to see."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.members.models import AddressFlag, Seat, User
from collab.members.queries import in_force_on

_NEWEST = (
    Key(AddressFlag.flagged_at, lambda row: row.flagged_at, descending=True),
    Key(AddressFlag.id, lambda row: row.id, descending=True),
)


def _is_open() -> sa.ColumnElement[bool]:
    return sa.and_(AddressFlag.confirmed_at.is_(None), sa.func.lower(AddressFlag.address) == sa.func.lower(User.email))


def flagged_people() -> sa.Select[UUID]:
    """Return the select of the people to whom no mail goes: a flag is open on the address that they have. Few rows."""
    return sa.select(AddressFlag.user_id).join(User, User.id == AddressFlag.user_id).where(_is_open())


def find_flag(session: Session, user_id: UUID) -> AddressFlag | None:
    """Return the open flag on the person's present address, or None."""
    return session.scalar(
        sa.select(AddressFlag).join(User, User.id == AddressFlag.user_id).where(_is_open(), AddressFlag.user_id == user_id)
    )


def count_flagged(session: Session) -> int:
    """Return how many people have an address to which no mail goes."""
    return session.scalar(sa.select(sa.func.count()).select_from(flagged_people().subquery())) or 0


def list_flags(session: Session, actor: Actor, day: date, cursor: str | None = None) -> Page[AddressFlag]:
    """Return a page of the open flags that ``actor`` keeps, newest first: all, or those of the members of the own committees."""
    statement: AnySelect = (
        sa.select(AddressFlag).join(User, User.id == AddressFlag.user_id).where(_is_open(), User.disabled_at.is_(None))
    )
    if not (actor.everywhere(Role.ADMINISTRATOR) or actor.everywhere(Role.COORDINATOR)):
        committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
        seated = sa.select(Seat.organisation_id).where(Seat.committee_id.in_(committees), in_force_on(Seat, day))
        statement = statement.where(User.organisation_id.in_(seated))
    return keyset(session, statement, _NEWEST, cursor, scalars=True)
