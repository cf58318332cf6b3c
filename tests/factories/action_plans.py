"""A plan with items for tests, and a resolution to stand behind them."""

import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import service
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine, Dependency
from collab.kernel.targets import Ref
from collab.meetings.models import AgendaItem, Meeting, Resolution
from collab.meetings.states import ItemState as AgendaState
from collab.meetings.states import MeetingState
from tests.factories import documents as files
from tests.factories.world import World

STARTS, DUE = date(2026, 10, 15), date(2027, 1, 31)


def make_resolution(session: Session, world: World, now: datetime, number: int = 1, carried: bool = True) -> Ref:
    """Make a closed meeting of the world's committee with one resolution, commit it, and return the resolution."""
    meeting = Meeting(committee_id=world.committee.id, state=MeetingState.CLOSED, title="ประชุม", place="อบจ.", starts_at=now)
    with history.act(session, verb="resolution.made", actor=world.actors["coordinator"], now=now, subject=meeting):
        session.add(meeting)
        session.flush()
        item = AgendaItem(
            meeting_id=meeting.id, committee_id=world.committee.id, heading=5, position=1, title="รถขยะ", is_for_decision=True,
            state=AgendaState.DECIDED,
        )  # fmt: skip
        session.add(item)
        session.flush()
        resolution = Resolution(
            meeting_id=meeting.id, agenda_item_id=item.id, committee_id=world.committee.id, number=f"ทส {number}/2570", number_year=2570,
            number_in_year=number, text="ให้ซื้อรถขยะร่วมกัน", carried=carried, arithmetic={}, decided_on=now.date(),
        )  # fmt: skip
        session.add(resolution)
    session.commit()
    return Ref("resolution", resolution.id)


def facts(world: World, authority: Ref | None, **changes: Any) -> service.ItemFacts:
    """Return an item led by Ban Phru, owned by its clerk, supported by Kho Hong."""
    values: dict[str, Any] = {
        "title": "ซื้อรถเก็บขยะ 2 คัน", "group_name": "การเก็บขน", "description": "รายละเอียด", "weight": 2,
        "lead_organisation_id": world.org_id("banphru"), "supporter_ids": frozenset({world.org_id("khohong")}),
        "owner_id": world.users["clerk_banphru"].id, "starts_on": STARTS, "due_on": DUE, "budget_planned": Decimal("1250000.50"),
        "authority": authority,
    }  # fmt: skip
    return service.ItemFacts(**{**values, **changes})


def make_plan(session: Session, world: World, now: datetime, title: str = "แผนปฏิบัติการร่วม 2570") -> ActionPlan:
    """Make a draft plan of the world's committee and commit it."""
    plan = service.create_plan(
        session, actor=world.actors["coordinator"], now=now, committee_id=world.committee.id, fiscal_year=2570, title=title
    )
    session.commit()
    return plan


def make_item(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref | None, **changes: Any
) -> ActionItem:
    """Add an item to ``plan`` and commit it."""
    item = service.add_item(
        session, actor=world.actors["coordinator"], now=now, plan_id=plan.id, facts=facts(world, authority, **changes)
    )
    session.commit()
    return item


def activate(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    """Put ``plan`` into force and commit."""
    service.activate_plan(session, actor=world.actors["coordinator"], now=now, plan_id=plan.id)
    session.commit()


def evidence() -> service.FileSent:
    """Return a photo as a telephone sends it."""
    return service.FileSent(io.BytesIO(files.photo()), "IMG_0001.jpg")


def report(session: Session, world: World, now: datetime, item: ActionItem, percent: int, who: str = "clerk_banphru",
           sent: Callable[[], service.FileSent] | None = None) -> None:  # fmt: skip
    """Report ``percent`` on ``item`` and commit; 100 brings evidence."""
    file = (sent or evidence)() if percent == 100 or sent else None
    service.report_progress(
        session, actor=world.actors[who], now=now, item_id=item.id, percent=percent, words="ส่งมอบแล้ว", evidence=file
    )
    session.commit()


def put(session: Session, world: World, now: datetime, row: Any, verb: str = "action_plan.edited") -> Any:
    """Write ``row`` of any table of a plan as the coordinator, commit it, and return it: for tests that need the row only."""
    with history.act(session, verb=verb, actor=world.actors["coordinator"], now=now, subject=row):
        session.add(row)
    session.commit()
    return row


def link(
    session: Session, world: World, now: datetime, predecessor: ActionItem, successor: ActionItem, lag_days: int = 0
) -> Dependency:
    """Let ``successor`` wait for ``predecessor``, without moving anything."""
    row = Dependency(plan_id=predecessor.plan_id, predecessor_id=predecessor.id, successor_id=successor.id, lag_days=lag_days)
    put(session, world, now, row, "action_dependency.added")
    return row


def budget_line(session: Session, world: World, now: datetime, item: ActionItem, who: str, planned: int,
                committed: int = 0, spent: int = 0) -> BudgetLine:  # fmt: skip
    """Give ``item`` a budget line of an organisation of the world, in whole baht."""
    row = BudgetLine(
        plan_id=item.plan_id, item_id=item.id, organisation_id=world.org_id(who), planned=Decimal(planned),
        committed=Decimal(committed), spent=Decimal(spent),
    )  # fmt: skip
    put(session, world, now, row, "action_item.budgeted")
    return row
