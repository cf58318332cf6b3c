"""The first screen says how the plans stand: overseers see the whole committee, a municipality what it leads; figures open their rows."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import overview
from collab.action_plans.overview_queries import Scope
from tests.factories import action_plans as made
from tests.factories.world import World


@pytest.fixture
def late_item(session: Session, world: World, now: datetime) -> None:
    """An active plan with one late item that Ban Phru leads."""
    october = datetime(2026, 10, 5, 3, tzinfo=UTC)
    authority = made.make_resolution(session, world, october)
    plan = made.make_plan(session, world, october)
    made.make_item(session, world, october, plan, authority, starts_on=date(2026, 10, 6), due_on=date(2026, 11, 15))
    made.activate(session, world, october, plan)


@pytest.mark.parametrize(
    ("who", "figures"),
    [("coordinator", ["1", "0", "1"]), ("chair", ["1", "0", "1"]), ("clerk_banphru", ["1", "0", "1"]), ("clerk_khohong", [])],
)
def test_each_sees_how_their_plans_stand(
    late_item: None, browse: Callable[[str], FlaskClient], who: str, figures: list[str]
) -> None:
    client = browse(who)
    text = client.get("/home").get_data(as_text=True)
    found = re.findall(r'href="(/action-plans/overview/items\?[^"]+)">(\d+)</a>', text)
    assert [number for _url, number in found] == figures
    for url, number in found:
        assert client.get(url.replace("&amp;", "&")).get_data(as_text=True).count('<th scope="row"') == int(number)
    assert ("1 รายการล่าช้า นานที่สุด 6 วัน" in text) == bool(figures)


def test_a_first_screen_leaves_the_largest_plans_to_the_overview(
    late_item: None, session: Session, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = world.actors["coordinator"]
    assert len(overview.summary(session, actor, Scope(), now)) == 1
    monkeypatch.setattr(overview, "MOST_ITEMS", 0)
    assert overview.summary(session, actor, Scope(), now) == []
