"""What a browser is told while the database is gone: the page in plain words, with and without a session cookie."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from collab.factory import create_app, create_core
from collab.kernel.db import Database, create_engine
from config import Settings


@pytest.fixture
def cut_off(settings: Settings, now: datetime) -> Flask:
    """The web application, whose database answers nobody."""
    nowhere = create_engine("postgresql+psycopg://nobody@/nothing?host=/nonexistent")
    made = create_app(
        create_core(settings, lambda _job, _arguments: None, database=Database(nowhere, lambda *_: None), clock=lambda: now)
    )
    made.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    return made


def stranger(app: Flask) -> FlaskClient:
    return app.test_client()


def signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    with app.test_request_context(environ_base=client.environ_base):
        identifier = app.login_manager._session_identifier_generator()  # type: ignore[attr-defined]
    with client.session_transaction() as session:
        session.update(_user_id="token", _id=identifier, _fresh=True)
    return client


@pytest.mark.parametrize("who", [stranger, signed_in])
def test_the_page_says_in_plain_words_that_it_is_not_available(cut_off: Flask, who: Callable[[Flask], FlaskClient]) -> None:
    client = who(cut_off)
    answer = client.get("/public")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert "<h1" in answer.text
    assert "ขณะนี้ระบบไม่พร้อมให้บริการ" in answer.text
    assert client.get("/readyz").status_code == 503


def test_a_page_that_is_not_there_needs_no_database(cut_off: Flask) -> None:
    answer = signed_in(cut_off).get("/nonsense")
    assert answer.status_code == 404
    assert 'id="main-content"' in answer.text


def test_a_program_is_told_by_a_problem(cut_off: Flask) -> None:
    answer = signed_in(cut_off).get("/api/v1/search?q=x")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "30"
