"""Hashing of passwords with argon2id, and what a refused password is told."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from collab.kernel.i18n import LazyText, lazy
from collab.members.rules import PASSWORD_LEAST, PASSWORD_MOST, PasswordFault

# The parameters that OWASP's password storage guidance gives first for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: Hash of a random password that nobody knows: verified for unknown accounts, so that they cost the same time.
_NOBODY = _hasher.hash("gJ5vQ0xWz8-nobody-has-this-password")

MESSAGES: dict[PasswordFault, LazyText] = {
    PasswordFault.TOO_SHORT: lazy("Use at least %(least)s characters.", least=PASSWORD_LEAST),
    PasswordFault.TOO_LONG: lazy("Use at most %(most)s characters.", most=PASSWORD_MOST),
    PasswordFault.COMMON: lazy("This password is too well known. Put several unrelated words together."),
    PasswordFault.PERSONAL: lazy("The password must not contain your name or mail address."),
    PasswordFault.MONOTONOUS: lazy("This password repeats a few characters or runs along the keyboard."),
}


def _prepared(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password``; the same letters typed by another keyboard give the same password."""
    return _hasher.hash(_prepared(password))


def verify(stored: str | None, password: str) -> bool:
    """Say whether ``password`` is the one of ``stored``; takes as long when there is no hash. Beyond 200 characters: no."""
    given = _prepared(password) if len(password) <= PASSWORD_MOST else b""
    try:
        matches = _hasher.verify(stored or _NOBODY, given)
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


def needs_rehash(stored: str) -> bool:
    """Say whether ``stored`` was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)
