"""Tokens that are kept only as hashes, and secrets that are kept only encrypted."""

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN_BYTES = 32
RECOVERY_CODES = 10
# Without letters and digits that are read for one another.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_token() -> str:
    """Return a fresh token of 256 bits for a link or a session."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Return what is stored of ``token``. It is random and long, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def new_recovery_code() -> str:
    """Return a fresh recovery code of about 49 bits, written ``xxxxx-xxxxx``."""
    letters = [secrets.choice(_ALPHABET) for _position in range(10)]
    return f"{''.join(letters[:5])}-{''.join(letters[5:])}"


class Vault:
    """Encrypts small secrets and makes keyed hashes, with keys derived from the installation's secret."""

    def __init__(self, secret_key: str, purpose: bytes = b"collab totp secret") -> None:
        """Derive one key for each purpose from ``secret_key``; another installation cannot read what this one sealed."""
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(secret_key, purpose)))
        self._hash_key = _derive(secret_key, b"collab keyed hash")

    def seal(self, text: str) -> str:
        """Return ``text`` encrypted."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return what was sealed, or None when it was sealed under another secret."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def keyed_hash(self, text: str) -> bytes:
        """Return a hash of ``text`` that cannot be searched without the installation's secret."""
        return hmac.new(self._hash_key, text.encode("utf-8", "replace"), hashlib.sha256).digest()


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"collab", info=purpose).derive(secret_key.encode())
