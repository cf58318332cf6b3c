"""Lessons: cases of an organisation and the yearly self-assessment of a committee."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, VersionConflict
from collab.kernel.ids import new_id
from collab.learning import queries, service
from collab.learning.models import PracticeCase, SelfAssessment
from collab.learning.rules import QUESTIONS, average, weakest
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
TEXTS = {name: f"{name} ก" for name in service.TEXTS}
ANSWERS = dict.fromkeys(QUESTIONS, 3)
PEOPLE = (
    "administrator",
    "coordinator",
    "chair",
    "auditor",
    "clerk_banphru",
    "executive_banphru",
    "clerk_khohong",
    "clerk_outside",
)


def case_of(session: Session, world: World, now: datetime) -> PracticeCase:
    made = service.write_case(
        session, actor=world.actors["clerk_banphru"], now=now, organisation_id=world.org_id("banphru"), texts=TEXTS
    )
    session.commit()
    return made


def assess(session: Session, world: World, now: datetime, who: str = "coordinator", **changes: Any) -> SelfAssessment:
    values: dict[str, Any] = {"committee_id": world.committee.id, "answers": ANSWERS, "remark": "", "expected_version": None}
    made = service.assess(session, actor=world.actors[who], now=now, **{**values, **changes})
    session.commit()
    return made


@pytest.mark.parametrize("who", PEOPLE)
def test_who_writes_and_changes_a_case_of_ban_phru(session: Session, world: World, now: datetime, who: str) -> None:
    made = case_of(session, world, now)
    common: dict[str, Any] = {"actor": world.actors[who], "now": now, "case_id": made.id, "texts": TEXTS}
    if who in ("clerk_banphru", "executive_banphru"):
        service.change_case(session, expected_version=made.version, **common)
        session.commit()
        with pytest.raises(VersionConflict):
            service.change_case(session, expected_version=made.version - 1, **common)
    else:
        with pytest.raises(NotAllowed):
            service.change_case(session, expected_version=made.version, **common)
        with pytest.raises(NotAllowed):
            service.write_case(session, actor=world.actors[who], now=now, organisation_id=world.org_id("banphru"), texts=TEXTS)


@pytest.mark.parametrize("who", PEOPLE)
def test_the_coordinator_and_the_chair_assess_their_committee(session: Session, world: World, now: datetime, who: str) -> None:
    if who in ("coordinator", "chair"):
        assert assess(session, world, now, who).fiscal_year == 2570
    else:
        with pytest.raises(NotAllowed):
            assess(session, world, now, who)


def test_a_year_has_one_assessment_that_changes_and_the_next_year_another(session: Session, world: World, now: datetime) -> None:
    first = assess(session, world, now)
    again = assess(session, world, now, answers={**ANSWERS, next(iter(QUESTIONS)): 4}, expected_version=first.version)
    assert again.id == first.id
    later = assess(session, world, now.replace(year=2027, month=10))
    assert (later.id != first.id, later.fiscal_year) == (True, 2571)
    assert [row.fiscal_year for row in queries.assessments_of(session, [world.committee.id])] == [2571, 2570]


def test_of_two_assessors_the_second_is_told(session: Session, world: World, now: datetime) -> None:
    first = assess(session, world, now)
    assess(session, world, now, "chair", remark="ประธาน", expected_version=first.version)
    with pytest.raises(VersionConflict):
        assess(session, world, now, remark="ผู้ประสานงาน", expected_version=first.version - 1)


@pytest.mark.parametrize("answers", [{"nonsense": 3}, {next(iter(QUESTIONS)): 0}, {next(iter(QUESTIONS)): 5}])
def test_answers_that_make_no_sense_are_refused(session: Session, world: World, now: datetime, answers: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        assess(session, world, now, answers=answers)
    with pytest.raises(NotFound):
        assess(session, world, now, committee_id=new_id())


@given(st.dictionaries(st.sampled_from(sorted(QUESTIONS)), st.integers(1, 4), min_size=1))
def test_the_average_lies_between_the_answers_and_the_weakest_is_among_the_lowest(answers: dict[str, int]) -> None:
    mean = average(answers)
    assert mean is not None
    assert min(answers.values()) - 0.06 <= float(mean) <= max(answers.values()) + 0.06
    for code in weakest(answers):
        assert answers[code] <= sorted(answers.values())[len(answers) // 2]


def test_pages(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = case_of(session, world, now)
    for who in PEOPLE:
        client = browse(who)
        assert TEXTS["title"] in client.get("/learning").text
        assert client.get(f"/learning/cases/{made.id}").status_code == 200
        may = client.get(f"/learning/cases/{made.id}/edit").status_code
        assert may == (200 if who in ("clerk_banphru", "executive_banphru") else 403), who
    assert browse("chair").get(f"/learning/cases/{new_id()}").status_code == 404
    assert browse("clerk_outside").get(f"/learning/assessments/{world.committee.id}").status_code == 404


def test_a_second_click_writes_one_case_and_a_conflict_shows_both(
    browse: Browse, session: Session, world: World, now: datetime
) -> None:
    client = browse("clerk_banphru")
    key = re.search(r'name="once" value="([^"]+)"', client.get("/learning/cases/new").text)
    assert key is not None
    answers = [client.post("/learning/cases/new", data={**TEXTS, "once": key.group(1)}) for _click in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    (made,) = session.scalars(sa.select(PracticeCase))
    page = f"/learning/cases/{made.id}/edit"
    for title, status in (("หนึ่ง", 303), ("สอง", 409)):
        answer = client.post(page, data={**TEXTS, "title": title, "version": "1"})
        assert answer.status_code == status
    assert "หนึ่ง" in answer.text
    assert "สอง" in answer.text
    assert client.post(page, data={**TEXTS, "title": "", "version": "2"}).status_code == 422
