"""The page of a plan: one size of work however many items, never stale, filters in the address."""

import gzip
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import filters, filters_saved, rows, sheet
from collab.action_plans.filters import Filters, Order
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.states import ItemKind, ItemState
from collab.calendar import service as calendar
from collab.kernel.errors import InvalidInput
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.web.fragments import Kept
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
Count = Callable[[], Any]


def add_many(session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref, count: int) -> list[ActionItem]:
    """Add ``count`` items in five groups in one act."""
    leads = [world.org_id("banphru"), world.org_id("khohong")]
    items = [
        ActionItem(
            plan_id=plan.id, committee_id=plan.committee_id, group_name=f"กลุ่มงานที่ {number % 5}", title=f"ซื้อรถเก็บขนขยะคันที่ {number}",
            description="", lead_organisation_id=leads[number % 2], owner_id=world.users["clerk_banphru"].id if number % 2 == 0 else None,
            starts_on=date(2026, 10, 1) + timedelta(number % 200), due_on=date(2026, 10, 1) + timedelta(number % 200 + 30), weight=1,
            budget_planned=number, authority_kind=authority.kind, authority_id=authority.id, state=ItemState.PLANNED, position=100 + number,
        )
        for number in range(count)
    ]  # fmt: skip
    with history.act(session, verb="action_item.added", actor=world.actors["coordinator"], now=now, subject=items[0]):
        session.add_all(items)
    session.commit()
    return items


def test_the_number_of_selects_does_not_grow(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref, count_queries: Count
) -> None:
    path, client = f"/action-plans/{draft.id}", browse("coordinator")
    counts = []
    for more in (1, 60):
        add_many(session, world, now, draft, authority, more)
        for _round in range(2):
            with count_queries() as statements:
                page = client.get(path)
            assert page.status_code == 200
            counts.append(len(statements))
    # Who is signed in takes two more.
    assert counts[0] == counts[2] <= 8
    assert counts[1] == counts[3] < counts[0]
    assert page.text.count('<th scope="row">') == 61
    assert page.text.count("<svg") >= 2


