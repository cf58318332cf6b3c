"""Accounts of people and their roles. Nobody is deleted: an account is disabled, a role ends or is taken back."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import LOCALES, _
from collab.kernel.text import normalise
from collab.members import account_queries, queries, rules
from collab.members.events import AccountDisabled
from collab.members.models import Committee, Organisation, RoleAssignment, User
from collab.members.service.passwords import end_links
from collab.members.service.sign_in import end_all_sessions

FIELDS = ("email", "name_th", "name_en", "position")


def create_user(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, values: Mapping[str, str]) -> User:
    """Make an account (`FIELDS`), not yet usable: an invitation gives it its password. Raises InvalidInput, NotFound."""
    authorize(actor, Permission.MEMBERS_MANAGE)
    queries.get_organisation(session, organisation_id)
    return enter_user(session, actor=actor, now=now, organisation_id=organisation_id, values=values)


def enter_user(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, values: Mapping[str, str]) -> User:
    """Make the account without asking for a permission: for `create_user`, the console and the demonstration."""
    made = User(organisation_id=organisation_id, locale="th")
    _fill(session, made, values)
    with _one_address(), history.act(session, verb="user.created", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


class _one_address:  # noqa: N801 - used like a function
    """Turn the unique index on addresses into a message, for two who enter the same address at once."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise InvalidInput in place of the index's own error."""
        if isinstance(error, IntegrityError) and "uq_user_account_email_folded" in str(error.orig):
            raise InvalidInput({"email": _("Somebody has this mail address already.")}) from error


def _fill(session: Session, user: User, values: Mapping[str, str]) -> None:
    email = normalise(values["email"])
    if not rules.is_mail_address(email):
        raise InvalidInput({"email": _("Write one mail address, for example name@example.go.th.")})
    with session.no_autoflush:
        other = account_queries.find_user_by_email(session, email)
    if other is not None and other.id != user.id:
        raise InvalidInput({"email": _("Somebody has this mail address already.")})
    user.email = email
    user.name_th, user.name_en, user.position = (normalise(values[name]) for name in FIELDS[1:])


def change_user(session: Session, *, actor: Actor, now: datetime, user_id: UUID, organisation_id: UUID, values: Mapping[str, str],
                expected_version: int | None) -> User:  # fmt: skip
    """Correct a person's address, names, position and home organisation. Links mailed to a former address stop working."""
    user = queries.lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, user)
    check_version(user, expected_version)
    queries.get_organisation(session, organisation_id)
    with _one_address(), history.act(session, verb="user.changed", actor=actor, now=now, subject=user):
        user.organisation_id, former = organisation_id, user.email
        _fill(session, user, values)
        if user.email.lower() != former.lower():
            end_links(session, user_id=user.id, now=now)
        session.flush()
    return user


def change_preferences(session: Session, *, actor: Actor, now: datetime, locale: str, has_compact_tables: bool) -> None:
    """Keep the actor's own language and density of tables. Raises InvalidInput for an unknown language."""
    if locale not in LOCALES:
        raise InvalidInput({"locale": _("Choose one of the languages.")})
    assert actor.user_id is not None
    user = queries.lock_row(session, User, "user", actor.user_id)
    with history.act(session, verb="user.preferences_changed", actor=actor, now=now, subject=user):
        user.locale, user.has_compact_tables = locale, has_compact_tables


def disable_user(
    session: Session, *, actor: Actor, now: datetime, user_id: UUID, expected_version: int | None, reason: str
) -> None:
    """Shut an account: its sessions end at once, links mailed to it stop working. Raises StateConflict for the last administrator or one disabled already."""
    _lock_administrators(session)
    user = queries.lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, user)
    check_version(user, expected_version)
    if user.disabled_at is not None:
        raise StateConflict(_("The account is disabled already."))
    with history.act(session, verb="user.disabled", actor=actor, now=now, subject=user, reason=reason):
        user.disabled_at = now
        end_links(session, user_id=user.id, now=now)
    _require_administrator(session, today(now))
    end_all_sessions(session, user_id=user.id, now=now)
    publish(session, AccountDisabled(user.id, now))


def enable_user(session: Session, *, actor: Actor, now: datetime, user_id: UUID, expected_version: int | None) -> None:
    """Open a disabled account again; raise StateConflict when it is not disabled."""
    user = queries.lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, user)
    check_version(user, expected_version)
    if user.disabled_at is None:
        raise StateConflict(_("The account is not disabled."))
    with history.act(session, verb="user.enabled", actor=actor, now=now, subject=user):
        user.disabled_at = None


