"""The limit on guessing: attempts are counted in a table, so it holds across processes and hosts."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.members.models import PasswordReset, SignInAttempt, UserSession

WINDOW = timedelta(minutes=15)
#: An office shares one address, so it may fail this many times as often as one account.
ADDRESS_FACTOR = 5
KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=30)


def charge(session: Session, *, now: datetime, buckets: Mapping[bytes, int]) -> list[UUID]:
    """Count one attempt in each bucket before it is tried and return their ids; the caller commits, then asks `minutes_to_wait`.

    Counting first keeps a hundred guesses sent at once from passing a limit that none of them has reached yet.
    """
    attempts = [SignInAttempt(id=new_id(), bucket=bucket, tried_at=now) for bucket in buckets]
    session.add_all(attempts)
    return [attempt.id for attempt in attempts]


def refund(session: Session, attempts: Collection[UUID]) -> None:
    """Take counted attempts back: those that succeeded, and those that were refused without being tried."""
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.id.in_(list(attempts))))


def minutes_to_wait(session: Session, *, now: datetime, buckets: Mapping[bytes, int]) -> int:
    """Return after how many minutes one may try again: 0 while every bucket (name to limit) holds at most its limit."""
    wait = 0
    for bucket, limit in buckets.items():
        recent = sa.select(SignInAttempt.tried_at).where(SignInAttempt.bucket == bucket, SignInAttempt.tried_at > now - WINDOW)
        # The attempt just counted is the newest; the one that must leave the window stands `limit` places before it.
        blocking = session.scalar(recent.order_by(SignInAttempt.tried_at.desc()).offset(limit).limit(1))
        if blocking is not None:
            wait = max(wait, ceil((blocking + WINDOW - now).total_seconds() / 60), 1)
    return wait


def forgive(session: Session, *, account: bytes) -> None:
    """Forget the failures of an account that signed in."""
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.bucket == account))


def prune(session: Session, *, now: datetime) -> None:
    """Delete attempts older than a day, and sessions and links that ended over thirty days ago."""
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.tried_at < now - KEPT))
    session.execute(sa.delete(UserSession).where(UserSession.expires_at < now - SESSIONS_KEPT))
    session.execute(sa.delete(PasswordReset).where(PasswordReset.expires_at < now - SESSIONS_KEPT))
