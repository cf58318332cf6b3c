"""The embedded PostgreSQL for test runs on machines that have none: the product's own way of starting it."""

import atexit
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from collab.web.launcher import embedded_postgres as embedded

WAIT_SECONDS = 30.0


def embedded_superuser_url() -> str:
    """Start an embedded server for this test run in a temporary folder and return its superuser's address."""
    folder = Path(tempfile.mkdtemp(prefix="collab-test-"))
    folder.chmod(0o755)
    cluster = embedded.locate(folder)
    embedded.prepare(cluster)
    server = subprocess.Popen(
        cluster.server_command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **embedded.run_as(cluster.account)
    )
    atexit.register(_stop, server, cluster, folder)
    deadline = time.monotonic() + WAIT_SECONDS
    while not cluster.is_ready():
        if time.monotonic() > deadline or server.poll() is not None:
            raise RuntimeError("the embedded PostgreSQL did not start")
        time.sleep(0.05)
    return cluster.superuser_url


def _stop(server: "subprocess.Popen[bytes]", cluster: embedded.Cluster, folder: Path) -> None:
    server.terminate()
    server.wait(WAIT_SECONDS)
    embedded.remove(cluster)
    shutil.rmtree(folder, ignore_errors=True)
