"""Closed months: by the organisation itself, with its figures; opened again by the coordinator only."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import queries, rules, service
from collab.action_plans.models import ActionItem, ActionPlan, MonthlyClosing
from collab.action_plans.service import Sums
from collab.action_plans.states import ClosingState
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
NOVEMBER = date(2026, 11, 1)
#: The tests stand on 21 November; the last seven days begin on the 24th.
LATER = timedelta(days=4)


def close(session: Session, world: World, now: datetime, plan: ActionPlan, **facts: Any) -> MonthlyClosing:
    values = {
        "actor": world.actors["clerk_banphru"],
        "organisation_id": world.org_id("banphru"),
        "month": NOVEMBER,
        "note": "",
        **facts,
    }
    row = service.close_month(session, now=now, plan_id=plan.id, **values)
    session.commit()
    return row


@pytest.mark.parametrize(("today", "closable"), [
    (date(2026, 11, 23), False), (date(2026, 11, 24), True), (date(2026, 11, 30), True), (date(2027, 3, 1), True), (date(2026, 10, 31), False),
])  # fmt: skip
def test_when_a_month_can_be_closed(today: date, closable: bool) -> None:
    assert rules.is_closable(NOVEMBER, today) is closable


def test_a_closed_month_keeps_its_figures(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    service.save_budget_line(
        session, actor=world.actors["coordinator"], now=now, item_id=item.id, organisation_id=world.org_id("banphru"),
        sums=Sums(Decimal(500), Decimal(400), Decimal("30.5")),
    )  # fmt: skip
    session.commit()
    made.report(session, world, now, item, 40)
    row = close(session, world, now + LATER, plan)
    assert row.figures == {
        "items": "1", "open": "1", "done": "0", "late": "0", "reported": "1", "unreported": "0", "progress": "40.0", "planned": "500.00",
        "committed": "400.00", "spent": "30.50",
    }  # fmt: skip
    with pytest.raises(StateConflict):
        close(session, world, now + LATER, plan)


def test_items_without_a_report_ask_for_a_note(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    later = made.make_item(session, world, now, plan, authority, title="เริ่มเดือนหน้า", starts_on=date(2026, 12, 1))
    view = service.month_view(session, plan, world.org_id("banphru"), NOVEMBER, now)
    assert [row.id for row in view.unreported] == [item.id]
    assert {row.id for row in view.open} == {item.id, later.id}
    with pytest.raises(InvalidInput) as fault:
        close(session, world, now + LATER, plan)
    assert set(fault.value.errors) == {"note"}
    session.rollback()
    assert close(session, world, now + LATER, plan, note="ฝนตกหนัก").figures["unreported"] == "1"


def test_only_the_organisation_itself_closes_its_month(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    for who in ("clerk_khohong", "coordinator", "chair", "auditor", "executive_banphru"):
        with pytest.raises(NotAllowed):
            close(session, world, now + LATER, plan, actor=world.actors[who], note="x")
    with pytest.raises(NotFound):
        close(session, world, now + LATER, plan, actor=world.actors["clerk_outside"], note="x")
    with pytest.raises(NotFound):
        close(
            session,
            world,
            now + LATER,
            plan,
            actor=world.actors["clerk_phatong"],
            organisation_id=world.org_id("phatong"),
            note="x",
        )
    for bad in ({"month": date(2026, 10, 1)}, {"month": date(2026, 12, 1)}):
        with pytest.raises(StateConflict):
            close(session, world, now + LATER, plan, note="x", **bad)
    with pytest.raises(StateConflict):
        close(session, world, now, plan, note="x")


def test_nobody_reports_in_a_closed_month_until_it_is_opened_again(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    row = close(session, world, now + LATER, plan, note="x")
    with pytest.raises(StateConflict, match="ปิดงวดเดือนนี้แล้ว"):
        made.report(session, world, now + LATER, item, 50)
    session.rollback()
    made.report(session, world, now + timedelta(days=12), item, 20)
    reopen = {"now": now + LATER, "closing_id": row.id, "reason": "ตัวเลขผิด"}
    for who in ("clerk_banphru", "chair", "auditor"):
        with pytest.raises(NotAllowed):
            service.reopen_month(session, actor=world.actors[who], **reopen)
    with pytest.raises(InvalidInput):
        service.reopen_month(session, actor=world.actors["coordinator"], **{**reopen, "reason": " "})
    service.reopen_month(session, actor=world.actors["coordinator"], **reopen)
    session.commit()
    made.report(session, world, now + LATER, item, 50)
    again = close(session, world, now + LATER, plan)
    assert (again.id, again.state, again.reason) == (row.id, ClosingState.CLOSED, "")
    assert len(queries.closings_of(session, plan.id)) == 1


def test_the_pages_of_months(
    browse: Browse,
    session: Session,
    world: World,
    now: datetime,
    plan: ActionPlan,
    item: ActionItem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = f"/action-plans/{plan.id}/months"
    banphru = f"{path}/{world.org_id('banphru')}/2026-11"
    clerk = browse("clerk_banphru")
    assert banphru in clerk.get(path).text
    page = clerk.get(banphru)
    assert page.status_code == 200
    assert "ปิดงวดเดือน</button>" not in page.text
    assert clerk.post(banphru, data={"note": "x"}).status_code == 409
    for bad in ("2026-13", "x", "2026-11-01"):
        assert clerk.get(f"{path}/{world.org_id('banphru')}/{bad}").status_code == 404
    assert clerk.get(f"{path}/{world.org_id('phatong')}/2026-11").status_code == 404
    row = close(session, world, now + LATER, plan, note="ฝนตกหนัก")
    for who in ("coordinator", "clerk_phatong", "auditor"):
        assert "ฝนตกหนัก" in browse(who).get(banphru).text
    reopen = f"/action-plans/months/{row.id}/reopen"
    assert reopen not in clerk.get(banphru).text
    assert reopen in browse("coordinator").get(banphru).text
    assert clerk.get(reopen).status_code == 403
    assert browse("coordinator").post(reopen, data={"reason": ""}).status_code == 422
    assert browse("coordinator").post(reopen, data={"reason": "แก้ตัวเลข"}).status_code == 303
    assert browse("coordinator").get(reopen).status_code == 409
    assert "แก้ตัวเลข" in clerk.get(banphru).text
    assert browse("clerk_outside").get(path).status_code == 404
