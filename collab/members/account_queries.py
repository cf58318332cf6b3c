"""Reads of accounts: who a session belongs to, and what hangs on an account. The first is on the path of every page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Grant, Role, Scope
from collab.kernel.clock import today
from collab.kernel.db import UtcDateTime
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

    One SELECT of one row: the session with the person and, as a list, what `load_actor` would find.
    """
    row = (
        session.connection()
        .execute(_SESSION, {"token_hash": token_hash, "now": now, "idle_since": now - IDLE, "day": today(now)})
        .one_or_none()
    )
    if row is None:
        return None
    held = [(role, scope, UUID(key) if key else None) for role, scope, key in row.held]
    actor = _actor(row.user_id, row.organisation_id, held)
    return SignedIn(
        row.id, replace(actor, locale=row.locale, assurance=row.assurance), row.seen_at, row.name_th, row.name_en, row.short_th,
        row.short_en, row.has_compact_tables,
    )  # fmt: skip


def load_actor(session: Session, user_id: UUID, organisation_id: UUID, now: datetime) -> Actor:
    """Return the person as an actor: the roles in force today and the committees that they open, in one SELECT.

    A committee is open to those whose organisation has a seat in it today, who hold a role in it, and to an administrator,
    auditor or coordinator of the installation.
    """
    parameters = {"user_id": user_id, "organisation_id": organisation_id, "day": today(now)}
    held = session.connection().execute(_GRANTS, parameters)
    return _actor(user_id, organisation_id, [(row.role, row.scope, row.scope_id) for row in held])


def _actor(user_id: UUID, organisation_id: UUID, held: Sequence[tuple[str | None, str | None, UUID | None]]) -> Actor:
    """Return the actor of what `_grants` selects."""
    grants, committees = [], set()
    for role, scope, scope_id in held:
        if role is None or scope is None:
            committees.add(scope_id)
        else:
            grants.append(Grant(Role(role), Scope(scope), scope_id))
            if scope == Scope.COMMITTEE.value:
                committees.add(scope_id)
    ordered = tuple(sorted(grants, key=lambda grant: (grant.role.value, grant.scope.value, str(grant.scope_id))))
    opened = frozenset(committee for committee in committees if committee is not None)
    return Actor(user_id=user_id, grants=ordered, organisation_id=organisation_id, committee_ids=opened)


def _grants(user_id: Any, organisation_id: Any) -> sa.CompoundSelect[Any]:
    """Select the roles of a person on a ``day``, and under them (role NULL) the committees they open."""
    day: Any = sa.bindparam("day", type_=sa.Date)
    mine = (
        sa.select(
            sa.cast(RoleAssignment.role, sa.Text).label("role"), sa.cast(RoleAssignment.scope, sa.Text).label("scope"),
            RoleAssignment.scope_id,
        )
        .where(RoleAssignment.user_id == user_id, in_force_on(RoleAssignment, day))
        .cte("mine")
    )  # fmt: skip
    nothing = sa.cast(sa.null(), sa.Text)
    offices = sa.select(mine.c.scope_id).where(mine.c.scope == Scope.ORGANISATION.value)
    home = Seat.organisation_id == organisation_id
    seated = (
        sa.select(nothing.label("role"), nothing.label("scope"), Seat.committee_id)
        .join(Committee, Committee.id == Seat.committee_id)
        .where(sa.or_(home, Seat.organisation_id.in_(offices)), in_force_on(Seat, day), Committee.removed_at.is_(None))
    )
    overseeing = sa.exists().where(mine.c.scope == Scope.INSTALLATION.value, mine.c.role.in_([role.value for role in OVERSEEING]))
    everything = sa.select(nothing, nothing, Committee.id).where(Committee.removed_at.is_(None), overseeing)
    return sa.union_all(sa.select(mine.c.role, mine.c.scope, mine.c.scope_id), seated, everything)


def _session_statement() -> sa.Select[Any]:
    """Build what every page asks first: whose session this is, and what that person holds, as a list in JSON."""
    opened, user, organisation = UserSession.__table__.c, User.__table__.c, Organisation.__table__.c
    who = (
        sa.select(
            opened.id, opened.seen_at, opened.assurance, user.id.label("user_id"), user.locale, user.name_th, user.name_en,
            user.has_compact_tables, user.organisation_id, organisation.short_th, organisation.short_en,
        )
        .join_from(UserSession.__table__, User.__table__, user.id == opened.user_id)
        .join(Organisation.__table__, organisation.id == user.organisation_id)
        .where(
            opened.token_hash == sa.bindparam("token_hash", type_=sa.LargeBinary()), opened.revoked_at.is_(None),
            opened.expires_at > sa.bindparam("now", type_=UtcDateTime), opened.seen_at > sa.bindparam("idle_since", type_=UtcDateTime),
            user.disabled_at.is_(None),
        )
        .cte("who")
    )  # fmt: skip
    one, home = (sa.select(column).scalar_subquery() for column in (who.c.user_id, who.c.organisation_id))
    every = _grants(one, home).subquery("every_grant")
    each = sa.func.json_build_array(every.c.role, every.c.scope, every.c.scope_id)
    held = sa.select(sa.func.coalesce(sa.func.json_agg(each), sa.text("'[]'"))).scalar_subquery()
    return sa.select(who, sa.type_coerce(held, sa.JSON).label("held"))


#: Put together once, because every page asks.
_SESSION = _session_statement()
_GRANTS = _grants(sa.bindparam("user_id", type_=sa.Uuid()), sa.bindparam("organisation_id", type_=sa.Uuid()))


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
