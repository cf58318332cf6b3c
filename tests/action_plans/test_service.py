"""What the verbs do, refuse, record and tell."""

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import emails, presenters, queries, service
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ChangeState, ItemState, PlanState, ReportState
from collab.documents import queries as documents
from collab.history import queries as events
from collab.kernel import targets, turns
from collab.kernel.errors import InvalidInput, NotFound, StateConflict, VersionConflict
from collab.kernel.targets import Ref
from collab.notices.models import Message
from collab.reminders.registry import due_kinds
from tests.factories import action_plans as made
from tests.factories.world import World


def _messages(session: Session, world: World, who: str) -> list[str]:
    rows = session.scalars(
        sa.select(Message.text).where(Message.recipient_id == world.users[who].id).order_by(Message.created_at)
    )
    return list(rows)


def test_activation_fixes_the_dates_and_tells_the_owner(
    session: Session, world: World, plan: ActionPlan, item: ActionItem
) -> None:
    assert plan.state is PlanState.ACTIVE
    assert (item.baseline_starts_on, item.baseline_due_on, item.is_open) == (made.STARTS, made.DUE, True)
    assert "31 มกราคม 2570" in _messages(session, world, "clerk_banphru")[0]


def test_a_plan_is_activated_only_when_every_item_has_authority_and_a_verifier(
    session: Session, world: World, now: datetime, authority: Ref, draft: ActionPlan
) -> None:
    coordinator = world.actors["coordinator"]
    with pytest.raises(StateConflict):
        service.activate_plan(session, actor=coordinator, now=now, plan_id=draft.id)
    bare = made.make_item(session, world, now, draft, None, title="ไม่มีมติ")
    with pytest.raises(StateConflict, match="ไม่มีมติ"):
        service.activate_plan(session, actor=coordinator, now=now, plan_id=draft.id)
    alone = made.facts(
        world, authority, title="หน่วยงานทำเอง", lead_organisation_id=world.org_id("pao"), supporter_ids=frozenset(), owner_id=None
    )
    service.edit_item(session, actor=coordinator, now=now, item_id=bare.id, expected_version=1, facts=alone)
    session.commit()
    with pytest.raises(StateConflict, match="หน่วยงานทำเอง"):
        service.activate_plan(session, actor=coordinator, now=now, plan_id=draft.id)


