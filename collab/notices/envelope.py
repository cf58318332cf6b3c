"""The envelope sender of our mail: an address that names the message, so that whatever comes back says by itself of which mail.

A report comes to the envelope sender (RFC 3464, section 2), also when it holds nothing of our mail. The address carries the message's
id and an HMAC under a key of the installation: nobody who did not get that mail can write to it.
"""

import base64
import hashlib
import hmac
from uuid import UUID

_ID_LETTERS, _MARK_LETTERS = 26, 16
_settings: dict[str, str] = {}


def configure(secret_key: str, address: str) -> None:
    """Let reports come to ``address`` with a tag (``reports+tag@example.go.th``); '' for none. Called once where all is put together."""
    _settings.update(secret=secret_key, address=address)


def sender_for(mail_id: str, otherwise: str) -> str:
    """Return the envelope sender for the mail with this Message-ID, ``otherwise`` when no address for reports is configured."""
    local, _at, domain = _settings.get("address", "").partition("@")
    key = message_of(mail_id)
    if not domain or key is None:
        return otherwise
    letters = base64.b32encode(key.bytes).decode().rstrip("=").lower()
    return f"{local}+{letters}{_mark(letters)}@{domain}"


def read(address: str) -> UUID | None:
    """Return the message that an address of ours names, None for any other or forged one."""
    local = address.strip().lower().partition("@")[0]
    tag = local.rpartition("+")[2]
    letters, mark = tag[:_ID_LETTERS], tag[_ID_LETTERS:]
    if len(tag) != _ID_LETTERS + _MARK_LETTERS or not tag.isascii() or not hmac.compare_digest(mark, _mark(letters)):
        return None
    # The mark is right, so that we wrote the letters ourselves.
    return UUID(bytes=base64.b32decode(letters.upper() + "======"))


def message_of(mail_id: str) -> UUID | None:
    """Return the id of our message that a Message-ID names, None for a foreign one."""
    name, _at, place = mail_id.strip().strip("<>").partition("@")
    try:
        return UUID(name) if place == "collab" else None
    except ValueError:
        return None


def _mark(letters: str) -> str:
    key = hashlib.sha256(b"collab envelope " + _settings.get("secret", "").encode()).digest()
    made = hmac.new(key, letters.encode(), hashlib.sha256).digest()
    return base64.b32encode(made).decode()[:_MARK_LETTERS].lower()
