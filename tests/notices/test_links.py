"""Signed links: one purpose, one use, an end; opening one changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.notices import links, queries
from collab.notices.kinds import Mode
from collab.notices.links import Link, LinkFault, Purpose
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def link(world: World, now: datetime, kind: str = "meeting", days: int = 30) -> Link:
    return Link(world.users["clerk_banphru"].id, kind, None, new_id(), (now + timedelta(days=days)).replace(microsecond=0))


def test_what_was_signed_is_read_for_its_purpose_only(world: World, now: datetime) -> None:
    made = link(world, now)
    token = links.sign(Purpose.UNSUBSCRIBE, made)
    assert links.read(Purpose.UNSUBSCRIBE, token, now) == made
    with pytest.raises(LinkFault):
        links.read(Purpose.ACKNOWLEDGE, token, now)
    with pytest.raises(LinkFault) as over:
        links.read(Purpose.UNSUBSCRIBE, token, now + timedelta(days=30))
    assert over.value.is_expired


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: "😀", lambda t: t * 50, lambda t: t.upper()]
)
def test_what_was_changed_is_not_read(world: World, now: datetime, change: Callable[[str], str]) -> None:
    with pytest.raises(LinkFault):
        links.read(Purpose.UNSUBSCRIBE, change(links.sign(Purpose.UNSUBSCRIBE, link(world, now))), now)


def test_another_installation_signs_otherwise(world: World, now: datetime) -> None:
    token = links.sign(Purpose.UNSUBSCRIBE, link(world, now))
    links.configure("another secret")
    try:
        with pytest.raises(LinkFault):
            links.read(Purpose.UNSUBSCRIBE, token, now)
    finally:
        links.configure("test-only")


def test_a_link_works_once(session: Session, world: World, now: datetime) -> None:
    token = links.sign(Purpose.ACKNOWLEDGE, link(world, now))
    assert not links.is_used(session, token)
    assert [links.use_once(session, token, now) for _turn in range(2)] == [True, False]
    assert links.is_used(session, token)


def test_opening_the_link_asks_and_sending_it_switches_off(
    app: Flask, session: Session, world: World, now: datetime, client: FlaskClient
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    path, actor = links.path_to(Purpose.UNSUBSCRIBE, link(world, now)), world.actors["clerk_banphru"]
    assert client.get(path).status_code == 200
    assert queries.preferences(session, actor)["meeting"] is Mode.DIGEST
    for _turn in range(2):
        assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    session.expire_all()
    found = queries.preferences(session, actor)
    assert (found["meeting"], found["agreement"]) == (Mode.OFF, Mode.DIGEST)


def test_a_digest_is_left_except_for_what_a_duty_asks(session: Session, world: World, now: datetime, client: FlaskClient) -> None:
    client.post(links.path_to(Purpose.UNSUBSCRIBE, link(world, now, "digest")))
    found = queries.preferences(session, world.actors["clerk_banphru"])
    assert {kind for kind, mode in found.items() if mode is Mode.DIGEST} == {"reminder", "opinion_request", "finding", "erasure"}


def test_a_link_that_does_not_work_says_why(world: World, now: datetime, client: FlaskClient) -> None:
    expired = client.get(links.path_to(Purpose.UNSUBSCRIBE, link(world, now, days=-1)))
    assert (expired.status_code, "หมดอายุ" in expired.get_data(as_text=True)) == (410, True)
    wrong = client.post("/notices/unsubscribe/rubbish")
    assert (wrong.status_code, "ลิงก์ไม่ครบถ้วน" in wrong.get_data(as_text=True)) == (404, True)
    crossed = links.sign(Purpose.ACKNOWLEDGE, link(world, now))
    assert client.post(f"/notices/unsubscribe/{crossed}").status_code == 404
