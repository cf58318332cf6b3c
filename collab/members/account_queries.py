"""Reads of accounts: who a session belongs to, and what hangs on an account. The first is on the path of every page."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Grant, Role, Scope
from collab.kernel.clock import today
from collab.members.models import (
    Committee,
    Credential,
    Invitation,
    Organisation,
    PasswordReset,
    RecoveryCode,
    RoleAssignment,
    Seat,
    User,
    UserSession,
)
from collab.members.policy import OVERSEEING
from collab.members.queries import in_force_on

IDLE = timedelta(hours=2)


@dataclass(frozen=True)
class SignedIn:
    """A session that is in force: the actor, and what the page's frame says about the person."""

    session_id: UUID
    actor: Actor
    seen_at: datetime
    name_th: str
    name_en: str
    organisation_th: str
    organisation_en: str
    has_compact_tables: bool


def find_session(session: Session, token_hash: bytes, now: datetime) -> SignedIn | None:
    """Return who the browser with this token is, or None: unknown, revoked, expired, idle for two hours, or disabled.

    Two SELECTs of plain rows: the session with the person, then `load_actor`'s.
    """
    row = session.execute(
        sa.select(
            UserSession.id, UserSession.seen_at, UserSession.assurance, User.id.label("user_id"), User.locale, User.name_th,
            User.name_en, User.has_compact_tables, User.organisation_id, Organisation.short_th, Organisation.short_en,
        )
        .join(User, User.id == UserSession.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(
            UserSession.token_hash == token_hash, UserSession.revoked_at.is_(None), UserSession.expires_at > now,
            UserSession.seen_at > now - IDLE, User.disabled_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    actor = load_actor(session, row.user_id, row.organisation_id, now)
    return SignedIn(
        row.id, replace(actor, locale=row.locale, assurance=row.assurance), row.seen_at, row.name_th, row.name_en, row.short_th,
        row.short_en, row.has_compact_tables,
    )  # fmt: skip


def load_actor(session: Session, user_id: UUID, organisation_id: UUID, now: datetime) -> Actor:
    """Return the person as an actor: the roles in force today and the committees that they open, in one SELECT.

    A committee is open to those whose organisation has a seat in it today, who hold a role in it, and to an administrator,
    auditor or coordinator of the installation.
    """
    grants, committees = [], set()
    for row in session.execute(_GRANTS, {"user_id": user_id, "organisation_id": organisation_id, "day": today(now)}):
        if row.role is None:
            committees.add(row.scope_id)
        else:
            grants.append(Grant(Role(row.role), Scope(row.scope), row.scope_id))
            if row.scope == Scope.COMMITTEE.value:
                committees.add(row.scope_id)
    ordered = tuple(sorted(grants, key=lambda grant: (grant.role.value, grant.scope.value, str(grant.scope_id))))
    return Actor(user_id=user_id, grants=ordered, organisation_id=organisation_id, committee_ids=frozenset(committees))


def _grants_statement() -> sa.CompoundSelect[Any]:
    """Build once what every page asks: the roles of a person on a day, and under them (role NULL) the committees they open."""
    day: Any = sa.bindparam("day", type_=sa.Date)
    mine = (
        sa.select(
            sa.cast(RoleAssignment.role, sa.Text).label("role"), sa.cast(RoleAssignment.scope, sa.Text).label("scope"),
            RoleAssignment.scope_id,
        )
        .where(RoleAssignment.user_id == sa.bindparam("user_id", type_=sa.Uuid), in_force_on(RoleAssignment, day))
        .cte("mine")
    )  # fmt: skip
    nothing = sa.cast(sa.null(), sa.Text)
    offices = sa.select(mine.c.scope_id).where(mine.c.scope == Scope.ORGANISATION.value)
    home = Seat.organisation_id == sa.bindparam("organisation_id", type_=sa.Uuid)
    seated = (
        sa.select(nothing.label("role"), nothing.label("scope"), Seat.committee_id)
        .join(Committee, Committee.id == Seat.committee_id)
        .where(sa.or_(home, Seat.organisation_id.in_(offices)), in_force_on(Seat, day), Committee.removed_at.is_(None))
    )
    overseeing = sa.exists().where(mine.c.scope == Scope.INSTALLATION.value, mine.c.role.in_([role.value for role in OVERSEEING]))
    everything = sa.select(nothing, nothing, Committee.id).where(Committee.removed_at.is_(None), overseeing)
    return sa.union_all(sa.select(mine.c.role, mine.c.scope, mine.c.scope_id), seated, everything)


_GRANTS = _grants_statement()


def find_user_by_email(session: Session, email: str) -> User | None:
    """Return the person with this mail address, whatever its case, or None."""
    return session.scalar(sa.select(User).where(sa.func.lower(User.email) == email.strip().lower()))


def find_credential(session: Session, user_id: UUID) -> Credential | None:
    """Return what the person signs in with, or None when the invitation was never accepted."""
    return session.get(Credential, user_id)


def lock_credential(session: Session, user_id: UUID) -> Credential | None:
    """Return the credential, locked until the transaction ends, or None."""
    statement = sa.select(Credential).where(Credential.user_id == user_id)
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def list_sessions(session: Session, user_id: UUID, now: datetime) -> list[UserSession]:
    """Return the sessions of the person that are in force, the last used first."""
    in_force = (UserSession.revoked_at.is_(None), UserSession.expires_at > now, UserSession.seen_at > now - IDLE)
    statement = sa.select(UserSession).where(UserSession.user_id == user_id, *in_force)
    return list(session.scalars(statement.order_by(UserSession.seen_at.desc(), UserSession.id)))


def recovery_codes_left(session: Session, user_id: UUID) -> int:
    """Return how many recovery codes of the person are unused."""
    unused = sa.select(sa.func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused) or 0


def find_reset(session: Session, token_hash: bytes, now: datetime) -> PasswordReset | None:
    """Return the link to set a new password if it still works, or None."""
    return session.scalar(
        sa.select(PasswordReset).where(
            PasswordReset.token_hash == token_hash, PasswordReset.used_at.is_(None), PasswordReset.expires_at > now
        )
    )


def find_invitation(session: Session, token_hash: bytes, now: datetime) -> Invitation | None:
    """Return the invitation of this link if it still works, or None."""
    return session.scalar(
        sa.select(Invitation).where(
            Invitation.token_hash == token_hash, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
    )  # fmt: skip


def open_invitations(session: Session, user_id: UUID) -> list[Invitation]:
    """Return the person's invitations that were neither accepted nor withdrawn, expired ones too, newest first."""
    statement = sa.select(Invitation).where(
        Invitation.user_id == user_id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )
    return list(session.scalars(statement.order_by(Invitation.expires_at.desc(), Invitation.id)))


def roles_of(session: Session, user_id: UUID) -> list[RoleAssignment]:
    """Return every role that the person has, had or will have, the latest first; those taken back are left out."""
    statement = sa.select(RoleAssignment).where(RoleAssignment.user_id == user_id, RoleAssignment.removed_at.is_(None))
    return list(session.scalars(statement.order_by(RoleAssignment.valid_from.desc(), RoleAssignment.id)))
