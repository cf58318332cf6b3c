"""Commands of the console: ``flask members load-facts`` and ``flask members create-administrator ADDRESS``."""

from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope, job_actor
from collab.kernel.clock import today, utc_now
from collab.kernel.errors import DomainError, InvalidInput
from collab.members import account_queries, queries, reference_data
from collab.members.events import invitation_path
from collab.members.models import Organisation, User
from collab.members.service import invitations, people, second_factor
from collab.web.context import database, settings

group = AppGroup("members", help="Organisations and accounts.")


@group.command("load-facts")
def load_facts() -> None:
    """Enter the local governments around Hat Yai that are not there yet."""
    with database().unit_of_work() as session:
        before = len(queries.list_organisations(session))
        reference_data.load_organisations(session, actor=job_actor("members.load"), now=utc_now())
        count = len(queries.list_organisations(session)) - before
    click.echo(f"{count} new")


@group.command("create-administrator")
@click.argument("email")
@click.option("--name", default="", help="The person's name; the address when left out.")
@click.option("--organisation", default="", help="Thai name of the organisation; the first agency or PAO when left out.")
def create_administrator(email: str, name: str, organisation: str) -> None:
    """Make EMAIL an administrator and print the link, valid once and for seven days, to choose a password."""
    actor, now = job_actor("members.create_administrator"), utc_now()
    try:
        with database().unit_of_work() as session:
            user = account_queries.find_user_by_email(session, email)
            if user is None:
                home = _home(queries.list_organisations(session), organisation)
                values = {"email": email, "name_th": name or email, "name_en": "", "position": "ผู้ดูแลระบบ"}
                user = people.enter_user(session, actor=actor, now=now, organisation_id=home.id, values=values)
            roles = account_queries.roles_of(session, user.id)
            if not any(held.role is Role.ADMINISTRATOR and held.valid_to is None for held in roles):
                people.enter_role(
                    session, actor=actor, now=now, user=user, role=Role.ADMINISTRATOR, scope=Scope.INSTALLATION, scope_id=None,
                    valid_from=today(now), valid_to=None,
                )  # fmt: skip
            path = _invitation_path(session, actor, now, user)
    except InvalidInput as fault:
        raise click.ClickException("; ".join(fault.errors.values())) from fault
    except DomainError as fault:
        raise click.ClickException(fault.message) from fault
    click.echo(f"{settings().base_url}{path}" if path else "The account has a password already; it is an administrator now.")


@group.command("take-off-second-factor")
@click.argument("email")
def take_off_second_factor(email: str) -> None:
    """Let EMAIL sign in with the password alone, when telephone and recovery codes are lost."""
    with database().unit_of_work() as session:
        user = account_queries.find_user_by_email(session, email)
        if user is None:
            raise click.ClickException("Nobody has this address.")
        actor = job_actor("members.take_off_second_factor")
        was_on = second_factor.take_off(session, actor=actor, now=utc_now(), user_id=user.id)
    click.echo("off" if was_on else "no second factor was in use")


def _home(organisations: list[Organisation], name: str) -> Organisation:
    for row in organisations:
        if not name or row.name_th == name:
            return row
    raise click.ClickException("No such organisation: run `flask members load-facts` first, or name one with --organisation.")


def _invitation_path(session: Session, actor: Actor, now: datetime, user: User) -> str:
    """Return the path of a fresh invitation, '' when the person has a password already."""
    credential = account_queries.find_credential(session, user.id)
    if credential is not None and credential.password_hash:
        return ""
    token = invitations.send_invitation(session, actor=actor, now=now, user=user)
    return invitation_path(token)


COMMANDS = [group]
