"""Reads of organisations, committees, seats and people. Accounts and sessions: `account_queries.py`."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.kernel.text import sort_key
from collab.members.models import (
    Absence,
    Committee,
    CommitteeRules,
    Deputy,
    FactKind,
    Organisation,
    OrganisationFact,
    OrganisationKind,
    RoleAssignment,
    Seat,
    SeatHolder,
    User,
)
from collab.members.policy import sees_all_committees
from collab.members.rules import SeatInfo, name_of

Row = TypeVar("Row")
_RANKS = {kind: rank for rank, kind in enumerate(OrganisationKind)}


def in_force_on(model: Any, day: date) -> sa.ColumnElement[bool]:
    """Return the condition that a row of ``model`` (valid_from, valid_to, removed_at) holds on ``day``."""
    return sa.and_(model.valid_from <= day, sa.or_(model.valid_to.is_(None), model.valid_to >= day), model.removed_at.is_(None))


def lock_row(session: Session, model: type[Row], kind: str, key: UUID) -> Row:
    """Return the row of ``model``, locked until the transaction ends; raise NotFound when there is none or it was removed."""
    found = session.get(model, key, with_for_update=True, populate_existing=True)
    if found is None or getattr(found, "removed_at", None) is not None:
        raise NotFound(kind, key)
    return found


def get_row(session: Session, model: type[Row], kind: str, key: UUID) -> Row:
    """Return the row of ``model``; raise NotFound when there is none or it was removed."""
    found = session.get(model, key)
    if found is None or getattr(found, "removed_at", None) is not None:
        raise NotFound(kind, key)
    return found


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


def name_in(columns: Any, locale: str) -> sa.ColumnElement[str]:
    """Return, as SQL, the name that `rules.name_of` gives in ``locale``: the other language's when there is none."""
    first, second = (columns.name_en, columns.name_th) if locale == "en" else (columns.name_th, columns.name_en)
    return sa.func.coalesce(sa.func.nullif(first, ""), second)


def organisation_names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names, in the language in force, of the organisations ``ids``; removed ones too, unknown ones left out."""
    return _names(session, _ORGANISATION_NAMES, ids)


def agency_names(session: Session) -> dict[str, str]:
    """Return the name of the agency that coordinates the committees by language; nothing where there are several or none."""
    of_committees = sa.select(Committee.agency_id).where(Committee.removed_at.is_(None))
    found = session.execute(
        sa.select(Organisation.name_th, Organisation.name_en).where(Organisation.id.in_(of_committees)).limit(2)
    ).all()
    return {"th": found[0].name_th, "en": found[0].name_en or found[0].name_th} if len(found) == 1 else {}


def user_names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names, in the language in force, of the people ``ids``; disabled ones too, unknown ones left out."""
    return _names(session, _USER_NAMES, ids)


def _names_statement(model: Any) -> AnySelect:
    # Built once, with the ids as one array: the text is the same for any number of them, so that PostgreSQL plans it once too.
    columns = model.__table__.c
    wanted = sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid()))
    return sa.select(columns.id, columns.name_th, columns.name_en).where(columns.id == sa.any_(wanted))


_COMMITTEE_NAMES, _ORGANISATION_NAMES, _USER_NAMES = (_names_statement(model) for model in (Committee, Organisation, User))


def _names(session: Session, statement: AnySelect, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {key for key in ids if key is not None}
    if not wanted:
        return {}
    return {row.id: name_of(row) for row in session.connection().execute(statement, {"ids": list(wanted)})}


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


def users_by_ids(session: Session, ids: Collection[UUID]) -> dict[UUID, User]:
    """Return the people ``ids`` by id, disabled ones too."""
    return {row.id: row for row in session.scalars(sa.select(User).where(User.id.in_(list(ids))))}


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


def find_organisation_by_code(session: Session, lao_code: str) -> Organisation | None:
    """Return the organisation with this code of the Department of Local Administration, or None."""
    return session.scalar(sa.select(Organisation).where(Organisation.lao_code == lao_code))


def find_committee_by_code(session: Session, code: str) -> Committee | None:
    """Return the committee whose numbers begin with these letters, removed ones too, or None."""
    return session.scalar(sa.select(Committee).where(Committee.code == code))


def is_organisation_in_use(session: Session, organisation_id: UUID, day: date) -> bool:
    """Say whether the organisation has a seat today or later, coordinates a committee, or has people who can sign in."""
    seat = sa.exists().where(
        Seat.organisation_id == organisation_id, Seat.removed_at.is_(None), sa.or_(Seat.valid_to.is_(None), Seat.valid_to >= day)
    )
    agency = sa.exists().where(Committee.agency_id == organisation_id, Committee.removed_at.is_(None))
    people = sa.exists().where(User.organisation_id == organisation_id, User.disabled_at.is_(None))
    return bool(session.scalar(sa.select(sa.or_(seat, agency, people))))


def facts_of(session: Session, organisation_id: UUID) -> list[OrganisationFact]:
    """Return the organisation's facts by kind, the newest of each first."""
    statement = sa.select(OrganisationFact).where(
        OrganisationFact.organisation_id == organisation_id, OrganisationFact.removed_at.is_(None)
    )
    return list(
        session.scalars(
            statement.order_by(OrganisationFact.kind, OrganisationFact.valid_from.desc().nulls_last(), OrganisationFact.id)
        )
    )


def list_rules(session: Session, committee_id: UUID) -> list[CommitteeRules]:
    """Return all rules of procedure that the committee had, has or will have, the newest first."""
    statement = sa.select(CommitteeRules).where(CommitteeRules.committee_id == committee_id, CommitteeRules.removed_at.is_(None))
    return list(session.scalars(statement.order_by(CommitteeRules.valid_from.desc(), CommitteeRules.id.desc())))


def list_seats(session: Session, committee_id: UUID) -> list[Seat]:
    """Return all seats that the committee had, has or will have, in the order of their terms."""
    statement = sa.select(Seat).where(Seat.committee_id == committee_id, Seat.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Seat.valid_from, Seat.id)))


