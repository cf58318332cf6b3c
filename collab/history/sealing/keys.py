"""The log's signing key: a file that only the sealing worker can read, and beside it what was signed last.

The file has the one-line form of Go's notes (``PRIVATE+KEY+name+id+base64``). The memory of the last signed size and root stands
outside the database, so that a database set back to an old state is noticed before a second history is signed.
"""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collab.history.verifier.merkle import verify_consistency
from collab.history.verifier.notes import LOG_KEY, Checkpoint, VerifierKey, signature_line

_PREFIX = "PRIVATE+KEY+"


class KeyTrouble(RuntimeError):
    """The key file is missing, unreadable, or for another log."""


class WouldFork(RuntimeError):
    """What is to be signed does not continue what was signed before: the database was set back, or its tree was changed."""


def verify_with_openssl(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature is valid; the server's quick counterpart of the verifier's own arithmetic."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name."""

    name: str
    kind: int
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return VerifierKey(self.name, self.kind, self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign_note(self, text: str) -> str:
        """Return ``text`` as a note signed by this key. The same text always gives the same note."""
        key = self.verifier
        return f"{text}\n{signature_line(self.name, key.key_id, self.private.sign(text.encode()))}"


def make_key(path: Path, name: str, kind: int = LOG_KEY) -> SigningKey:
    """Make a key, keep it in a new file readable by its owner only, and return it; FileExistsError when the file is there."""
    private = Ed25519PrivateKey.generate()
    key = SigningKey(name, kind, private)
    secret = base64.b64encode(bytes([kind]) + private.private_bytes_raw()).decode()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{_PREFIX}{name}+{key.verifier.key_id.hex()}+{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> SigningKey:
    """Return the key kept in ``path``; raise KeyTrouble."""
    try:
        name, key_id, secret = path.read_text(encoding="utf-8").strip().removeprefix(_PREFIX).split("+", 2)
        data = base64.b64decode(secret, validate=True)
        key = SigningKey(name, data[0], Ed25519PrivateKey.from_private_bytes(data[1:]))
    except (OSError, ValueError, IndexError) as error:
        raise KeyTrouble(f"{path} cannot be read as a signing key: {error}") from error
    if key.verifier.key_id.hex() != key_id:
        raise KeyTrouble(f"{path} is damaged")
    return key


@dataclass(frozen=True)
class LogSigner:
    """Signs checkpoints with the key in ``path``, and never two that contradict each other."""

    path: Path

    @property
    def _memory(self) -> Path:
        return self.path.with_name(self.path.name + ".last-signed")

    def key(self) -> SigningKey:
        """Return the key; raise KeyTrouble."""
        return read_key(self.path)

    def last(self) -> tuple[int, bytes]:
        """Return the size and root signed last; (0, b"") before the first."""
        if not self._memory.exists():
            return 0, b""
        kept = json.loads(self._memory.read_text(encoding="utf-8"))
        return kept["size"], bytes.fromhex(kept["root"])

    def sign(self, checkpoint: Checkpoint, proof_from: Callable[[int], list[bytes]]) -> str:
        """Return the signed note; ``proof_from`` gives the consistency proof from a smaller size.

        The memory is on disk before the signature exists. Raises WouldFork, KeyTrouble.
        """
        key = self.key()
        if key.name != checkpoint.origin:
            raise KeyTrouble(f"the key is for {key.name}, not for {checkpoint.origin}")
        size, root = self.last()
        if size > checkpoint.size:
            raise WouldFork(f"size {size} was signed already, and the tree has {checkpoint.size}")
        if size and not verify_consistency(
            size, checkpoint.size, root, checkpoint.root, proof_from(size) if size < checkpoint.size else []
        ):
            raise WouldFork(f"the tree of size {checkpoint.size} does not continue the one signed at size {size}")
        _write_durably(self._memory, json.dumps({"size": checkpoint.size, "root": checkpoint.root.hex()}))
        return key.sign_note(checkpoint.text)


def _write_durably(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
