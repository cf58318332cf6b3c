"""A stand-in for the launcher: supervises processes that have children of their own, until it is told to stop.

Arguments: a directory, in which each process leaves its id as the name of a file.
"""

import os
import sys
from pathlib import Path

from collab.web.launcher.processes import Console, Spec, Supervisor

PROCESS = """
import os, pathlib, signal, subprocess, sys, time
directory = pathlib.Path(sys.argv[1])
if len(sys.argv) == 2:  # a master with a worker, as gunicorn and celery are
    worker = subprocess.Popen([sys.executable, "-c", os.environ["PROCESS"], sys.argv[1], str(os.getpid())])
    signal.signal(signal.SIGTERM, lambda *_: (worker.terminate(), worker.wait(), sys.exit(0)))
(directory / str(os.getpid())).touch()
print("up", flush=True)
time.sleep(300)
"""


def main(directory: str) -> int:
    """Supervise one server and two clients; return 0 after a stop."""
    supervisor = Supervisor(Console(sys.stdout))
    supervisor.catch_signals()
    environ = os.environ | {"PROCESS": PROCESS}
    for name in ("server", "web", "worker"):
        command = [sys.executable, "-c", PROCESS, directory]
        supervisor.start(Spec(name=name, command=command, cwd=Path(directory), environ=environ, is_server=name == "server"))
    supervisor.watch()
    supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
