"""Setting a password: when signed in, by a mailed link, or with an invitation."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _
from collab.members import account_queries, passwords
from collab.members.events import PasswordChanged, PasswordResetRequested
from collab.members.models import Credential, PasswordReset, User
from collab.members.queries import get_user
from collab.members.rules import password_fault
from collab.members.secrecy import new_token, token_hash
from collab.members.service.sign_in import end_all_sessions

RESET_LASTS = timedelta(hours=1)


def check_new_password(user: User, password: str) -> None:
    """Raise InvalidInput on the field ``password`` when it is too weak for this person (NIST SP 800-63B)."""
    fault = password_fault(password, email=user.email, names=(user.name_th, user.name_en))
    if fault is not None:
        raise InvalidInput({"password": str(passwords.MESSAGES[fault])})


def store_password(session: Session, *, user: User, now: datetime, password: str) -> Credential:
    """Hash and keep the password of the person; links for a new one stop working. The caller has checked it and records the act."""
    credential = account_queries.lock_credential(session, user.id)
    if credential is None:
        credential = Credential(user_id=user.id)
        session.add(credential)
    credential.password_hash = passwords.hash_password(password)
    session.flush()
    _end_resets(session, user.id, now)
    return credential


def _end_resets(session: Session, user_id: UUID, now: datetime) -> None:
    session.execute(
        sa.update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


def end_links(session: Session, *, user_id: UUID, now: datetime) -> None:
    """Make every link stop working that was mailed to the person, invitations too. Call it within an act on the person.

    A link opens the account to whoever has the mail: to a stranger when the address was mistyped.
    """
    _end_resets(session, user_id, now)
    for invitation in account_queries.open_invitations(session, user_id):
        invitation.withdrawn_at = now


def give_password(session: Session, *, actor: Actor, now: datetime, user_id: UUID, password: str) -> None:
    """Give an account a password without mail: for a demonstration and for the first administrator's recovery at the console.

    Not reachable from the web. Sessions of the account end. Raises NotFound.
    """
    user = get_user(session, user_id)
    with history.act(session, verb="user.password_changed", actor=actor, now=now, subject=user):
        store_password(session, user=user, now=now, password=password)
        end_links(session, user_id=user.id, now=now)
    end_all_sessions(session, user_id=user.id, now=now)


def change_password(
    session: Session, *, actor: Actor, now: datetime, session_id: UUID | None, current: str, password: str
) -> None:
    """Change the actor's own password; every other session of theirs ends. Raises InvalidInput on ``current`` or ``password``."""
    user = get_user(session, _self(actor))
    check_own_password(session, actor=actor, password=current, field="current")
    check_new_password(user, password)
    with history.act(session, verb="user.password_changed", actor=actor, now=now, subject=user):
        store_password(session, user=user, now=now, password=password)
    end_all_sessions(session, user_id=user.id, now=now, keep=session_id)
    publish(session, PasswordChanged(user.id, now))


def check_own_password(session: Session, *, actor: Actor, password: str, field: str = "password") -> None:
    """Raise InvalidInput on ``field`` unless ``password`` is the actor's own."""
    credential = account_queries.find_credential(session, _self(actor))
    if not passwords.verify(credential.password_hash if credential else None, password):
        raise InvalidInput({field: _("This is not your present password.")})


def _self(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise StateConflict(_("Only a person has a password."))
    return actor.user_id


def request_reset(session: Session, *, now: datetime, email: str) -> None:
    """Send a one-time link, valid for an hour, to the person with this address; do nothing, silently, when there is none.

    Accounts that are disabled or were never taken up get no link. Links sent before stop working.
    """
    user = account_queries.find_user_by_email(session, email)
    credential = account_queries.find_credential(session, user.id) if user else None
    token = new_token()
    if user is None or user.disabled_at is not None or credential is None or credential.password_hash is None:
        return
    _end_resets(session, user.id, now)
    expires_at = now + RESET_LASTS
    session.add(PasswordReset(user_id=user.id, token_hash=token_hash(token), expires_at=expires_at))
    publish(session, PasswordResetRequested(user.id, token, now, expires_at))


def reset_password(session: Session, *, now: datetime, token: str, password: str, request_id: str = "") -> User:
    """Set the password by a mailed link, which works once; all sessions end. Nobody is signed in: a second factor is still asked.

    Raises StateConflict when the link expired or was used (of two who use it at once one wins), InvalidInput for a weak password.
    """
    found = account_queries.find_reset(session, token_hash(token), now)
    if found is None:
        raise expired_link()
    user = get_user(session, found.user_id)
    check_new_password(user, password)
    claimed = session.execute(
        sa.update(PasswordReset)
        .where(PasswordReset.id == found.id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
        .returning(PasswordReset.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if claimed is None or user.disabled_at is not None:
        raise expired_link()
    actor = Actor(user_id=user.id, organisation_id=user.organisation_id, request_id=request_id)
    with history.act(session, verb="user.password_reset", actor=actor, now=now, subject=user):
        store_password(session, user=user, now=now, password=password)
    end_all_sessions(session, user_id=user.id, now=now)
    publish(session, PasswordChanged(user.id, now))
    return user


def expired_link() -> StateConflict:
    """Return what is raised for a link that no longer works."""
    return StateConflict(_("This link has expired or was used before. Ask for a new one."))
