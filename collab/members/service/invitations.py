"""Inviting a person by mail to take up the account that was made for them."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _
from collab.members import account_queries
from collab.members.events import InvitationSent
from collab.members.models import Invitation, User
from collab.members.queries import get_user, lock_row
from collab.members.secrecy import new_token, token_hash
from collab.members.service.passwords import check_new_password, expired_link, store_password

INVITATION_LASTS = timedelta(days=7)


def invite(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> str:
    """Send the person a link, valid for seven days, to choose a password; return its token. Earlier links stop working.

    Raises StateConflict when the account is disabled or was taken up already.
    """
    user = lock_row(session, User, "user", user_id)
    authorize(actor, Permission.MEMBERS_MANAGE, user)
    return send_invitation(session, actor=actor, now=now, user=user)


def send_invitation(session: Session, *, actor: Actor, now: datetime, user: User) -> str:
    """Make and announce the invitation without asking for a permission: for `invite` and the console."""
    credential = account_queries.find_credential(session, user.id)
    if user.disabled_at is not None:
        raise StateConflict(_("The account is disabled: enable it first."))
    if credential is not None and credential.password_hash is not None:
        raise StateConflict(_("This person has taken up the account already."))
    token, expires_at = new_token(), now + INVITATION_LASTS
    earlier = account_queries.open_invitations(session, user.id)
    made = Invitation(user_id=user.id, token_hash=token_hash(token), invited_by_id=actor.user_id, expires_at=expires_at)
    with history.act(session, verb="user.invited", actor=actor, now=now, subject=user):
        for invitation in earlier:
            invitation.withdrawn_at = now
        session.add(made)
    publish(session, InvitationSent(user.id, token, now, expires_at))
    return token


def withdraw_invitation(
    session: Session, *, actor: Actor, now: datetime, invitation_id: UUID, expected_version: int | None
) -> User:
    """Make an invitation's link stop working; raise StateConflict when it was accepted or withdrawn. Return its person."""
    found = lock_row(session, Invitation, "invitation", invitation_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    if found.accepted_at is not None or found.withdrawn_at is not None:
        raise StateConflict(_("This invitation was accepted or withdrawn already."))
    with history.act(session, verb="invitation.withdrawn", actor=actor, now=now, subject=found):
        found.withdrawn_at = now
    return get_user(session, found.user_id)


def accept_invitation(session: Session, *, now: datetime, token: str, password: str, request_id: str = "") -> User:
    """Take up the account with the first password. The link works once: of two who use it at the same time one wins.

    Raises StateConflict for a link that expired, was withdrawn or used; InvalidInput for a weak password.
    """
    known = account_queries.find_invitation(session, token_hash(token), now)
    if known is None:
        raise expired_link()
    # Locked only now, so that a stranger with a wrong link locks nothing; read again, because it may have been used meanwhile.
    found = session.scalar(
        sa.select(Invitation).where(Invitation.id == known.id).with_for_update().execution_options(populate_existing=True)
    )
    user = lock_row(session, User, "user", known.user_id)
    if found is None or found.accepted_at is not None or found.withdrawn_at is not None or user.disabled_at is not None:
        raise expired_link()
    check_new_password(user, password)
    actor = Actor(user_id=user.id, organisation_id=user.organisation_id, request_id=request_id)
    with history.act(session, verb="invitation.accepted", actor=actor, now=now, subject=found):
        found.accepted_at = now
        store_password(session, user=user, now=now, password=password)
    return user
