"""The stage: a PostgreSQL cluster of our own, a mail sink, one broker, and the product's worker and beat as real processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import Session

from collab import history
from collab.factory import register_areas
from collab.history.sealing.keys import make_key
from collab.kernel import bootstrap, clock
from collab.kernel.access import job_actor
from collab.kernel.db import Database, create_engine
from collab.kernel.ids import new_id
from collab.members.models import User
from collab.notices.kinds import Mode
from collab.notices.models import NoticePreference
from collab.reminders.models import Audience, ReminderRule
from collab.web.launcher import embedded_postgres as embedded
from tests.factories.world import build_world
from tests.faults.brokers import Broker
from tests.faults.sink import MailSink
from tests.services import app_url

ROOT = Path(__file__).resolve().parents[2]
#: Children of the worker; a kill of the whole worker finds so many mails in flight.
CHILDREN = 2
NAME = "collab_faults"
LOG_ORIGIN = "faults.test/history"
#: Whose errands are due, each many.
PEOPLE = 100
#: What has not stopped so long after it was asked to is killed: TimeoutStopSec in docs/operators.md.
STOP_SECONDS = 30


class Cluster:
    """PostgreSQL, started and stopped as the harness likes: the product's embedded server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.cluster = embedded.locate(folder)
        embedded.prepare(self.cluster)
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = embedded.run_as(self.cluster.account)
        self._server = subprocess.Popen(
            self.cluster.server_command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        wait_for(self.cluster.is_ready, 60, "the database does not start")

    def crash(self) -> None:
        """Stop the server as a power cut would: no shutdown, recovery at the next start."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()

    def close(self) -> None:
        """End the server and remove what it needed outside its folder."""
        self.crash()
        embedded.remove(self.cluster)


def wait_for(what: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait until ``what`` is true; raise TimeoutError with ``otherwise`` after ``seconds``."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Return whether the process exists and is more than an entry that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Stage:
    """Everything that a fault needs: what runs, and the means to disturb it. Open with `stage`."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        self.cluster = cluster
        self.sink = MailSink()
        self.url = app_url(cluster.cluster.superuser_url, bootstrap.APP_ROLE, NAME)
        self.owner_url = app_url(cluster.cluster.superuser_url, bootstrap.OWNER_ROLE, NAME)
        self.engine = create_engine(self.url)
        self.database = Database(self.engine, lambda _job, _arguments: None)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.clock = folder / "clock"
        self.log_key = folder / "log-key"
        self.broker: Broker | None = None
        self.set_clock(timedelta(0))

    def prepare(self) -> None:
        """Make the schema, the table of the made-up kind, a rule, people, and the key of the history's log."""
        server = self.cluster.cluster.superuser_url
        bootstrap.create_database(server, NAME)
        config = Config(str(ROOT / "alembic.ini"))
        config.set_main_option("sqlalchemy.url", self.owner_url.replace("%", "%%"))
        command.upgrade(config, "head")
        owner = create_engine(self.owner_url)
        with owner.begin() as connection:
            connection.execute(sa.text("CREATE TABLE errand (id uuid PRIMARY KEY, due_on date NOT NULL, owner_id uuid NOT NULL)"))
            connection.execute(sa.text("CREATE INDEX ix_errand_due_on ON errand (due_on)"))
            connection.execute(sa.text(f"GRANT SELECT, INSERT, DELETE ON errand TO {bootstrap.APP_ROLE}"))
        owner.dispose()
        now = datetime(2026, 1, 5, 3, tzinfo=UTC)
        with self.database.unit_of_work() as session:
            build_world(session, now)
        with self.database.unit_of_work() as session:
            rule = ReminderRule(audience=Audience.OWNER, offset_days=1, repeat_days=0, due_kind="errand", enabled_on=now.date())
            with history.act(session, verb="reminder_rule.added", actor=job_actor("faults"), now=now, subject=rule):
                session.add(rule)
            _add_people(session, now)
        make_key(self.log_key, LOG_ORIGIN)

    def add_errands(self, count: int) -> None:
        """Let so many errands of the people be late by three days."""
        self.execute(
            "INSERT INTO errand (id, due_on, owner_id) SELECT gen_random_uuid(), :due, u.id FROM generate_series(1, :count) n "
            "JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM user_account WHERE email LIKE 'person%') u "
            "ON u.place = n % :people + 1",
            due=self.day - timedelta(days=3), count=count, people=PEOPLE,
        )  # fmt: skip

    def set_clock(self, ahead: timedelta) -> None:
        """Let the product's clock be ``ahead`` of a working day at ten in Bangkok (it goes on from there)."""
        if not hasattr(self, "_monday"):
            now = clock.utc_now()
            day = clock.today(now)
            self._monday = clock.at_bangkok(day + timedelta(days=7 - day.weekday()), 10) - now
        draft = self.clock.with_suffix(".new")
        draft.write_text(str((self._monday + ahead).total_seconds()), encoding="ascii")
        draft.rename(self.clock)

    @property
    def day(self) -> Any:
        """The day on which the product believes to be."""
        return clock.today(clock.utc_now() + self._monday)

    def environ(self) -> dict[str, str]:
        """Return the environment of the product's processes."""
        assert self.broker is not None
        return os.environ | {
            "COLLAB_ENV": "test", "COLLAB_SECRET_KEY": "faults-only", "COLLAB_DATABASE_URL": self.url,
            "COLLAB_STATE_DIR": str(self.folder / "state"), "COLLAB_BROKER_URL": self.broker.url, "COLLAB_QUEUE": self.broker.queue,
            "COLLAB_MAIL_URL": f"smtp://127.0.0.1:{self.sink.port}?tls=0", "COLLAB_MAIL_FROM": "collab@faults.test",
            "COLLAB_LOG_KEY_FILE": str(self.log_key), "COLLAB_LOG_ORIGIN": LOG_ORIGIN,
            "COLLAB_FAULTS_CLOCK": str(self.clock), "COLLAB_DATABASE_POOL": "2", "PYTHONPATH": str(ROOT),
            # As docs/operators.md has a worker run.
            "REMAP_SIGTERM": "SIGQUIT",
        }  # fmt: skip

    def start(self, name: str) -> None:
        """Start a process: "worker", or one whose name begins with "beat"."""
        command = [sys.executable, "-m", "celery", "-A", "tests.faults.app"]
        if name == "worker":
            command += ["worker", "-c", str(CHILDREN), "--without-gossip", "--without-mingle"]
        else:
            command += ["beat", "--pidfile="]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=self.folder, env=self.environ(), stdout=log, stderr=log, start_new_session=True
            )

    def stop(self, name: str) -> float:
        """Ask a process to stop, as an installation's supervisor does, and kill what does not; return how many seconds it took."""
        process, began = self.processes[name], time.monotonic()
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        self.kill(name)
        return time.monotonic() - began

    def kill(self, name: str) -> None:
        """`kill -9` of a process with all its children; what they had claimed is nobody's."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        """End every process."""
        for name in list(self.processes):
            self.kill(name)

    def revive(self) -> None:
        """Start again what died, as the supervisor of an installation does."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.kill(name)
                self.start(name)

    def children(self) -> list[int]:
        """Return the ids of the worker's living children; wait for some while they are being started."""
        pid, found = self.processes["worker"].pid, list[int]()

        def are_there() -> bool:
            names = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
            found[:] = [child for child in map(int, names) if is_alive(child)]
            return bool(found)

        wait_for(are_there, 60, "the worker has no children")
        return found

    def keep_logs(self, folder: Path) -> None:
        """Copy what the processes wrote to ``folder``, for whoever asks why a promise was broken."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("*.log"):
            shutil.copy(path, folder)

    def execute(self, statement: str, **values: Any) -> Any:
        """Run one statement of the harness and return its rows, if any."""
        with self.engine.begin() as connection:
            result = connection.execute(sa.text(statement), values)
            return result.all() if result.returns_rows else None

    def end_leases(self) -> None:
        """Let the time of a lease pass for claims of the dead. Whoever lives keeps what it claimed, however slow the machine is."""
        for table in ("message", "reminder"):
            holders = self.execute(f"SELECT DISTINCT claimed_by FROM {table} WHERE state = 'claimed' AND claimed_by IS NOT NULL")
            # A holder's name is host:process:run.
            dead = [name for (name,) in holders if not is_alive(int(name.split(":")[1]))]
            self.execute(
                f"UPDATE {table} SET leased_until = clock_timestamp() - interval '1 second' "
                "WHERE state = 'claimed' AND claimed_by = ANY(:dead)",
                dead=dead,
            )

    def end_waits(self) -> None:
        """Let the time of a back-off pass; what somebody is just dealing with is left alone."""
        moment = clock.utc_now() - timedelta(days=2)
        for table, state in (("message", "waiting"), ("reminder", "due")):
            self.execute(
                f"UPDATE {table} SET next_attempt_at = :moment WHERE id IN (SELECT id FROM {table} "
                "WHERE state = :state AND next_attempt_at > :moment FOR UPDATE SKIP LOCKED)",
                state=state, moment=moment,
            )  # fmt: skip


def _add_people(session: Session, now: datetime) -> None:
    """Add the people whose errands are due, each with a history as everybody has one."""
    clerk = session.scalars(sa.select(User).where(User.email == "clerk_banphru@example.test")).one()
    people = [
        User(
            id=new_id(), email=f"person{number}@faults.test", name_th=clerk.name_th, name_en=clerk.name_en, position=clerk.position,
            organisation_id=clerk.organisation_id, locale=clerk.locale,
        )
        for number in range(PEOPLE)
    ]  # fmt: skip
    history.add_each(session, actor=job_actor("faults"), acts=[("user.created", now, person) for person in people])
    # Each reminder is a mail of its own, at once: bundles of ten minutes would only make the play longer.
    session.add_all(NoticePreference(user_id=person.id, kind="reminder", mode=Mode.AT_ONCE) for person in people)


@contextmanager
def stage() -> Iterator[Stage]:
    """Open a stage; take it down at the end."""
    register_areas()
    folder = Path(tempfile.mkdtemp(prefix="collab-faults-"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "postgres")
    made = Stage(folder, cluster)
    try:
        made.prepare()
        yield made
    finally:
        made.stop_all()
        made.sink.stop()
        made.engine.dispose()
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)
