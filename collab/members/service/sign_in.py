"""Signing in and out. Passwords are checked here; how often one may try is counted in `rate_limit`."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Role
from collab.kernel.errors import NotFound
from collab.members import account_queries, passwords
from collab.members.models import User, UserSession
from collab.members.secrecy import new_token, token_hash

#: Sign-ins of these roles are written into the history of the person.
PRIVILEGED = (Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR)


def check_password(session: Session, *, email: str, password: str) -> User | None:
    """Return the person with this mail address and password, or None.

    Unknown addresses, disabled accounts and invitations not yet accepted cost the same work and get the same answer. A hash made
    with older parameters is renewed.
    """
    user = account_queries.find_user_by_email(session, email)
    credential = account_queries.find_credential(session, user.id) if user else None
    matches = passwords.verify(credential.password_hash if credential else None, password)
    if not matches or user is None or credential is None or user.disabled_at is not None:
        return None
    if credential.password_hash and passwords.needs_rehash(credential.password_hash):
        credential.password_hash = passwords.hash_password(password)
    return user


def open_session(session: Session, *, user_id: UUID, now: datetime, hours: int, assurance: int, device: str,
                 request_id: str = "", earlier_token: str | None = None) -> str:  # fmt: skip
    """Sign the person in and return the new session's token; the session that the browser had before ends.

    ``hours`` is the longest a session lasts; ``assurance`` 2 after a second factor. Raises NotFound for a disabled account.
    """
    user = session.get(User, user_id)
    if user is None or user.disabled_at is not None:
        raise NotFound("user", user_id)
    if earlier_token:
        close_session(session, token=earlier_token, now=now)
    token = new_token()
    made = UserSession(
        user_id=user_id, token_hash=token_hash(token), created_at=now, seen_at=now, expires_at=now + timedelta(hours=hours),
        assurance=assurance, device=device,
    )  # fmt: skip
    session.add(made)
    actor = account_queries.load_actor(session, user_id, user.organisation_id, now)
    if any(actor.has(role) for role in PRIVILEGED):
        with history.act(session, verb="user.signed_in", actor=_with(actor, assurance, request_id), now=now, subject=user):
            pass
    return token


def _with(actor: Actor, assurance: int, request_id: str) -> Actor:
    return Actor(
        user_id=actor.user_id, grants=actor.grants, organisation_id=actor.organisation_id, committee_ids=actor.committee_ids,
        assurance=assurance, request_id=request_id,
    )  # fmt: skip


def close_session(session: Session, *, token: str, now: datetime) -> None:
    """End the session with this token; an unknown token changes nothing."""
    session.execute(
        sa.update(UserSession)
        .where(UserSession.token_hash == token_hash(token), UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def touch_session(session: Session, *, session_id: UUID, now: datetime) -> None:
    """Remember that the session was used just now."""
    session.execute(sa.update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def end_session(session: Session, *, actor: Actor, now: datetime, session_id: UUID) -> None:
    """End one of the actor's own sessions; raise NotFound for anybody else's."""
    ended = session.execute(
        sa.update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == actor.user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(UserSession.id)
    ).all()
    if not ended:
        raise NotFound("session", session_id)


def end_all_sessions(session: Session, *, user_id: UUID, now: datetime, keep: UUID | None = None) -> int:
    """End every session of the person but ``keep``; return how many ended."""
    statement = sa.update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    if keep is not None:
        statement = statement.where(UserSession.id != keep)
    return len(session.execute(statement.values(revoked_at=now).returning(UserSession.id)).all())
