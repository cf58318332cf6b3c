"""Linked items: a circle is refused and named, what moves is shown first, and two who move at once end in a plan that holds."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries, schedule, service
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange, Dependency
from collab.action_plans.service import UnseenConsequences, moving
from collab.action_plans.states import ChangeState, ItemKind
from collab.history.models import HistoryEvent
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.targets import Ref
from tests.conftest import NOW
from tests.factories import action_plans as made
from tests.factories.world import World, build_world

MONDAY = date(2026, 11, 2)


def add(session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref, title: str, week: int) -> ActionItem:
    """Add an item of five working days in the ``week``-th week from 2 November."""
    start = MONDAY + timedelta(days=7 * week)
    return made.make_item(session, world, now, plan, authority, title=title, starts_on=start, due_on=start + timedelta(days=4))


@pytest.fixture
def chain(session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref) -> list[ActionItem]:
    """Three items of a draft in three weeks, each waiting for the one before."""
    items = [add(session, world, now, draft, authority, title, week) for week, title in enumerate(("สำรวจ", "จัดซื้อ", "ส่งมอบ"))]
    for before, after in ((items[0], items[1]), (items[1], items[2])):
        service.link_items(session, actor=world.actors["coordinator"], now=now, successor_id=after.id, predecessor_id=before.id)
    session.commit()
    return items


def edit(session: Session, world: World, now: datetime, item: ActionItem, authority: Ref, **changes: Any) -> ActionItem:
    accepted = changes.pop("accepted", None)
    values = {"title": item.title, "starts_on": item.starts_on, "due_on": item.due_on, **changes}
    return service.edit_item(
        session, actor=world.actors["coordinator"], now=now, item_id=item.id, expected_version=None,
        facts=made.facts(world, authority, **values), accepted=accepted,
    )  # fmt: skip


def test_a_circle_is_refused_and_named_in_order(session: Session, world: World, now: datetime, chain: list[ActionItem]) -> None:
    with pytest.raises(StateConflict, match="ส่งมอบ → สำรวจ → จัดซื้อ → ส่งมอบ"):
        service.link_items(
            session, actor=world.actors["coordinator"], now=now, successor_id=chain[0].id, predecessor_id=chain[2].id
        )
    assert len(queries.links_of(session, chain[0].plan_id)) == 2


def test_what_moves_is_shown_before_it_is_moved(
    session: Session, world: World, now: datetime, chain: list[ActionItem], authority: Ref
) -> None:
    due = chain[0].due_on + timedelta(days=7)
    with pytest.raises(UnseenConsequences) as seen:
        edit(session, world, now, chain[0], authority, due_on=due)
    impact = seen.value.impact
    assert [move.id for move in impact.moves] == [chain[1].id, chain[2].id]
    with pytest.raises(UnseenConsequences):
        edit(session, world, now, chain[0], authority, due_on=due, accepted="of something else")
    session.rollback()
    edit(session, world, now, chain[0], authority, due_on=due, accepted=impact.digest)
    session.commit()
    assert [item.starts_on for item in chain] == [MONDAY, MONDAY + timedelta(days=14), MONDAY + timedelta(days=21)]
    events = session.scalars(sa.select(HistoryEvent.subject_id).where(HistoryEvent.verb == "action_item.edited")).all()
    assert {chain[0].id, chain[1].id, chain[2].id} <= set(events)


def test_an_item_does_not_begin_before_what_it_waits_for_ends(
    session: Session, world: World, now: datetime, chain: list[ActionItem], authority: Ref
) -> None:
    with pytest.raises(InvalidInput) as fault:
        edit(session, world, now, chain[1], authority, starts_on=chain[0].due_on)
    assert "สำรวจ" in fault.value.errors["starts_on"]
    assert "9 พฤศจิกายน 2569" in fault.value.errors["starts_on"]


def test_a_link_in_a_draft_moves_and_its_lag_can_change(
    session: Session, world: World, now: datetime, chain: list[ActionItem]
) -> None:
    ends = {"successor_id": chain[1].id, "predecessor_id": chain[0].id}
    with pytest.raises(UnseenConsequences) as seen:
        service.link_items(session, actor=world.actors["coordinator"], now=now, lag_days=2, **ends)
    session.rollback()
    link = service.link_items(
        session, actor=world.actors["coordinator"], now=now, lag_days=2, accepted=seen.value.impact.digest, **ends
    )
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Dependency)) == 2
    assert link.lag_days == 2
    assert chain[1].starts_on == MONDAY + timedelta(days=9)


@pytest.mark.parametrize(("bad", "field"), [("self", "predecessor_id"), ("lag", "lag_days"), ("other_plan", "predecessor_id")])
def test_ends_and_lags_that_make_no_sense(
    session: Session, world: World, now: datetime, chain: list[ActionItem], authority: Ref, bad: str, field: str
) -> None:
    other = add(session, world, now, made.make_plan(session, world, now, "แผนอื่น"), authority, "ต่างแผน", 0)
    before = {"self": chain[1], "lag": chain[0], "other_plan": other}[bad]
    with pytest.raises(InvalidInput) as fault:
        service.link_items(
            session, actor=world.actors["coordinator"], now=now, successor_id=chain[1].id, predecessor_id=before.id,
            lag_days=900 if bad == "lag" else 0,
        )  # fmt: skip
    assert set(fault.value.errors) == {field}


def test_only_the_coordinator_links(session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref) -> None:
    first, second = (add(session, world, now, plan, authority, title, week) for week, title in enumerate(("ก", "ข")))
    for who in ("clerk_banphru", "chair", "auditor", "administrator", "executive_banphru"):
        with pytest.raises(NotAllowed):
            service.link_items(session, actor=world.actors[who], now=now, successor_id=second.id, predecessor_id=first.id)
    with pytest.raises(NotFound):
        service.link_items(session, actor=world.actors["clerk_outside"], now=now, successor_id=second.id, predecessor_id=first.id)


def test_an_active_plan_takes_no_link_that_its_dates_contradict(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    first, second = (add(session, world, now, plan, authority, title, 0) for title in ("ก", "ข"))
    with pytest.raises(StateConflict, match="ขัดกับการเชื่อมโยง"):
        service.link_items(session, actor=world.actors["coordinator"], now=now, successor_id=second.id, predecessor_id=first.id)


def test_unlinking_needs_a_reason_and_is_done_once(
    session: Session, world: World, now: datetime, chain: list[ActionItem]
) -> None:
    link = queries.dependencies_of(session, chain[0].id)[0]
    coordinator = world.actors["coordinator"]
    with pytest.raises(InvalidInput):
        service.unlink_items(session, actor=coordinator, now=now, dependency_id=link.id, reason=" ")
    service.unlink_items(session, actor=coordinator, now=now, dependency_id=link.id, reason="ไม่เกี่ยวกันแล้ว")
    session.commit()
    assert [found.predecessor for found in queries.links_of(session, chain[0].plan_id)] == [chain[1].id]
    with pytest.raises(NotFound):
        service.unlink_items(session, actor=coordinator, now=now, dependency_id=link.id, reason="อีกครั้ง")


def test_a_removed_item_takes_its_links_with_it(session: Session, world: World, now: datetime, chain: list[ActionItem]) -> None:
    service.remove_item(session, actor=world.actors["coordinator"], now=now, item_id=chain[1].id, reason="ไม่ต้องทำ")
    session.commit()
    assert queries.links_of(session, chain[0].plan_id) == []


def test_a_milestone_is_one_day(session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref) -> None:
    with pytest.raises(InvalidInput) as fault:
        made.make_item(session, world, now, draft, authority, kind=ItemKind.MILESTONE)
    assert set(fault.value.errors) == {"starts_on"}
    made.make_item(session, world, now, draft, authority, kind=ItemKind.MILESTONE, starts_on=MONDAY, due_on=MONDAY)


def test_the_length_in_working_days_leaves_out_holidays(session: Session, world: World, now: datetime) -> None:
    from collab.calendar import service as calendar

    calendar.load_holidays(session, actor=world.actors["administrator"], now=now)
    # Saturday 5 and Sunday 6 December; 7 December stands for the 5th, 10 December is Constitution Day.
    assert service.due_after(session, date(2026, 12, 4), 3) == date(2026, 12, 9)
    assert service.due_after(session, date(2026, 12, 5), 1) == date(2026, 12, 8)


def test_an_approved_deadline_moves_what_waits_and_says_so_in_each_ledger(
    session: Session, world: World, now: datetime, chain: list[ActionItem]
) -> None:
    made.activate(session, world, now, session.get_one(ActionPlan, chain[0].plan_id))
    new_due = chain[0].due_on + timedelta(days=7)
    ask = {"actor": world.actors["clerk_banphru"], "now": now, "item_id": chain[0].id, "new_due_on": new_due, "reason": "น้ำท่วม"}
    with pytest.raises(UnseenConsequences) as seen:
        service.ask_deadline(session, **ask)
    session.rollback()
    digest = seen.value.impact.digest
    asked = service.ask_deadline(session, **ask, accepted=digest)
    session.commit()
    decide = {"actor": world.actors["coordinator"], "now": now, "item_id": chain[0].id, "approved": True, "words": ""}
    with pytest.raises(UnseenConsequences):
        service.decide_deadline(session, **decide)
    session.rollback()
    service.decide_deadline(session, **decide, accepted=digest)
    session.commit()
    assert [item.due_on for item in chain] == [new_due, new_due + timedelta(days=7), new_due + timedelta(days=14)]
    followed = session.scalars(sa.select(DeadlineChange).where(DeadlineChange.cause_id == asked.id)).all()
    assert {row.item_id for row in followed} == {chain[1].id, chain[2].id}
    assert {(row.state, row.working_days, row.slip_number, row.reason) for row in followed} == {
        (ChangeState.APPROVED, 5, None, "น้ำท่วม")
    }
    # What moved because another moved is not its own postponement.
    assert [queries.slips_of(session, item.id) for item in chain] == [1, 0, 0]


def _consistent(session: Session, plan: ActionPlan) -> bool:
    network = moving.network_of(session, plan)
    return all(
        network.spans[link.successor].starts_on
        >= schedule.earliest_start(link, network.spans[link.predecessor].due_on, network.spans[link.successor], network.days)
        for link in network.links
    )


def test_five_hundred_dependants_are_shown_quickly(
    session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref, count_queries: Any
) -> None:
    first = add(session, world, now, draft, authority, "แรก", 0)
    rows = [_bare(draft, world, number) for number in range(500)]
    links = [
        Dependency(plan_id=draft.id, predecessor_id=before.id, successor_id=after.id, lag_days=0)
        for before, after in zip([first, *rows], rows, strict=False)
    ]
    with history.act(session, verb="action_plan.edited", actor=world.actors["coordinator"], now=now, subject=draft):
        session.add_all(rows)
        session.flush()
        session.add_all(links)
    session.commit()
    changed = {first.id: (first.starts_on, first.due_on + timedelta(days=60))}
    with count_queries() as statements:
        impact = service.impact_of(session, draft, changed)
    # The best of three: the machine may be busy with something else.
    seconds = min(_seconds(lambda: service.impact_of(session, draft, changed)) for _try in range(3))
    assert len(impact.moves) == 500
    assert len(statements) == 3
    assert seconds < 0.3, seconds


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(plan: ActionPlan, world: World, number: int) -> ActionItem:
    start = MONDAY + timedelta(days=7 + number)
    from collab.kernel.ids import new_id

    return ActionItem(
        id=new_id(), plan_id=plan.id, committee_id=plan.committee_id, group_name="", title=f"งานที่ {number}", description="",
        lead_organisation_id=world.org_id("banphru"), starts_on=start, due_on=start, position=number + 10,
    )  # fmt: skip


def test_two_who_move_linked_items_at_once_end_in_a_plan_that_holds(committed: Database) -> None:
    with committed.unit_of_work() as session:
        world = build_world(session, NOW)
        authority = made.make_resolution(session, world, NOW)
        plan = made.make_plan(session, world, NOW)
        items = [add(session, world, NOW, plan, authority, title, week) for week, title in enumerate("กขคง")]
        for before, after in ((0, 1), (1, 2), (2, 3), (0, 3)):
            service.link_items(
                session, actor=world.actors["coordinator"], now=NOW, successor_id=items[after].id, predecessor_id=items[before].id
            )
    barrier = threading.Barrier(2)

    def move(number: int) -> int:
        """Move one item by weeks until it is done, confirming whatever is shown, as a person would."""
        accepted, tries = None, 0
        barrier.wait()
        while True:
            tries += 1
            try:
                with committed.unit_of_work() as session:
                    item = session.get_one(ActionItem, items[number].id)
                    later = timedelta(days=21)
                    edit(
                        session, world, NOW, item, authority, starts_on=item.starts_on + later, due_on=item.due_on + later + timedelta(days=7),
                        accepted=accepted,
                    )  # fmt: skip
                return tries
            except UnseenConsequences as seen:
                accepted = seen.impact.digest

    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(move, (0, 1)))
    assert max(tries) < 6
    with committed.reading() as session:
        assert _consistent(session, session.get_one(ActionPlan, plan.id))
        last = session.get_one(ActionItem, items[3].id)
        assert last.starts_on > items[3].starts_on
