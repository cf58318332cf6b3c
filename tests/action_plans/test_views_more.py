"""Board, calendar, who waits for whom, map: what they show, to whom, and moving without dragging."""

import re
from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import blocked, board, month, queries
from collab.action_plans import map as maps
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.states import ItemState
from collab.kernel import i18n
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members.places import Place
from tests.action_plans.test_views import add_many
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
Count = Callable[[], Any]
VIEWS = ("board", "board?by=state", "month?month=2027-01", "waits", "map")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_for_those_who_see_the_plan(browse: Browse, client: FlaskClient, plan: ActionPlan, view: str) -> None:
    path = f"/action-plans/{plan.id}/{view}"
    for who in ("coordinator", "chair", "auditor", "clerk_banphru", "administrator"):
        page = browse(who).get(path)
        assert page.status_code == 200, who
        assert page.text.count("<h1") == 1
        assert "style=" not in page.text
    assert browse("clerk_outside").get(path).status_code == 404
    assert client.get(path).status_code == 303
    english = browse("chair")
    english.set_cookie("collab_locale", "en")
    assert "Who waits for whom" in english.get(path).text


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_asks_more_for_more_items(
    browse: Browse,
    session: Session,
    world: World,
    now: datetime,
    draft: ActionPlan,
    authority: Ref,
    count_queries: Count,
    view: str,
) -> None:
    client, counts = browse("coordinator"), []
    for more in (2, 40):
        add_many(session, world, now, draft, authority, more)
        with count_queries() as statements:
            assert client.get(f"/action-plans/{draft.id}/{view}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10


@pytest.mark.parametrize("view", ["board", "month", "waits", "map"])
def test_filters_go_with_the_reader(browse: Browse, plan: ActionPlan, view: str) -> None:
    page = browse("chair").get(f"/action-plans/{plan.id}/{view}?state=open&late=1").text
    for other in ("board", "month", "waits", "map"):
        assert f'/action-plans/{plan.id}/{other}?state=open&amp;late=1"' in page
    typed = browse("chair").get(f"/action-plans/{plan.id}/{view}?apply=1&state=open&text=")
    assert typed.location.endswith(f"/{view}?state=open")


def test_the_board_by_organisation_and_by_state(browse: Browse, plan: ActionPlan, item: ActionItem) -> None:
    page = browse("coordinator").get(f"/action-plans/{plan.id}/board").text
    assert f"/action-plans/items/{item.id}/move" in page
    assert f"/action-plans/items/{item.id}/move" not in browse("clerk_banphru").get(f"/action-plans/{plan.id}/board").text
    assert "ยังไม่เริ่ม" in browse("coordinator").get(f"/action-plans/{plan.id}/board?by=state").text


def test_a_long_column_leads_to_the_table(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    add_many(session, world, now, draft, authority, 2 * board.MOST_CARDS + 4)
    page = browse("coordinator").get(f"/action-plans/{draft.id}/board").text
    assert page.count('class="collab-board__card"') == 2 * board.MOST_CARDS
    assert f"/action-plans/{draft.id}?organisation={world.org_id('banphru')}" in page


def test_moving_without_dragging(browse: Browse, session: Session, world: World, plan: ActionPlan, item: ActionItem) -> None:
    path, client = f"/action-plans/items/{item.id}/move", browse("coordinator")
    assert browse("clerk_banphru").get(path).status_code == 403
    assert browse("clerk_outside").get(path).status_code in (403, 404)
    form = client.get(path).text
    assert str(world.org_id("khohong")) in form
    data = {
        "lead_organisation_id": str(world.org_id("khohong")),
        "owner_id": str(world.users["clerk_khohong"].id),
        "version": str(item.version),
    }
    for bad in (
        {"lead_organisation_id": str(new_id())},
        {"lead_organisation_id": ""},
        {"owner_id": str(world.users["clerk_phatong"].id)},
    ):
        assert client.post(path, data={**data, "once": str(new_id()), **bad}).status_code == 422, bad
    stale = client.post(path, data={**data, "version": "77"})
    assert stale.status_code == 409
    assert "govuk-error-summary" in stale.text
    moved = client.post(f"{path}?back=/action-plans/{plan.id}/board%3Flate=1", data=data)
    assert (moved.status_code, moved.location) == (303, f"/action-plans/{plan.id}/board?late=1")
    session.expire_all()
    assert (item.lead_organisation_id, item.owner_id) == (world.org_id("khohong"), world.users["clerk_khohong"].id)
    # Who leads now no longer supports as well.
    assert world.org_id("khohong") not in queries.supporters_of(session, [item.id]).get(item.id, [])
    assert client.post(f"{path}?back=//elsewhere.example/", data={**data, "once": str(new_id())}).status_code in (409, 422)


def test_what_is_done_does_not_move(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    made.report(session, world, now, item, 100)
    assert browse("coordinator").get(f"/action-plans/items/{item.id}/move").status_code == 409


@pytest.mark.parametrize("asked", ["2027-01", "", "x", "0001-01", "9999-12", "2569-13"])
def test_any_month(browse: Browse, plan: ActionPlan, asked: str) -> None:
    page = browse("chair").get(f"/action-plans/{plan.id}/month", query_string={"month": asked})
    assert page.status_code == 200
    assert ("มกราคม 2570" if asked == "2027-01" else "พฤศจิกายน 2569") in page.text
    assert ("ซื้อรถเก็บขยะ" in page.text) == (asked == "2027-01")


@given(st.dates(date(1901, 1, 1), date(2199, 12, 31)))
def test_a_month_holds_each_of_its_days_once(day: date) -> None:
    first = day.replace(day=1)
    shown = month.lay_out(first, [], {}, day)
    inside = [cell.day for week in shown.weeks for cell in week if cell.in_month]
    assert (inside[0], inside[-1], len(inside)) == (first, month.last_day(first), month.last_day(first).day)
    assert sum(cell.is_today for week in shown.weeks for cell in week) == 1
    assert {len(week) for week in shown.weeks} == {7}
    assert shown.previous < first < shown.next


def test_month_titles() -> None:
    assert month.month_title(date(2026, 11, 1)) == "พฤศจิกายน 2569"
    i18n.set_locale("en")
    assert month.month_title(date(2026, 11, 1)) == "November 2569 BE"


def edge(
    before: UUID, after: UUID, owner: dict[UUID, UUID], starts: date = date(2026, 11, 1), due: date = date(2026, 11, 10)
) -> Any:
    return SimpleNamespace(
        before_id=before, before_title=str(before), before_organisation_id=owner[before], before_due_on=due, before_percent=0,
        before_state="planned", after_id=after, after_title=str(after), after_organisation_id=owner[after], after_starts_on=starts,
    )  # fmt: skip


def test_a_chain_of_waits_names_its_root_and_both_directions() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    banphru, khohong = uuid4(), uuid4()
    owner = {one: banphru, two: khohong, three: khohong}
    found = blocked.waits([edge(one, two, owner), edge(two, three, owner, date(2026, 12, 1))], date(2026, 11, 21))
    assert [(wait.item_id, wait.root_id, wait.waited_days, wait.crosses) for wait in found] == [
        (two, one, 20, True),
        (three, one, 0, False),
    ]
    assert (found[0].blocker_late_days, found[1].since) == (11, None)
    assert blocked.of_organisation(found, None) == ([found[0]], [])
    assert blocked.of_organisation(found, khohong) == (found, [])
    assert blocked.of_organisation(found, banphru) == ([], [found[0]])
    table = blocked.matrix(found, {banphru: "ก", khohong: "ข"})
    assert (table.waiting, table.responsible, table.cells) == ([khohong], [banphru], {(khohong, banphru): 1})


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=25))
def test_roots_wait_for_nothing_and_even_rings_end(pairs: list[tuple[int, int]]) -> None:
    keys = [uuid4() for _number in range(8)]
    owner = dict.fromkeys(keys, uuid4())
    edges = [edge(keys[a], keys[b], owner) for a, b in pairs if a != b]
    found = blocked.waits(edges, date(2026, 11, 21))
    assert len(found) == len(edges)
    if all(a < b for a, b in pairs):
        assert not {wait.root_id for wait in found} & {row.after_id for row in edges}


def test_waits_end_when_the_blocker_is_done(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    first, second = add_many(session, world, now, draft, authority, 2)
    link = Dependency(plan_id=draft.id, predecessor_id=first.id, successor_id=second.id, lag_days=0)
    coordinator = world.actors["coordinator"]
    with history.act(session, verb="dependency.added", actor=coordinator, now=now, subject=link):
        session.add(link)
    session.commit()
    page = browse("coordinator").get(f"/action-plans/{draft.id}/waits").text
    assert page.count(first.title) == 1
    assert "ไม่มีหน่วยงานใดรอหน่วยงานอื่น" not in page
    mine = browse("coordinator").get(f"/action-plans/{draft.id}/waits?organisation={world.org_id('banphru')}").text
    assert "สิ่งที่หน่วยงานอื่นรอจาก" in mine
    with history.act(session, verb="progress.verified", actor=coordinator, now=now, subject=first):
        first.state, first.percent = ItemState.DONE, 100
    session.commit()
    assert "ไม่มีหน่วยงานใดรอหน่วยงานอื่น" in browse("coordinator").get(f"/action-plans/{draft.id}/waits").text


places = st.builds(Place, st.floats(6, 8), st.floats(100, 101), st.just("ท"))


@given(st.dictionaries(st.uuids(), places, max_size=20))
def test_no_two_tiles_on_one_cell_and_no_empty_row(found: dict[UUID, Place]) -> None:
    cells = maps.lay_out(found)
    assert len(set(cells.values())) == len(found)
    for side in (0, 1):
        used = {cell[side] for cell in cells.values()}
        assert used == set(range(len(used)))


def test_north_is_up_and_what_has_no_place_is_named() -> None:
    north, south, nowhere = (
        maps.Share(uuid4(), name, 1, late, maps.rules.roll_up([]), maps.Decimal(0))
        for name, late in (("ก", 0), ("ข", 1), ("ค", 0))
    )
    drawn = maps.draw(
        [north, south, nowhere], {north.organisation_id: Place(7.1, 100.4, "ก"), south.organisation_id: Place(6.9, 100.4, "ข")}
    )
    assert [(tile.name, tile.kind) for tile in drawn.tiles] == [("ก", "now"), ("ข", "late")]
    assert drawn.tiles[0].y < drawn.tiles[1].y
    assert drawn.elsewhere == [nowhere]
    assert maps.draw([], {}).tiles == []


def test_the_map_knows_the_world(browse: Browse, plan: ActionPlan) -> None:
    page = browse("chair").get(f"/action-plans/{plan.id}/map").text
    assert page.count("<rect") == 3
    assert "เทศบาลเมืองบ้านพรุ" in page


def test_who_waits_is_narrowed_by_organisation_only_and_keeps_the_rest_for_other_views(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    add_many(session, world, now, draft, authority, 2)
    client, address = browse("coordinator"), f"/action-plans/{draft.id}/waits"
    page = client.get(f"{address}?state=open&late=1&due_from=2026-12-01").text
    assert 'id="state"' not in page
    sent = dict(
        re.findall(
            r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', page.split('class="collab-filter"')[1].split("</form>")[0]
        )
    )
    assert sent == {"state": "open", "late": "1", "due_from-day": "01", "due_from-month": "12", "due_from-year": "2569"}
    answer = client.get(address, query_string={**sent, "organisation": str(world.org_id("khohong")), "apply": "1"})
    assert answer.status_code == 303
    for part in ("state=open", "late=1", "due_from=2026-12-01", f"organisation={world.org_id('khohong')}"):
        assert part in answer.location
