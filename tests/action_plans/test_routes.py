"""Pages: what they show to whom, bad input, double submits, conflicts, and how many SELECTs they need."""

import io
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import authorities, queries, service
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ItemState
from collab.kernel import targets
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories import documents as files
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
Count = Callable[[], Any]


@pytest.fixture(autouse=True)
def choices(monkeypatch: pytest.MonkeyPatch, authority: Ref) -> None:
    """The authorities that forms offer: the stand-in resolution."""
    monkeypatch.setattr(
        authorities, "candidates", lambda session, actor, plan: list(targets.resolve(session, actor, [authority]).values())
    )


def item_data(world: World, stands_on: Ref, /, **changes: str) -> dict[str, Any]:
    """Return what a browser posts for an item."""
    return {
        "title": "ซื้อรถ", "group_name": "การเก็บขน", "description": "", "lead_organisation_id": str(world.org_id("banphru")),
        "supporter_ids": [str(world.org_id("khohong"))], "owner_id": str(world.users["clerk_banphru"].id), "starts_on-day": "15",
        "starts_on-month": "10", "starts_on-year": "2569", "due_on-day": "๓๑", "due_on-month": "1", "due_on-year": "๒๕๗๐",
        "weight": "2", "budget_planned": "1,250,000.50", "authority": f"resolution:{stands_on.id}", "version": "1", "once": str(new_id()),
        **changes,
    }  # fmt: skip


def test_the_pages_of_a_plan(browse: Browse, plan: ActionPlan, item: ActionItem) -> None:
    for who in ("coordinator", "chair", "auditor", "clerk_banphru", "clerk_phatong", "administrator"):
        client = browse(who)
        for path in ("/action-plans", f"/action-plans/{plan.id}", f"/action-plans/items/{item.id}", "/work"):
            page = client.get(path)
            assert page.status_code == 200, (who, path)
            assert page.text.count("<h1") == 1
            assert "style=" not in page.text
    page = browse("clerk_khohong").get(f"/action-plans/{plan.id}").text
    assert "<svg" in page
    assert 'role="group"' in page
    assert "31 ม.ค. 2570" in page
    assert "ให้ซื้อรถขยะร่วมกัน" in browse("clerk_khohong").get(f"/action-plans/items/{item.id}").text


def test_english(browse: Browse, plan: ActionPlan) -> None:
    client = browse("coordinator")
    client.set_cookie("collab_locale", "en")
    assert "Activate the plan" not in client.get(f"/action-plans/{plan.id}").text
    assert "Reckoned by weight: the sum of weight × per cent is 0" in client.get(f"/action-plans/{plan.id}").text


