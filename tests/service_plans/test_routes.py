"""Pages of service plans."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.proposals.states import ProposalState
from collab.service_plans import queries, service
from collab.service_plans.states import PlanState
from tests.factories.service_plans import adopted_proposal, plan_in
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
TEXT = {"title": "แผนใหม่", "objective": "ลดขยะ", "standard": "สัปดาห์ละสองครั้ง"}


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_from_the_proposal_to_the_plan_twice_clicked(browse: Browse, session: Session, world: World, now: datetime) -> None:
    proposal = adopted_proposal(session, world, now)
    person = browse("coordinator")
    url = f"/service-plans/new/{proposal.id}"
    page = person.get(url)
    assert "โครงการกำจัดขยะร่วม" in page.text
    data = {**TEXT, "once": once(page.text)}
    first, second = person.post(url, data=data), person.post(url, data=data)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert person.get(first.location).status_code == 200
    assert person.get(url).location == first.location, "a plan that exists is shown, not made again"


def test_a_proposal_that_is_not_adopted_answers_in_words(browse: Browse, session: Session, world: World, now: datetime) -> None:
    proposal = adopted_proposal(session, world, now, ProposalState.SUBMITTED)
    assert browse("coordinator").post(f"/service-plans/new/{proposal.id}", data=TEXT).status_code == 409


@pytest.mark.parametrize(
    ("person", "state", "status"),
    [
        ("clerk_khohong", PlanState.DRAFT, 404), ("clerk_khohong", PlanState.APPROVED, 200), ("auditor", PlanState.PROPOSED, 200),
        ("clerk_outside", PlanState.APPROVED, 404), ("coordinator", PlanState.DRAFT, 200), ("coordinator", PlanState.SUPERSEDED, 200),
    ],
)  # fmt: skip
def test_who_opens_it(browse: Browse, session: Session, world: World, now: datetime, person: str, state: PlanState, status: int,
                      ) -> None:  # fmt: skip
    plan = plan_in(session, world, now, state)
    response = browse(person).get(f"/service-plans/{plan.id}")
    assert response.status_code == status
    if status == 200:
        assert "1,500,000.50" in response.text
        assert ("/edit" in response.text) is (person == "coordinator" and state is PlanState.DRAFT)


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("indicators", {"name": "ขยะ", "unit": "ตัน", "baseline": "๘๐.๕", "targets": "๒๕๗๐: 10\n2571: 20"}),
        ("budget", {"organisation_id": "khohong", "fiscal_year": "2570", "source": "grant", "amount": "1,000.25", "note": ""}),
        ("areas", {"organisation_id": "khohong", "coverage": "ทั้งเขต"}),
        ("risks", {"barrier": "คัดค้าน", "tactic": "ประชาคม"}),
    ],
)
def test_parts_are_added_changed_and_taken_out(
    browse: Browse, session: Session, world: World, now: datetime, kind: str, good: dict[str, str]
) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    person, base = browse("coordinator"), f"/service-plans/{plan.id}/{kind}"
    data = {**good, **({"organisation_id": str(world.org_id("khohong"))} if "organisation_id" in good else {})}
    key = once(person.get(f"{base}/new").text)
    for _again in range(2):
        assert person.post(f"{base}/new", data={**data, "once": key}).status_code == 303
    session.expire_all()
    parts = queries.parts_of(session, plan.id)
    rows: dict[str, list[Any]] = {
        "indicators": parts.indicators, "budget": parts.budget_lines, "areas": parts.areas, "risks": parts.risks,
    }  # fmt: skip
    part = rows[kind][-1]
    assert len(rows[kind]) == (2 if kind in ("indicators", "budget") else 1), "a double submit made two"
    page = person.get(f"{base}/{part.id}")
    assert page.status_code == 200
    assert person.post(f"{base}/{part.id}", data={**data, "version": str(part.version)}).status_code == 303
    first = next(iter(good))
    changed = {**data, first: data[first] if first == "organisation_id" else "ของฉัน", "coverage": "ของฉัน", "version": "0"}
    conflict = person.post(f"{base}/{part.id}", data=changed)
    assert conflict.status_code == 409
    if kind != "budget":
        assert "ของฉัน" in conflict.text
        assert good[{"areas": "coverage"}.get(kind, first)] in conflict.text
    session.expire_all()
    assert person.post(f"{base}/{part.id}/remove", data={"version": str(part.version)}).status_code == 303
    assert person.get(f"{base}/{part.id}").status_code == 404


RUBBISH = "\x00😀" + "ก" * 30_000


@pytest.mark.parametrize("kind", ["indicators", "budget", "areas", "risks"])
def test_rubbish_in_parts_is_answered_in_words(browse: Browse, session: Session, world: World, now: datetime, kind: str) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    names = (
        "name", "unit", "baseline", "targets", "organisation_id", "fiscal_year", "source", "amount", "note", "coverage", "barrier",
        "tactic",
    )  # fmt: skip
    person = browse("coordinator")
    for data in (dict.fromkeys(names, RUBBISH), {}, dict.fromkeys(names, str(new_id()))):
        response = person.post(f"/service-plans/{plan.id}/{kind}/new", data=data)
        assert response.status_code in ((303, 422) if kind == "risks" else (422,))


@pytest.mark.parametrize("title", ["", "ก" * 300, "😀" * 300])
def test_a_wrong_title_keeps_what_was_typed(browse: Browse, session: Session, world: World, now: datetime, title: str) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    response = browse("coordinator").post(f"/service-plans/{plan.id}/edit", data={**TEXT, "title": title, "version": "1"})
    assert response.status_code == 422
    assert TEXT["standard"] in response.text
    assert title in response.text


def test_two_people_save_the_text(browse: Browse, session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    person = browse("coordinator")
    url = f"/service-plans/{plan.id}/edit"
    version = str(plan.version)
    assert person.post(url, data={**TEXT, "objective": "ข้อความแรก", "version": version}).status_code == 303
    conflict = person.post(url, data={**TEXT, "objective": "ข้อความที่สอง", "version": version})
    assert conflict.status_code == 409
    assert "ข้อความแรก" in conflict.text
    assert "ข้อความที่สอง" in conflict.text


def test_the_steps_to_the_next_edition(browse: Browse, session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.DRAFT)
    person = browse("coordinator")
    assert person.post(f"/service-plans/{plan.id}/propose", data={"version": str(plan.version + 5)}).status_code == 409
    assert person.post(f"/service-plans/{plan.id}/propose", data={"version": str(plan.version)}).status_code == 303
    page = person.get(f"/service-plans/{plan.id}/approve")
    assert "มติ 1/2569" in page.text
    assert person.post(f"/service-plans/{plan.id}/approve", data={"resolution_id": str(new_id())}).status_code == 422
    assert person.post(f"/service-plans/{plan.id}/approve", data={"resolution_id": str(plan.resolution_id)}).status_code == 303
    assert person.post(f"/service-plans/{plan.id}/revise", data={"reason": ""}).status_code == 422
    made = person.post(f"/service-plans/{plan.id}/revise", data={"reason": "ทบทวนประจำปี"})
    assert made.status_code == 303
    session.expire_all()
    other = made.location.rsplit("/", 1)[1]
    assert person.get(f"/service-plans/{plan.id}/compare/{other}").status_code == 200
    assert browse("clerk_khohong").get(f"/service-plans/{plan.id}/compare/{other}").status_code == 404
    assert person.get(f"/service-plans/{plan.id}/compare/{new_id()}").status_code == 404


def test_an_empty_plan_is_not_proposed(browse: Browse, session: Session, world: World, now: datetime) -> None:
    proposal = adopted_proposal(session, world, now)
    plan = service.draft_plan(
        session, actor=world.actors["coordinator"], now=now, proposal_id=proposal.id, text=service.PlanText(**TEXT)
    )
    session.commit()
    response = browse("coordinator").post(f"/service-plans/{plan.id}/propose", data={"version": "1"})
    assert response.status_code == 422
    assert "ตัวชี้วัด" in response.text


@pytest.mark.parametrize("locale", ["th", "en"])
def test_both_languages(browse: Browse, session: Session, world: World, now: datetime, locale: str) -> None:
    plan = plan_in(session, world, now)
    person = browse("coordinator")
    person.set_cookie("collab_locale", locale)
    page = person.get(f"/service-plans/{plan.id}").text
    assert ("Standard of service" if locale == "en" else "มาตรฐานการให้บริการ") in page


def test_queries_do_not_grow(
    browse: Browse, session: Session, world: World, now: datetime, count_queries: Callable[[], Any]
) -> None:
    plan = plan_in(session, world, now)
    person = browse("clerk_khohong")
    counts: dict[str, list[int]] = {"/service-plans": [], f"/service-plans/{plan.id}": []}
    for _round in range(2):
        for url, found in counts.items():
            with count_queries() as statements:
                assert person.get(url).status_code == 200
            found.append(len(statements))
        plan_in(session, world, now)
    for url, (before, after) in counts.items():
        assert before == after, url
    assert counts["/service-plans"][0] <= 6
    assert counts[f"/service-plans/{plan.id}"][0] <= 26
