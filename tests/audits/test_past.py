"""Past states by the two clocks, registers, comparisons, and the pages on the whole."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import service as action_plans
from collab.action_plans.models import ActionItem
from collab.audits import clocks, coverage, past, trail, wording_parts
from collab.audits.routes.blueprint import STREAM_KINDS
from collab.factory import register_areas
from collab.history.tracking import columns_of, tracked_models
from collab.kernel import targets
from collab.kernel.clock import at_bangkok
from collab.members.models import SeatHolder
from collab.reminders.models import Audience, ReminderEvidence, ReminderState
from tests.factories import action_plans as plans
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.fixture
def item(session: Session, world: World, now: datetime) -> ActionItem:
    plan = plans.make_plan(session, world, now - timedelta(days=60))
    found = plans.make_item(
        session, world, now - timedelta(days=59), plan, plans.make_resolution(session, world, now - timedelta(days=61))
    )
    plans.activate(session, world, now - timedelta(days=58), plan)
    return found


def postpone(session: Session, world: World, now: datetime, item: ActionItem, day: date) -> None:
    action_plans.ask_deadline(
        session, actor=world.actors["clerk_banphru"], now=now, item_id=item.id, new_due_on=day, reason="ผู้ขายส่งของช้า"
    )
    session.commit()
    action_plans.decide_deadline(
        session, actor=world.actors["chair"], now=now + timedelta(hours=1), item_id=item.id, approved=True, words="อนุมัติ"
    )
    session.commit()


def remind(session: Session, world: World, now: datetime, item: ActionItem, who: str, **more: UUID) -> ReminderEvidence:
    row = ReminderEvidence(
        reminder_id=item.id, target_kind="action_item", target_id=item.id, due_on=item.due_on, recipient_id=world.users[who].id,
        audience=Audience.OWNER, outcome=ReminderState.QUEUED, happened_at=now, **more,
    )  # fmt: skip
    with history.act(session, verb="reminder.queued", actor=world.actors["coordinator"], now=now, subject=row):
        session.add(row)
    session.commit()
    return row


def on(day: date, prefix: str = "day") -> str:
    return f"{prefix}-day={day.day}&{prefix}-month={day.month}&{prefix}-year={day.year + 543}"


def test_what_was_entered_late_was_in_force_but_not_known(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    day = (now - timedelta(days=10)).date()
    late = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=2)
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=item, occurred_at=late,
                     reason="พบเอกสารภายหลัง", second_person=world.users["chair"].id):  # fmt: skip
        item.title = "ชื่อที่มีผลก่อนบันทึก"
    session.commit()
    stream = f"action_plan/{item.plan_id}"
    end = at_bangkok(day + timedelta(days=1)) - timedelta(microseconds=1)
    in_force = {row.subject_id: row.state for row in clocks.effective(session, [stream], end, day, now)}
    assert in_force[item.id]["title"] == "ชื่อที่มีผลก่อนบันทึก"
    from collab.history import queries

    assert {row.subject_id: row.state for row in queries.as_of(session, stream, end)}[item.id]["title"] == "ซื้อรถเก็บขยะ 2 คัน"
    before = at_bangkok(day) - timedelta(microseconds=1)
    earlier = {row.subject_id: row.state for row in clocks.effective(session, [stream], before, day - timedelta(days=1), now)}
    assert earlier[item.id]["title"] == "ซื้อรถเก็บขยะ 2 คัน"


def test_the_committee_in_force_leaves_out_a_term_that_ended(session: Session, world: World, now: datetime) -> None:
    holder = session.scalars(sa.select(SeatHolder).where(SeatHolder.seat_id == world.seats["phatong"].id)).one()
    with history.act(session, verb="seat_holder.ended", actor=world.actors["coordinator"], now=now, subject=holder):
        holder.valid_to = now.date()
    session.commit()
    stream, tomorrow = f"committee/{world.committee.id}", now.date() + timedelta(days=1)
    streams = [stream, *clocks.streams_beside(session, stream)]
    ids = {row.subject_id for row in clocks.effective(session, streams, at_bangkok(tomorrow), now.date(), now)}
    assert holder.id in ids
    later = {
        row.subject_id for row in clocks.effective(session, streams, at_bangkok(tomorrow + timedelta(days=1)), tomorrow, now)
    }
    assert holder.id not in later
    assert later == ids - {holder.id}


DAYS = st.dates(date(2025, 1, 1), date(2028, 1, 1))


@given(DAYS, st.none() | DAYS, DAYS)
def test_a_dated_row_holds_on_both_its_ends(begins: date, ends: date | None, day: date) -> None:
    state = {"valid_from": begins.isoformat(), "valid_to": ends.isoformat() if ends else None}
    assert clocks.is_in_force("seat", state, day) is (begins <= day and (ends is None or day <= ends))
    assert not clocks.is_in_force("seat", {**state, "removed_at": "2026-01-01T00:00:00Z"}, day)
    assert not clocks.is_in_force("agreement", {**state, "state": "ratifying"}, day)


def test_every_kind_of_part_has_a_caption() -> None:
    register_areas()
    kinds = {model.__tracked__.kind for model in tracked_models().values()}  # type: ignore[attr-defined]
    assert kinds - set(targets.kinds()) - set(wording_parts.PARTS) == set()


def test_every_column_of_a_past_state_is_a_field_of_its_kind() -> None:
    register_areas()
    fields = {model.__tracked__.kind: set().union(*columns_of(model)) for model in tracked_models().values()}  # type: ignore[attr-defined]
    strange = {(kind, name) for kind, names in past.COLUMNS.items() for name in names if name not in fields[kind]}
    assert strange == set()
    wholes = {kind for kind in fields if kind in STREAM_KINDS}
    assert wholes <= set(past.COLUMNS), "what can be shown as of a day has columns that somebody chose"


def test_pages_of_the_past(session: Session, world: World, now: datetime, item: ActionItem, browse: Browse) -> None:
    postpone(session, world, now - timedelta(days=5), item, date(2027, 3, 31))
    auditor = browse("auditor")
    path = f"/history/action_plan/{item.plan_id}"
    known = auditor.get(f"{path}/as-of?{on((now - timedelta(days=10)).date())}").get_data(as_text=True)
    assert "ตามที่ทราบ ณ วันที่" in known
    assert "31 มกราคม 2570" in known
    in_force = auditor.get(f"{path}/as-of?{on(now.date())}&clock=in_force").get_data(as_text=True)
    assert "ตามที่มีผล ณ วันที่" in in_force
    assert "31 มีนาคม 2570" in in_force
    two = auditor.get(f"{path}/compare?{on((now - timedelta(days=10)).date(), 'earlier')}&{on(now.date(), 'later')}")
    text = two.get_data(as_text=True)
    assert two.status_code == 200
    assert "<del>31 มกราคม 2570</del>" in text
    assert "<ins>31 มีนาคม 2570</ins>" in text
    assert "อนุมัติ" in text
    assert world.users["chair"].name_th in text
    assert auditor.get(f"{path}/compare").status_code == 200


@pytest.mark.parametrize("query", ["day-day=99&day-month=1&day-year=2570", "clock=x&" + on(date(2026, 1, 1)), "day-day="])
def test_a_day_that_is_none_is_told(item: ActionItem, browse: Browse, query: str) -> None:
    assert browse("auditor").get(f"/history/action_plan/{item.plan_id}/as-of?{query}").status_code == 422


def test_a_committee_is_shown_with_the_holders_of_its_seats(world: World, now: datetime, browse: Browse) -> None:
    page = browse("auditor").get(f"/history/committee/{world.committee.id}/as-of?clock=in_force&{on(now.date())}")
    assert "ผู้ทดสอบ executive_phatong" in page.get_data(as_text=True)
    two = browse("auditor").get(
        f"/history/committee/{world.committee.id}/compare?{on(date(2026, 1, 1), 'earlier')}&{on(now.date(), 'later')}"
    )
    assert "ผู้ทดสอบ executive_phatong" in two.get_data(as_text=True)


def test_days_the_wrong_way_round_are_told(item: ActionItem, browse: Browse) -> None:
    query = f"{on(date(2026, 5, 2), 'earlier')}&{on(date(2026, 5, 1), 'later')}"
    answer = browse("auditor").get(f"/history/action_plan/{item.plan_id}/compare?{query}")
    assert answer.status_code == 422


def test_the_past_of_a_kind_without_parts_or_of_nothing_is_not_found(item: ActionItem, browse: Browse) -> None:
    for path in (f"/history/action_item/{item.id}", f"/history/action_plan/{item.id}", f"/history/nothing/{item.id}"):
        for page in ("as-of", "compare"):
            assert browse("auditor").get(f"{path}/{page}").status_code == 404


def test_the_register_of_resolutions_on_a_day(item: ActionItem, now: datetime, browse: Browse) -> None:
    auditor = browse("auditor")
    assert "ทส 1/2570" in auditor.get(f"/audit/registers/resolution?{on(now.date())}").get_data(as_text=True)
    early = auditor.get(f"/audit/registers/resolution?{on(date(2026, 1, 1))}")
    assert early.status_code == 200
    assert "ทส 1/2570" not in early.get_data(as_text=True)
    assert auditor.get("/audit/registers/agreement").status_code == 200
    assert auditor.get("/audit/registers/resolution?day-day=x").status_code == 422
    assert auditor.get("/audit/registers/user").status_code == 404


def between(first: date, last: date) -> str:
    days = (("earlier", first), ("later", last))
    return "&".join(f"{name}-day={day.day}&{name}-month={day.month}&{name}-year={day.year + 543}" for name, day in days)


def test_a_register_between_two_days(session: Session, world: World, item: ActionItem, now: datetime, browse: Browse) -> None:
    auditor, path = browse("auditor"), "/audit/registers/resolution/compare"
    made_on = now.date() - timedelta(days=61)
    page = auditor.get(f"{path}?{between(made_on - timedelta(days=3), made_on + timedelta(days=3))}").get_data(as_text=True)
    assert "ทส 1/2570" in page
    assert "เพิ่ม" in page
    assert "ประชุม" not in page.split("<main")[1].split("govuk-heading-l")[-1], (
        "the meeting is no resolution, though in one stream"
    )
    later = auditor.get(f"{path}?{between(made_on + timedelta(days=3), now.date())}").get_data(as_text=True)
    assert "ทส 1/2570" not in later
    assert auditor.get(path).status_code == auditor.get("/audit/registers/agreement/compare").status_code == 200
    assert auditor.get(f"{path}?{between(now.date(), made_on)}").status_code == 422
    assert auditor.get(f"{path}?earlier-day=x").status_code == 422
    assert auditor.get("/audit/registers/user/compare").status_code == 404
    assert browse("clerk_outside").get(path).status_code == 403


def test_what_to_compare_is_a_click_away(item: ActionItem, browse: Browse) -> None:
    page = browse("auditor").get("/audit/compare").get_data(as_text=True)
    assert f"/history/action_plan/{item.plan_id}/compare" in page
    assert "/audit/compare" in browse("auditor").get("/home").get_data(as_text=True)


def test_coverage_counts_and_every_figure_opens_its_rows(
    session: Session, world: World, now: datetime, item: ActionItem, browse: Browse
) -> None:
    wanted = trail.Filter(first=date(2026, 1, 1), last=now.date() + timedelta(days=1))
    found = coverage.coverage(session, world.actors["auditor"], wanted)
    plan = next(tally for info, tally in found.by_whole if info.id == item.plan_id)
    events = trail.every(session, trail.Filter(stream_id=f"action_plan/{item.plan_id}"), 1000)
    bare = trail.every(session, trail.Filter(stream_id=f"action_plan/{item.plan_id}", without_authority=True), 1000)
    assert (plan.total, plan.without) == (len(events), len(bare))
    assert 0 < len(bare) < len(events)
    assert sum(tally.total for tally in found.by_verb.values()) == sum(tally.total for _info, tally in found.by_whole)
    page = browse("auditor").get(f"/audit/authority?{on(date(2026, 1, 1), 'first')}").get_data(as_text=True)
    link = next(
        part.split('"')[0]
        for part in page.split('href="')
        if f"/history/action_plan/{item.plan_id}" in part and "no_authority" in part
    )
    rows = browse("auditor").get(link.replace("&amp;", "&")).get_data(as_text=True)
    assert rows.count('id="event-') == len(bare)


def test_another_council_s_draft_is_not_counted(session: Session, world: World, now: datetime) -> None:
    draft = plans.make_plan(session, world, now)
    found = coverage.coverage(session, world.actors["auditor"], trail.Filter())
    assert draft.id not in {info.id for info, _tally in found.by_whole}


def test_slips_are_summed_over_all_plans(session: Session, world: World, now: datetime, item: ActionItem, browse: Browse) -> None:
    postpone(session, world, now - timedelta(days=5), item, date(2027, 2, 10))
    postpone(session, world, now - timedelta(days=3), item, date(2027, 2, 20))
    row = coverage.list_slips(session, world.actors["auditor"]).rows[0]
    assert (row.id, row.times, row.first_due_on, row.days) == (item.id, 2, date(2027, 1, 31), 20)
    assert "ซื้อรถเก็บขยะ" in browse("auditor").get("/audit/postponements").get_data(as_text=True)
    assert coverage.list_slips(session, world.actors["clerk_outside"]).rows == []


def test_was_y_reminded_of_x(session: Session, world: World, now: datetime, item: ActionItem, browse: Browse) -> None:
    remind(session, world, now, item, "clerk_banphru")
    remind(session, world, now, item, "clerk_khohong", deputy_for_id=world.users["chair"].id)
    auditor = browse("auditor")
    mine = auditor.get(f"/audit/reminders?who={world.users['clerk_banphru'].id}&target={item.id}").get_data(as_text=True)
    assert mine.count("นำเข้าคิวส่งแล้ว") == 1
    stood_in = auditor.get(f"/audit/reminders?who={world.users['chair'].id}").get_data(as_text=True)
    assert stood_in.count("นำเข้าคิวส่งแล้ว") == 1
    none = auditor.get(f"/audit/reminders?who={world.users['clerk_phatong'].id}").get_data(as_text=True)
    assert "ไม่มีการเตือนตรงตามเงื่อนไข" in none
    assert auditor.get("/audit/reminders?who=x").status_code == 422
    assert auditor.get("/audit/reminders?target=x").status_code == 200


@pytest.mark.parametrize("path", ["/audit/authority", "/audit/postponements", "/audit/reminders", "/audit/registers/agreement"])
def test_the_whole_is_for_auditors(browse: Browse, path: str) -> None:
    assert browse("clerk_banphru").get(path).status_code == 403
