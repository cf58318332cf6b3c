"""The trail of changes: every filter finds what it names and nothing else, and the price does not grow with the log."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans.models import ActionItem
from collab.audits import telling, trail
from collab.audits.trail import Filter
from collab.history.models import HistoryEvent
from tests.factories import action_plans as plans
from tests.factories.world import World

SATURDAY = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def item(session: Session, world: World, now: datetime) -> ActionItem:
    plan = plans.make_plan(session, world, now)
    return plans.make_item(session, world, now, plan, plans.make_resolution(session, world, now))


def edit(
    session: Session, world: World, item: ActionItem, at: datetime, title: str, who: str = "coordinator", **options: Any
) -> None:
    with history.act(session, verb="action_item.edited", actor=world.actors[who], now=at, subject=item, **options):
        item.title = title
    session.commit()


def found(session: Session, wanted: Filter) -> list[UUID]:
    return [event.event_id for event in trail.read(session, wanted).events]


def last_event(session: Session) -> UUID:
    return session.scalars(sa.select(HistoryEvent.id).order_by(HistoryEvent.recorded_at.desc(), HistoryEvent.id.desc())).first()  # type: ignore[return-value]


def test_each_filter_finds_its_change_and_only_that(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    before = now + timedelta(days=1)
    edit(session, world, item, before, "ก่อน")
    edit(session, world, item, SATURDAY + timedelta(days=7), "เสาร์", occurred_at=SATURDAY, reason="พบภายหลัง",
         second_person=world.users["chair"].id)  # fmt: skip
    wanted = last_event(session)
    for narrowed in (
        Filter(late=True), Filter(closed_day=True, first=date(2026, 11, 28)), Filter(late=True, subject_id=item.id),
        Filter(stream_id=f"action_plan/{item.plan_id}", late=True), Filter(first=date(2026, 11, 28), last=date(2026, 11, 28)),
    ):  # fmt: skip
        assert found(session, narrowed) == [wanted], narrowed
    assert found(session, Filter(subject_id=item.id, first=date(2026, 11, 29))) == []


def test_who_for_whom_verb_kind_field_and_authority(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    edit(session, world, item, now + timedelta(hours=1), "หนึ่ง", who="clerk_banphru")
    by_clerk = last_event(session)
    edit(session, world, item, now + timedelta(hours=2), "สอง", authority=history.Authority("resolution", item.authority_id),
         on_behalf_of=world.org_id("phatong"))  # fmt: skip
    for_phatong = last_event(session)
    clerk = world.users["clerk_banphru"].id
    assert found(session, Filter(who=clerk)) == [by_clerk]
    assert found(session, Filter(organisation=world.org_id("phatong"))) == [for_phatong]
    assert set(found(session, Filter(verb="action_item.edited"))) == {by_clerk, for_phatong}
    assert set(found(session, Filter(kind="action_item", field="title", verb="action_item.edited"))) == {by_clerk, for_phatong}
    assert found(session, Filter(verb="action_item.edited", without_authority=True)) == [by_clerk]
    assert found(session, Filter(verb="action_item.edited", field="due_on")) == []
    assert found(session, Filter(verb="action_item.edited", kind="resolution")) == []
    assert found(session, Filter(verb="action_item.edited", who=clerk, until=now)) == []


def test_pages_follow_each_other_without_gap_or_repeat(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    for number in range(7):
        edit(session, world, item, now + timedelta(minutes=number), f"ชื่อ {number}")
    for wanted in (Filter(subject_id=item.id), Filter(stream_id=f"action_plan/{item.plan_id}"), Filter(kind="action_item")):
        whole = [event.event_id for event in trail.read(session, wanted, size=100).events]
        paged: list[UUID] = []
        cursor = None
        while True:
            page = trail.read(session, wanted, cursor, size=3)
            paged += [event.event_id for event in page.events]
            cursor = page.cursor
            if cursor is None:
                break
        assert paged == whole
        assert len(whole) >= 8
        assert [event.event_id for event in trail.every(session, wanted, 1000)] == whole


def test_a_rare_match_is_looked_for_within_a_budget(
    session: Session, world: World, now: datetime, item: ActionItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        edit(session, world, item, now + timedelta(minutes=number), f"ชื่อ {number}")
    monkeypatch.setattr(trail, "BUDGET", 4)
    wanted = Filter(verb="action_item.edited", field="due_on")
    page = trail.read(session, wanted)
    assert page.events == []
    assert page.searched_to == now + timedelta(minutes=2)
    assert page.cursor is not None
    further = trail.read(session, wanted, page.cursor)
    assert (further.events, further.cursor, further.searched_to) == ([], None, None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!", "MA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "MjAyNi0xMS0yMVQwMDowMDowMH4wMA", "ก" * 300]
)
def test_a_cursor_that_cannot_be_read_means_the_newest(session: Session, world: World, item: ActionItem, cursor: str) -> None:
    for wanted in (Filter(), Filter(stream_id=f"action_plan/{item.plan_id}")):
        assert trail.read(session, wanted, cursor).events == trail.read(session, wanted).events


def test_every_leading_condition_is_served_by_an_index(session: Session, world: World, item: ActionItem) -> None:
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    session.execute(sa.text("SET LOCAL enable_sort = off"))
    key = item.id
    for wanted, index in (
        (Filter(stream_id=f"action_plan/{item.plan_id}"), "uq_history_event_stream_id"), (Filter(subject_id=key), "ix_history_event_subject"),
        (Filter(who=key), "ix_history_event_actor"), (Filter(verb="x.y"), "ix_history_event_verb"), (Filter(late=True), "ix_history_event_late"),
        (Filter(organisation=key), "ix_history_event_organisation"), (Filter(), "ix_history_event_recorded"),
        (replace(Filter(kind="x"), first=date(2026, 1, 1)), "ix_history_event_recorded"),
    ):  # fmt: skip
        inner = sa.select(trail.candidates(wanted, None))
        text = str(inner.compile(session.connection(), compile_kwargs={"literal_binds": True}))
        plan = "\n".join(session.scalars(sa.text("EXPLAIN " + text.replace(":", r"\:"))))
        assert index in plan, f"{wanted}\n{plan}"


def test_a_page_costs_the_same_number_of_queries_however_many_rows(
    session: Session, world: World, now: datetime, item: ActionItem, count_queries: Callable[[], Any]
) -> None:
    counts = []
    for round_ in range(2):
        for number in range(1 + 12 * round_):
            edit(session, world, item, now + timedelta(hours=round_, minutes=number), f"ชื่อ {round_} {number}")
        with count_queries() as statements:
            telling.tell_every(session, world.actors["auditor"], Filter(subject_id=item.id), None)
        counts.append(len(statements))
    assert counts[0] == counts[1]
