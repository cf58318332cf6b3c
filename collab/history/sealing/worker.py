"""What the sealing worker does, given the place of its key: make sure of the key, seal, announce the key."""

from datetime import datetime
from pathlib import Path

from collab.history.origin import origin
from collab.history.sealing import rotation
from collab.history.sealing.keys import KeyTrouble, LogSigner, make_key
from collab.history.sealing.seal import Sealed, UnitOfWork, seal


def open_signer(key_file: Path | None, *, may_make: bool) -> LogSigner:
    """Return the signer for ``key_file``, making the key when ``may_make`` (the demo) and there is none. Raises KeyTrouble."""
    if key_file is None:
        raise KeyTrouble("COLLAB_LOG_KEY_FILE is not set for this process")
    if not key_file.exists():
        if not may_make:
            raise KeyTrouble(f"{key_file} does not exist; make it with: flask history make-key")
        make_key(key_file, origin())
    return LogSigner(key_file)


def seal_all(unit_of_work: UnitOfWork, signer: LogSigner, *, now: datetime, with_manifest: bool = False) -> Sealed | None:
    """Announce the key if it is new, seal everything committed and sign; None when another process is at it."""
    with unit_of_work() as session:
        rotation.announce_first(session, signer.key(), now=now)
    return seal(unit_of_work, signer, now=now, with_manifest=with_manifest)
