"""The guards that find or prevent the attacks, each as what must be taken out of the product to switch it off."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.queries import as_of
from collab.history.sealing.seal import _BATCH, _add_head
from collab.history.verifier import ed25519

strict_signature = ed25519.ed25519_verify
VERIFIER = "collab.history.verifier."
WHOLE = "collab.history.integrity.whole"
HERE = "tests.attacks.test_database_attacks"
UNGUARDED = sa.text("SET LOCAL session_replication_role = replica")


def nothing(*_given: Any, **_more: Any) -> None:
    """Find nothing."""


def no_faults(*_given: Any, **_more: Any) -> list[Any]:
    return []


def agree(*_given: Any, **_more: Any) -> bool:
    return True


def lenient(line: bytes) -> dict[str, Any]:
    """Read JSON in whatever form."""
    found: dict[str, Any] = json.loads(line)
    return found


def unrestrained(intruder: sa.Connection, *statements: str) -> None:
    """Do it as nobody restrained: no role is taken on, no trigger fires."""
    intruder.execute(UNGUARDED)
    for statement in statements:
        if "SET LOCAL ROLE" not in statement:
            intruder.execute(sa.text(statement))


def only_the_last(session: Session, stream_id: str, _at: datetime, *beside: str) -> Any:
    return as_of(session, stream_id, datetime(9000, 1, 1, tzinfo=UTC), *beside)


def unsalted(_salt: bytes, path: str, value: Any) -> str:
    return sha256(path.encode() + b"\x00" + json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def loose_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Take s modulo the order of the group, as careless libraries do."""
    if len(signature) != 64:
        return False
    low = int.from_bytes(signature[32:], "little") % ed25519._ORDER
    return strict_signature(public_key, message, signature[:32] + low.to_bytes(32, "little"))


class Torn:
    """In the second run, commit the leaves and die before their head is written: what one transaction for both prevents."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, session: Session, *rest: Any) -> None:
        self.runs += 1
        if self.runs == 2:
            session.commit()
            raise KeyboardInterrupt
        _add_head(session, *rest)


def admit_all(archive: Any, entry: Any) -> None:
    archive.entries[entry.filename] = entry


_NO_LINK = (VERIFIER + "strict", "_link", no_faults)
_NO_RULES = (VERIFIER + "strict", "_check_rules", nothing)
_NO_TABLES = (VERIFIER + "checks", "_check_tables", nothing)

Guard = tuple[str, str, Any]
#: The guards of the verifier, which a bundle meets, by the mechanism that they are.
IN_BUNDLES: dict[str, list[Guard]] = {
    "CANON": [(VERIFIER + "strict", "read_event", lenient), (VERIFIER + "checks", "read_event", lenient)],
    "SEQ": [_NO_LINK],
    "CHAIN": [_NO_LINK],
    "CLOCK": [_NO_LINK, (VERIFIER + "checks", "_check_clock", nothing)],
    "ROOT": [(VERIFIER + "checks", "_check_root", nothing)],
    "HEADS": [(VERIFIER + "checks", "_check_heads", nothing)],
    "NOTE": [(VERIFIER + "checks", "_check_note", nothing), _NO_RULES],
    "WITNESS": [(VERIFIER + "checks", "quorum_reached", agree)],
    "PRIOR": [(VERIFIER + "checks", "_check_priors", agree)],
    "COMMIT": [(VERIFIER + "strict", "_check_openings", nothing)],
    "FILE": [(VERIFIER + "checks", "_check_files", nothing)],
    "BACKDATE": [_NO_RULES],
    "TIME": [_NO_RULES],
    "ASOF": [_NO_TABLES],
    "EXPORT": [_NO_TABLES],
}
#: The guards of the database's own verification, by mechanism.
IN_TABLES: dict[str, list[Guard]] = {
    "CANON": [(VERIFIER + "strict", "read_event", lenient), (WHOLE, "read_event", lenient)],
    "SEQ": [_NO_LINK],
    "CHAIN": [_NO_LINK],
    "HEADS": [(WHOLE, "_check_streams", nothing), (WHOLE, "_check_manifest", nothing)],
    "ROOT": [(WHOLE, "_check_hash", nothing), (WHOLE, "_check_head", nothing), (WHOLE, "_check_size", nothing)],
    "INDEX": [(WHOLE, "_columns", no_faults)],
    "NOTE": [(WHOLE, "_check_notes", nothing)],
    "WITNESS": [(WHOLE, "_check_notes", nothing)],
    "COMMIT": [(VERIFIER + "strict", "_check_openings", nothing), (WHOLE, "_check_salts", nothing)],
    "ERASURE": [(WHOLE, "_check_opened", nothing)],
    "TILE": [(WHOLE, "_check_tiles", nothing), (WHOLE, "_check_tile", nothing)],
}
#: What prevents, or finds elsewhere than by these two.
ELSEWHERE: dict[str, list[Guard]] = {
    "RIGHTS": [(HERE, "run", unrestrained)],
    "SEALED_BYTES": [("collab.history.sealing.seal", "_BATCH", sa.text(_BATCH.text.replace("computed <> leaf_hash", "false")))],
    "REBUILD": [(HERE, "check_versions", no_faults)],
    "RECONCILE": [("collab.history.integrity.reconcile", "_compare", no_faults)],
    "SALT": [("collab.history.canon", "commitment", unsalted)],
    "VERSIONS": [(HERE, "as_of", only_the_last)],
    "LOCK": [("collab.history.store", "_LOCK", "SELECT id, seq, head, recorded_at FROM history_stream WHERE id = ANY(%s)")],
    "SEALER": [("collab.history.sealing.seal", "_add_head", Torn)],
    "MEMORY": [("collab.history.sealing.keys", "verify_consistency", agree)],
    "WITNESS_MEMORY": [("collab.history.verifier.witness.Witness", "_remember", nothing)],
    "WITNESS_CHECK": [("collab.history.verifier.witness", "verify_consistency", agree)],
    "CONTRADICTION": [("collab.history.verifier.witness.Witness", "_keep_contradiction", nothing)],
    "ARCHIVE": [("collab.history.verifier.archive.Archive", "_admit", admit_all)],
    "SIGNATURE": [("tests.history.test_notes.ed25519", "ed25519_verify", loose_signature)],
    "SMALL_ORDER": [("collab.history.verifier.ed25519", "_is_small", lambda _point: False)],
    "RECEIPTS": [("collab.reminders.evidence", "_receipt_of", lambda _message: sa.true())],
    "REPEAT": [("collab.history.erasure", "repeat", lambda *_given, **_named: 0)],
    "REFUSALS": [("collab.web.refusals", "publish", nothing)],
}


def place_of(dotted: str) -> Any:
    """Return the module or class called ``dotted``."""
    try:
        return import_module(dotted)
    except ModuleNotFoundError:
        parent, _dot, name = dotted.rpartition(".")
        return getattr(import_module(parent), name)


def switch_off(guards: list[Guard], patch: pytest.MonkeyPatch) -> None:
    """Take guards out; a guard that is not there any more is an error. A class stands for a new one of it each time."""
    for dotted, name, instead in guards:
        patch.setattr(place_of(dotted), name, instead() if isinstance(instead, type) else instead)
