"""The first screen: what waits for whom, for every role, with a number of queries that does not grow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel import turns
from collab.kernel.clock import today
from collab.meetings.states import Choice, MeetingState
from collab.proposals.states import ProposalState
from tests.factories.meetings import add_item, ballot, make_meeting, seat_all, vote
from tests.factories.proposals import ask, proposal_in
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.mark.parametrize(
    "who", ["administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside"]
)
def test_everybody_has_a_first_screen_even_with_nothing_to_do(browse: Browse, world: World, who: str) -> None:
    answer = browse(who).get("/home")
    assert answer.status_code == 200
    assert "<h1" in answer.text


def test_a_step_waits_for_the_one_whose_turn_it_is(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = proposal_in(session, world, now, ProposalState.SUBMITTED)
    path = f'href="/proposals/{made.id}'
    assert path in browse("coordinator").get("/home").text
    assert path not in browse("clerk_khohong").get("/home").text
    opinion = ask(session, world, now, made, "khohong")[0]
    session.commit()
    assert f'href="/opinions/{opinion.id}"' in browse("clerk_khohong").get("/home").text
    for who, waits in (("clerk_khohong", True), ("clerk_phatong", False)):
        work = turns.work_of(session, world.actors[who], now)
        assert (opinion.id in {task.info.id for task in (*work.late, *work.soon, *work.later)}) is waits


def test_minutes_wait_for_the_next_meeting_and_are_late_only_after_it(
    browse: Browse, session: Session, world: World, now: datetime
) -> None:
    held = make_meeting(session, world, now, MeetingState.CLOSED)
    (task,) = turns.work_of(session, world.actors["chair"], now + timedelta(days=60)).later
    assert (task.info.id, task.due_on) == (held.id, None), "none is called yet"
    following = make_meeting(session, world, now + timedelta(days=30), MeetingState.CONVENED)
    work = turns.work_of(session, world.actors["chair"], now)
    assert [row.due_on for row in (*work.late, *work.soon, *work.later) if row.info.id == held.id] == [today(following.starts_at)]


@pytest.mark.parametrize("who", ["coordinator", "clerk_khohong", "auditor"])
def test_queries_do_not_grow_with_what_waits(
    browse: Browse, session: Session, world: World, now: datetime, count_queries: Callable[[], Any], who: str
) -> None:
    counts, client = [], browse(who)
    for more in (6, 12):  # six fill the list of last decisions: from then on only the number of rows changes
        for _number in range(more):
            ask(session, world, now, proposal_in(session, world, now, ProposalState.SUBMITTED))
        session.commit()
        client.get("/home")
        with count_queries() as statements:
            assert client.get("/home").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_who_oversees_sees_what_is_late_and_in_one_line_what_is_not(
    browse: Browse, session: Session, world: World, now: datetime
) -> None:
    quiet = browse("chair").get("/home").text
    assert "ไม่มีเรื่องที่ช้ากว่ากำหนด" in quiet
    assert "collab-figure--late" not in quiet
    ask(session, world, now - timedelta(days=60), proposal_in(session, world, now - timedelta(days=60), ProposalState.SUBMITTED))
    session.commit()
    late = browse("chair").get("/home").text
    assert late.count("collab-figure--late") == 1
    assert "/due?kind=opinion_request" in late
    assert "ไม่มีเรื่องช้ากว่ากำหนดในประเภท" in late


@pytest.mark.parametrize("query", ["", "?kind=nonsense", "?committee=x", "?kind=opinion&committee=%00", "?cursor=rubbish"])
def test_the_rows_behind_a_figure_open_whatever_is_asked(browse: Browse, world: World, query: str) -> None:
    assert browse("coordinator").get(f"/due{query}").status_code < 500


@pytest.mark.parametrize(("who", "counts"), [("chair", False), ("coordinator", True), ("auditor", True), ("administrator", True)])
def test_only_who_sees_all_findings_is_told_their_number(
    browse: Browse, session: Session, world: World, now: datetime, who: str, counts: bool
) -> None:
    ask(session, world, now - timedelta(days=60), proposal_in(session, world, now - timedelta(days=60), ProposalState.SUBMITTED))
    session.commit()
    page = browse(who).get("/home").text
    assert "/due?kind=opinion_request" in page
    assert ("คำตอบต่อข้อตรวจพบ" in page) is counts


def test_an_auditor_first_sees_what_was_decided_not_every_small_change(
    browse: Browse, session: Session, world: World, now: datetime
) -> None:
    proposal_in(session, world, now, ProposalState.SUBMITTED)
    session.commit()
    page = browse("auditor").get("/home").text
    assert "ยื่นข้อเสนอแล้ว" in page
    assert "เริ่มร่างข้อเสนอ" not in page, "drafting decides nothing"
    assert "ยื่นข้อเสนอแล้ว" not in browse("clerk_banphru").get("/home").text


def test_a_decision_with_many_votes_is_told_once(browse: Browse, session: Session, world: World, now: datetime) -> None:
    meeting = make_meeting(session, world, now, MeetingState.IN_SESSION)
    seat_all(session, world, now, meeting)
    vote(session, world, now, add_item(session, world, now, meeting), ballot(world, **dict.fromkeys(world.seats, Choice.FOR)))
    page = browse("auditor").get("/home").text
    assert page.count("collab-timeline__title") > 1, "other decisions are told beside it"
    assert page.count(">มีมติ<") == 1
