"""The one command: what it says when it cannot start, and that the whole product comes and goes with it."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.web.launcher import embedded_postgres, schema
from collab.web.launcher.embedded_postgres import Cluster
from collab.web.launcher.options import OptionError, product_environ, product_specs, read_options
from tests.threads import wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environ(tmp_path: Path, port: int) -> dict[str, str]:
    """The environment of an installation of its own, without demo data."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    return clean | {
        "COLLAB_ENV": "test",
        "COLLAB_SECRET_KEY": "launcher-test-0123456789abcdefghij",
        "COLLAB_STATE_DIR": str(tmp_path / "var"),
        "COLLAB_PORT": str(port),
    }


def launch(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher to its end."""
    command = [sys.executable, "-m", "collab.web.launcher", *(arguments or ("up",))]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_port_taken_is_said_in_one_line(environ: dict[str, str], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        ended = launch(environ)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert f"port {port}" in line
    assert "COLLAB_PORT=" in line
    assert not (Path(environ["COLLAB_STATE_DIR"]) / "postgres").exists()


def test_second_start_is_told_where_the_first_one_runs(environ: dict[str, str]) -> None:
    state = Path(environ["COLLAB_STATE_DIR"])
    state.mkdir()
    with (state / "run.lock").open("w", encoding="utf-8") as lock:
        lock.write("http://127.0.0.1:8000 4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = launch(environ)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "already running at http://127.0.0.1:8000 (process 4711)" in line


@pytest.mark.parametrize("value", ["eighty", "0", "70000", "-1", "๘๐๐๐"])
def test_bad_port_is_refused(value: str) -> None:
    with pytest.raises(OptionError, match="COLLAB_PORT"):
        read_options({"COLLAB_PORT": value}, ROOT)


def test_demo_reset_keeps_its_hands_off_a_database_of_ones_own(environ: dict[str, str]) -> None:
    ended = launch(environ | {"COLLAB_DATABASE_URL": "postgresql://db/collab"}, "demo-reset")
    assert ended.returncode == 1
    assert "only the embedded demo" in ended.stderr


def test_web_and_worker_do_not_know_the_owner(tmp_path: Path) -> None:
    options = read_options({"COLLAB_STATE_DIR": str(tmp_path), "PATH": "/bin"}, ROOT)
    product = product_environ(options, Cluster(home=tmp_path, programs=tmp_path, account=None))
    assert "COLLAB_DATABASE_OWNER_URL" in product
    for spec in product_specs(options, product):
        assert "COLLAB_DATABASE_OWNER_URL" not in spec.environ
        assert spec.environ["COLLAB_DATABASE_URL"].startswith("postgresql://collab_app@")


def test_socket_lies_beside_the_data_unless_the_path_is_too_long(tmp_path: Path) -> None:
    near = Cluster(home=Path("/srv/collab/var/postgres"), programs=tmp_path, account=None)
    far = Cluster(home=Path("/srv/" + "long/" * 30), programs=tmp_path, account=None)
    assert near.socket_directory == near.home / "socket"
    assert len(str(far.socket_directory)) < 60


def test_heads_are_read_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('revision = "a"\ndown_revision = None\n', encoding="utf-8")
    (tmp_path / "b.py").write_text('revision: str = "b"\ndown_revision: str | None = "a"\n', encoding="utf-8")
    (tmp_path / "c.py").write_text('revision = "c"\ndown_revision = ("a", "b")\n', encoding="utf-8")
    assert schema.code_heads(tmp_path) == {"c"}
    assert len(schema.code_heads(ROOT / "migrations" / "versions")) == 1


class Running:
    """A launcher that runs the real product."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.environ, self.log = environ, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the launcher and wait until the product answers."""
        command = [sys.executable, "-m", "collab.web.launcher", "up"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        process = self.process
        assert wait_for(lambda: process.poll() is not None or self.answers(), 90), self.log.read_text(encoding="utf-8")
        assert process.poll() is None, self.log.read_text(encoding="utf-8")

    def cluster(self) -> Cluster:
        """Return where this installation's database is; as root that may be elsewhere than in the state directory."""
        return embedded_postgres.locate(Path(self.environ["COLLAB_STATE_DIR"]))

    def answers(self) -> bool:
        """Return whether the health page answers."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.environ["COLLAB_PORT"]), timeout=3)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def relatives(self) -> list[str]:
        """Return the command lines of all processes of this installation, the launcher included."""
        mark = f"COLLAB_STATE_DIR={self.environ['COLLAB_STATE_DIR']}".encode()
        data = str(self.cluster().data).encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                command = (path / "cmdline").read_bytes()
                if command and int(path.name) != os.getpid() and (mark in (path / "environ").read_bytes() or data in command):
                    found.append(command.replace(b"\0", b" ").decode())
            except (OSError, ValueError):
                continue
        return found

    def end(self, how: signal.Signals) -> int:
        """Send the signal and return the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(15)


@pytest.fixture
def running(environ: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """A launcher that is not started yet; it is killed at the end, whatever happened."""
    made = Running(environ, tmp_path / "launcher.log")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(5)
    wait_for(lambda: not made.relatives(), 10)
    embedded_postgres.remove(made.cluster())


def test_product_comes_and_goes_with_the_launcher(running: Running) -> None:
    running.start()
    commands = " ".join(running.relatives())
    assert all(part in commands for part in ("gunicorn", "worker", "beat", "postgres"))
    began = time.monotonic()
    assert running.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10
    assert running.relatives() == []

    running.start()  # the second time with data from the first
    text = running.log.read_text(encoding="utf-8")
    assert text.count("made a new database cluster") == text.count("bringing the schema up to date") == 1
    assert launch(running.environ).returncode == 1
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    assert wait_for(lambda: not running.relatives(), 15), running.relatives()

    running.start()  # after a kill, at once
    assert running.end(signal.SIGINT) == 0
    assert running.relatives() == []
