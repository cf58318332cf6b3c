"""A double submit makes one object: the second finds the key of the first and is sent where that one led."""

from datetime import datetime
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.web.models import OnceKey


class AlreadySubmitted(Exception):
    """The form came a second time; ``location`` is where the first submission led."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def claim(session: Session, form: Any, now: datetime) -> None:
    """Claim the form's one-time key in this transaction; raise AlreadySubmitted when another submission has it.

    The unique key makes the second of two simultaneous submissions wait for the first one's commit.
    """
    key = _key_of(form)
    if not key:
        return
    statement = (
        postgresql.insert(OnceKey)
        .values(key=key, endpoint=request.endpoint or "", location="", used_at=now)
        .on_conflict_do_nothing()
        .returning(OnceKey.key)
    )
    if session.execute(statement).scalar_one_or_none() is None:
        first = session.get(OnceKey, key)
        raise AlreadySubmitted(first.location if first and first.location else request.path)


def _key_of(form: Any) -> str:
    """Return the form's key; a hidden field too holds whatever was sent, and PostgreSQL keeps no NUL."""
    return str(form.once.data or "").replace("\x00", "")[:64]


def leads_to(session: Session, form: Any, location: str) -> None:
    """Remember that the claimed submission led to ``location``."""
    found = session.get(OnceKey, _key_of(form))
    if found is not None:
        found.location = location


def to_first(fact: AlreadySubmitted) -> ResponseReturnValue:
    """Send the second submission where the first one led."""
    return redirect(fact.location, 303)