def seats_of_organisation(session: Session, organisation_id: UUID, committee_ids: Collection[UUID] | None) -> list[Seat]:
    """Return the organisation's seats, newest first, in the committees ``committee_ids`` (None: in all)."""
    statement = sa.select(Seat).where(Seat.organisation_id == organisation_id, Seat.removed_at.is_(None))
    if committee_ids is not None:
        statement = statement.where(Seat.committee_id.in_(list(committee_ids)))
    return list(session.scalars(statement.order_by(Seat.valid_from.desc(), Seat.id)))


def list_holders(session: Session, seat_id: UUID) -> list[SeatHolder]:
    """Return everybody who held, holds or will hold the seat, the newest first."""
    statement = sa.select(SeatHolder).where(SeatHolder.seat_id == seat_id, SeatHolder.removed_at.is_(None))
    return list(session.scalars(statement.order_by(SeatHolder.valid_from.desc(), SeatHolder.id)))


def list_deputies(session: Session, user_id: UUID) -> list[Deputy]:
    """Return who acted, acts or will act for the person, the newest first."""
    statement = sa.select(Deputy).where(Deputy.user_id == user_id, Deputy.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Deputy.valid_from.desc(), Deputy.id)))


def list_absences(session: Session, user_id: UUID) -> list[Absence]:
    """Return the person's absences, the newest first."""
    statement = sa.select(Absence).where(Absence.user_id == user_id, Absence.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Absence.first_day.desc(), Absence.id)))


def committees_by_ids(session: Session, ids: Collection[UUID]) -> dict[UUID, Committee]:
    """Return the committees ``ids`` by id, removed ones too."""
    return {row.id: row for row in session.scalars(sa.select(Committee).where(Committee.id.in_(list(ids))))}


def list_users(session: Session, cursor: str | None, organisation_id: UUID | None = None) -> Page[User]:
    """Return the page of people in the order of their mail addresses, disabled ones too, of one organisation or of all."""
    statement = sa.select(User)
    if organisation_id is not None:
        statement = statement.where(User.organisation_id == organisation_id)
    keys = (Key(sa.func.lower(User.email), lambda row: row.email.lower()), Key(User.id, lambda row: row.id))
    return keyset(session, statement, keys, cursor, scalars=True)


def users_for_choice(session: Session) -> list[User]:
    """Return the people who can be named as holder or deputy, by their Thai names."""
    rows = session.scalars(sa.select(User).where(User.disabled_at.is_(None)))
    return sorted(rows, key=lambda row: (sort_key(row.name_th), row.id))


def place_names(session: Session, assignments: Iterable[RoleAssignment]) -> dict[UUID, str]:
    """Return the names of the committees and organisations in which the roles hold, by id."""
    every = list(assignments)
    committees = {row.scope_id for row in every if row.scope is Scope.COMMITTEE}
    offices = {row.scope_id for row in every if row.scope is Scope.ORGANISATION}
    return _names(session, _COMMITTEE_NAMES, committees) | organisation_names(session, offices)


def seat_counts(session: Session, committee_ids: Collection[UUID], day: date) -> dict[UUID, int]:
    """Return how many seats each committee has on ``day``."""
    statement = sa.select(Seat.committee_id, sa.func.count()).where(
        Seat.committee_id.in_(list(committee_ids)), in_force_on(Seat, day)
    )
    return {row[0]: row[1] for row in session.execute(statement.group_by(Seat.committee_id))}


def figures_on(session: Session, organisation_ids: Collection[UUID], day: date) -> dict[UUID, dict[FactKind, OrganisationFact]]:
    """Return the facts in force on ``day``, by organisation and kind."""
    fact = OrganisationFact
    statement = sa.select(fact).where(
        fact.organisation_id.in_(list(organisation_ids)), fact.removed_at.is_(None),
        sa.or_(fact.valid_from.is_(None), fact.valid_from <= day), sa.or_(fact.valid_to.is_(None), fact.valid_to >= day),
    )  # fmt: skip
    found: dict[UUID, dict[FactKind, OrganisationFact]] = {}
    for row in session.scalars(statement.order_by(fact.valid_from.asc().nulls_first(), fact.id)):
        found.setdefault(row.organisation_id, {})[row.kind] = row
    return found


def people_of(session: Session, organisation_id: UUID) -> list[User]:
    """Return the people of the organisation who are not disabled, in the order of their Thai names."""
    rows = session.scalars(sa.select(User).where(User.organisation_id == organisation_id, User.disabled_at.is_(None)))
    return sorted(rows, key=lambda row: (sort_key(row.name_th), row.id))


def people_around(session: Session, committee_id: UUID | None, organisation_id: UUID | None, day: date) -> list[User]:
    """Return the people, not disabled, of a committee on ``day`` (its members' organisations, and who holds a role in it) and of an
    organisation, in the order of their Thai names.
    """
    seated = sa.select(Seat.organisation_id).where(Seat.committee_id == committee_id, in_force_on(Seat, day))
    holding = sa.select(RoleAssignment.user_id).where(
        RoleAssignment.scope == Scope.COMMITTEE, RoleAssignment.scope_id == committee_id, in_force_on(RoleAssignment, day)
    )
    near = sa.or_(User.organisation_id.in_(seated), User.organisation_id == organisation_id, User.id.in_(holding))
    rows = session.scalars(sa.select(User).where(near, User.disabled_at.is_(None)))
    return sorted(rows, key=lambda row: (sort_key(row.name_th), row.id))
