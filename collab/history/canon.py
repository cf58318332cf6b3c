"""The exact bytes of an event: a strict profile of JSON that equals RFC 8785 without needing it.

ASCII keys ``[a-z][a-z0-9_]*``, strings, booleans, null, integers up to 2**53-1, arrays and objects; no floats. With ASCII keys the
UTF-16 order of RFC 8785 is code-point order, so the standard encoder with sorted keys writes the canonical form.
"""

import hashlib
import hmac
import json
import re
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

LARGEST_INT = 2**53 - 1
SALT_BYTES = 32
_KEY = re.compile(r"[a-z][a-z0-9_]*\Z")
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class NotCanonical(ValueError):
    """A value outside the profile, or bytes that are not the canonical form of what they say."""


def is_erased(recorded: Any) -> bool:
    """Say whether what a version holds of a field is the mark of an erased value, which names the event that says so."""
    return isinstance(recorded, str) and recorded.startswith("[erased, event ")


def encode(value: Any) -> bytes:
    """Return the canonical bytes of ``value``; raise NotCanonical when it is outside the profile."""
    _check(value)
    try:
        return _write(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("lone surrogate") from error


def decode(data: bytes) -> Any:
    """Read canonical bytes; raise NotCanonical unless they are exactly what `encode` would write."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_float=_no_float)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotCanonical(str(error)) from error
    if encode(value) != data:
        raise NotCanonical("not in canonical form")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonical("duplicate key")
    return found


def _no_float(text: str) -> Any:
    raise NotCanonical(f"float {text}")


def _check(value: Any) -> None:
    # Most values are strings, null, true or false: those are passed over where they stand. A lone surrogate fails when it is encoded.
    if isinstance(value, dict):
        for key, item in value.items():
            if not _is_key(key):
                raise NotCanonical(f"key {key!r}")
            if item is not None and item.__class__ is not str and item.__class__ is not bool:
                _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)
    elif isinstance(value, int):
        if abs(value) > LARGEST_INT:
            raise NotCanonical("integer beyond 2**53-1")
    elif not isinstance(value, str) and value is not None:
        raise NotCanonical(f"type {type(value).__name__}")


@lru_cache(maxsize=4096)
def _is_key(key: Any) -> bool:
    # Keys are names of fields: the same few hundred in every event.
    return isinstance(key, str) and _KEY.match(key) is not None


def instant(moment: datetime) -> str:
    """Return an aware instant as ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` in UTC."""
    if moment.tzinfo is None:
        raise NotCanonical("naive instant")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def plain(value: Any) -> Any:
    """Return a column's value in the profile: ids, days and decimals as strings, instants in UTC."""
    if value is None or value.__class__ is str or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return value
    raise NotCanonical(f"type {type(value).__name__}")


def leaf_hash(body: bytes) -> bytes:
    """Return the RFC 6962 leaf hash of an event's bytes."""
    return hashlib.sha256(b"\x00" + body).digest()


def new_salt() -> bytes:
    """Return a fresh salt; one for each field of each event, so that equal values cannot be linked."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, path: str, value: Any) -> str:
    """Return the hex commitment to ``value`` at ``path``; the salt must be exactly 32 bytes, because HMAC pads with zeros."""
    if len(salt) != SALT_BYTES:
        raise NotCanonical("salt length")
    message = path.encode() + b"\x00" + _write(value).encode()
    return hmac.digest(salt, message, "sha256").hex()
