"""A message sent is a task done, on the embedded broker, on Redis and on RabbitMQ, with real worker processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from config import load_settings
from tests import services
from tests.threads import wait_for
from workers.application import create_celery, job_sender

ROOT = Path(__file__).resolve().parents[2]
SERVERS = {"embedded": "", "redis": services.REDIS, "rabbitmq": services.RABBITMQ}


def require_server(name: str, url: str) -> None:
    """Skip, by name, when the server does not answer; fail where services are required."""
    parts = urlsplit(url)
    if not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=2).close()
    except OSError as error:
        message = f"{name} does not answer at {parts.hostname}:{parts.port}: {error}"
        if services.REQUIRED:
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(params=sorted(SERVERS))
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a worker on one broker, with a queue of its own that is removed afterwards."""
    url = SERVERS[request.param]
    require_server(request.param, url)
    chosen = {
        "COLLAB_ENV": "test",
        "COLLAB_SECRET_KEY": uuid.uuid4().hex,
        "COLLAB_DATABASE_URL": "postgresql:///not_used",
        "COLLAB_STATE_DIR": str(tmp_path / "var"),
        "COLLAB_BROKER_URL": url,
        "COLLAB_QUEUE": f"test-{uuid.uuid4().hex[:12]}",
    }
    yield chosen
    if url:
        remove_traces(chosen)


def remove_traces(environ: dict[str, str]) -> None:
    """Delete the test's queues, and on Redis all keys that bear their name."""
    celery, queue = create_celery(load_settings(environ)), environ["COLLAB_QUEUE"]
    with celery.connection_for_write() as connection:
        channel = connection.default_channel
        for each in celery.amqp.queues.values():
            each(channel).delete()
            channel.exchange_delete(each.exchange.name)
    if environ["COLLAB_BROKER_URL"].startswith("redis"):
        with Redis.from_url(environ["COLLAB_BROKER_URL"]) as client:
            for key in client.keys(f"{queue}:*"):
                client.delete(key)


@pytest.fixture
def start_worker(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Give a function that starts a worker; all are killed with their children at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "workers.celery_app", "worker", "-c", "1"]
        command += ["-I", "tests.running.tiny_tasks", "--without-gossip", "--without-mingle"]
        with (tmp_path / f"worker-{len(started)}.log").open("wb") as log:
            worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, stdout=log, stderr=log, start_new_session=True)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill_group(worker)
    for log in sorted(tmp_path.glob("worker-*.log")):
        print(log.read_text(encoding="utf-8", errors="replace")[-4000:])


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its children as a power cut would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(10)


def marks(directory: Path, kind: str) -> set[str]:
    """Return the names of the runs that left a mark of `kind`."""
    return {path.name.split(".")[0] for path in directory.glob(f"*.{kind}.*")}


def test_message_sent_is_task_done(
    environ: dict[str, str], start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    send = job_sender(load_settings(environ))
    for number in range(20):
        send("tests.leave_mark", {"directory": str(tmp_path), "name": f"t{number}"})
    worker = start_worker()
    assert wait_for(lambda: len(marks(tmp_path, "done")) == 20), sorted(marks(tmp_path, "done"))
    send("tests.leave_mark", {"directory": str(tmp_path), "name": "late"})
    assert wait_for(lambda: "late" in marks(tmp_path, "done"))
    assert len(list(tmp_path.glob("*.done.*"))) == 21
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0


def test_killed_worker_costs_at_most_what_it_held(
    environ: dict[str, str], start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """After kill -9 a new worker goes on; only messages in flight may wait for the sweep (none on RabbitMQ)."""
    send = job_sender(load_settings(environ))
    for number in range(10):
        send("tests.leave_mark", {"directory": str(tmp_path), "name": f"t{number}", "seconds": 0.3})
    first = start_worker()
    assert wait_for(lambda: len(marks(tmp_path, "done")) >= 2)
    kill_group(first)
    start_worker()
    in_flight = 0 if environ["COLLAB_BROKER_URL"].startswith("amqp") else 2
    assert wait_for(lambda: len(marks(tmp_path, "done")) >= 10 - in_flight), sorted(marks(tmp_path, "done"))


def test_killed_child_gives_its_message_back(
    environ: dict[str, str], start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    send = job_sender(load_settings(environ))
    start_worker()
    send("tests.leave_mark", {"directory": str(tmp_path), "name": "slow", "seconds": 3.0})
    assert wait_for(lambda: bool(marks(tmp_path, "started")))
    (started,) = tmp_path.glob("slow.started.*")
    assert wait_for(lambda: bool(started.read_text(encoding="ascii")))
    os.kill(int(started.read_text(encoding="ascii")), signal.SIGKILL)
    assert wait_for(lambda: "slow" in marks(tmp_path, "done"))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("environ", ["embedded"], indirect=True)
@pytest.mark.parametrize("remapped", ["SIGQUIT", ""])
def test_a_worker_that_is_told_to_stop_lets_its_children_finish_what_is_under_way(
    environ: dict[str, str],
    start_worker: Callable[[], subprocess.Popen[bytes]],
    tmp_path: Path,
    remapped: str,
    how: signal.Signals,
) -> None:
    """As docs/operators.md has it run, and without that."""
    if remapped:
        environ["REMAP_SIGTERM"] = remapped
    send = job_sender(load_settings(environ))
    worker = start_worker()
    send("tests.go_on_until_stopped", {"directory": str(tmp_path), "name": "long"})
    assert wait_for(lambda: "long" in marks(tmp_path, "started"))
    worker.send_signal(how)
    worker.wait(20)
    assert "long" in marks(tmp_path, "done")
