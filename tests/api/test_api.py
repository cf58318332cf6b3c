"""The API: the same rights as the pages, explicit shapes, RFC 9457 problems, and a description that is true."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.api.description import openapi
from collab.kernel.ids import new_id
from collab.proposals.states import ProposalState
from tests.factories.proposals import proposal_in
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
PROBLEM = "application/problem+json"


def test_the_description_names_every_route_and_only_those(app: Flask) -> None:
    routes = {
        rule.rule.replace("<uuid:", "<").replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.description"
    }
    assert set(openapi()["paths"]) == routes


@pytest.mark.parametrize(
    "path", ["/api/v1/search?q=x", "/api/v1/work", "/api/v1/objects/proposal/01a1fd61-1f07-7148-9d59-de90aa5e8a94"]
)
def test_a_stranger_gets_a_problem_and_no_page(client: FlaskClient, world: World, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (401, PROBLEM)
    assert answer.json is not None
    assert answer.json["status"] == 401


@pytest.mark.parametrize(
    ("who", "status"), [("clerk_banphru", 200), ("clerk_khohong", 404), ("coordinator", 404), ("auditor", 404)]
)
def test_a_draft_is_its_municipalitys_here_too(
    browse: Browse, session: Session, world: World, now: datetime, who: str, status: int
) -> None:
    made = proposal_in(session, world, now)
    for path in (f"/api/v1/objects/proposal/{made.id}", f"/api/v1/objects/proposal/{made.id}/history"):
        answer = browse(who).get(path)
        assert answer.status_code == status
        assert answer.mimetype == ("application/json" if status == 200 else PROBLEM)


def test_an_object_with_why_and_its_history(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, ProposalState.SUBMITTED)
    client = browse("auditor")
    shown: Any = client.get(f"/api/v1/objects/proposal/{made.id}").json
    assert (shown["kind"], shown["number"], shown["title"], shown["because_of"]) == ("proposal", made.number, made.title, [])
    told: Any = client.get(f"/api/v1/objects/proposal/{made.id}/history").json
    assert [event["verb"] for event in told["items"]] == ["proposal.submitted", "proposal.drafted"]
    assert told["items"][0]["recorded_at"].endswith("+00:00")


def test_work_is_the_persons_own(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, ProposalState.SUBMITTED)
    ids = {
        who: {row["object"]["id"] for row in browse(who).get("/api/v1/work").json["items"]}
        for who in ("coordinator", "clerk_khohong")
    }  # type: ignore[index]
    assert str(made.id) in ids["coordinator"]
    assert str(made.id) not in ids["clerk_khohong"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/objects/nonsense/{}", "/api/v1/objects/proposal/{}", "/api/v1/objects/proposal/not-an-id", "/api/v1/nowhere"],
)
def test_unknown_things_are_problems(browse: Browse, path: str) -> None:
    answer = browse("coordinator").get(path.format(new_id()))
    assert (answer.status_code, answer.mimetype) == (404, PROBLEM)


@pytest.mark.parametrize("cursor", ["x", "%00", "e30", "💥"])
def test_a_rubbish_cursor_is_no_fault_of_the_server(browse: Browse, world: World, cursor: str) -> None:
    assert browse("coordinator").get(f"/api/v1/search?q=แผน&cursor={cursor}").status_code < 500
