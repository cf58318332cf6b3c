"""``flask demo load | accounts``: the demonstration's data and who signs in."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from collab.factory.demo import story
from collab.factory.demo.people import PASSWORD, PEOPLE
from collab.kernel.clock import utc_now
from collab.members.models import User
from collab.web.context import database, settings

demo = AppGroup("demo", help="The demonstration.")


@demo.command("load")
def load() -> None:
    """Tell the demonstration's story into an empty installation; do nothing when somebody is there already."""
    with database().unit_of_work() as session:
        if session.scalar(sa.select(User.id).limit(1)) is not None:
            click.echo("There are accounts already: nothing was loaded.")
            return
        story.tell(session, utc_now())
    click.echo("The demonstration was loaded.")


@demo.command("accounts")
def accounts() -> None:
    """Print one account per role and the password they share."""
    if not settings().is_demo:
        raise click.ClickException("Only a demonstration has demonstration accounts.")
    for person in PEOPLE:
        if person.is_listed:
            click.echo(f"  {person.email:<28} {PASSWORD:<20} {person.role.value}")


COMMANDS = [demo]
