"""Who may see, manage, report, verify and decide: every state of the plan and item against every person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from collab.action_plans import queries, service
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ItemState, PlanState
from collab.kernel import targets
from collab.kernel.access import Grant, Permission, Role, Scope, can
from collab.kernel.errors import DomainError, NotAllowed, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World

PEOPLE = (
    "administrator", "coordinator", "chair", "auditor", "clerk_outside", "clerk_banphru", "executive_banphru", "clerk_khohong",
    "executive_khohong", "clerk_phatong", "executive_phatong",
)  # fmt: skip
SEES_DRAFT = {"coordinator", "chair"}
BLIND = {"clerk_outside"}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("state", list(PlanState))
def test_who_sees_a_plan(session: Session, world: World, draft: ActionPlan, who: str, state: PlanState, monkeypatch) -> None:
    from sqlalchemy import text

    session.execute(text("SELECT set_config('collab.act', '1', true)"))
    session.execute(text("UPDATE action_plan SET state = :state"), {"state": state.value})
    session.expire_all()
    actor = world.actors[who]
    expected = who in SEES_DRAFT if state is PlanState.DRAFT else who not in BLIND
    ref = Ref("action_plan", draft.id)
    assert can(actor, Permission.ACTION_PLAN_VIEW, session.get(ActionPlan, draft.id)) is expected
    assert (ref in targets.visible(session, actor, [ref])) is expected
    assert bool(queries.list_plans(session, actor).rows) is expected
    if not expected:
        with pytest.raises(NotFound):
            queries.get_plan(session, actor, draft.id)


def _put(session: Session, world: World, now: datetime, item: ActionItem, state: ItemState) -> None:
    """Bring the item into ``state`` by the services."""
    if state is ItemState.IN_PROGRESS:
        made.report(session, world, now, item, 40)
    if state in (ItemState.AWAITING_VERIFICATION, ItemState.DONE):
        made.report(session, world, now, item, 100)
    if state is ItemState.DONE:
        service.judge_report(session, actor=world.actors["coordinator"], now=now, item_id=item.id, accepted=True, words="")
    if state is ItemState.CANCELLED:
        service.cancel_item(session, actor=world.actors["coordinator"], now=now, item_id=item.id, reason="งบไม่พอ")
    session.commit()
    assert item.state is state


def _report(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.report_progress(session, actor=world.actors[who], now=now, item_id=item.id, percent=50, words="ทำแล้ว")


def _verify(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.judge_report(session, actor=world.actors[who], now=now, item_id=item.id, accepted=True, words="")


def _return(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.judge_report(session, actor=world.actors[who], now=now, item_id=item.id, accepted=False, words="ไม่ครบ")


def _edit(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    authority = Ref(item.authority_kind or "", item.authority_id)  # type: ignore[arg-type]
    service.edit_item(
        session,
        actor=world.actors[who],
        now=now,
        item_id=item.id,
        expected_version=item.version,
        facts=made.facts(world, authority, title="ใหม่"),
    )


def _cancel(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.cancel_item(session, actor=world.actors[who], now=now, item_id=item.id, reason="x")


def _remove(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.remove_item(session, actor=world.actors[who], now=now, item_id=item.id, reason="x")


def _ask(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    service.ask_deadline(session, actor=world.actors[who], now=now, item_id=item.id, new_due_on=date(2027, 3, 1), reason="ฝนตก")


Do = Callable[[Session, World, datetime, ActionItem, str], None]
RUNNING = {ItemState.PLANNED, ItemState.IN_PROGRESS}
VERBS: dict[str, tuple[Do, set[str], set[ItemState]]] = {
    "report": (_report, {"clerk_banphru"}, RUNNING),
    "verify": (_verify, {"coordinator", "clerk_khohong"}, {ItemState.AWAITING_VERIFICATION}),
    "return": (_return, {"coordinator", "clerk_khohong"}, {ItemState.AWAITING_VERIFICATION}),
    "edit": (_edit, {"coordinator"}, RUNNING),
    "cancel": (_cancel, {"coordinator"}, RUNNING),
    "remove": (_remove, {"coordinator"}, RUNNING),
    "ask": (_ask, {"coordinator", "clerk_banphru"}, {*RUNNING, ItemState.AWAITING_VERIFICATION}),
}


@pytest.mark.parametrize("state", list(ItemState))
@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_in_every_state_by_everybody(
    session: Session, world: World, now: datetime, item: ActionItem, verb: str, state: ItemState
) -> None:
    _put(session, world, now, item, state)
    do, allowed, states = VERBS[verb]
    for who in PEOPLE:
        if who in BLIND:
            expected: type[DomainError] | None = NotFound
        elif who not in allowed:
            expected = NotAllowed
        else:
            expected = None if state in states else StateConflict
        savepoint = session.begin_nested()
        if expected is None:
            do(session, world, now, item, who)
        else:
            with pytest.raises(expected):
                do(session, world, now, item, who)
        savepoint.rollback()
        session.info.clear()
        session.expire_all()


@pytest.mark.parametrize("who", PEOPLE)
def test_who_decides_a_deadline(session: Session, world: World, now: datetime, item: ActionItem, who: str) -> None:
    _ask(session, world, now, item, "clerk_banphru")
    session.commit()
    allowed = {"coordinator", "chair"}
    arguments = {"actor": world.actors[who], "now": now, "item_id": item.id, "approved": True, "words": ""}
    if who in allowed:
        service.decide_deadline(session, **arguments)
        session.commit()
        assert item.due_on == date(2027, 3, 1)
        assert item.baseline_due_on == made.DUE
        return
    with pytest.raises(NotFound if who in BLIND else NotAllowed):
        service.decide_deadline(session, **arguments)


def test_who_asked_does_not_decide(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    _ask(session, world, now, item, "coordinator")
    session.commit()
    with pytest.raises(NotAllowed):
        service.decide_deadline(session, actor=world.actors["coordinator"], now=now, item_id=item.id, approved=True, words="")
    service.decide_deadline(session, actor=world.actors["chair"], now=now, item_id=item.id, approved=True, words="")


def test_who_reported_does_not_verify_after_a_change_of_office(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    """The clerk reported for the municipality, and moved to the agency the week after."""
    made.report(session, world, now, item, 100)
    moved = replace(world.actors["coordinator"], user_id=world.users["clerk_banphru"].id)
    with pytest.raises(NotAllowed):
        service.judge_report(session, actor=moved, now=now, item_id=item.id, accepted=True, words="")
    service.judge_report(session, actor=world.actors["coordinator"], now=now, item_id=item.id, accepted=True, words="")


@pytest.mark.parametrize("who", PEOPLE)
def test_who_makes_and_activates_plans(
    session: Session, world: World, now: datetime, authority: Ref, draft: ActionPlan, who: str
) -> None:
    made.make_item(session, world, now, draft, authority)
    actor = world.actors[who]
    make = {"actor": actor, "now": now, "committee_id": world.committee.id, "fiscal_year": 2570, "title": "x"}
    activate = {"actor": actor, "now": now, "plan_id": draft.id}
    if who == "coordinator":
        service.create_plan(session, **make)
        service.activate_plan(session, **activate)
        return
    with pytest.raises(NotAllowed):
        service.create_plan(session, **make)
    with pytest.raises(NotAllowed if who == "chair" else NotFound):
        service.activate_plan(session, **activate)


def test_an_auditor_of_another_committee_sees_no_plan_of_this_one(session: Session, world: World, plan: ActionPlan) -> None:
    whole = world.actors["auditor"]
    here, elsewhere = (
        replace(whole, grants=(Grant(Role.AUDITOR, Scope.COMMITTEE, key),), committee_ids=frozenset())
        for key in (world.committee.id, new_id())
    )
    for actor, sees in ((whole, True), (here, True), (elsewhere, False)):
        assert can(actor, Permission.ACTION_PLAN_VIEW, plan) is sees
        assert bool(queries.list_plans(session, actor).rows) is sees
