"""Signed links of one purpose in mails: they say who, what and until when, need no sign-in, and never act by being opened.

The signature is an HMAC under a key of the installation and of the purpose (itsdangerous); nothing about a link is stored until it is
used. Whoever has the mail has the link, so that a link can do no more than keep the ladder still for a while or stop mail.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, Serializer, URLSafeSerializer
from itsdangerous.encoding import base64_encode
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.notices.models import UsedLink

#: The pages that the links open.
_PATHS = {"acknowledge": "/reminders/acknowledge/", "unsubscribe": "/notices/unsubscribe/"}
#: How long a link in a mail works: as long as anybody may still look for that mail.
LASTS = timedelta(days=30)
LONGEST_TOKEN = 1000
_keys: dict[str, str] = {}


class Purpose(StrEnum):
    """What a link is for; one cannot be used for another."""

    ACKNOWLEDGE = "acknowledge"
    UNSUBSCRIBE = "unsubscribe"


class LinkFault(Exception):
    """The link does not work: ``is_expired`` when it did once; else it is incomplete, changed, or for something else."""

    def __init__(self, *, is_expired: bool = False) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired


@dataclass(frozen=True)
class Link:
    """What a link says: for whom, about what (``kind`` and, for an object, ``target_id``), from which message, until when."""

    user_id: UUID
    kind: str
    target_id: UUID | None
    message_id: UUID
    expires_at: datetime


def configure(secret_key: str) -> None:
    """Sign with a key derived from the installation's secret; called once where the product is put together."""
    _keys["secret"] = secret_key


def path_to(purpose: Purpose, link: Link) -> str:
    """Return the path of the page that a link opens."""
    return _PATHS[purpose.value] + sign(purpose, link)


def sign(purpose: Purpose, link: Link) -> str:
    """Return ``link`` as a token that `read` understands for the same purpose only."""
    target = str(link.target_id) if link.target_id else ""
    content = [str(link.user_id), link.kind, target, str(link.message_id), int(link.expires_at.timestamp())]
    return str(_serializer(purpose).dumps(content))


def read(purpose: Purpose, token: str, now: datetime) -> Link:
    """Return what ``token`` says. Raises LinkFault when it was not signed here for ``purpose``, or its time is over."""
    if len(token) > LONGEST_TOKEN:
        raise LinkFault
    try:
        user, kind, target, message, expires = _serializer(purpose).loads(token)
    except BadSignature as error:
        raise LinkFault from error
    expires_at = datetime.fromtimestamp(expires, UTC)
    if expires_at <= now:
        raise LinkFault(is_expired=True)
    return Link(UUID(user), kind, UUID(target) if target else None, UUID(message), expires_at)


def use_once(session: Session, token: str, now: datetime) -> bool:
    """Mark the link as used; say whether this was its first use. Of two at once, one is the first."""
    statement = postgresql.insert(UsedLink).values(token_hash=_hash(token), used_at=now)
    return session.execute(statement.on_conflict_do_nothing().returning(UsedLink.token_hash)).first() is not None


def is_used(session: Session, token: str) -> bool:
    """Say whether the link was used before."""
    return session.get(UsedLink, _hash(token)) is not None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class _Plain(URLSafeSerializer):
    """Leaves out the attempt to compress, which costs more than the rest of a link and wins nothing on keys; reads both."""

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj))


def _serializer(purpose: Purpose) -> URLSafeSerializer:
    return _serializer_of(purpose, _keys["secret"])


@lru_cache(maxsize=8)
def _serializer_of(purpose: Purpose, secret_key: str) -> URLSafeSerializer:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return _Plain(secret_key, salt=f"collab link {purpose.value}", signer_kwargs=options)
