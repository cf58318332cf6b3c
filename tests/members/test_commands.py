"""The console: loading facts, and the first administrator."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.members import account_queries, queries
from tests.factories.members import PASSWORD


def test_a_fresh_installation_gets_its_administrator(app: Flask, session: Session, client: FlaskClient) -> None:
    console = app.test_cli_runner()
    too_early = console.invoke(args=["members", "create-administrator", "first@example.test"])
    assert too_early.exit_code == 1
    assert "load-facts" in too_early.output
    assert console.invoke(args=["members", "load-facts"]).output == "28 new\n"
    assert console.invoke(args=["members", "load-facts"]).output == "0 new\n"
    assert console.invoke(args=["calendar", "load-holidays"]).output == "76 new\n"
    made = console.invoke(args=["members", "create-administrator", "first@example.test", "--name", "คนแรก"])
    assert made.exit_code == 0, made.output
    path = made.output.strip().removeprefix(app.extensions["collab"].settings.base_url)
    # The commands tell the time by the machine's clock, the tests by a fixed one: the link is from the future, and still works.
    assert client.post(path, data={"password": PASSWORD}).status_code == 303
    user = account_queries.find_user_by_email(session, "first@example.test")
    assert user is not None
    assert [role.role.value for role in account_queries.roles_of(session, user.id)] == ["administrator"]
    assert len(queries.list_organisations(session)) == 28
    assert len(calendar.list_holidays(session, 2026)) > 20
    again = console.invoke(args=["members", "create-administrator", "FIRST@example.test"])
    assert "already" in again.output


@pytest.mark.parametrize("address", ["nobody", "a b@c.de", "@"])
def test_a_wrong_address_is_told(app: Flask, address: str) -> None:
    console = app.test_cli_runner()
    console.invoke(args=["members", "load-facts"])
    refused = console.invoke(args=["members", "create-administrator", address])
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
