"""Baselines: approved by a resolution, unchangeable, several to a plan."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import queries, rules, service
from collab.action_plans.models import ActionItem, ActionPlan, Baseline, BaselineItem
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def approve(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref, who: str = "coordinator"
) -> Baseline:
    row = service.approve_baseline(session, actor=world.actors[who], now=now, plan_id=plan.id, resolution_id=authority.id)
    session.commit()
    return row


def test_a_baseline_keeps_the_plan_as_it_stands(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    late = made.make_item(session, world, now, plan, authority, title="เพิ่มภายหลัง", budget_planned=Decimal(0))
    assert late.baseline_due_on is None
    row = approve(session, world, now, plan, authority)
    assert (row.number, row.items_count, row.budget_planned) == (1, 2, Decimal("1250000.50"))
    assert late.baseline_due_on == late.due_on
    session.expire_all()
    assert service.is_unchanged(session, session.get_one(Baseline, row.id))
    service.remove_item(session, actor=world.actors["coordinator"], now=now, item_id=late.id, reason="ซ้ำ")
    session.commit()
    kept = queries.baseline_items(session, row.id)
    assert [(found.title, found.due_on) for found in kept] == [(item.title, made.DUE), ("เพิ่มภายหลัง", made.DUE)]
    second = approve(session, world, now + timedelta(days=1), plan, made.make_resolution(session, world, now, 2))
    assert (second.number, second.items_count) == (2, 1)
    assert second.digest != row.digest


def test_only_a_carried_resolution_of_the_committee_approves_and_only_once(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    for who in ("clerk_banphru", "chair", "auditor", "administrator"):
        with pytest.raises(NotAllowed):
            approve(session, world, now, plan, authority, who)
    with pytest.raises(InvalidInput):
        approve(session, world, now, plan, Ref("resolution", new_id()))
    lost = made.make_resolution(session, world, now, 2, carried=False)
    with pytest.raises(InvalidInput):
        approve(session, world, now, plan, lost)
    session.rollback()
    approve(session, world, now, plan, authority)
    with pytest.raises(InvalidInput):
        approve(session, world, now, plan, authority)


def test_an_empty_or_closed_plan_has_no_baseline(
    session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    with pytest.raises(StateConflict):
        approve(session, world, now, draft, authority)
    made.make_item(session, world, now, draft, authority)
    made.activate(session, world, now, draft)
    service.close_plan(session, actor=world.actors["coordinator"], now=now, plan_id=draft.id, reason="สิ้นปี")
    session.commit()
    with pytest.raises(StateConflict):
        approve(session, world, now, draft, authority)


@pytest.mark.parametrize("statement", ["UPDATE action_baseline_item SET weight = 9", "DELETE FROM action_baseline_item"])
def test_the_database_refuses_to_change_what_was_approved(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref, statement: str
) -> None:
    approve(session, world, now, plan, authority)
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(statement))


def test_the_fingerprint_tells_any_change() -> None:
    row: dict[str, Any] = {"item_id": new_id(), "title": "ก", "due_on": date(2027, 1, 1), "budget_planned": Decimal(5)}
    other = {**row, "item_id": new_id()}
    digest = rules.baseline_digest([row, other])
    assert digest == rules.baseline_digest([other, {**row, "budget_planned": Decimal("5.00")}])
    for change in ({"title": "ข"}, {"due_on": date(2027, 1, 2)}, {"budget_planned": Decimal("5.01")}):
        assert rules.baseline_digest([{**row, **change}, other]) != digest


def test_the_pages_of_baselines(
    browse: Browse, session: Session, world: World, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    client, path = browse("coordinator"), f"/action-plans/{plan.id}/baselines"
    assert client.get(path).status_code == 200
    assert client.get(f"{path}/new").status_code == 200
    assert browse("clerk_banphru").get(f"{path}/new").status_code == 403
    assert client.post(f"{path}/new", data={"resolution": ""}).status_code == 422
    data = {"resolution": str(authority.id), "note": "ตามมติ", "once": str(new_id())}
    first, second = client.post(f"{path}/new", data=data), client.post(f"{path}/new", data=data)
    assert first.location == second.location
    assert session.scalar(sa.select(sa.func.count()).select_from(BaselineItem)) == 1
    for who in ("clerk_phatong", "auditor", "chair"):
        page = browse(who).get(first.location).text
        assert "ไม่เปลี่ยนแปลงนับแต่อนุมัติ" in page
        assert item.title in page
        assert "แผนฐานครั้งที่ 1" in browse(who).get(path).text
    assert browse("clerk_outside").get(first.location).status_code == 404