def test_outsiders_see_nothing(
    browse: Browse, client: FlaskClient, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    draft = made.make_plan(session, world, now, "ร่างแผนปีหน้า")
    outsider, member = browse("clerk_outside"), browse("clerk_banphru")
    for path in (
        f"/action-plans/{plan.id}",
        f"/action-plans/{plan.id}/items.csv",
        f"/action-plans/{plan.id}/items.ics",
        f"/action-plans/items/{item.id}",
    ):
        assert outsider.get(path).status_code == 404
        assert client.get(path).status_code == 303
    assert member.get(f"/action-plans/{draft.id}").status_code == 404
    assert "ร่างแผนปีหน้า" not in member.get("/action-plans").text
    assert "ร่างแผนปีหน้า" in browse("chair").get("/action-plans").text
    assert plan.title not in outsider.get("/action-plans").text


@pytest.mark.parametrize("path", [
    "/action-plans/{}", "/action-plans/{}/edit", "/action-plans/{}/close", "/action-plans/{}/items/new", "/action-plans/items/{}",
    "/action-plans/items/{}/edit", "/action-plans/items/{}/end", "/action-plans/items/{}/report", "/action-plans/items/{}/judge",
    "/action-plans/items/{}/deadline", "/action-plans/items/{}/decide", "/action-plans/new/{}", "/action-plans/{}/items.csv",
])  # fmt: skip
def test_unknown_ids(browse: Browse, plan: ActionPlan, path: str) -> None:
    assert browse("coordinator").get(path.format(new_id())).status_code == 404
    assert browse("coordinator").get(path.format("x")).status_code == 404


def test_making_a_plan_twice_makes_one(browse: Browse, session: Session, world: World) -> None:
    client = browse("coordinator")
    assert client.get("/action-plans/new").status_code == 200
    data = {"title": "แผน 😀", "fiscal_year": "๒๕๗๐", "committee_id": str(world.committee.id), "once": "the-same-key"}
    first, second = client.post("/action-plans/new", data=data), client.post("/action-plans/new", data=data)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(queries.list_plans(session, world.actors["coordinator"]).rows) == 1
    for bad in (
        {"title": ""},
        {"title": "ก" * 300},
        {"fiscal_year": "2027"},
        {"fiscal_year": "x"},
        {"committee_id": str(new_id())},
        {"title": "\x00"},
    ):
        answer = client.post("/action-plans/new", data={**data, "once": str(new_id()), **bad})
        assert answer.status_code == 422, bad
        assert "govuk-error-summary" in answer.text


def test_adding_items(browse: Browse, session: Session, world: World, draft: ActionPlan, authority: Ref) -> None:
    client, path = browse("coordinator"), f"/action-plans/{draft.id}/items/new"
    assert client.get(path).status_code == 200
    data = item_data(world, authority)
    first, second = client.post(path, data=data), client.post(path, data=data)
    assert (first.status_code, first.location) == (303, second.location)
    [row] = queries.items_of(session, draft.id)
    assert (row.due_on, row.weight, str(row.budget_planned)) == (date(2027, 1, 31), 2, "1250000.50")
    for bad in (
        {"title": ""}, {"title": "ก" * 300}, {"due_on-day": "31", "due_on-month": "2"}, {"due_on-year": "70"}, {"due_on-year": "2560"},
        {"weight": "0"}, {"weight": "๑๐๐๑"}, {"budget_planned": "-1"}, {"lead_organisation_id": str(new_id())}, {"owner_id": str(new_id())},
        {"owner_id": str(world.users["clerk_khohong"].id)}, {"supporter_ids": [str(new_id())]}, {"authority": f"resolution:{new_id()}"},
        {"authority": "\x00"}, {"supporter_ids": [str(world.org_id("banphru"))]},
    ):  # fmt: skip
        answer = client.post(path, data=item_data(world, authority, **bad))
        assert answer.status_code == 422, bad
        assert "govuk-error-summary" in answer.text
    assert client.post(path, data={}).status_code == 422
    assert browse("clerk_banphru").get(path).status_code == 403
    assert browse("chair").get(path).status_code == 403


def test_the_second_of_two_editors_sees_both_texts(
    browse: Browse, session: Session, world: World, item: ActionItem, authority: Ref
) -> None:
    path = f"/action-plans/items/{item.id}/edit"
    first, second = browse("coordinator"), browse("coordinator")
    page = second.get(path).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    data = item_data(world, authority, version=version[1])
    assert first.post(path, data={**data, "title": "ของคนแรก", "once": "1"}).status_code == 303
    conflict = second.post(path, data={**data, "title": "ของคนที่สอง", "once": "2"})
    assert conflict.status_code == 409
    assert "ของคนแรก" in conflict.text
    assert "ของคนที่สอง" in conflict.text
    fresh = re.search(r'name="version" value="(\d+)"', conflict.text)
    assert fresh
    assert fresh[1] != version[1]
    assert second.post(path, data={**data, "title": "ของคนที่สอง", "once": "2", "version": fresh[1]}).status_code == 303
    session.refresh(item)
    assert item.title == "ของคนที่สอง"


def test_editing_a_plan_and_a_conflict(browse: Browse, draft: ActionPlan) -> None:
    client, path = browse("coordinator"), f"/action-plans/{draft.id}/edit"
    data = {"title": "ก", "fiscal_year": "2571", "version": "1"}
    assert client.get(path).status_code == 200
    assert client.post(path, data={**data, "once": "1"}).status_code == 303
    conflict = client.post(path, data={**data, "title": "ข", "once": "2"})
    assert conflict.status_code == 409
    assert "<td" in conflict.text
    assert client.post(path, data={**data, "title": " ", "once": "3"}).status_code == 422


def test_activating_and_closing(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    client = browse("coordinator")
    refused = client.post(f"/action-plans/{draft.id}/activate", data={"version": "1", "once": "a"})
    assert refused.status_code == 409
    assert "แผนยังไม่มีรายการ" in refused.text
    made.make_item(session, world, now, draft, authority)
    assert client.post(f"/action-plans/{draft.id}/activate", data={"version": "1", "once": "b"}).status_code == 303
    assert client.post(f"/action-plans/{draft.id}/activate", data={"version": "2", "once": "c"}).status_code == 409
    assert browse("clerk_banphru").post(f"/action-plans/{draft.id}/activate", data={}).status_code == 403
    assert client.get(f"/action-plans/{draft.id}/close").status_code == 200
    assert client.post(f"/action-plans/{draft.id}/close", data={"reason": "", "version": "2"}).status_code == 422
    assert client.post(f"/action-plans/{draft.id}/close", data={"reason": "สิ้นปี", "version": "2"}).status_code == 303
    assert client.get(f"/action-plans/{draft.id}/edit").status_code == 403


def test_reporting_verifying_and_a_new_deadline(browse: Browse, session: Session, item: ActionItem) -> None:
    base = f"/action-plans/items/{item.id}"
    owner, verifier, chair = browse("clerk_banphru"), browse("clerk_khohong"), browse("chair")
    assert owner.get(f"{base}/report").status_code == 200
    assert verifier.get(f"{base}/report").status_code == 403
    for bad in ({"percent": "101"}, {"percent": "x"}, {"words": ""}, {"cost_spent": "a"}, {"percent": ""}):
        answer = owner.post(f"{base}/report", data={"percent": "50", "words": "คำที่พิมพ์ไว้", "once": str(new_id()), **bad})
        assert answer.status_code == 422, bad
    for name, data in (("a.exe", b"MZ"), ("a.pdf", b""), ("a.html", b"<html>")):
        answer = owner.post(f"{base}/report", data={"percent": "50", "words": "คำที่พิมพ์ไว้", "evidence": (io.BytesIO(data), name)})
        assert answer.status_code == 422
        assert "คำที่พิมพ์ไว้" in answer.text
    sent = {"percent": "100", "words": "เสร็จแล้ว 😀", "evidence": (io.BytesIO(files.photo()), "ภาพ.jpg"), "once": "r"}
    assert owner.post(f"{base}/report", data=sent).status_code == 303
    again = {**sent, "evidence": (io.BytesIO(files.photo()), "ภาพ.jpg")}
    assert owner.post(f"{base}/report", data=again).status_code == 303
    assert len(queries.reports_of(session, item.id)) == 1
    late = owner.post(f"{base}/report", data={"percent": "60", "words": "คำที่พิมพ์ไว้", "once": "s"})
    assert late.status_code == 409
    assert "คำที่พิมพ์ไว้" in late.text
    assert owner.get(f"{base}/judge").status_code == 403
    assert "ภาพ.jpg" in verifier.get(f"{base}/judge").text
    assert verifier.post(f"{base}/judge", data={"accepted": "no", "words": "", "once": "1"}).status_code == 422
    assert verifier.post(f"{base}/judge", data={"once": "2"}).status_code == 422
    assert verifier.post(f"{base}/judge", data={"accepted": "no", "words": "ภาพไม่ชัด", "once": "3"}).status_code == 303
    assert "ภาพไม่ชัด" in owner.get(base).text
    assert owner.get(f"{base}/deadline").status_code == 200
    date_ = {"new_due_on-day": "1", "new_due_on-month": "3", "new_due_on-year": "2570"}
    assert (
        owner.post(f"{base}/deadline", data={**date_, "new_due_on-day": "31", "new_due_on-month": "2", "reason": "x"}).status_code
        == 422
    )
    assert owner.post(f"{base}/deadline", data={**date_, "reason": "ฝนตก", "once": "4"}).status_code == 303
    assert owner.get(f"{base}/decide").status_code == 403
    assert "ฝนตก" in chair.get(f"{base}/decide").text
    assert chair.post(f"{base}/decide", data={"approved": "yes", "words": "", "once": "5"}).status_code == 303
    assert "29" in owner.get(base).text
    assert chair.get(f"{base}/decide").status_code == 409


def test_cancelling(browse: Browse, session: Session, item: ActionItem) -> None:
    path, client = f"/action-plans/items/{item.id}/end", browse("coordinator")
    assert client.get(path).status_code == 200
    assert client.post(path, data={"how": "explode", "reason": "x"}).status_code == 422
    assert client.post(path, data={"how": "cancel", "reason": ""}).status_code == 422
    assert client.post(path, data={"how": "cancel", "reason": "งบไม่พอ", "version": str(item.version)}).status_code == 303
    session.refresh(item)
    assert item.state is ItemState.CANCELLED
    assert client.get(path).status_code == 409
    assert browse("clerk_banphru").get(path).status_code == 403


def test_only_the_verbs_of_this_person_are_offered(browse: Browse, item: ActionItem) -> None:
    base = f"/action-plans/items/{item.id}"
    offered = {
        who: {
            verb
            for verb in ("report", "judge", "deadline", "decide", "edit", "end")
            if f"{base}/{verb}" in browse(who).get(base).text
        }
        for who in ("coordinator", "clerk_banphru", "clerk_khohong", "chair", "auditor")
    }
    assert offered == {
        "coordinator": {"deadline", "edit", "end"}, "clerk_banphru": {"report", "deadline"}, "clerk_khohong": set(), "chair": set(),
        "auditor": set(),
    }  # fmt: skip


def test_taking_away(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    made.make_item(session, world, now, plan, authority, title="=HYPERLINK(1)")
    table = browse("auditor").get(f"/action-plans/{plan.id}/items.csv")
    assert table.data.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in table.data.decode("utf-8-sig")
    assert "attachment" in table.headers["Content-Disposition"]
    calendar = browse("auditor").get(f"/action-plans/{plan.id}/items.ics").text
    assert f"UID:action-item-{item.id}@collab" in calendar
    assert "DTSTART;VALUE=DATE:20270131" in calendar


def test_the_work_list(browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref) -> None:
    for number in range(55):
        made.make_item(session, world, now, plan, authority, title=f"รายการ {number}", due_on=date(2026, 11, 1 + number % 28))
    clerk = browse("clerk_banphru")
    first = clerk.get("/work")
    assert first.text.count("/action-plans/items/") == 50
    assert "ช้า" in first.text
    following = re.search(r'href="(/work\?[^"]*cursor=[^"]*)" rel="next"', first.text)
    assert following
    second = clerk.get(following[1].replace("&amp;", "&"))
    assert second.text.count("/action-plans/items/") == 6
    assert clerk.get("/work?late=1").text.count("/action-plans/items/") < 50
    assert "/action-plans/items/" not in browse("clerk_khohong").get("/work").text
    assert "/action-plans/items/" not in browse("executive_banphru").get("/work?view=mine").text
    assert browse("chair").get("/work?view=committees").text.count("/action-plans/items/") == 50
    assert clerk.get("/work?view=committees&cursor=%00&late=x").status_code == 200


@pytest.mark.parametrize(("path", "most"), [
    ("/work?view=organisation", 4), ("/work?view=committees", 4), ("/action-plans", 6), ("/action-plans/{plan}", 22), ("/action-plans/items/{item}", 26),
])  # fmt: skip
def test_selects_do_not_grow(browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref,
                             count_queries: Count, path: str, most: int) -> None:  # fmt: skip
    client, address = browse("coordinator"), path.format(plan=plan.id, item=item.id)

    def selects() -> int:
        session.expire_all()
        with count_queries() as statements:
            assert client.get(address).status_code == 200
        return len(statements)

    made.report(session, world, now, item, 10)
    before = selects()
    for number in range(5):
        made.make_item(
            session, world, now, plan, authority, title=f"{number}", supporter_ids=frozenset({world.org_id("phatong")})
        )
        made.report(session, world, now, item, 20 + number, sent=made.evidence)
        made.make_plan(session, world, now, f"แผน {number}")
    assert selects() <= before + 1
    assert before <= most


def test_no_token_no_change(app: Any, browse: Browse, item: ActionItem) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = browse("clerk_banphru").post(f"/action-plans/items/{item.id}/report", data={"percent": "50", "words": "x"})
    assert answer.status_code == 400
    assert service is not None
