"""What the launcher is told by the environment, and the environment that it gives to the processes."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collab.web.launcher.embedded_postgres import Cluster
from collab.web.launcher.processes import Spec

DATABASE = "collab"
HOST = "127.0.0.1"
WORKER_ENVIRON = {
    "REMAP_SIGTERM": "SIGQUIT",  # on SIGTERM tasks get `worker_soft_shutdown_timeout` and are then given back
    "PYTHONWARNINGS": "ignore:You're running the worker",  # as root, in a container: the launcher is for one machine
}


class OptionError(Exception):
    """A launcher setting cannot be used; the message is one line for the operator."""


@dataclass(frozen=True)
class Options:
    """The launcher's own settings, and the environment it was started with."""

    root: Path
    state_dir: Path
    port: int
    web_workers: int
    web_threads: int
    jobs: int
    environ: Mapping[str, str]

    @property
    def address(self) -> str:
        """Return where a browser on this machine finds the product."""
        return f"http://{HOST}:{self.port}"

    @property
    def uses_own_database(self) -> bool:
        """Return whether the operator named a database server, so that none is embedded."""
        return bool(self.environ.get("COLLAB_DATABASE_URL"))

    @property
    def is_demo(self) -> bool:
        """Return whether this is the demo, the launcher's usual use."""
        return self.environ.get("COLLAB_ENV", "demo") == "demo"


def read_options(environ: Mapping[str, str], root: Path) -> Options:
    """Return the options in `environ`; raise OptionError for the first that cannot be used."""
    state = environ.get("COLLAB_STATE_DIR", "").strip()
    return Options(
        root=root,
        state_dir=Path(state).expanduser().resolve() if state else root / "var",
        port=_whole(environ, "COLLAB_PORT", 8000, 65535),
        web_workers=_whole(environ, "COLLAB_WEB_WORKERS", 2, 64),
        web_threads=_whole(environ, "COLLAB_WEB_THREADS", 1, 64),
        jobs=_whole(environ, "COLLAB_JOBS", 1, 64),
        environ=environ,
    )


def _whole(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    raw = environ.get(name, "").strip()
    if not raw:
        return default
    if raw.isascii() and raw.isdigit() and 1 <= int(raw) <= most:
        return int(raw)
    raise OptionError(f"{name} must be a whole number from 1 to {most}, not {raw!r}")


def product_environ(options: Options, cluster: Cluster | None) -> dict[str, str]:
    """Return the variables that the processes need; what the operator has set is kept."""
    own = {
        "COLLAB_ENV": "demo",
        "COLLAB_STATE_DIR": str(options.state_dir),
        "COLLAB_PORT": str(options.port),
        "COLLAB_BASE_URL": options.address,
    }
    if cluster is not None:
        own["COLLAB_DATABASE_URL"] = cluster.url("collab_app", DATABASE)
        own["COLLAB_DATABASE_OWNER_URL"] = cluster.url("collab_owner", DATABASE)
    return own | {name: value for name, value in options.environ.items() if name.startswith("COLLAB_") and value}


def _environ(options: Options, product: Mapping[str, str], **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in options.environ.items() if not name.startswith("COLLAB_")}
    return inherited | dict(product) | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(options.root)} | more


def _without_owner(product: Mapping[str, str]) -> dict[str, str]:
    """Return the variables less the owner's address: web and worker must not be able to alter tables."""
    return {name: value for name, value in product.items() if name != "COLLAB_DATABASE_OWNER_URL"}


def python_step(name: str, options: Options, product: Mapping[str, str], *command: str) -> Spec:
    """Return a step that runs a Python module with the given arguments, as owner of the database."""
    return Spec(name=name, command=[sys.executable, "-m", *command], cwd=options.root, environ=_environ(options, product))


def web_command(options: Options, application: str = "wsgi:app") -> list[str]:
    """Return the module and arguments that serve the WSGI ``application``; the bench serves others under the same settings."""
    kind = ["--worker-class", "gthread", "--threads", str(options.web_threads)] if options.web_threads > 1 else []
    web = ["gunicorn", application, "--bind", f"{HOST}:{options.port}", "--workers", str(options.web_workers), *kind]
    return [*web, "--graceful-timeout", "5", "--timeout", "60", "--log-level", "warning", "--no-control-socket"]


def product_specs(options: Options, product: Mapping[str, str]) -> list[Spec]:
    """Return the processes that make up the product beside the database."""
    web = web_command(options)
    celery = ["celery", "-A", "workers.celery_app", "--quiet"]
    worker = [*celery, "worker", "--concurrency", str(options.jobs), "--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--pidfile="]
    environ = _environ(options, _without_key(_without_owner(product)), **WORKER_ENVIRON)
    with_key = environ | {"COLLAB_LOG_KEY_FILE": log_key_file(options, product)}
    return [
        Spec(name=name, command=[sys.executable, "-m", *command], cwd=options.root, environ=given, colour=colour)
        for name, command, colour, given in (
            ("web", web, 32, environ),
            ("worker", worker, 36, with_key),
            ("beat", beat, 35, environ),
        )
    ]


def log_key_file(options: Options, product: Mapping[str, str]) -> str:
    """Return where the log's signing key is: the operator's choice, else in the state directory, where the demo's worker makes it."""
    return product.get("COLLAB_LOG_KEY_FILE") or str(options.state_dir / "log" / "key")


def _without_key(product: Mapping[str, str]) -> dict[str, str]:
    """Return the variables less the place of the signing key: only the worker that seals is told it."""
    return {name: value for name, value in product.items() if name != "COLLAB_LOG_KEY_FILE"}


def database_spec(cluster: Cluster, environ: Mapping[str, str], identity: Mapping[str, object]) -> Spec:
    """Return the embedded database as a process: SIGINT is PostgreSQL's quick and orderly stop."""
    kept = {name: environ[name] for name in ("PATH", "TZ", "LD_LIBRARY_PATH") if name in environ}
    return Spec(
        name="database",
        command=cluster.server_command(),
        cwd=cluster.home,
        environ=kept | {"LC_ALL": "C.UTF-8"},
        stop_signal=signal.SIGINT,
        is_server=True,
        colour=34,
        identity=identity,
    )
