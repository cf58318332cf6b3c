"""The pages of the timeline: filters in the address, rolled up or every change, differences by words, rubbish refused kindly."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans.models import ActionItem
from tests.factories import action_plans as plans
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.fixture
def item(session: Session, world: World, now: datetime) -> ActionItem:
    plan = plans.make_plan(session, world, now - timedelta(days=20))
    found = plans.make_item(session, world, now - timedelta(days=20), plan, plans.make_resolution(session, world, now))
    plans.activate(session, world, now - timedelta(days=19), plan)
    for number in range(4):
        edit(
            session,
            world,
            found,
            now - timedelta(days=5 - number),
            description=f"ตรวจวัดกลิ่นและน้ำชะขยะรอบบ่อขยะทุกเดือน ครั้งที่ {number}",
        )
    return found


def edit(session: Session, world: World, item: ActionItem, at: datetime, **values: str) -> None:
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=at, subject=item):
        for name, value in values.items():
            setattr(item, name, value)
    session.commit()


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def test_opens_on_decisions_with_small_changes_in_one_row(browse: Browse, item: ActionItem) -> None:
    page = text_of(browse("auditor"), f"/history/action_plan/{item.plan_id}")
    assert "การเปลี่ยนแปลง 4 รายการโดย" in page
    assert "เริ่มใช้แผน" in page or "ประกาศใช้แผน" in page
    every = text_of(browse("auditor"), f"/history/action_plan/{item.plan_id}?view=every")
    assert "การเปลี่ยนแปลง 4 รายการโดย" not in every
    assert every.count('id="event-') >= 6


def test_a_small_change_by_itself_is_told_in_short_among_decisions(
    session: Session, world: World, now: datetime, browse: Browse, item: ActionItem
) -> None:
    """Its fields are a click away and nobody asks for its authority; of what was empty before only the new value is told."""
    with history.act(session, verb="action_item.edited", actor=world.actors["clerk_banphru"], now=now, subject=item) as done:
        item.title, item.location = "ชื่อใหม่", "บ่อขยะบ้านพรุ"
    session.commit()
    client = browse("auditor")
    in_short, whole = (
        text_of(client, f"/history/action_item/{item.id}?own=1{view}").split(f'id="event-{done.event_id}"')[1].split("</li>")[0]
        for view in ("", "&view=every")
    )
    for text in (in_short, whole):
        assert "ชื่อใหม่</ins>" in text
        assert text.count("<del>") == text.count("→") == 1
    assert ("ช่องข้อมูล 2 ช่อง" in in_short, "ช่องข้อมูล 2 ช่อง" in whole) == (True, False)
    assert ("ไม่ได้ระบุ" in in_short, "ไม่ได้ระบุ" in whole) == (False, True)


def test_the_row_of_a_run_leads_to_its_changes(browse: Browse, item: ActionItem, world: World) -> None:
    client = browse("auditor")
    page = text_of(client, f"/history/action_plan/{item.plan_id}")
    link = (
        next(part for part in page.split('href="') if f"who={world.users['coordinator'].id}" in part)
        .split('"')[0]
        .replace("&amp;", "&")
    )
    narrowed = text_of(client, link)
    assert narrowed.count('id="event-') == 4


def test_a_long_text_is_compared_by_words(browse: Browse, item: ActionItem) -> None:
    page = text_of(browse("auditor"), f"/history/action_item/{item.id}?view=every&verb=action_item.edited")
    assert "<del>2</del>" in page
    assert "<ins>3</ins>" in page
    assert "ก่อนเปลี่ยน" in page


@pytest.mark.parametrize(
    "query", ["verb=nothing", "who=x", "who=00000000-0000-0000-0000-000000000000", "first-day=99&first-month=13&first-year=x", "view=3",
              "only=x", "field=%22", "first-day=2&first-month=1&first-year=2570&last-day=1&last-month=1&last-year=2570"]
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_told_and_no_fault(browse: Browse, item: ActionItem, query: str) -> None:
    for path in ("/audit", f"/history/action_plan/{item.plan_id}"):
        assert "govuk-error-summary" in text_of(browse("auditor"), f"{path}?{query}", 422)


def test_filters_stay_in_the_address_of_older_pages(
    session: Session, world: World, now: datetime, browse: Browse, item: ActionItem
) -> None:
    for number in range(60):
        edit(session, world, item, now + timedelta(minutes=number), title=f"ชื่อ {number}")
    client = browse("auditor")
    page = text_of(client, "/audit?verb=action_item.edited&field=title&view=every")
    link = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert {"verb=action_item.edited", "field=title", "view=every"} <= set(link.split("?")[1].split("&"))
    assert text_of(client, link).count('id="event-') == 10


@pytest.mark.parametrize("key", ["clerk_banphru", "chair", "coordinator", "clerk_outside"])
def test_every_change_of_all_is_for_auditors(browse: Browse, key: str) -> None:
    assert browse(key).get("/audit").status_code == 403


def test_the_outside_council_does_not_read_the_plan(browse: Browse, item: ActionItem) -> None:
    assert browse("clerk_outside").get(f"/history/action_plan/{item.plan_id}").status_code == 404
    assert browse("clerk_phatong").get(f"/history/action_plan/{item.plan_id}").status_code == 200
