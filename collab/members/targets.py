"""Shows organisations, committees, people and seats to the rest of the product."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.i18n import LazyText, _, lazy
from collab.kernel.targets import Load, Ref, TargetInfo, TargetKind, Visible, register
from collab.members.models import (
    Absence,
    AddressFlag,
    Committee,
    CommitteeRules,
    Deputy,
    Invitation,
    Organisation,
    OrganisationFact,
    RoleAssignment,
    Seat,
    SeatHolder,
    User,
)
from collab.members.policy import sees_all_committees
from collab.members.rules import name_of


def _organisations(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="organisation", id=row.id, title=name_of(row), url=f"/members/organisations/{row.id}", number=row.lao_code or "",
            state=_("Removed") if row.removed_at else "", organisation_id=row.id,
        )
        for row in session.scalars(sa.select(Organisation).where(Organisation.id.in_(keys)))
    ]  # fmt: skip


def _committees(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="committee", id=row.id, title=name_of(row), url=f"/members/committees/{row.id}", number=row.code,
            state=_("Removed") if row.removed_at else "", day=row.order_on, committee_id=row.id,
        )
        for row in session.scalars(sa.select(Committee).where(Committee.id.in_(keys)))
    ]  # fmt: skip


def _users(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="user", id=row.id, title=name_of(row), url=f"/members/people/{row.id}",
            state=_("Account disabled") if row.disabled_at else "", organisation_id=row.organisation_id,
        )
        for row in session.scalars(sa.select(User).where(User.id.in_(keys)))
    ]  # fmt: skip


def _seats(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(
        sa.select(Seat.id, Seat.committee_id, Seat.organisation_id, Seat.valid_from, Organisation.name_th, Organisation.name_en)
        .join(Organisation, Organisation.id == Seat.organisation_id)
        .where(Seat.id.in_(keys))
    )
    return [
        TargetInfo(
            kind="seat", id=row.id, title=_("Seat of %(name)s", name=name_of(row)), url=f"/members/seats/{row.id}",
            day=row.valid_from, committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row in rows
    ]  # fmt: skip


def _everyone(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys)


def _own_committees(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys) if sees_all_committees(actor) else set(keys) & actor.committee_ids


def _own_seats(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    if sees_all_committees(actor):
        return set(keys)
    return set(session.scalars(sa.select(Seat.id).where(Seat.id.in_(keys), Seat.committee_id.in_(actor.committee_ids))))


def _own_record(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    """Return the people whose record ``actor`` may read: their own, and for those who keep or audit them.

    Everybody knows the names of people; their records hold addresses, days away, sign-ins and refused attempts. A coordinator keeps
    those whose organisation has a seat in the committee, or had one.
    """
    if sees_all_committees(actor) or actor.has(Role.AUDITOR):
        return set(keys)
    kept = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not kept:
        return {key for key in keys if key == actor.user_id}
    seated = sa.select(Seat.organisation_id).where(Seat.committee_id.in_(kept), Seat.removed_at.is_(None))
    mine = sa.or_(User.id == actor.user_id, User.organisation_id.in_(seated))
    return set(session.scalars(sa.select(User.id).where(User.id.in_(keys), mine)))


def _part(kind: str, label: LazyText, model: Any, owner: Any, whole: str) -> TargetKind:
    """Return how rows of ``model`` are shown by the object ``whole`` to which the column ``owner`` points: its title and page."""

    def owners(session: Session, keys: Sequence[UUID]) -> dict[UUID, UUID]:
        return {row[0]: row[1] for row in session.execute(sa.select(model.id, owner).where(model.id.in_(keys)))}

    def load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
        found = owners(session, keys)
        infos = {info.id: info for info in _KINDS[whole][1](session, list(set(found.values())))}
        return [
            TargetInfo(
                kind=kind, id=key, title=infos[of].title, url=infos[of].url, committee_id=infos[of].committee_id,
                organisation_id=infos[of].organisation_id,
            )
            for key, of in found.items()
        ]  # fmt: skip

    def visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        found = owners(session, keys)
        seen = _KINDS[whole][2](session, actor, list(set(found.values())))
        return {key for key, of in found.items() if of in seen}

    def because_of(session: Session, key: UUID) -> list[Ref]:
        return [Ref(whole, of) for of in owners(session, [key]).values()]

    def record_visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        found = owners(session, keys)
        seen = _RECORDS[whole](session, actor, list(set(found.values())))
        return {key for key, of in found.items() if of in seen}

    return TargetKind(label, load, visible, because_of=because_of, record_visible=record_visible if whole in _RECORDS else None)


def _committee_of_seat(session: Session, key: UUID) -> list[Ref]:
    return [Ref("committee", found) for found in session.scalars(sa.select(Seat.committee_id).where(Seat.id == key))]


_KINDS: dict[str, tuple[LazyText, Load, Visible]] = {
    "organisation": (lazy("Organisation"), _organisations, _everyone),
    "committee": (lazy("Committee"), _committees, _own_committees),
    "user": (lazy("Person"), _users, _everyone),
    "seat": (lazy("Seat"), _seats, _own_seats),
}
#: Kinds whose record fewer may read than their page.
_RECORDS: dict[str, Visible] = {"user": _own_record}
_PARTS: tuple[tuple[str, LazyText, Any, Any, str], ...] = (
    ("organisation_fact", lazy("Fact about an organisation"), OrganisationFact, OrganisationFact.organisation_id, "organisation"),
    ("committee_rules", lazy("Rules of procedure"), CommitteeRules, CommitteeRules.committee_id, "committee"),
    ("seat_holder", lazy("Holder of a seat"), SeatHolder, SeatHolder.seat_id, "seat"),
    ("role_assignment", lazy("Role of a person"), RoleAssignment, RoleAssignment.user_id, "user"),
    ("invitation", lazy("Invitation"), Invitation, Invitation.user_id, "user"),
    ("deputy", lazy("Deputy"), Deputy, Deputy.user_id, "user"),
    ("address_flag", lazy("Address to which mail came back"), AddressFlag, AddressFlag.user_id, "user"),
    ("absence", lazy("Absence"), Absence, Absence.user_id, "user"),
)


def _organisation_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.scalars(sa.select(Organisation).where(Organisation.id.in_(keys), Organisation.removed_at.is_(None)))
    return {
        row.id: " ".join(filter(None, (row.name_th, row.name_en, row.short_th, row.short_en, row.district, row.lao_code)))
        for row in rows
    }


def _committee_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.scalars(sa.select(Committee).where(Committee.id.in_(keys), Committee.removed_at.is_(None)))
    return {row.id: f"{row.name_th} {row.name_en} {row.code} {row.mandate}" for row in rows}


def install() -> None:
    """Register the kinds. Parts (facts, rules, holders, roles …) are shown by the object that they belong to."""
    texts = {"organisation": _organisation_texts, "committee": _committee_texts}
    for kind, (label, load, visible) in _KINDS.items():
        because = _committee_of_seat if kind == "seat" else None
        extras: dict[str, Any] = {"because_of": because} if because else {}
        if kind in texts:
            extras["search_texts"] = texts[kind]
        register(kind, TargetKind(label, load, visible, record_visible=_RECORDS.get(kind), **extras))
    for kind, label, model, owner, whole in _PARTS:
        register(kind, _part(kind, label, model, owner, whole))
