"""The three brokers, each with the same faults: stopped, started again, emptied."""

import shutil
import socket
import socketserver
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from redis import Redis

from config import load_settings
from tests import services
from workers.application import create_celery


class Broker(Protocol):
    """A broker of the harness's own."""

    name: str
    url: str
    queue: str

    def stop(self) -> None:
        """Be away for everybody."""

    def start(self) -> None:
        """Be there again."""

    def empty(self) -> None:
        """Lose every message that waits."""

    def close(self) -> None:
        """Leave no trace."""


class Embedded:
    """The spool directory. It is away when it is moved away."""

    name = "embedded"

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "broker"
        self.url = f"spool://{self.directory}"
        self.queue = "faults"

    def stop(self) -> None:
        """Move the directory away, as a file system that is not mounted."""
        self.directory.rename(self.directory.with_name("broker-away"))

    def start(self) -> None:
        """Move it back; a new one that somebody made meanwhile gives way."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.directory.with_name("broker-away").rename(self.directory)

    def empty(self) -> None:
        """Delete the messages."""
        for path in self.directory.glob("*.msg"):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing to do: the folder goes with the stage."""


class OwnRedis:
    """A Redis server of our own that keeps nothing on disk: killed and started again it is empty."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.queue = "faults"
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def stop(self) -> None:
        """Kill the server."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._server = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _attempt in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("redis-server does not start")

    def empty(self) -> None:
        """Flush everything."""
        with Redis.from_url(self.url) as client:
            client.flushall()

    def close(self) -> None:
        """End the server."""
        self.stop()


class RabbitThroughProxy:
    """The machine's RabbitMQ, with queues of our own, through a proxy of our own: stopped when the proxy cuts and refuses."""

    name = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        parts = urlsplit(services.RABBITMQ)
        self.proxy = Proxy(parts.hostname or "", parts.port or 5672)
        account = f"{parts.username}:{parts.password}@" if parts.username else ""
        self.url = f"{parts.scheme}://{account}127.0.0.1:{self.proxy.port}{parts.path}"
        self.queue = f"faults-{uuid.uuid4().hex[:8]}"
        self.folder = folder

    def stop(self) -> None:
        """Cut every connection and refuse new ones."""
        self.proxy.stop()

    def start(self) -> None:
        """Let connections through again."""
        self.proxy.start()

    def _queues(self, action: str) -> None:
        environ = {
            "COLLAB_ENV": "test", "COLLAB_SECRET_KEY": "faults", "COLLAB_DATABASE_URL": "postgresql:///not_used",
            "COLLAB_STATE_DIR": str(self.folder), "COLLAB_BROKER_URL": services.RABBITMQ, "COLLAB_QUEUE": self.queue,
        }  # fmt: skip
        celery = create_celery(load_settings(environ))
        with celery.connection_for_write() as connection:
            for queue in celery.amqp.queues.values():
                bound = queue(connection.default_channel)
                bound.declare()
                getattr(bound, action)()
                if action == "delete":
                    connection.default_channel.exchange_delete(queue.exchange.name)

    def empty(self) -> None:
        """Purge our queues."""
        self._queues("purge")

    def close(self) -> None:
        """Delete our queues and end the proxy."""
        self._queues("delete")
        self.proxy.stop()


class Proxy:
    """Passes TCP through to one server until it is stopped."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.open: set[socket.socket] = set()
        self.start()

    def start(self) -> None:
        """Listen, at the port of before if there was one."""
        self._server = _ProxyServer(("127.0.0.1", self.port), _Pass)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Cut everything that goes through and refuse what comes."""
        self._server.shutdown()
        self._server.server_close()
        for line in list(self.open):
            _cut(line)


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Pass(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = cast(_ProxyServer, self.server).proxy
        try:
            other = socket.create_connection(proxy.target, 5)
        except OSError:
            return
        other.settimeout(None)
        proxy.open |= {self.request, other}
        back = threading.Thread(target=_pump, args=(other, self.request), daemon=True)
        back.start()
        _pump(self.request, other)
        back.join()
        proxy.open -= {self.request, other}
        other.close()


def _pump(source: Any, sink: Any) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    _cut(source)
    _cut(sink)


class _ProxyServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    proxy: Proxy


BROKERS: dict[str, Any] = {"embedded": Embedded, "redis": OwnRedis, "rabbitmq": RabbitThroughProxy}


def missing(name: str) -> str:
    """Return why the broker cannot be had on this machine; an empty text when it can."""
    if name == "redis":
        return "" if shutil.which("redis-server") else "redis-server is not installed"
    if name == "rabbitmq":
        parts = urlsplit(services.RABBITMQ)
        try:
            socket.create_connection((parts.hostname or "", parts.port or 5672), 2).close()
        except OSError as error:
            return f"RabbitMQ does not answer at {parts.hostname}:{parts.port}: {error}"
    return ""
