"""Postponements: the level rises with their number and their length, and nobody decides below it or for himself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.action_plans import ledger, queries, rules, service
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange
from collab.action_plans.rules import DEFAULT_LADDER, LEVELS, Threshold
from collab.action_plans.states import ApprovalLevel, ChangeState
from collab.kernel import turns
from collab.kernel.access import Permission, can
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
L = ApprovalLevel


@pytest.mark.parametrize(("slip", "days", "level"), [
    (0, -20, L.EXECUTIVE), (1, 5, L.EXECUTIVE), (1, 6, L.COORDINATOR), (2, 5, L.COORDINATOR), (2, 30, L.COORDINATOR), (2, 31, L.CHAIR),
    (3, 1, L.CHAIR), (3, 60, L.CHAIR), (3, 61, L.RESOLUTION), (4, 1, L.RESOLUTION),
])  # fmt: skip
def test_the_default_ladder(slip: int, days: int, level: ApprovalLevel) -> None:
    assert rules.level_for(slip, days, DEFAULT_LADDER) is level


@given(st.integers(0, 10), st.integers(0, 200), st.integers(0, 5), st.integers(0, 50))
def test_the_level_never_falls_with_more_slips_or_more_days(slip: int, days: int, more_slips: int, more_days: int) -> None:
    low = rules.level_for(slip, days, DEFAULT_LADDER)
    high = rules.level_for(slip + more_slips, days + more_days, DEFAULT_LADDER)
    assert LEVELS.index(low) <= LEVELS.index(high)


def ask(session: Session, world: World, now: datetime, item: ActionItem, days: int, who: str = "clerk_banphru") -> DeadlineChange:
    change = service.ask_deadline(
        session, actor=world.actors[who], now=now, item_id=item.id, new_due_on=item.due_on + timedelta(days=days), reason="ฝนตก"
    )
    session.commit()
    return change


def decide(session: Session, world: World, now: datetime, item: ActionItem, who: str, **facts: Any) -> DeadlineChange:
    change = service.decide_deadline(
        session, actor=world.actors[who], now=now, item_id=item.id, **{"approved": True, "words": "", **facts}
    )
    session.commit()
    return change


#: By how many calendar days the one item moves, and who may then decide (Sunday 31 January is its first date).
STEPS = [
    (5, L.EXECUTIVE, {"executive_banphru", "coordinator", "chair"}),
    (7, L.COORDINATOR, {"coordinator", "chair"}),
    (7, L.CHAIR, {"chair"}),
    (7, L.RESOLUTION, {"coordinator", "chair"}),
]


def test_the_level_rises_and_each_level_is_kept(
    session: Session, world: World, now: datetime, item: ActionItem, authority: Ref
) -> None:
    for number, (days, level, deciders) in enumerate(STEPS, start=1):
        change = ask(session, world, now + timedelta(hours=number), item, days)
        assert (change.level, change.slip_number) == (level, number)
        for who, actor in world.actors.items():
            allowed = can(actor, Permission.DEADLINE_DECIDE, service.asked_of(change, item))
            assert allowed is (who in deciders), (level, who)
            work = turns.work_of(session, actor, now)
            waits = any(task.label == "พิจารณาการเปลี่ยนกำหนดเวลา" for task in [*work.late, *work.soon, *work.later])
            assert waits is (who in deciders), (level, who)
        resolution = {"resolution_id": authority.id} if level is L.RESOLUTION else {}
        if resolution:
            with pytest.raises(InvalidInput) as fault:
                decide(session, world, now, item, "chair")
            assert set(fault.value.errors) == {"resolution"}
            session.rollback()
        decide(session, world, now + timedelta(hours=number), item, sorted(deciders)[0], **resolution)
    entry = ledger.of_item(session, item)
    assert (entry.slips, entry.first_due_on, entry.due_on) == (4, made.DUE, made.DUE + timedelta(days=26))
    assert entry.total_days == 20
    assert entry.changes[-1].change.resolution_id == authority.id


def test_nobody_decides_what_he_asked_and_a_refusal_does_not_count(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    change = ask(session, world, now, item, 40, who="coordinator")
    assert change.level is L.COORDINATOR
    with pytest.raises(NotAllowed):
        decide(session, world, now, item, "coordinator")
    with pytest.raises(InvalidInput):
        decide(session, world, now, item, "chair", approved=False)
    session.rollback()
    decide(session, world, now, item, "chair", approved=False, words="ไม่จำเป็น")
    assert queries.slips_of(session, item.id) == 0
    assert ask(session, world, now, item, 1).slip_number == 1


def test_bringing_a_date_forward_is_no_postponement(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    change = ask(session, world, now, item, -7)
    assert (change.level, change.slip_number, change.working_days) == (L.EXECUTIVE, 0, -5)
    decide(session, world, now, item, "executive_banphru")
    assert queries.slips_of(session, item.id) == 0


def steps(*limits: tuple[int, int]) -> list[Threshold]:
    return [Threshold(level, *pair) for level, pair in zip(LEVELS, limits, strict=False)]


def test_a_committee_sets_its_own_rules(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    put = {"now": now, "committee_id": world.committee.id}
    service.set_slip_rules(session, actor=world.actors["chair"], steps=steps((0, 0), (1, 3), (9, 90)), reason="มติที่ 3", **put)
    session.commit()
    assert ask(session, world, now, item, 5).level is L.CHAIR
    again = steps((1, 1), (2, 2), (3, 3))
    service.set_slip_rules(session, actor=world.actors["coordinator"], steps=again, reason="ทบทวน", **put)
    session.commit()
    assert queries.ladder_of(session, world.committee.id) == tuple(again)
    for who in ("clerk_banphru", "executive_banphru", "auditor", "administrator"):
        with pytest.raises(NotAllowed):
            service.set_slip_rules(session, actor=world.actors[who], steps=again, reason="x", **put)
    for bad, reason in (
        (steps((3, 3), (2, 2), (9, 9)), "x"),
        (steps((1, 1)), "x"),
        (steps((-1, 1), (1, 1), (1, 1)), "x"),
        (again, " "),
    ):
        with pytest.raises(InvalidInput):
            service.set_slip_rules(session, actor=world.actors["chair"], steps=bad, reason=reason, **put)
    with pytest.raises(NotFound):
        service.set_slip_rules(session, actor=world.actors["chair"], now=now, committee_id=item.id, steps=again, reason="x")


def test_the_pages_of_deadlines(
    browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    change = ask(session, world, now, item, 120)
    assert change.level is L.RESOLUTION
    client, path = browse("coordinator"), f"/action-plans/items/{item.id}/decide"
    page = client.get(path).text
    assert "ต้องอนุมัติโดยมติเท่านั้น" in page
    assert client.post(path, data={"approved": "yes", "resolution": ""}).status_code == 422
    assert client.post(path, data={"approved": "yes", "resolution": str(authority.id)}).status_code == 303
    session.refresh(change)
    assert change.state is ChangeState.APPROVED
    for who in ("clerk_phatong", "auditor", "chair"):
        page = browse(who).get(f"/action-plans/{plan.id}/deadlines").text
        assert "ฝนตก" in page
        assert "มติคณะกรรมการ" in page
    assert browse("clerk_outside").get(f"/action-plans/{plan.id}/deadlines").status_code == 404


def test_the_page_of_the_rules(browse: Browse, session: Session, world: World) -> None:
    path = f"/action-plans/slip-rules/{world.committee.id}"
    data = {
        "executive_slips": "1", "executive_days": "5", "coordinator_slips": "2", "coordinator_days": "๒๐", "chair_slips": "3", "chair_days": "40",
        "reason": "มติที่ 5",
    }  # fmt: skip
    assert browse("clerk_banphru").get(path).status_code == 403
    client = browse("chair")
    assert client.get(path).status_code == 200
    assert client.post(path, data={**data, "chair_days": "1"}).status_code == 422
    assert client.post(path, data=data).status_code == 303
    assert queries.ladder_of(session, world.committee.id)[1] == Threshold(L.COORDINATOR, 2, 20)


def test_moves_are_shown_on_the_pages_before_they_are_made(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    first = made.make_item(session, world, now, draft, authority, title="สำรวจ")
    start = made.DUE + timedelta(days=1)
    second = made.make_item(
        session, world, now, draft, authority, title="จัดซื้อ", starts_on=start, due_on=start + timedelta(days=4)
    )
    client, path = browse("coordinator"), f"/action-plans/items/{second.id}/links/new"
    data = {"predecessor_id": str(first.id), "lag_days": "3"}
    assert client.get(path).status_code == 200
    assert client.post(path, data={**data, "predecessor_id": ""}).status_code == 422
    shown = client.post(path, data=data)
    assert shown.status_code == 409
    assert "มีรายการอื่นเลื่อนตาม 1 รายการ" in shown.text
    accepted = shown.text.split('name="accepted" value="')[1].split('"')[0]
    assert client.post(path, data={**data, "accepted": accepted}).status_code == 303
    session.refresh(second)
    assert second.starts_on == start + timedelta(days=3)
    page = client.get(f"/action-plans/items/{second.id}").text
    link = queries.dependencies_of(session, second.id)[0]
    assert f"/action-plans/links/{link.id}/remove" in page
    remove = f"/action-plans/links/{link.id}/remove"
    assert client.get(remove).status_code == 200
    assert browse("chair").get(remove).status_code == 403
    assert client.post(remove, data={"reason": "แยกกัน"}).status_code == 303
    assert client.get(remove).status_code == 404
