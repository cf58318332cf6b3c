"""``flask doctor``: is this installation well? One line a check, in Thai or English; the exit code is 1 when one is not.

No line holds a password: of an address only host and port are shown.
"""

import shutil
import smtplib
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from collab.kernel.clock import utc_now
from collab.kernel.db import Database
from collab.kernel.i18n import LOCALES, _, speaking
from collab.reminders import monitoring, presenters
from collab.web.context import database, settings
from collab.web.launcher.schema import code_heads
from config import Settings

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 5
CLOCK_TOLERANCE = timedelta(seconds=5)
LEAST_FREE_BYTES = 1024**3
TOO_MANY_RIGHTS = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}


class Problem(Exception):
    """What is wrong, in the reader's language."""


@dataclass(frozen=True)
class Patient:
    """What is examined."""

    settings: Settings
    database: Database
    now: datetime


def schema_is_current(patient: Patient) -> str:
    """The database answers and is at the newest revision."""
    wanted = code_heads(ROOT / "migrations" / "versions")
    with patient.database.reading() as session:
        found = set(session.scalars(sa.text("SELECT version_num FROM alembic_version")))
    if found != wanted:
        raise Problem(_("the schema is at %(found)s, the program needs %(wanted)s", found=_all(found), wanted=_all(wanted)))
    return _("revision %(found)s", found=_all(found))


def role_is_modest(patient: Patient) -> str:
    """The application's role may not change history, nor the schema."""
    with patient.database.reading() as session:
        role = session.scalar(sa.text("SELECT current_user"))
        if session.scalar(sa.text(TOO_MANY_RIGHTS)):
            raise Problem(_("the role %(role)s may do more than the application needs", role=role))
        if session.scalar(sa.text("SELECT has_table_privilege('history_event', 'UPDATE, DELETE, TRUNCATE')")):
            raise Problem(_("the role %(role)s may change the history", role=role))
    return str(role)


def clocks_agree(patient: Patient) -> str:
    """This machine and the database have the same time."""
    with patient.database.reading() as session:
        theirs = session.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(theirs - utc_now())
    if apart > CLOCK_TOLERANCE:
        raise Problem(
            _("the clocks of this machine and of the database are %(num)s seconds apart", num=round(apart.total_seconds()))
        )
    return _("%(num)s seconds apart", num=round(apart.total_seconds(), 1))


def broker_answers(patient: Patient) -> str:
    """The broker can be reached."""
    parts = urlsplit(patient.settings.broker_url)
    if parts.scheme == "spool":
        directory = Path(parts.netloc + parts.path)
        if not directory.is_dir():
            raise Problem(_("the directory of the embedded broker is not there: is a worker running?"))
        return _("embedded, %(num)s messages wait", num=len(list(directory.glob("*.msg"))))
    if not parts.hostname:
        return parts.scheme
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    socket.create_connection((parts.hostname, port), timeout=WAIT_SECONDS).close()
    return f"{parts.hostname}:{port}"


def mail_server_answers(patient: Patient) -> str:
    """The mail server greets, or mail is kept inside."""
    server = patient.settings.smtp
    if server is None:
        return _("mail is kept inside (sink)")
    kind = smtplib.SMTP_SSL if server.tls and server.port == smtplib.SMTP_SSL_PORT else smtplib.SMTP
    with kind(server.host, server.port, timeout=WAIT_SECONDS) as connection:
        connection.noop()
    return f"{server.host}:{server.port}"


def disk_has_room(patient: Patient) -> str:
    """The file store can be written and is not nearly full."""
    directory = patient.settings.files_dir
    while not directory.exists():
        directory = directory.parent
    free = shutil.disk_usage(directory).free
    if free < LEAST_FREE_BYTES:
        raise Problem(_("only %(num)s MB are free for files", num=free // 1024**2))
    return _("%(num)s MB free", num=free // 1024**2)


def jobs_run(patient: Patient) -> str:
    """Every background job has succeeded lately."""
    with patient.database.reading() as session:
        state = monitoring.snapshot(session, patient.now)
    if state.silent:
        names = _all(f"{presenters.job_text(job)} ({job.value})" for job in state.silent)
        raise Problem(_("silent for too long: %(names)s", names=names))
    return _("%(num)s paused", num=len(state.pauses))


def nothing_waits_long(patient: Patient) -> str:
    """The oldest undone row is young."""
    with patient.database.reading() as session:
        state = monitoring.snapshot(session, patient.now)
    seconds = max(state.waiting_seconds().values())
    if state.is_behind:
        raise Problem(_("the oldest undone row has been waiting for %(num)s minutes", num=round(seconds / 60)))
    return _("oldest undone row: %(num)s seconds", num=round(seconds))


def _all(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


CHECKS: dict[str, Callable[[Patient], str]] = {
    "database": schema_is_current,
    "role": role_is_modest,
    "clock": clocks_agree,
    "broker": broker_answers,
    "mail": mail_server_answers,
    "disk": disk_has_room,
    "jobs": jobs_run,
    "queue": nothing_waits_long,
}


def examine(patient: Patient) -> list[tuple[str, bool, str]]:
    """Return for each check its name, whether all is well, and the finding in words. One that breaks down does not stop the others."""
    found = []
    for name, check in CHECKS.items():
        try:
            found.append((name, True, check(patient)))
        except Problem as problem:
            found.append((name, False, str(problem)))
        except Exception as error:  # noqa: BLE001 - whatever breaks is the finding; its text might hold an address with a password
            found.append((name, False, _("does not answer (%(kind)s)", kind=type(error).__name__)))
    return found


@click.command("doctor")
@with_appcontext
@click.option("--lang", type=click.Choice(sorted(LOCALES)), default="th", help="The language of the findings.")
def doctor(lang: str) -> None:
    """Say whether database, broker, mail, disk, clock and jobs are well."""
    with speaking(lang):
        findings = examine(Patient(settings(), database(), utc_now()))
        titles = {
            "database": _("Database"), "role": _("Role in the database"), "clock": _("Clock"), "broker": _("Broker"), "mail": _("Mail server"),
            "disk": _("Disk"), "jobs": _("Background jobs"), "queue": _("What waits"),
        }  # fmt: skip
        for name, is_well, text in findings:
            click.echo(f"{_('well') if is_well else _('PROBLEM'):<8} {titles[name]}: {text}")
    if not all(is_well for _name, is_well, _text in findings):
        raise SystemExit(1)
