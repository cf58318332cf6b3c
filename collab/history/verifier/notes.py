"""Signed notes, checkpoints, cosignatures and policies in the forms of C2SP (signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy)."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

SIGNATURE_MARK = "\u2014 "
LOG_KEY, WITNESS_KEY = 0x01, 0x04
VerifySignature = Callable[[bytes, bytes, bytes], bool]


class BadNote(ValueError):
    """A text that is no signed note, checkpoint, key or policy; the message says where."""


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key with its name: ``kind`` 1 signs notes, 4 cosigns checkpoints."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes by which a signature line names this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """Return the key as one line: name, hexadecimal id, and kind with key in base64."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True)
class SignatureLine:
    """One signature line of a note: who, which key, and the bytes after the key's id."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A text (ending in a newline) and its signature lines."""

    text: str
    signatures: tuple[SignatureLine, ...]


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its name, its size and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the checkpoint as the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass
class Policy:
    """Whose signatures are asked for. ``logs`` holds (key, first size, last size or None)."""

    logs: list[tuple[VerifierKey, int, int | None]] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = "none"


def parse_key(line: str) -> VerifierKey:
    """Return the key written in ``line``; raise BadNote when its id does not fit it."""
    parts = line.split("+", 2)
    try:
        data = base64.b64decode(parts[2], validate=True)
        key = VerifierKey(parts[0], data[0], data[1:])
    except (IndexError, binascii.Error) as error:
        raise BadNote("not a verifier key") from error
    if len(key.public) != 32 or key.key_id.hex() != parts[1] or key.kind not in (LOG_KEY, WITNESS_KEY):
        raise BadNote("the key's id does not fit the key")
    return key


def parse_note(data: str) -> Note:
    """Return the note written in ``data``; raise BadNote."""
    text, mark, rest = data.rpartition("\n\n")
    if not mark or not rest.endswith("\n"):
        raise BadNote("no signatures")
    lines = rest[:-1].split("\n")
    if len(lines) > 100:
        raise BadNote("too many signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> SignatureLine:
    name, _space, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise BadNote("a signature is not in base64") from error
    if not line.startswith(SIGNATURE_MARK) or not name or len(data) < 5:
        raise BadNote("not a signature line")
    return SignatureLine(name, data[:4], data[4:])


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """Return the line that carries a signature."""
    return f"{SIGNATURE_MARK}{name} {base64.b64encode(key_id + signature).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint in a note's text; raise BadNote. Extension lines are refused: nobody could audit what they say."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise BadNote("a checkpoint has three lines")
    if not lines[1].isascii() or not lines[1].isdigit() or str(int(lines[1])) != lines[1]:
        raise BadNote("the size is no number")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error as error:
        raise BadNote("the root is not in base64") from error
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise BadNote("the root has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def is_signed_by(note: Note, key: VerifierKey, verify: VerifySignature) -> bool:
    """Say whether ``note`` carries a valid signature of ``key`` (a log's)."""
    return any(
        line.name == key.name and line.key_id == key.key_id and verify(key.public, note.text.encode(), line.signature)
        for line in note.signatures
    )


def cosigned_text(note_text: str, moment: int) -> bytes:
    """Return the bytes that a witness signs at ``moment`` (seconds since 1970)."""
    return f"cosignature/v1\ntime {moment}\n{note_text}".encode()


def cosigned_at(note: Note, key: VerifierKey, verify: VerifySignature) -> int | None:
    """Return when the witness ``key`` cosigned ``note`` (seconds since 1970), or None when it did not."""
    for line in note.signatures:
        if line.name != key.name or line.key_id != key.key_id or len(line.signature) != 72:
            continue
        moment = int.from_bytes(line.signature[:8], "big")
        if verify(key.public, cosigned_text(note.text, moment), line.signature[8:]):
            return moment
    return None


def parse_policy(data: str) -> Policy:
    """Return the policy written in ``data`` (tlog-policy); raise BadNote naming the line.

    A comment ``# sizes FIRST-LAST`` after a log's key narrows it to checkpoints of those sizes (keys are changed; LAST may be left out).
    """
    policy = Policy()
    for number, raw in enumerate(data.splitlines(), 1):
        line, _mark, comment = raw.partition("#")
        words = line.split()
        if not words:
            continue
        try:
            _policy_line(policy, words, comment.split())
        except (IndexError, ValueError) as error:
            raise BadNote(f"policy, line {number}: {error}") from error
    if not policy.logs or (policy.quorum != "none" and policy.quorum not in {*policy.groups, *policy.witnesses}):
        raise BadNote("a policy names a log, and a quorum that it defines")
    return policy


def _policy_line(policy: Policy, words: list[str], comment: list[str]) -> None:
    kind = words[0]
    if kind == "log":
        first, _dash, last = comment[1].partition("-") if comment[:1] == ["sizes"] else ("0", "-", "")
        policy.logs.append((parse_key(words[1]), int(first), int(last) if last else None))
    elif kind == "witness":
        policy.witnesses[words[1]] = parse_key(words[2])
    elif kind == "group":
        members = words[3:]
        count = {"all": len(members), "any": 1}.get(words[2]) or int(words[2])
        unknown = set(members) - set(policy.witnesses) - set(policy.groups)
        if unknown or not 1 <= count <= len(members):
            raise BadNote("the group cannot be reached")
        policy.groups[words[1]] = (count, members)
    elif kind == "quorum":
        policy.quorum = words[1]
    else:
        raise BadNote(f"unknown word {kind}")


def quorum_reached(policy: Policy, name: str, cosigners: set[str]) -> bool:
    """Say whether the group or witness ``name`` is satisfied by those who cosigned."""
    if name == "none":
        return True
    if name in policy.groups:
        count, members = policy.groups[name]
        return sum(quorum_reached(policy, member, cosigners) for member in members) >= count
    return name in cosigners
