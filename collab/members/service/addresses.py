"""Addresses to which mail came back: flagged by what a mail server reported, confirmed again by a person."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import StateConflict
from collab.kernel.i18n import _
from collab.members import address_queries, queries
from collab.members.models import AddressFlag, User
from collab.members.service.standing import standing_of


def flag_address(session: Session, *, actor: Actor, now: datetime, user_id: UUID, status: str) -> AddressFlag | None:
    """Flag the person's present address after a failure for good with the code ``status``; None when it is flagged already."""
    user = queries.lock_row(session, User, "user", user_id)
    row = session.scalar(sa.select(AddressFlag).where(AddressFlag.user_id == user_id, AddressFlag.confirmed_at.is_(None)))
    if row is not None and row.address.lower() == user.email.lower():
        return None
    # An open flag of an address that the person no longer has says nothing any more: it becomes this one's.
    row = row or AddressFlag(user_id=user_id)
    with history.act(session, verb="address.flagged", actor=actor, now=now, subject=row):
        row.address, row.status, row.flagged_at = user.email, status, now
        session.add(row)
        session.flush()
    return row


def confirm_address(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> AddressFlag:
    """Say that the person's address takes mail again; what was held leaves from now on.

    Anybody for themselves, else those who keep the members. Raises NotFound, NotAllowed, StateConflict without a flag.
    """
    user = queries.lock_row(session, User, "user", user_id)
    if actor.user_id != user_id:
        authorize(actor, Permission.MEMBERS_MANAGE, standing_of(session, user, today(now)))
    row = address_queries.find_flag(session, user_id)
    if row is None:
        raise StateConflict(_("Mail goes to this address: there is nothing to confirm."))
    with history.act(session, verb="address.confirmed", actor=actor, now=now, subject=row):
        row.confirmed_at, row.confirmed_by_id = now, actor.user_id
    return row
