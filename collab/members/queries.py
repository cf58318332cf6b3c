"""Reads of organisations, committees, seats and people. Accounts and sessions: `account_queries.py`."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.text import sort_key
from collab.members.models import (
    Committee,
    CommitteeRules,
    Organisation,
    OrganisationKind,
    RoleAssignment,
    Seat,
    SeatHolder,
    User,
)
from collab.members.policy import sees_all_committees
from collab.members.rules import SeatInfo, name_of

_RANKS = {kind: rank for rank, kind in enumerate(OrganisationKind)}


def in_force_on(model: Any, day: date) -> sa.ColumnElement[bool]:
    """Return the condition that a row of ``model`` (valid_from/valid_to) holds on ``day``."""
    return sa.and_(model.valid_from <= day, sa.or_(model.valid_to.is_(None), model.valid_to >= day))


def find_committee(session: Session, committee_id: UUID) -> Committee | None:
    """Return the committee, or None when there is none or it was removed."""
    found = session.get(Committee, committee_id)
    return found if found is not None and found.removed_at is None else None


def get_committee(session: Session, committee_id: UUID) -> Committee:
    """Return the committee; raise NotFound when there is none or it was removed."""
    found = find_committee(session, committee_id)
    if found is None:
        raise NotFound("committee", committee_id)
    return found


def list_committees(session: Session, actor: Actor) -> list[Committee]:
    """Return the committees that ``actor`` may see, in the order of their names."""
    statement = sa.select(Committee).where(Committee.removed_at.is_(None))
    if not sees_all_committees(actor):
        statement = statement.where(Committee.id.in_(actor.committee_ids))
    return sorted(session.scalars(statement), key=lambda row: (sort_key(name_of(row)), row.id))


def rules_on(session: Session, committee_id: UUID, day: date) -> CommitteeRules:
    """Return the rules of procedure of the committee in force on ``day``; raise NotFound when none were."""
    statement = sa.select(CommitteeRules).where(CommitteeRules.committee_id == committee_id, in_force_on(CommitteeRules, day))
    found = session.scalar(statement.order_by(CommitteeRules.valid_from.desc(), CommitteeRules.id.desc()).limit(1))
    if found is None:
        raise NotFound("committee_rules", committee_id)
    return found


def seats_on(session: Session, committee_id: UUID, day: date) -> list[SeatInfo]:
    """Return the committee's seats on ``day`` with their holders, by rank of the organisation, then by name."""
    holding = sa.and_(SeatHolder.seat_id == Seat.id, in_force_on(SeatHolder, day))
    rows = session.execute(
        sa.select(
            Seat.id, Seat.capacity, Seat.is_voting, Seat.weight, Organisation.id.label("organisation_id"), Organisation.kind,
            Organisation.name_th, Organisation.name_en, Organisation.sort_key, SeatHolder.name, SeatHolder.user_id,
            User.name_en.label("holder_en"),
        )
        .join(Organisation, Organisation.id == Seat.organisation_id)
        .outerjoin(SeatHolder, holding)
        .outerjoin(User, User.id == SeatHolder.user_id)
        .where(Seat.committee_id == committee_id, in_force_on(Seat, day))
        .order_by(SeatHolder.valid_from.desc(), Seat.id)
    )  # fmt: skip
    # Of two holders on the day the later one counts; the service lets no two overlap.
    latest = {row.id: row for row in reversed(rows.all())}
    ordered = sorted(latest.values(), key=lambda row: (_RANKS[row.kind], bytes(row.sort_key), row.id))
    return [_seat_info(row) for row in ordered]


def _seat_info(row: Any) -> SeatInfo:
    return SeatInfo(
        seat_id=row.id, organisation_id=row.organisation_id, organisation_name=name_of(row), capacity=row.capacity.value,
        is_voting=row.is_voting, weight=row.weight, holder_user_id=row.user_id, holder_name=_holder_name(row),
    )  # fmt: skip


def _holder_name(row: Any) -> str:
    return name_of(_Names(row.name or "", row.holder_en or "")) if row.name else ""


class _Names:
    def __init__(self, name_th: str, name_en: str) -> None:
        self.name_th, self.name_en = name_th, name_en


def find_organisation(session: Session, organisation_id: UUID) -> Organisation | None:
    """Return the organisation, or None when there is none or it was removed."""
    found = session.get(Organisation, organisation_id)
    return found if found is not None and found.removed_at is None else None


def get_organisation(session: Session, organisation_id: UUID) -> Organisation:
    """Return the organisation; raise NotFound when there is none or it was removed."""
    found = find_organisation(session, organisation_id)
    if found is None:
        raise NotFound("organisation", organisation_id)
    return found


def list_organisations(session: Session) -> list[Organisation]:
    """Return all organisations by rank of their kind, then by Thai name."""
    rows = session.scalars(sa.select(Organisation).where(Organisation.removed_at.is_(None)))
    return sorted(rows, key=lambda row: (_RANKS[row.kind], bytes(row.sort_key), row.id))


def organisation_names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names, in the language in force, of the organisations ``ids``; removed ones too, unknown ones left out."""
    return _names(session, Organisation, ids)


def user_names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names, in the language in force, of the people ``ids``; disabled ones too, unknown ones left out."""
    return _names(session, User, ids)


def _names(session: Session, model: Any, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {key for key in ids if key is not None}
    if not wanted:
        return {}
    rows = session.execute(sa.select(model.id, model.name_th, model.name_en).where(model.id.in_(wanted)))
    return {row.id: name_of(row) for row in rows}


def users_with_role(session: Session, role: Role, scope: Scope, scope_id: UUID | None, day: date) -> list[User]:
    """Return the people, not disabled, who hold ``role`` in exactly that scope on ``day`` (scope_id None: the installation)."""
    where = RoleAssignment.scope_id.is_(None) if scope_id is None else RoleAssignment.scope_id == scope_id
    holding = sa.select(RoleAssignment.user_id).where(
        RoleAssignment.role == role, RoleAssignment.scope == scope, where, in_force_on(RoleAssignment, day)
    )
    return list(session.scalars(sa.select(User).where(User.id.in_(holding), User.disabled_at.is_(None)).order_by(User.id)))


def find_user(session: Session, user_id: UUID) -> User | None:
    """Return the person, disabled ones too, or None."""
    return session.get(User, user_id)


def get_user(session: Session, user_id: UUID) -> User:
    """Return the person, disabled ones too; raise NotFound when there is none."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound("user", user_id)
    return found


def committees_of(session: Session, organisation_ids: Collection[UUID], day: date) -> list[Committee]:
    """Return the committees in which any of the organisations has a seat on ``day``, in the order of their names."""
    seated = sa.select(Seat.committee_id).where(Seat.organisation_id.in_(list(organisation_ids)), in_force_on(Seat, day))
    rows = session.scalars(sa.select(Committee).where(Committee.id.in_(seated), Committee.removed_at.is_(None)))
    return sorted(rows, key=lambda row: (sort_key(name_of(row)), row.id))
