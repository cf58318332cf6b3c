"""Commands of the console: ``flask calendar load-holidays``."""

import click
from flask.cli import AppGroup

from collab.calendar import service
from collab.kernel.access import job_actor
from collab.kernel.clock import utc_now
from collab.web.context import database

group = AppGroup("calendar", help="Holidays and closures.")


@group.command("load-holidays")
def load_holidays() -> None:
    """Enter the Thai holidays of B.E. 2568-2570 that are not in the calendar yet."""
    with database().unit_of_work() as session:
        count = service.load_holidays(session, actor=job_actor("calendar.load"), now=utc_now())
    click.echo(f"{count} new")


COMMANDS = [group]
