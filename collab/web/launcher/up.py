"""``up``: from nothing to an answering product, and back to nothing. ``demo-reset``: the demo as on its first day."""

import fcntl
import http.client
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from collab.kernel.bootstrap import prepare_database
from collab.web.launcher import embedded_postgres, schema
from collab.web.launcher.embedded_postgres import Cluster, PostgresError
from collab.web.launcher.options import (
    DATABASE,
    HOST,
    OptionError,
    Options,
    database_spec,
    product_environ,
    product_specs,
    python_step,
)
from collab.web.launcher.processes import Console, StopRequestedError, Supervisor, end_with_parent

READY_SECONDS = 60.0
PORT_PATIENCE_SECONDS = 3.0
STATE_KEPT_BY_RESET = frozenset({"run.lock"})


class StartError(Exception):
    """The product cannot be started; the message is for the person at the terminal."""


def up(options: Options, *, stop_with_parent: bool = False) -> int:
    """Run the product until Ctrl-C or SIGTERM; return the exit code (0 after an asked-for stop, 1 when it cannot start)."""
    if stop_with_parent:
        end_with_parent(signal.SIGTERM)
    console = Console(sys.stdout)
    supervisor = Supervisor(console)
    supervisor.catch_signals()
    try:
        with _only_one(options):
            try:
                _check_port(options)
                _start(options, supervisor)
                supervisor.watch()
            finally:
                console.say("stopping")
                supervisor.stop()
                console.say("stopped")
    except StopRequestedError:
        return 0
    except (StartError, PostgresError, OptionError) as error:
        console.complain(str(error))
        return 1
    except PermissionError as error:
        console.complain(f"{error.filename} belongs to another user; run as that user, or remove it")
        return 1
    return 0


def demo_reset(options: Options) -> int:
    """Delete the demo's state and build it anew, without starting the web; return the exit code."""
    console = Console(sys.stdout)
    supervisor = Supervisor(console)
    supervisor.catch_signals()
    if options.uses_own_database or not options.is_demo:
        console.complain("demo-reset deletes only the embedded demo; unset COLLAB_DATABASE_URL and COLLAB_ENV")
        return 1
    try:
        with _only_one(options):
            try:
                embedded_postgres.remove(embedded_postgres.locate(options.state_dir))
                _clear(options)
                _prepare_all(options, supervisor)
                console.say("the demo is as on its first day; start it with: make run")
            finally:
                supervisor.stop()
    except StopRequestedError:
        return 1
    except (StartError, PostgresError) as error:
        console.complain(str(error))
        return 1
    return 0


@contextmanager
def _only_one(options: Options) -> Iterator[None]:
    """Hold the lock of this state directory; the system frees it however we end."""
    options.state_dir.mkdir(parents=True, exist_ok=True)
    with (options.state_dir / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(_already_running(file)) from None
        _write(file, f"{options.address} {os.getpid()}")
        try:
            yield
        finally:
            _write(file, "")


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _already_running(file: IO[str]) -> str:
    file.seek(0)
    address, _, process = file.read().partition(" ")
    return f"already running at {address or 'an unknown address'} (process {process or 'unknown'}); stop it there with Ctrl-C"


def _check_port(options: Options) -> None:
    """Raise StartError when the port is taken; a killed predecessor is given a moment to let go of it."""
    end = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, options.port))
            except OSError as error:
                if time.monotonic() > end:
                    raise StartError(
                        f"port {options.port} cannot be used ({error.strerror}); "
                        f"choose another one, for example: COLLAB_PORT={options.port % 65535 + 1} make run"
                    ) from None
            else:
                return
        time.sleep(0.1)


def _start(options: Options, supervisor: Supervisor) -> None:
    """Start everything and say where it is, once it answers."""
    began = time.monotonic()
    product = _prepare_all(options, supervisor)
    for spec in product_specs(options, product):
        supervisor.start(spec)
    if not supervisor.wait_until(lambda: _answers(options), READY_SECONDS):
        supervisor.console.say(f"no answer from {options.address} after {READY_SECONDS:.0f} s; see the lines above")
        return
    supervisor.console.say(f"ready after {time.monotonic() - began:.1f} s")
    if options.is_demo:
        _show_accounts(options, product, supervisor)
    supervisor.console.say(f"open {options.address} (Ctrl-C stops everything)")


def _prepare_all(options: Options, supervisor: Supervisor) -> dict[str, str]:
    """Have a running database with the present schema and, in a new demo, its data; return the product's environment."""
    if options.uses_own_database:
        product = product_environ(options, None)
        _migrate(options, product, supervisor)
        return product
    cluster = embedded_postgres.locate(options.state_dir)
    _start_database(options, cluster, supervisor)
    product = product_environ(options, cluster)
    prepare_database(cluster.superuser_url, DATABASE)
    _migrate(options, product, supervisor)
    if options.is_demo and not cluster.loaded_marker.exists():
        supervisor.console.say("loading the demo data")
        _step(supervisor, options, product, "demo", "flask", "--app", "wsgi", "demo", "load")
        cluster.loaded_marker.touch()
    return product


def _start_database(options: Options, cluster: Cluster, supervisor: Supervisor) -> None:
    embedded_postgres.stop_leftover(cluster)
    if embedded_postgres.prepare(cluster):
        cluster.loaded_marker.unlink(missing_ok=True)
        supervisor.console.say("made a new database cluster")
    supervisor.start(database_spec(cluster, options.environ, embedded_postgres.run_as(cluster.account)))
    if not supervisor.wait_until(cluster.is_ready, READY_SECONDS):
        raise PostgresError("the embedded PostgreSQL does not become ready; see the lines above")


def _migrate(options: Options, product: dict[str, str], supervisor: Supervisor) -> None:
    """Bring the schema up to date, as the owner, when it is not."""
    owner = product.get("COLLAB_DATABASE_OWNER_URL")
    if owner is None:
        supervisor.console.say("COLLAB_DATABASE_OWNER_URL is not set: the schema is taken as it is")
        return
    address = owner.replace("postgresql+psycopg://", "postgresql://", 1)
    if schema.is_current(address, options.root / "migrations" / "versions"):
        return
    supervisor.console.say("bringing the schema up to date")
    _step(supervisor, options, product, "migrate", "alembic", "upgrade", "head")


def _step(supervisor: Supervisor, options: Options, product: dict[str, str], name: str, *command: str) -> None:
    code = supervisor.run(python_step(name, options, product, *command))
    if code != 0:
        raise StartError(f"{' '.join(command)} failed (exit code {code}); see the lines above")


def _answers(options: Options) -> bool:
    """Return whether the health page answers with success."""
    connection = http.client.HTTPConnection(HOST, options.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _show_accounts(options: Options, product: dict[str, str], supervisor: Supervisor) -> None:
    lines: list[str] = []
    code = supervisor.run(python_step("demo", options, product, "flask", "--app", "wsgi", "demo", "accounts"), keep=lines)
    for line in lines:
        supervisor.console.say(line)
    if code != 0:
        supervisor.console.say("the demo accounts could not be listed")


def _clear(options: Options) -> None:
    """Delete everything in the state directory but the lock that we hold."""
    for path in options.state_dir.iterdir():
        if path.name in STATE_KEPT_BY_RESET:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
