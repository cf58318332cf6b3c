"""The pages of meetings: what they show to whom, double submits, rubbish, foreign ids, conflicts."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.documents.typesetting import Paragraph
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.meetings import queries, service
from collab.meetings.documents import minutes_paper
from collab.meetings.models import AgendaItem, Meeting, Resolution
from collab.meetings.service import Sitting
from collab.meetings.states import Choice, ItemState, MeetingState, Presence
from collab.proposals.states import ProposalState
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.service_plans import adopted_proposal
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
F = Choice.FOR
RUBBISH = "\x00" + "😀" * 300


@pytest.fixture
def meeting(session: Session, world: World, now: datetime) -> Meeting:
    """A meeting in session."""
    return make_meeting(session, world, now, MeetingState.IN_SESSION)


@pytest.fixture
def item(session: Session, world: World, now: datetime, meeting: Meeting) -> AgendaItem:
    """A matter to decide, with all seats present."""
    seat_all(session, world, now, meeting)
    return add_item(session, world, now, meeting)


def hidden(client: FlaskClient, path: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', client.get(path).text)
    assert found is not None
    return found.group(1)


def filled(world: World, **more: str) -> dict[str, str]:
    return {
        "committee_id": str(world.committee.id), "title": "ประชุมครั้งใหม่", "place": "ห้องประชุม", "day-day": "15", "day-month": "12",
        "day-year": "2569", "time": "๐๙.๓๐ น.", **more,
    }  # fmt: skip


def ballots(world: World, **choices: str) -> dict[str, str]:
    return {f"choice-{world.seats[name].id}": choice for name, choice in choices.items()}


def count(session: Session, model: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_double_submit_plans_one_meeting(browse: Browse, session: Session, world: World) -> None:
    client = browse("coordinator")
    form = filled(world, once=hidden(client, "/meetings/new", "once"))
    first, second = client.post("/meetings/new", data=form), client.post("/meetings/new", data=form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    made = session.scalars(sa.select(Meeting)).one()
    assert made.starts_at.isoformat() == "2026-12-15T02:30:00+00:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""}, {"title": "ก" * 300}, {"day-day": "31", "day-month": "2"}, {"day-year": "69"}, {"time": "25:00"},
        {"time": "เช้า"}, {"committee_id": "x"}, {"day-year": "2568"}, {"place": RUBBISH},
    ],
)  # fmt: skip
def test_bad_input_is_answered_with_what_was_typed(browse: Browse, session: Session, world: World, wrong: dict[str, str]) -> None:
    answer = browse("coordinator").post("/meetings/new", data=filled(world, **wrong))
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text
    assert "ห้องประชุม" in answer.text or "place" in wrong
    assert count(session, Meeting) == 0


def test_a_committee_that_one_does_not_coordinate_is_refused(browse: Browse, world: World) -> None:
    client = browse("coordinator")
    assert client.post("/meetings/new", data=filled(world, committee_id=str(new_id()))).status_code == 422
    assert browse("clerk_banphru").post("/meetings/new", data=filled(world)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/meetings/{}", "/meetings/{}/attendance", "/meetings/{}/minutes", "/meetings/{}/minutes.pdf", "/meetings/{}/calendar.ics", "/meetings/{}/cancel",
        "/resolutions/{}", "/agenda-items/{}/vote", "/agenda-items/{}/postpone", "/agenda/place/proposal/{}", "/agenda/place/nothing/{}",
    ],
)  # fmt: skip
def test_unknown_ids_are_not_found(browse: Browse, path: str) -> None:
    assert browse("coordinator").get(path.format(new_id())).status_code == 404


def test_drafts_and_outsiders(browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting) -> None:
    draft = make_meeting(session, world, now)
    for person in ("clerk_banphru", "auditor"):
        assert browse(person).get(f"/meetings/{draft.id}").status_code == 404
        assert browse(person).get(f"/meetings/{meeting.id}").status_code == 200
    for path in (f"/meetings/{meeting.id}", f"/meetings/{meeting.id}/calendar.ics"):
        assert browse("clerk_outside").get(path).status_code == 404
    assert str(meeting.id) not in browse("clerk_outside").get("/meetings").text


def test_the_page_offers_only_what_one_may_do_now(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = make_meeting(session, world, now, MeetingState.CONVENED, days=0)
    page = f"/meetings/{made.id}"
    assert f"{page}/open" in browse("chair").get(page).text
    assert f"{page}/cancel" in browse("coordinator").get(page).text
    seen = browse("clerk_banphru").get(page).text
    for verb in ("open", "cancel", "convene", "agenda", "attendance"):
        assert f'"{page}/{verb}"' not in seen
    assert "รอประธานดำเนินการ" in seen


def test_recording_forms_are_closed_to_readers_and_before_the_session(
    browse: Browse, session: Session, world: World, now: datetime, item: AgendaItem
) -> None:
    for path in (f"/meetings/{item.meeting_id}/attendance", f"/agenda-items/{item.id}/vote", f"/agenda-items/{item.id}/postpone"):
        assert browse("clerk_banphru").get(path).status_code == 403
        assert browse("clerk_banphru").post(path, data={"motion": "x", "reason": "x"}).status_code == 403
        assert browse("chair").get(path).status_code == 200
    early = make_meeting(session, world, now, MeetingState.CONVENED)
    assert browse("coordinator").get(f"/meetings/{early.id}/attendance").status_code == 409


def test_short_notice_comes_back_with_the_form_and_then_convenes(
    browse: Browse, session: Session, world: World, now: datetime
) -> None:
    made, client = make_meeting(session, world, now, days=2), browse("coordinator")
    form = {"version": str(made.version), "reason": ""}
    assert client.post(f"/meetings/{made.id}/convene", data=form).status_code == 422
    assert client.post(f"/meetings/{made.id}/convene", data={**form, "reason": "ก" * 1001}).status_code == 422
    assert client.post(f"/meetings/{made.id}/convene", data={**form, "reason": "น้ำท่วม"}).status_code == 303
    assert "น้ำท่วม" in client.get(f"/meetings/{made.id}").text


def test_a_conflict_keeps_what_was_typed(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made, client = make_meeting(session, world, now), browse("coordinator")
    stale = {"version": str(made.version + 5), "reason": "เหตุผลของข้าพเจ้า"}
    for verb in ("convene", "cancel"):
        answer = client.post(f"/meetings/{made.id}/{verb}", data=stale)
        assert answer.status_code == 409
        assert "เหตุผลของข้าพเจ้า" in answer.text
        assert f'name="version" value="{made.version}"' in answer.text
    session.refresh(made)
    assert made.state is MeetingState.DRAFT


def test_an_object_is_placed_once(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made, client = make_meeting(session, world, now), browse("coordinator")
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    path = f"/agenda/place/proposal/{proposal.id}"
    assert proposal.title in client.get(path).text
    form = {
        "meeting_id": str(made.id), "title": "พิจารณา", "heading": "5", "is_for_decision": "y", "once": hidden(client, path, "once"),
    }  # fmt: skip
    assert client.post(path, data={**form, "heading": "7"}).status_code == 422
    assert client.post(path, data={**form, "meeting_id": str(new_id())}).status_code == 422
    first, second = client.post(path, data=form), client.post(path, data=form)
    assert (first.location, first.status_code) == (second.location, 303)
    again = client.post(path, data={**form, "once": "another", "title": "พิมพ์ใหม่"})
    assert again.status_code == 409
    assert "พิมพ์ใหม่" in again.text
    assert len(queries.agenda_of(session, made.id)) == 1
    assert browse("clerk_banphru").get(path).status_code == 403


def test_a_matter_without_an_object(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made, client = make_meeting(session, world, now), browse("coordinator")
    path = f"/meetings/{made.id}/agenda"
    assert client.post(path, data={"title": "", "heading": "1"}).status_code == 422
    assert client.post(path, data={"title": "เรื่องแจ้ง", "heading": "1", "once": "k"}).status_code == 303
    assert client.post(path, data={"title": "เรื่องแจ้ง", "heading": "1", "once": "k"}).status_code == 303
    assert [row.title for row in queries.agenda_of(session, made.id)] == ["เรื่องแจ้ง"]


def test_the_attendance_sheet(browse: Browse, session: Session, world: World, meeting: Meeting) -> None:
    client, path = browse("coordinator"), f"/meetings/{meeting.id}/attendance"
    seat, foreign = world.seats["khohong"].id, new_id()
    form = {
        "version": hidden(client, path, "version"), f"presence-{seat}": "deputy", f"name-{seat}": "รองนายก\x00",
        f"presence-{foreign}": "holder", f"presence-{world.seats['phatong'].id}": "nonsense",
    }  # fmt: skip
    answer = client.post(path, data=form, follow_redirects=True)
    assert answer.status_code == 200
    assert "รองนายก" in answer.text
    session.expire_all()
    rows = queries.attendance_of(session, meeting.id)
    assert (rows[seat].presence, rows[seat].name) == (Presence.DEPUTY, "รองนายก")
    assert rows[world.seats["phatong"].id].presence is Presence.ABSENT
    assert foreign not in rows


def test_two_sheets_at_once_show_both_texts(
    browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting
) -> None:
    client, path, seat = browse("coordinator"), f"/meetings/{meeting.id}/attendance", world.seats["khohong"].id
    version = hidden(client, path, "version")
    service.record_attendance(
        session, actor=world.actors["chair"], now=now, meeting_id=meeting.id, sheet={seat: Sitting(Presence.HOLDER, "ชื่อที่บันทึกแล้ว")}
    )
    session.commit()
    mine = {"version": version, f"presence-{seat}": "deputy", f"name-{seat}": "ชื่อของข้าพเจ้า"}
    answer = client.post(path, data=mine)
    assert answer.status_code == 409
    assert "ชื่อของข้าพเจ้า" in answer.text
    assert "ชื่อที่บันทึกแล้ว" in answer.text
    fresh = re.search(r'name="version" value="(\d+)"', answer.text)
    assert fresh is not None
    assert client.post(path, data={**mine, "version": fresh.group(1)}).status_code == 303


def test_a_double_submit_of_a_vote_makes_one_resolution(browse: Browse, session: Session, world: World, item: AgendaItem) -> None:
    client, path = browse("coordinator"), f"/agenda-items/{item.id}/vote"
    form = {
        "motion": "เห็นชอบ",
        "once": hidden(client, path, "once"),
        **ballots(world, banphru="for", khohong="for", phatong="abstain"),
    }
    first, second = client.post(path, data=form), client.post(path, data=form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert count(session, Resolution) == 1
    assert client.get(path).status_code == 409
    assert client.post(path, data={**form, "once": "another"}).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"motion": ""}, {"motion": "ก" * 2001}, {"khohong": "nonsense"}, {"khohong": ""}, {"khohong": "recused"},
    ],
)  # fmt: skip
def test_bad_votes_come_back_with_what_was_typed(
    browse: Browse, session: Session, world: World, item: AgendaItem, change: dict[str, str]
) -> None:
    choices = {"banphru": "for", "khohong": "for", "phatong": "against"}
    motion = change.get("motion", "มติที่พิมพ์ไว้")
    votes = ballots(world, **{name: change.get(name, choice) for name, choice in choices.items()})
    answer = browse("coordinator").post(f"/agenda-items/{item.id}/vote", data={"motion": motion, **votes})
    assert answer.status_code == 422
    assert motion in answer.text
    assert re.search(rf'choice-{world.seats["phatong"].id}" type="radio" value="against" checked', answer.text)
    assert count(session, Resolution) == 0


def test_the_ballot_of_a_seat_that_left_is_refused_and_not_dropped(
    browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting, item: AgendaItem
) -> None:
    seat_all(session, world, now, meeting, "phatong")
    votes = ballots(world, banphru="for", khohong="for", phatong="against")
    answer = browse("coordinator").post(f"/agenda-items/{item.id}/vote", data={"motion": "เห็นชอบ", **votes})
    assert answer.status_code == 422
    assert count(session, Resolution) == 0


def test_a_resolution_shows_its_arithmetic_and_why(
    browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting
) -> None:
    proposal = adopted_proposal(session, world, now, ProposalState.OPINIONS_CLOSED)
    about = add_item(session, world, now, meeting, target=Ref("proposal", proposal.id))
    seat_all(session, world, now, meeting)
    made = vote(session, world, now, about, ballot(world, banphru=F, khohong=F), {world.seats["phatong"].id: "เป็นคู่สัญญา"})
    page = browse("clerk_khohong").get(f"/resolutions/{made.id}").text
    for part in ("ทส 1/2569", "เป็นคู่สัญญา", proposal.title, f"/proposals/{proposal.id}"):
        assert part in page
    assert browse("clerk_outside").get(f"/resolutions/{made.id}").status_code == 404


def test_postponing_needs_a_reason(browse: Browse, session: Session, item: AgendaItem) -> None:
    client, path = browse("chair"), f"/agenda-items/{item.id}/postpone"
    assert client.post(path, data={"reason": " "}).status_code == 422
    assert client.post(path, data={"reason": "ขอข้อมูลเพิ่ม"}).status_code == 303
    session.refresh(item)
    assert item.state is ItemState.POSTPONED


def test_closing_with_open_items_is_refused_then_minutes_are_printed(
    browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting, item: AgendaItem
) -> None:
    chair = browse("chair")
    assert chair.get(f"/meetings/{meeting.id}/minutes").status_code == 404
    assert chair.get(f"/meetings/{meeting.id}/minutes.pdf").status_code == 404
    assert chair.post(f"/meetings/{meeting.id}/close").status_code == 409
    vote(session, world, now, item, ballot(world, banphru=F, khohong=F, phatong=F))
    assert chair.post(f"/meetings/{meeting.id}/close").status_code == 303
    assert "รายงานการประชุม" in browse("auditor").get(f"/meetings/{meeting.id}/minutes").text
    assert browse("auditor").get(f"/meetings/{meeting.id}/minutes.pdf").data.startswith(b"%PDF-")
    assert browse("coordinator").post(f"/meetings/{meeting.id}/adopt").status_code == 403
    assert chair.post(f"/meetings/{meeting.id}/adopt").status_code == 303


def test_the_minutes_carry_the_root_of_the_history_once_it_is_sealed() -> None:
    """A signed paper is a witness; before anything is sealed there is nothing to witness, and nothing is printed."""
    meeting = Meeting(minutes="ก\nข\nค\nง\nผู้มาประชุม\nหนึ่ง")
    anchor = ("collab.demo/history", "794", "VLUTqM6/vRj3+JlQTa+zV+JGcnqTC7b8Ucq0irsVs+I=")
    printed = [block.text for block in minutes_paper(meeting, anchor).blocks if isinstance(block, Paragraph)]
    assert printed[-3:] == list(anchor)
    assert not any("ราก" in block.text for block in minutes_paper(meeting).blocks if isinstance(block, Paragraph))


def test_the_calendar_entry_keeps_its_uid(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made, client = make_meeting(session, world, now, MeetingState.CONVENED), browse("clerk_banphru")
    before = client.get(f"/meetings/{made.id}/calendar.ics")
    assert before.mimetype == "text/calendar"
    assert f"UID:{made.id}@collab" in before.text
    assert "STATUS:CONFIRMED" in before.text
    browse("coordinator").post(f"/meetings/{made.id}/cancel", data={"reason": "พายุ", "version": str(made.version)})
    after = client.get(f"/meetings/{made.id}/calendar.ics").text
    assert f"UID:{made.id}@collab" in after
    assert "STATUS:CANCELLED" in after


def test_pages_ask_the_same_number_of_questions_however_much_there_is(
    browse: Browse, session: Session, world: World, now: datetime, meeting: Meeting, count_queries: Callable[[], Any]
) -> None:
    client = browse("coordinator")

    def asked(path: str) -> int:
        client.get(path)
        session.expire_all()
        with count_queries() as statements:
            assert client.get(path).status_code == 200
        return len(statements)

    page = f"/meetings/{meeting.id}"
    add_item(session, world, now, meeting)
    few = asked("/meetings"), asked(page)
    for _number in range(4):
        make_meeting(session, world, now, MeetingState.CONVENED)
        add_item(session, world, now, meeting)
    assert (asked("/meetings"), asked(page)) == few
