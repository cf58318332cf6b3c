"""The kept frame of pages: every fact that it shows makes another one, and nothing of one request is left in the next."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.access import job_actor
from collab.members.service import passwords
from collab.notices.service import queue_message
from tests.factories.world import World

ADDRESS = re.compile(r'/language/(?:en|th)\?next=([^"]*)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
WORDS = "หมวกสีเขียว-โคมไฟ-ตะกร้อ"


def header(client: FlaskClient, address: str = "/work") -> str:
    page = client.get(address)
    assert page.status_code == 200
    return page.text.partition("<header")[2].partition("<main")[0]


@pytest.fixture
def signed_in(app: Flask, session: Session, world: World, now: datetime) -> Callable[[str], FlaskClient]:
    """Return a function: key of a person -> a browser in which that person really signed in."""

    def enter(key: str) -> FlaskClient:
        user = world.users[key]
        passwords.give_password(session, actor=job_actor("test"), now=now, user_id=user.id, password=WORDS)
        session.commit()
        client = app.test_client()
        assert client.post("/sign-in", data={"email": user.email, "password": WORDS}).status_code == 303
        return client

    return enter


def test_one_persons_frame_is_not_anothers(signed_in: Callable[[str], FlaskClient], world: World) -> None:
    clerk, coordinator = signed_in("clerk_banphru"), signed_in("coordinator")
    for _turn in range(2):
        assert world.users["clerk_banphru"].name_th in header(clerk)
        assert world.users["coordinator"].name_th in header(coordinator)
        assert world.users["clerk_banphru"].name_th not in header(coordinator)
    tokens = {TOKEN.findall(header(each))[0] for each in (clerk, coordinator)}
    assert len(tokens) == 2
    assert "<token>" not in header(clerk)


def test_the_address_to_come_back_to_is_this_requests(browse: Callable[[str], FlaskClient]) -> None:
    person = browse("clerk_banphru")
    assert ADDRESS.findall(header(person, "/work?late=1&view=mine")) == ["%2Fwork%3Flate%3D1%26view%3Dmine"]
    assert ADDRESS.findall(header(person, "/notices")) == ["%2Fnotices%3F"]
    assert "<script>" not in header(person, '/work?cursor="><script>')


def test_a_new_notice_shows_at_once(
    signed_in: Callable[[str], FlaskClient], session: Session, world: World, now: datetime
) -> None:
    clerk = signed_in("clerk_banphru")
    before = header(clerk).count("collab-header__count")
    queue_message(
        session,
        now=now,
        recipient_id=world.users["clerk_banphru"].id,
        kind="action_item",
        subject="เรื่อง",
        text="ข้อความ",
        urgent=True,
    )
    session.commit()
    assert before == 0
    assert header(clerk).count("collab-header__count") == 1


def test_the_language_is_part_of_the_frame(browse: Callable[[str], FlaskClient]) -> None:
    person = browse("clerk_banphru")
    thai = header(person)
    person.set_cookie("collab_locale", "en")
    assert "Main menu" in header(person)
    assert "Main menu" not in thai


def test_a_page_of_the_work_list_costs_three_selects(
    signed_in: Callable[[str], FlaskClient], count_queries: Callable[[], object]
) -> None:
    clerk = signed_in("clerk_banphru")
    with count_queries() as statements:  # type: ignore[attr-defined]
        header(clerk)
    assert len(statements) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", "/agreements/00000000-0000-7000-8000-000000000000", 404),
        ("GET", "/audit/bundles", 403),
        ("GET", "/sign-out", 405),
        ("POST", "/nonsense", 404),
    ],
)
def test_an_error_page_keeps_the_menu_of_who_is_signed_in(
    signed_in: Callable[[str], FlaskClient], world: World, method: str, path: str, status: int
) -> None:
    """Somebody who lost the way must not think to be signed out."""
    client = signed_in("clerk_banphru")
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert world.users["clerk_banphru"].name_th in answer.text
    assert 'action="/sign-out"' in answer.text
    assert 'href="/sign-in"' not in answer.text
    stranger = client.application.test_client()
    assert 'action="/sign-out"' not in stranger.open(path, method=method).text