def test_everything_is_written_into_the_stream_of_the_plan(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    made.report(session, world, now, item, 100)
    service.judge_report(session, actor=world.actors["clerk_khohong"], now=now, item_id=item.id, accepted=False, words="ภาพไม่ชัด")
    session.commit()
    service.ask_deadline(
        session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, new_due_on=date(2027, 2, 15), reason="รอภาพ"
    )
    session.commit()
    verbs = [entry.verb for entry in events.list_stream(session, f"action_plan/{plan.id}").rows]
    assert {
        "action_plan.created",
        "action_item.added",
        "action_plan.activated",
        "progress.submitted",
        "progress.returned",
        "deadline.asked",
    } <= set(verbs)
    kinds = {found.subject_kind for found in events.as_of(session, f"action_plan/{plan.id}", now + timedelta(days=1))}
    assert kinds == {"action_plan", "action_item", "action_item_supporter", "progress_report", "deadline_change"}


def test_the_authority_of_an_item_is_in_its_events(session: Session, item: ActionItem, authority: Ref) -> None:
    entry = events.list_subject(session, item.id).rows[-1]
    assert (entry.verb, entry.authority_kind, entry.authority_id) == ("action_item.added", "resolution", authority.id)


def test_reporting(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    report = service.report_progress(
        session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, percent=40, words=" ลงนามสัญญาแล้ว ", milestone="สัญญา",
        cost_spent=Decimal("500000.00"), evidence=made.evidence(),
    )  # fmt: skip
    session.commit()
    assert (report.state, report.words, report.cost_spent) == (ReportState.RECORDED, "ลงนามสัญญาแล้ว", Decimal("500000.00"))
    assert (item.percent, item.state) == (40, ItemState.IN_PROGRESS)
    ref = Ref("progress_report", report.id)
    stored = documents.list_documents(session, [ref])[ref]
    assert [file.media_type for file in stored] == ["image/jpeg"]


@pytest.mark.parametrize(("arguments", "name"), [
    ({"percent": 101}, "percent"), ({"percent": -1}, "percent"), ({"words": "  "}, "words"), ({"percent": 100}, "evidence"),
    ({"evidence": service.FileSent(io.BytesIO(b""), "a.pdf")}, "evidence"), ({"evidence": service.FileSent(io.BytesIO(b"MZ"), "a.exe")}, "evidence"),
])  # fmt: skip
def test_reports_that_are_refused(
    session: Session, world: World, now: datetime, item: ActionItem, arguments: dict[str, Any], name: str
) -> None:
    values = {"percent": 40, "words": "x", **arguments}
    with pytest.raises(InvalidInput) as caught:
        service.report_progress(session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, **values)
    assert set(caught.value.errors) == {name}


def test_evidence_is_verified_by_another_party_before_the_item_closes(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    made.report(session, world, now, item, 100)
    assert item.state is ItemState.AWAITING_VERIFICATION
    with pytest.raises(InvalidInput):
        service.judge_report(session, actor=world.actors["coordinator"], now=now, item_id=item.id, accepted=False, words=" ")
    service.judge_report(session, actor=world.actors["clerk_khohong"], now=now, item_id=item.id, accepted=False, words="ภาพไม่ชัด")
    session.commit()
    assert (item.state, item.is_open) == (ItemState.IN_PROGRESS, True)
    assert any("ภาพไม่ชัด" in text for text in _messages(session, world, "clerk_banphru"))
    # Evidence of the earlier report still counts.
    service.report_progress(session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, percent=100, words="แนบแล้ว")
    session.commit()
    service.judge_report(session, actor=world.actors["coordinator"], now=now, item_id=item.id, accepted=True, words="ตรวจแล้ว")
    session.commit()
    assert (item.state, item.is_open) == (ItemState.DONE, False)


def test_who_moved_to_the_leading_organisation_still_does_not_judge_their_own(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    made.report(session, world, now, item, 100)
    view = presenters.offers(
        session, world.actors["clerk_banphru"], queries.get_item(session, world.actors["clerk_banphru"], item.id)[0], item,
        queries.awaiting_report(session, item.id), None,
    )  # fmt: skip
    assert not view.judge


def test_deadlines(session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem) -> None:
    clerk, chair = world.actors["clerk_banphru"], world.actors["chair"]
    for new, reason, name in (
        (made.DUE, "x", "new_due_on"),
        (date(2026, 1, 1), "x", "new_due_on"),
        (date(2027, 2, 1), " ", "reason"),
    ):
        with pytest.raises(InvalidInput) as caught:
            service.ask_deadline(session, actor=clerk, now=now, item_id=item.id, new_due_on=new, reason=reason)
        assert set(caught.value.errors) == {name}
    for turn, day in enumerate((date(2027, 2, 15), date(2027, 3, 1))):
        service.ask_deadline(session, actor=clerk, now=now, item_id=item.id, new_due_on=day, reason="ฝนตก")
        session.commit()
        with pytest.raises(StateConflict):
            service.ask_deadline(session, actor=clerk, now=now, item_id=item.id, new_due_on=date(2027, 5, 1), reason="อีก")
        assert item.due_on == (made.DUE, date(2027, 2, 15))[turn]
        service.decide_deadline(session, actor=chair, now=now, item_id=item.id, approved=True, words="")
        session.commit()
    service.ask_deadline(session, actor=clerk, now=now, item_id=item.id, new_due_on=date(2027, 9, 1), reason="อีก")
    session.commit()
    with pytest.raises(InvalidInput):
        service.decide_deadline(session, actor=chair, now=now, item_id=item.id, approved=False, words="")
    change = service.decide_deadline(session, actor=chair, now=now, item_id=item.id, approved=False, words="นานเกินไป")
    session.commit()
    assert change.state is ChangeState.REFUSED
    assert (item.due_on, item.baseline_due_on) == (date(2027, 3, 1), made.DUE)
    row = presenters.item_rows(session, [item], date(2026, 11, 21))[0]
    assert "29" in row.slip
    with pytest.raises(StateConflict):
        service.decide_deadline(session, actor=chair, now=now, item_id=item.id, approved=True, words="")
    assert any("นานเกินไป" in text for text in _messages(session, world, "clerk_banphru"))


@pytest.mark.parametrize(("changes", "name"), [
    ({"title": " "}, "title"), ({"due_on": date(2026, 1, 1)}, "due_on"), ({"weight": 0}, "weight"), ({"weight": 1001}, "weight"),
    ({"lead_organisation_id": uuid4(), "owner_id": None}, "lead_organisation_id"), ({"supporter_ids": frozenset({uuid4()})}, "supporter_ids"),
    ({"owner_id": uuid4()}, "owner_id"), ({"authority": Ref("resolution", uuid4())}, "authority"), ({"authority": Ref("committee", uuid4())}, "authority"),
    ({"authority": None}, "authority"),
])  # fmt: skip
def test_items_that_are_refused(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref, changes: dict[str, Any], name: str
) -> None:
    facts = made.facts(world, **{"authority": authority, **changes})
    with pytest.raises(InvalidInput) as caught:
        service.add_item(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, facts=facts)
    assert set(caught.value.errors) == {name}


def test_an_owner_is_a_person_of_the_leading_organisation(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    for who, ok in (("executive_banphru", True), ("clerk_khohong", False)):
        facts = made.facts(world, authority, owner_id=world.users[who].id)
        if ok:
            assert service.add_item(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, facts=facts).is_open
            session.commit()
        else:
            with pytest.raises(InvalidInput):
                service.add_item(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, facts=facts)


def test_the_due_date_of_an_active_plan_moves_by_a_request_only(
    session: Session, world: World, now: datetime, item: ActionItem, authority: Ref
) -> None:
    facts = made.facts(world, authority, due_on=date(2027, 12, 31))
    with pytest.raises(InvalidInput) as caught:
        service.edit_item(
            session, actor=world.actors["coordinator"], now=now, item_id=item.id, expected_version=item.version, facts=facts
        )
    assert set(caught.value.errors) == {"due_on"}


def test_the_second_of_two_editors_is_told(
    session: Session, world: World, now: datetime, item: ActionItem, authority: Ref
) -> None:
    seen = item.version
    edit = {"actor": world.actors["coordinator"], "now": now, "item_id": item.id, "expected_version": seen}
    service.edit_item(
        session, facts=made.facts(world, authority, title="ก", supporter_ids=frozenset({world.org_id("phatong")})), **edit
    )
    session.commit()
    assert queries.supporters_of(session, [item.id]) == {item.id: [world.org_id("phatong")]}
    with pytest.raises(VersionConflict):
        service.edit_item(session, facts=made.facts(world, authority, title="ข"), **edit)


def test_removed_and_cancelled(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    other = made.make_item(session, world, now, plan, authority, title="อีกรายการ")
    coordinator = world.actors["coordinator"]
    with pytest.raises(InvalidInput):
        service.remove_item(session, actor=coordinator, now=now, item_id=item.id, reason=" ")
    service.remove_item(session, actor=coordinator, now=now, item_id=item.id, reason="ซ้ำ")
    session.commit()
    service.cancel_item(session, actor=coordinator, now=now, item_id=other.id, reason="งบไม่พอ")
    session.commit()
    assert [row.id for row in queries.items_of(session, plan.id)] == [other.id]
    assert not item.is_open
    assert not other.is_open
    before = events.subject_as_of(session, item.id, now + timedelta(days=1))
    assert before is not None
    with pytest.raises(StateConflict):
        service.remove_item(session, actor=coordinator, now=now, item_id=item.id, reason="x")


def test_closing(session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem) -> None:
    coordinator = world.actors["coordinator"]
    made.report(session, world, now, item, 100)
    with pytest.raises(StateConflict):
        service.close_plan(session, actor=coordinator, now=now, plan_id=plan.id, reason="สิ้นปี")
    service.judge_report(session, actor=coordinator, now=now, item_id=item.id, accepted=False, words="x")
    session.commit()
    with pytest.raises(InvalidInput):
        service.close_plan(session, actor=coordinator, now=now, plan_id=plan.id, reason="")
    service.close_plan(session, actor=coordinator, now=now, plan_id=plan.id, reason="สิ้นปี")
    session.commit()
    assert (plan.state, item.is_open) == (PlanState.CLOSED, False)
    with pytest.raises(StateConflict):
        made.report(session, world, now, item, 50)


def test_foreign_ids(session: Session, world: World, now: datetime, authority: Ref, plan: ActionPlan) -> None:
    coordinator = world.actors["coordinator"]
    for call in (
        lambda: service.add_item(session, actor=coordinator, now=now, plan_id=uuid4(), facts=made.facts(world, authority)),
        lambda: service.cancel_item(session, actor=coordinator, now=now, item_id=uuid4(), reason="x"),
        lambda: service.create_plan(session, actor=coordinator, now=now, committee_id=uuid4(), fiscal_year=2570, title="x"),
        lambda: service.create_plan(
            session,
            actor=coordinator,
            now=now,
            committee_id=world.committee.id,
            fiscal_year=2570,
            title="x",
            agreement_id=uuid4(),
        ),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(InvalidInput):
        service.create_plan(session, actor=coordinator, now=now, committee_id=world.committee.id, fiscal_year=2027, title="x")


def _tasks(session: Session, world: World, now: datetime, who: str) -> set[str]:
    found = set()
    for source in turns._sources.values():
        if source.name.startswith("action_item."):
            statement = source.select(world.actors[who], now)
            found |= {row.task for row in session.execute(statement)} if statement is not None else set()
    return found


def test_what_waits_for_whom(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    assert _tasks(session, world, now, "clerk_banphru") == set()
    soon = datetime.combine(made.DUE, datetime.min.time(), now.tzinfo) - timedelta(days=10)
    assert _tasks(session, world, soon, "clerk_banphru") == {"action_item.report"}
    assert _tasks(session, world, soon, "executive_banphru") == set()
    made.report(session, world, now, item, 100)
    assert _tasks(session, world, soon, "clerk_banphru") == set()
    assert _tasks(session, world, soon, "clerk_khohong") == {"action_item.verify"}
    assert _tasks(session, world, soon, "coordinator") == {"action_item.verify"}
    assert _tasks(session, world, soon, "clerk_phatong") == set()
    service.ask_deadline(
        session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, new_due_on=date(2027, 3, 1), reason="x"
    )
    session.commit()
    assert _tasks(session, world, soon, "chair") == {"deadline.decide"}
    assert _tasks(session, world, soon, "coordinator") == {"action_item.verify", "deadline.decide"}


def test_what_is_due(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    rows = session.execute(due_kinds()["action_item"].select()).all()
    assert [(row.target_id, row.due_on, row.organisation_id, row.owner_id, row.committee_id) for row in rows] == [
        (item.id, made.DUE, world.org_id("banphru"), world.users["clerk_banphru"].id, world.committee.id)
    ]
    made.report(session, world, now, item, 100)
    assert session.execute(due_kinds()["action_item"].select()).all() == []


def test_why_leads_from_the_item_to_its_authority(
    session: Session, world: World, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    chain = targets.why(session, world.actors["clerk_khohong"], Ref("action_item", item.id))
    assert {(info.kind, info.id) for info in chain} == {
        ("action_item", item.id),
        ("action_plan", plan.id),
        ("resolution", authority.id),
    }
    assert chain[0].id == item.id


def test_the_owners_of_a_large_plan_are_told_with_the_queries_of_a_small_one(
    session: Session, world: World, now: datetime, authority: Ref, count_queries: Any
) -> None:
    def told(number: int) -> int:
        plan = made.make_plan(session, world, now)
        items = [made.make_item(session, world, now, plan, authority, title=f"{plan.id} {place}") for place in range(number)]
        with count_queries() as statements:
            emails.tell_assigned(session, world.actors["coordinator"], now, items)
        return len(statements)

    few = told(2)
    assert told(30) == few
    assert len(_messages(session, world, "clerk_banphru")) == 32