def test_a_thousand_items_fit(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    add_many(session, world, now, draft, authority, 1001)
    page = browse("coordinator").get(f"/action-plans/{draft.id}", headers={"Accept-Encoding": "gzip"})
    assert len(page.data) < 200_000
    text = gzip.decompress(page.data).decode()
    assert text.count('<th scope="row">') == 1000
    cursor = re.search(r'cursor=([^"&]+)"[^>]*rel="next"', text)
    assert cursor is not None
    rest = browse("coordinator").get(f"/action-plans/{draft.id}?cursor={cursor.group(1)}").text
    assert rest.count('<th scope="row">') == 1


def test_what_is_kept_is_never_stale(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    client, admin, path = browse("coordinator"), world.actors["administrator"], f"/action-plans/{draft.id}"
    item = add_many(session, world, now, draft, authority, 3)[0]
    before = client.get(path).text
    assert client.get(path).text.count("คันที่ 0") == before.count("คันที่ 0") > 0
    with history.act(session, verb="action_item.edited", actor=admin, now=now, subject=item):
        item.title = "ซื้อรถดับเพลิง"
    session.commit()
    assert "ซื้อรถดับเพลิง" in client.get(path).text
    made.make_item(session, world, now, draft, authority, title="เพิ่มทีหลัง")
    assert "เพิ่มทีหลัง" in client.get(path).text
    organisation = world.organisations["banphru"]
    with history.act(session, verb="organisation.changed", actor=admin, now=now, subject=organisation):
        organisation.name_th = "เทศบาลนครบ้านพรุ"
    session.commit()
    assert "เทศบาลนครบ้านพรุ" in client.get(path).text
    stripes = client.get(path).text.count('class="closed"')
    calendar.add_holiday(session, actor=admin, now=now, entry=calendar.Entry(date(2026, 10, 7), "วันหยุดพิเศษ", "", True, "มติ"))
    session.commit()
    assert client.get(path).text.count('class="closed"') == stripes + 1
    client.set_cookie("collab_locale", "en")
    assert "Led and supported by" in client.get(path).text


def test_what_is_not_asked_for_falls_out_when_room_is_needed() -> None:
    kept: Kept[str] = Kept(100)
    kept.put("a", "A", 40)
    kept.put("b", "B", 40)
    assert kept.get("a") == "A"
    kept.put("c", "C", 40)
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]
    kept.put("huge", "H", 101)
    assert kept.get("huge") is None
    kept.put("a", "A2", 90)
    assert [kept.get(key) for key in "ac"] == ["A2", None]


def test_lateness_moves_with_the_day(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    head = rows.plan_head(session, world.actors["coordinator"], plan.id)
    first = sheet.overview(session, head, date(2027, 1, 31))
    second = sheet.overview(session, head, date(2027, 2, 1))
    assert (first.late_count, second.late_count) == (0, 1)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(lambda text: filters.normalise(text))
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.builds(
        Filters, organisation=st.none() | st.uuids(), state=st.sampled_from(["", "open", "done", "cancelled"]), group=texts,
        owner=st.none() | st.uuids(), text=texts, due_from=st.none() | days, due_to=st.none() | days, late=st.booleans(),
        no_authority=st.booleans(), order=st.sampled_from(Order),
    )
)  # fmt: skip
def test_an_address_says_the_filters_again(given_filters: Filters) -> None:
    assert filters.parse({name: str(value) for name, value in filters.arguments_of(given_filters).items()}) == given_filters


@pytest.mark.parametrize("rubbish", ["x", "", "2027-99-99", "๒๕๗๐", "a" * 5000, "\x00"])
def test_rubbish_narrows_nothing_it_cannot_say(browse: Browse, plan: ActionPlan, rubbish: str) -> None:
    names = ("organisation", "state", "owner", "due_from", "due_to", "late", "no_authority", "order", "cursor")
    assert not filters.parse(dict.fromkeys(names, rubbish)).narrows
    page = browse("chair").get(f"/action-plans/{plan.id}", query_string={**dict.fromkeys(names, rubbish), "text": rubbish})
    assert page.status_code == 200


def test_filters(browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref) -> None:
    made.make_item(session, world, now, plan, authority, title="อบรมชาวบ้าน 100%", group_name="อบรม", owner_id=None,
                   lead_organisation_id=world.org_id("phatong"), supporter_ids=frozenset(), due_on=date(2026, 10, 20))  # fmt: skip
    client = browse("chair")

    def shown(**asked: Any) -> list[str]:
        page = client.get(f"/action-plans/{plan.id}", query_string=asked)
        assert page.status_code == 200
        return re.findall(r'<th scope="row"><a [^>]+>([^<]+)', page.text)

    truck, training = "ซื้อรถเก็บขยะ 2 คัน", "อบรมชาวบ้าน 100%"
    assert shown() == [truck, training]
    assert shown(organisation=world.org_id("khohong")) == [truck]
    assert shown(organisation=world.org_id("phatong")) == [training]
    assert shown(group="อบรม") == [training]
    assert shown(owner=world.users["clerk_banphru"].id) == [truck]
    assert shown(text="0%") == [training]
    assert shown(text="_") == []
    assert shown(late="1") == [training]
    assert shown(state="open") == [truck, training]
    assert shown(state="done") == []
    assert shown(due_from="2026-10-20", due_to="2026-10-20") == [training]
    assert shown(no_authority="1") == []
    assert shown(order="due") == [training, truck]
    assert shown(organisation=new_id()) == []


def test_typed_filters_become_a_tidy_address(browse: Browse, plan: ActionPlan) -> None:
    client, path = browse("chair"), f"/action-plans/{plan.id}"
    typed = {
        "apply": "1",
        "organisation": "",
        "state": "open",
        "text": " รถ ",
        "due_from-day": "๑",
        "due_from-month": "ต.ค.",
        "due_from-year": "2569",
    }
    answer = client.get(path, query_string=typed)
    assert answer.status_code == 303
    assert answer.location.endswith(f"{path}?state=open&text=%E0%B8%A3%E0%B8%96&due_from=2026-10-01")
    page = client.get(answer.location).text
    assert 'value="2569"' in page
    wrong = client.get(path, query_string={**typed, "due_from-day": "32"})
    assert wrong.status_code == 200
    assert "govuk-error-message" in wrong.text
    assert 'value="32"' in wrong.text


def test_why(browse: Browse, plan: ActionPlan) -> None:
    assert plan.title in browse("clerk_banphru").get(f"/action-plans/{plan.id}/why").text
    assert browse("clerk_outside").get(f"/action-plans/{plan.id}/why").status_code == 404


def test_saved_filters_are_ones_own_or_shared(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan
) -> None:
    path, mine, other = f"/action-plans/{plan.id}", browse("chair"), browse("clerk_khohong")
    save = f"{path}/filters/save?late=1&view=plan"
    assert mine.get(save).status_code == 200
    assert mine.post(save, data={"name": " "}).status_code == 422
    assert mine.post(save, data={"name": "ล่าช้าของฉัน"}).location == f"{path}?late=1"
    assert mine.post(save, data={"name": "ของทุกคน", "is_shared": "y"}).status_code == 303
    assert mine.post(f"{path}/filters/save?state=open", data={"name": "ล่าช้าของฉัน"}).status_code == 303
    assert f'{path}?state=open">ล่าช้าของฉัน' in mine.get(path).text
    assert "ของทุกคน" in other.get(path).text
    assert "ล่าช้าของฉัน" not in other.get(path).text
    kept = filters_saved.list_saved(session, world.actors["chair"], plan.committee_id)
    assert [row.name for row in kept] == ["ของทุกคน", "ล่าช้าของฉัน"]
    forget = f"{path}/filters/{kept[0].id}/forget"
    assert other.post(forget).status_code == 404
    assert mine.post(forget).status_code == 303
    assert "ของทุกคน" not in other.get(path).text
    assert browse("auditor").post(save, data={"name": "ตรวจ"}).status_code == 303
    assert browse("clerk_outside").post(save, data={"name": "x"}).status_code == 404


def test_nobody_keeps_filters_without_end(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    chair = world.actors["chair"]
    for number in range(filters_saved.MOST_SAVED):
        filters_saved.save(
            session, actor=chair, now=now, plan_id=plan.id, name=f"{number}", filters=Filters(late=True), is_shared=False
        )
    filters_saved.save(session, actor=chair, now=now, plan_id=plan.id, name="0", filters=Filters(), is_shared=False)
    with pytest.raises(InvalidInput):
        filters_saved.save(session, actor=chair, now=now, plan_id=plan.id, name="one more", filters=Filters(), is_shared=False)


def test_milestones_and_dependencies_are_drawn(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    first, second = add_many(session, world, now, draft, authority, 2)
    link = Dependency(plan_id=draft.id, predecessor_id=first.id, successor_id=second.id, lag_days=0)
    with history.act(session, verb="dependency.added", actor=world.actors["coordinator"], now=now, subject=link):
        session.add(link)
        second.kind, second.starts_on = ItemKind.MILESTONE, second.due_on
    session.commit()
    page = browse("coordinator").get(f"/action-plans/{draft.id}").text
    assert page.count('class="link"') == 1
    assert page.count('<use href="#milestone"') == 1
