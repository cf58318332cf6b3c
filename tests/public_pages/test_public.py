"""What citizens see: agreements that are or were in force, and nothing of drafts or of people."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.agreements.states import AgreementState
from collab.kernel.ids import new_id
from tests.factories.agreements import agreement_in
from tests.factories.world import World

S = AgreementState


@pytest.mark.parametrize("state", list(S))
def test_only_what_is_or_was_in_force_is_public(
    client: FlaskClient, session: Session, world: World, now: datetime, state: AgreementState
) -> None:
    made = agreement_in(session, world, now, state)
    is_public = made.state in (S.IN_FORCE, S.TERMINATED)
    assert (made.title in client.get("/public").text) is is_public
    assert client.get(f"/public/agreements/{made.id}").status_code == (200 if is_public else 404)


def test_no_person_is_named(client: FlaskClient, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    text = client.get("/public").text + client.get(f"/public/agreements/{made.id}").text
    assert world.organisations["banphru"].name_th in text
    for user in world.users.values():
        assert user.name_th not in text
        assert user.email not in text


@pytest.mark.parametrize("path", ["/public", "/public/accessibility", "/public/help"])
def test_pages_open_to_everybody_in_both_languages(client: FlaskClient, world: World, path: str) -> None:
    assert 'lang="th"' in client.get(path).text
    client.get("/language/en")
    assert client.get(path).status_code == 200


def test_unknown_and_rubbish(client: FlaskClient, world: World) -> None:
    assert client.get(f"/public/agreements/{new_id()}").status_code == 404
    assert client.get("/public?cursor=%00rubbish").status_code in (200, 404, 422)
