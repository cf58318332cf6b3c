"""A log of one's own: a key in the test's folder, and sealing within the test's transaction."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from collab.history.origin import origin
from collab.history.sealing import worker
from collab.history.sealing.keys import LogSigner, make_key
from collab.history.sealing.seal import Sealed
from collab.kernel.db import Database


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    """The log's signer, with a fresh key."""
    path = tmp_path / "log" / "key"
    make_key(path, origin())
    return LogSigner(path)


@pytest.fixture
def seal(database: Database, signer: LogSigner, now: datetime) -> Callable[..., Sealed]:
    """Return a function that seals everything recorded so far."""

    def run(**options: bool) -> Sealed:
        done = worker.seal_all(database.unit_of_work, signer, now=now, **options)
        assert done is not None
        return done

    return run