def assign_role(session: Session, *, actor: Actor, now: datetime, user_id: UUID, role: Role, scope: Scope, scope_id: UUID | None,
                valid_from: date, valid_to: date | None) -> RoleAssignment:  # fmt: skip
    """Give a person a role in a scope from a day to a day (None: open). Raises InvalidInput, NotFound."""
    user = queries.lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, user)
    return enter_role(
        session,
        actor=actor,
        now=now,
        user=user,
        role=role,
        scope=scope,
        scope_id=scope_id,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def enter_role(session: Session, *, actor: Actor, now: datetime, user: User, role: Role, scope: Scope, scope_id: UUID | None,
               valid_from: date, valid_to: date | None) -> RoleAssignment:  # fmt: skip
    """Give the role without asking for a permission: for `assign_role`, the console and the demonstration."""
    _check_role(session, role, scope, scope_id)
    check_term(valid_from, valid_to)
    for other in account_queries.roles_of(session, user.id):
        same = (other.role, other.scope, other.scope_id) == (role, scope, scope_id)
        if same and rules.overlap((other.valid_from, other.valid_to), (valid_from, valid_to)):
            raise InvalidInput({"valid_from": _("The person holds this role then already.")})
    made = RoleAssignment(
        user_id=user.id, role=role, scope=scope, scope_id=scope_id, valid_from=valid_from, valid_to=valid_to, removed_at=None
    )
    with history.act(session, verb="role_assignment.made", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


def _check_role(session: Session, role: Role, scope: Scope, scope_id: UUID | None) -> None:
    if not rules.is_role_scope(role, scope):
        raise InvalidInput({"role": _("This role cannot be held there.")})
    if scope is Scope.INSTALLATION:
        if scope_id is not None:
            raise InvalidInput({"where": _("A role for the whole installation names no place.")})
        return
    model = Committee if scope is Scope.COMMITTEE else Organisation
    queries.get_row(session, model, scope.value, scope_id or UUID(int=0))


def check_term(valid_from: date, valid_to: date | None) -> None:
    """Raise InvalidInput on ``valid_to`` when a term would end before it begins."""
    if not rules.is_ordered(valid_from, valid_to):
        raise InvalidInput({"valid_to": _("The last day comes before the first one.")})


def change_role_term(session: Session, *, actor: Actor, now: datetime, assignment_id: UUID, valid_from: date, valid_to: date | None,
                     expected_version: int | None) -> RoleAssignment:  # fmt: skip
    """Change the first and last day of a role, for instance to let it end. Raises StateConflict for the last administrator."""
    _lock_administrators(session)
    found = queries.lock_row(session, RoleAssignment, "role_assignment", assignment_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    check_term(valid_from, valid_to)
    with history.act(session, verb="role_assignment.changed", actor=actor, now=now, subject=found):
        found.valid_from, found.valid_to = valid_from, valid_to
    _require_administrator(session, today(now))
    return found


def remove_role(session: Session, *, actor: Actor, now: datetime, assignment_id: UUID, expected_version: int | None, reason: str,
                ) -> RoleAssignment:  # fmt: skip
    """Take a role back at once. Raises StateConflict for the last administrator."""
    _lock_administrators(session)
    found = queries.lock_row(session, RoleAssignment, "role_assignment", assignment_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    return take_role(session, actor=actor, now=now, assignment_id=assignment_id, reason=reason)


def take_role(session: Session, *, actor: Actor, now: datetime, assignment_id: UUID, reason: str) -> RoleAssignment:
    """Take the role back without asking for a permission: for `remove_role`, and for an area that gave it under its own rule."""
    _lock_administrators(session)
    found = queries.lock_row(session, RoleAssignment, "role_assignment", assignment_id)
    with history.act(session, verb="role_assignment.removed", actor=actor, now=now, subject=found, reason=reason):
        found.removed_at = now
    _require_administrator(session, today(now))
    return found


def _administrators() -> "sa.Select[RoleAssignment]":
    return sa.select(RoleAssignment).where(RoleAssignment.role == Role.ADMINISTRATOR, RoleAssignment.removed_at.is_(None))


def _lock_administrators(session: Session) -> None:
    # In one order, so that two administrators who disable each other wait instead of both finding the other still there.
    session.scalars(_administrators().order_by(RoleAssignment.id).with_for_update()).all()


def _require_administrator(session: Session, day: date) -> None:
    """Raise StateConflict unless somebody who is not disabled is administrator on ``day`` without a last day."""
    session.flush()
    left = (
        _administrators()
        .join(User, User.id == RoleAssignment.user_id)
        .where(User.disabled_at.is_(None), RoleAssignment.valid_from <= day, RoleAssignment.valid_to.is_(None))
    )
    if session.scalars(left.limit(1)).first() is None:
        raise StateConflict(_("This is the last administrator: make somebody else one first."))
