"""Identifiers: UUIDv7, so that keys made later sort later and indexes stay dense."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7()


def as_uuid(text: str | None) -> UUID | None:
    """Return the id written in ``text``, or None when it is none: a query string may hold anything."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
