"""The monthly report of each organisation as something that falls due: what is open, until when, for whom."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from collab.action_plans import queries, service, waiting
from collab.action_plans.models import ActionPlan
from collab.kernel.targets import Ref
from collab.reminders.registry import due_kinds
from tests.action_plans.test_months import LATER, NOVEMBER, close
from tests.factories import action_plans as made
from tests.factories.world import World


def due(session: Session, world: World, who: str = "banphru") -> list[date]:
    rows = session.execute(waiting._due_months())
    return sorted(row.due_on for row in rows if row.organisation_id == world.org_id(who))


def test_every_month_from_the_activation_to_the_end_of_the_fiscal_year(session: Session, world: World, plan: ActionPlan) -> None:
    found = due(session, world)
    assert (found[0], found[-1], len(found)) == (date(2026, 12, 5), date(2027, 10, 5), 11), "November 2569 to September 2570"
    assert due(session, world, "khohong") == [], "it leads nothing"
    assert due_kinds()["month_report"].plan_kind == "action_plan"


def test_a_closed_month_is_settled_and_one_opened_again_is_not(
    session: Session, world: World, now: datetime, plan: ActionPlan
) -> None:
    row = close(session, world, now + LATER, plan, note="ยังไม่เริ่ม")
    assert due(session, world)[0] == date(2027, 1, 5)
    service.reopen_month(session, actor=world.actors["coordinator"], now=now + LATER, closing_id=row.id, reason="แก้ตัวเลข")
    session.flush()
    assert due(session, world)[0] == date(2026, 12, 5)
    assert row.month == NOVEMBER


def test_an_organisation_that_takes_over_an_item_reports_from_then_on(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    made.make_item(
        session,
        world,
        now,
        plan,
        authority,
        lead_organisation_id=world.org_id("khohong"),
        owner_id=None,
        supporter_ids=frozenset(),
    )
    assert len(due(session, world, "khohong")) == 11


def test_who_leads_nothing_that_is_open_owes_no_report(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    for item in queries.items_of(session, plan.id):
        service.cancel_item(
            session, actor=world.actors["coordinator"], now=now, item_id=item.id, reason="ยกเลิก", expected_version=None
        )
    session.flush()
    assert due(session, world) == []


def test_an_organisation_whose_items_begin_later_owes_no_earlier_month(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    later = {"owner_id": None, "supporter_ids": frozenset(), "starts_on": date(2027, 1, 31), "due_on": date(2027, 3, 1)}
    made.make_item(session, world, now, plan, authority, lead_organisation_id=world.org_id("khohong"), **later)
    assert due(session, world, "khohong")[0] == date(2027, 2, 5), "January is the first month with work in it"


def test_a_draft_plan_asks_for_no_reports(
    session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    made.make_item(session, world, now, draft, authority)
    assert due(session, world) == []


def test_its_page_is_the_months_of_the_plan(session: Session, world: World, plan: ActionPlan) -> None:
    from collab.kernel import targets

    key = session.execute(waiting._due_months()).first()
    assert key is not None
    ref = Ref("plan_reporter", key.target_id)
    (info,) = targets.resolve(session, world.actors["clerk_banphru"], [ref]).values()
    assert (info.title, info.url) == (plan.title, f"/action-plans/{plan.id}/months")
    assert targets.visible(session, world.actors["clerk_outside"], [ref]) == set()
