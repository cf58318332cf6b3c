"""``flask demo load | accounts | scale``: the demonstration's data, who signs in, and mass data for measurements."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from collab.factory.demo import scale as mass
from collab.factory.demo import story
from collab.factory.demo.people import PASSWORD, PEOPLE
from collab.factory.doctor import doctor
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


@demo.command("scale")
@click.option("--committees", type=int, required=True, help="Committees of five municipalities each.")
@click.option("--items", type=int, required=True, help="Action items in all, up to 1,000,000.")
@click.option(
    "--events", type=int, required=True, help="Events in all, up to 10,000,000; those beyond one an item are progress and edits."
)
@click.option("--seed", type=int, default=0, help="Another seed makes other texts, dates and states.")
@click.option("--search/--no-search", "is_searchable", default=True, help="Whether items and reports enter the search index.")
def scale(committees: int, items: int, events: int, seed: int, is_searchable: bool) -> None:
    """Add consistent mass data to what is there. For measurements; never in production."""
    if settings().env.value == "production":
        raise click.ClickException("Mass data is not made in production: it could never be deleted again.")
    wanted = mass.Wanted(committees, items, events, seed, is_searchable)
    try:
        done = mass.build(settings(), wanted, utc_now(), click.echo)
    except mass.ScaleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Done in {done.seconds:.0f} s: {events / done.seconds:,.0f} events/s.")
    click.echo(f"To see a full work list sign in as {done.example} with {PASSWORD}.")


COMMANDS = [demo, doctor]
