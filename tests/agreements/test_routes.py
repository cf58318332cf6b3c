"""Pages of agreements."""

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.agreements import documents, queries, service
from collab.agreements.models import Agreement
from collab.agreements.states import AgreementState, Outcome, Recurrence
from collab.kernel.clock import today
from collab.kernel.ids import new_id
from collab.service_plans.states import PlanState
from tests.factories.agreements import agreement_in, decision, ratify
from tests.factories.service_plans import plan_in
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
S = AgreementState


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def date_boxes(name: str, day: Any) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year + 543)}


def form_of_terms(now: datetime, **changes: str) -> dict[str, Any]:
    day = today(now)
    return {
        "title": "ความร่วมมือใหม่", "form": "cooperation", "legal_basis": "decentralisation_21", "notice_days": "90",
        "council_lead_days": "60", "entry_rule": "all", **date_boxes("valid_from", day),
        **date_boxes("valid_to", day + timedelta(days=700)), **date_boxes("ratify_by", day + timedelta(days=30)), **changes,
    }  # fmt: skip


def council(now: datetime, **changes: str) -> dict[str, str]:
    return {
        "outcome": "ratified", "council_session": "สมัยสามัญ ครั้งที่ 1", "resolution_number": "๕/๒๕๖๙",
        **date_boxes("resolved_on", today(now)), **changes,
    }  # fmt: skip


def test_the_whole_way_by_clicking(browse: Browse, session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now)
    coordinator = browse("coordinator")
    url = f"/agreements/new/{plan.id}"
    page = coordinator.get(url).text
    data = {
        **form_of_terms(now), "host_id": str(world.org_id("banphru")), "once": once(page), "with_standard_clauses": "y",
        "member_ids": [str(world.org_id("khohong")), str(world.org_id("phatong"))],
    }  # fmt: skip
    first, second = coordinator.post(url, data=data), coordinator.post(url, data=data)
    assert first.status_code == 303
    assert first.location == second.location
    here = first.location
    assert browse("clerk_khohong").get(here).status_code == 404
    version = re.search(r'name="version" value="(\d+)"', coordinator.get(here).text)
    assert version is not None
    assert coordinator.post(f"{here}/circulate", data={"version": version.group(1)}).status_code == 303
    for name in ("banphru", "khohong", "phatong"):
        clerk, ratify_url = browse(f"clerk_{name}"), f"{here}/ratify/{world.org_id(name)}"
        assert ratify_url in clerk.get(here).text
        key = once(clerk.get(ratify_url).text)
        for _again in range(2):
            assert clerk.post(ratify_url, data={**council(now), "once": key}).status_code == 303
    page = browse("chair").get(here).text
    assert "มีผลใช้บังคับ" in page
    assert "ทส 1/2569" in page
    assert "5/2569" in page or "๕/๒๕๖๙" in page
    executive = browse("executive_khohong")
    sign_url = f"{here}/sign/{world.org_id('khohong')}"
    assert "มาตรา 9" in executive.get(sign_url).text
    assert executive.post(sign_url, data={"typed_name": "ผิดคน"}).status_code == 422
    assert executive.post(sign_url, data={"typed_name": world.users["executive_khohong"].name_th}).status_code == 303


@pytest.mark.parametrize("state", [S.DRAFT, S.RATIFYING, S.UPCOMING, S.IN_FORCE, S.TERMINATED, S.WITHDRAWN])
@pytest.mark.parametrize("person", ["coordinator", "chair", "auditor", "clerk_khohong", "executive_banphru", "clerk_outside"])
def test_every_state_opens_or_is_not_there(
    browse: Browse, session: Session, world: World, now: datetime, state: AgreementState, person: str
) -> None:
    made = agreement_in(session, world, now, state)
    response = browse(person).get(f"/agreements/{made.id}")
    hidden = person == "clerk_outside" or (state is S.DRAFT and person != "coordinator")
    assert response.status_code == (404 if hidden else 200)
    if hidden:
        return
    offered = {verb for verb in ("circulate", "edit", "withdraw", "terminate") if f"{made.id}/{verb}" in response.text}
    expected = {
        S.DRAFT: {"circulate", "edit", "withdraw"}, S.RATIFYING: {"withdraw"}, S.UPCOMING: {"terminate"}, S.IN_FORCE: {"terminate"},
    }.get(state, set())  # fmt: skip
    assert offered == (expected if person == "coordinator" else set())
    own = {"clerk_khohong": "khohong", "executive_banphru": "banphru"}.get(person)
    assert ("/ratify/" in response.text) is (state is S.RATIFYING and own is not None)


def test_a_clerk_records_for_nobody_else(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    person = browse("clerk_khohong")
    for url, status in (
        (f"/agreements/{made.id}/ratify/{world.org_id('banphru')}", 403),
        (f"/agreements/{made.id}/ratify/{world.org_id('outside')}", 404),
        (f"/agreements/{new_id()}/ratify/{world.org_id('khohong')}", 404),
        (f"/agreements/{made.id}/sign/{world.org_id('khohong')}", 403),
    ):
        assert person.get(url).status_code == status, url
        assert person.post(url, data=council(now)).status_code == status, url


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "refused"}, "เหตุ"),
        ({"outcome": "ratified_with_reservations"}, "ข้อสงวน"),
        ({"outcome": "perhaps"}, ""),
        ({"resolved_on-day": "31", "resolved_on-month": "2"}, ""),
        ({"resolved_on-year": "69"}, ""),
        ({"council_session": "ก" * 300}, "ก" * 300),
        ({"council_session": "\x00"}, ""),
    ],
)
def test_a_bad_record_is_answered_beside_its_field(
    browse: Browse, session: Session, world: World, now: datetime, changes: dict[str, str], words: str
) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    url = f"/agreements/{made.id}/ratify/{world.org_id('khohong')}"
    response = browse("clerk_khohong").post(url, data=council(now, **changes))
    assert response.status_code == 422
    assert words in response.text
    assert "govuk-error-summary" in response.text
    assert queries.ratifications_of(session, made.id) == []


def test_a_correction_shows_the_old_record_and_keeps_it(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    ratify(session, world, now, made, "khohong")
    old = queries.ratifications_of(session, made.id)[0]
    person, url = browse("executive_khohong"), f"/agreements/{made.id}/correct/{old.id}"
    assert "12/2569" in person.get(url).text
    assert person.post(url, data=council(now)).status_code == 422
    assert person.post(url, data=council(now, correction_reason="เลขผิด")).status_code == 303
    assert person.post(url, data=council(now, correction_reason="อีกครั้ง")).status_code == 409
    assert browse("executive_banphru").get(url).status_code == 403
    assert "12/2569" in person.get(f"/agreements/{made.id}").text


def test_two_people_edit_a_clause(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    clause = queries.clauses_of(session, made.id)[3]
    person, url = browse("coordinator"), f"/agreements/{made.id}/clauses/{clause.id}"
    data = {"number": "4", "title": "วัตถุประสงค์", "version": str(clause.version)}
    assert person.post(url, data={**data, "text": "ข้อความของคนแรก"}).status_code == 303
    conflict = person.post(url, data={**data, "text": "ข้อความของคนที่สอง"})
    assert conflict.status_code == 409
    assert "ข้อความของคนแรก" in conflict.text
    assert "ข้อความของคนที่สอง" in conflict.text


def test_two_people_edit_the_terms(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now)
    person, url = browse("coordinator"), f"/agreements/{made.id}/edit"
    assert person.get(url).status_code == 200
    data = form_of_terms(now, version=str(made.version))
    assert person.post(url, data={**data, "title": "ชื่อของคนแรก"}).status_code == 303
    conflict = person.post(url, data={**data, "title": "ชื่อของคนที่สอง"})
    assert conflict.status_code == 409
    assert "ชื่อของคนแรก" in conflict.text
    assert "ชื่อของคนที่สอง" in conflict.text


@pytest.mark.parametrize("kind", ["parties", "clauses"])
def test_parts_and_rubbish(browse: Browse, session: Session, world: World, now: datetime, kind: str) -> None:
    made = agreement_in(session, world, now)
    person, base = browse("coordinator"), f"/agreements/{made.id}/{kind}"
    assert person.get(f"{base}/new").status_code == 200
    names = ("organisation_id", "role", "signatory_name", "signatory_position", "number", "title", "text")
    for value in ("\x00😀" + "ก" * 30_000, "", str(new_id())):
        data = dict.fromkeys(names, value)
        assert person.post(f"{base}/new", data=data).status_code == 422
    part: Any = queries.parties_of(session, made.id)[1] if kind == "parties" else queries.clauses_of(session, made.id)[1]
    assert person.get(f"{base}/{part.id}").status_code == 200
    assert person.get(f"{base}/{new_id()}").status_code == 404
    assert person.post(f"{base}/{part.id}/remove", data={"version": "77"}).status_code == 409
    assert person.post(f"{base}/{part.id}/remove", data={"version": str(part.version)}).status_code == 303


@pytest.mark.parametrize("rubbish", ["\x00😀" + "ก" * 300, "", "-1", "99999999999999999999"])
def test_rubbish_in_the_terms(browse: Browse, session: Session, world: World, now: datetime, rubbish: str) -> None:
    plan = plan_in(session, world, now)
    names = [*form_of_terms(now), "host_id", "member_ids", "acts", "entry_count"]
    response = browse("coordinator").post(f"/agreements/new/{plan.id}", data=dict.fromkeys(names, rubbish))
    assert response.status_code == 422


def test_no_agreement_from_a_plan_that_is_not_approved(browse: Browse, session: Session, world: World, now: datetime) -> None:
    plan = plan_in(session, world, now, PlanState.PROPOSED)
    assert browse("coordinator").get(f"/agreements/new/{plan.id}").status_code == 409
    assert browse("clerk_khohong").get(f"/agreements/new/{plan.id}").status_code == 403


def test_circulating_says_what_is_missing(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, ratify_by=None)
    person = browse("coordinator")
    assert person.post(f"/agreements/{made.id}/circulate", data={"version": str(made.version)}).status_code == 422
    assert person.post(f"/agreements/{made.id}/circulate", data={"version": "55"}).status_code in (409, 422)
    session.expire_all()
    assert made.state is S.DRAFT


def test_approvals_in_words(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING, acts=("grant",))
    person, url = browse("coordinator"), f"/agreements/{made.id}/approvals/new"
    page = person.get(f"/agreements/{made.id}").text
    assert "ผู้ว่าราชการจังหวัด" in page
    assert "67 ทวิ" in page
    good = {"demand": "governor_approval", "reference": "สข 1/2569", **date_boxes("granted_on", today(now))}
    assert person.post(url, data={**good, "demand": "minister_approval"}).status_code == 422
    assert person.post(url, data=good).status_code == 303
    assert person.get(url).status_code == 409


def test_withdraw_copy_and_end(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    person = browse("coordinator")
    assert person.post(f"/agreements/{made.id}/withdraw", data={"reason": "", "version": str(made.version)}).status_code == 422
    assert person.post(f"/agreements/{made.id}/withdraw", data={"reason": "แก้", "version": "77"}).status_code == 409
    assert person.post(f"/agreements/{made.id}/withdraw", data={"reason": "แก้", "version": str(made.version)}).status_code == 303
    copies = [person.post(f"/agreements/{made.id}/copy", data={"once": "one-key"}) for _again in range(2)]
    assert copies[0].location == copies[1].location
    assert person.get(copies[0].location).status_code == 200


def test_obligations_on_the_page(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    clause = queries.clauses_of(session, made.id)[7]
    person, url = browse("coordinator"), f"/agreements/{made.id}/clauses/{clause.id}/oblige"
    good = {
        "organisation_id": str(world.org_id("phatong")), "text": "ชำระเงินงวดแรก", "recurrence": Recurrence.YEARLY.value,
        **date_boxes("due_on", today(now) + timedelta(days=9)),
    }  # fmt: skip
    assert clause.text in person.get(url).text
    assert person.post(url, data={**good, "organisation_id": str(world.org_id("outside"))}).status_code == 422
    assert person.post(url, data=good).status_code == 303
    row = queries.obligations_of(session, made.id)[0]
    clerk, fulfil = browse("clerk_phatong"), f"/agreements/{made.id}/obligations/{row.id}/fulfil"
    assert fulfil in clerk.get(f"/agreements/{made.id}").text
    assert browse("clerk_banphru").get(fulfil).status_code == 403
    assert clerk.post(fulfil, data={"note": "", "version": str(row.version)}).status_code == 422
    assert clerk.post(fulfil, data={"note": "โอน", "version": "9"}).status_code == 409
    assert clerk.post(fulfil, data={"note": "โอน", "version": str(row.version)}).status_code == 303


def many(session: Session, world: World, now: datetime) -> dict[str, Agreement]:
    day = today(now)
    return {
        "running": agreement_in(session, world, now, S.IN_FORCE),
        "expiring": agreement_in(session, world, now, S.IN_FORCE, valid_to=day + timedelta(days=20)),
        "missing": agreement_in(session, world, now, S.RATIFYING),
        "late": agreement_in(session, world, now - timedelta(days=90), S.RATIFYING, ratify_by=day - timedelta(days=1)),
        "ended": agreement_in(session, world, now - timedelta(days=30), S.IN_FORCE, valid_to=day - timedelta(days=5)),
        "draft": agreement_in(session, world, now, S.DRAFT),
    }


def test_the_register_puts_exceptions_first(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = many(session, world, now)
    page = browse("coordinator").get("/agreements").text
    order = sorted(made, key=lambda name: page.index(str(made[name].id)))
    assert order == ["late", "expiring", "missing", "draft", "running", "ended"]
    page = browse("clerk_khohong").get("/agreements").text
    assert str(made["draft"].id) not in page
    only = browse("chair").get("/agreements?attention=expiring").text
    assert str(made["expiring"].id) in only
    assert str(made["running"].id) not in only
    assert str(made["late"].id) not in browse("clerk_outside").get("/agreements").text
    plan = made["late"].service_plan_id
    assert str(made["running"].id) not in browse("chair").get(f"/agreements?plan={plan}").text


def test_exports_say_what_the_page_says(browse: Browse, session: Session, world: World, now: datetime) -> None:
    many(session, world, now)
    agreement_in(session, world, now, S.RATIFYING, title="=cmd|calc")
    person = browse("clerk_khohong")
    rows = list(csv.reader(io.StringIO(person.get("/agreements/register.csv").data.decode("utf-8-sig"))))
    assert len(rows) == 1 + 6, "no draft of others"
    assert any(row[1] == "'=cmd|calc" for row in rows)
    book = openpyxl.load_workbook(io.BytesIO(person.get("/agreements/register.xlsx").data))
    cells = [list(row) for row in book.active.iter_rows()]
    assert len(cells) == 7
    assert all(cell.data_type == "s" for row in cells for cell in row if cell.value), "nothing is a formula"
    assert "3/3" in {row[6] for row in rows}


@pytest.mark.parametrize("state", [S.DRAFT, S.RATIFYING, S.IN_FORCE])
def test_every_agreement_is_a_paper_to_those_who_may_see_it(
    browse: Browse, session: Session, world: World, now: datetime, state: AgreementState
) -> None:
    made = agreement_in(session, world, now, state)
    answer = browse("coordinator").get(f"/agreements/{made.id}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert browse("clerk_outside").get(f"/agreements/{made.id}.pdf").status_code == 404


def test_the_paper_shows_the_fixed_text_and_not_what_was_changed_since(session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    fixed = queries.text_of(session, made.id)
    later = {**service.content(session, made, [], []), "title": "อื่น"}
    paper = documents.paper_of(later, fixed)
    assert made.title in paper.title[1]
    assert fixed is not None
    assert fixed.sha256 in paper.footer
    assert "อื่น" in documents.paper_of({**later, "number": None}, None).title[1]


def test_the_renewal_timetable_stands_on_the_page(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    page = browse("chair").get(f"/agreements/{made.id}").text
    assert "2 กรกฎาคม 2572" in page
    assert "30 กันยายน 2572" in page


def test_a_refusal_that_blocks_is_told(browse: Browse, session: Session, world: World, now: datetime) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    service.record_ratification(
        session, actor=world.actors["clerk_khohong"], now=now, agreement_id=made.id, organisation_id=world.org_id("khohong"),
        decision=decision(now, Outcome.REFUSED),
    )  # fmt: skip
    session.commit()
    page = browse("chair").get(f"/agreements/{made.id}").text
    assert "งบประมาณไม่พอ" in page
    assert "ไม่อาจมีผลใช้บังคับ" in page


@pytest.mark.parametrize("locale", ["th", "en"])
def test_both_languages(browse: Browse, session: Session, world: World, now: datetime, locale: str) -> None:
    made = agreement_in(session, world, now, S.RATIFYING)
    person = browse("chair")
    person.set_cookie("collab_locale", locale)
    assert ("With the councils" if locale == "en" else "อยู่ระหว่างสภาพิจารณา") in person.get(f"/agreements/{made.id}").text
    assert person.get("/agreements").status_code == 200


def test_queries_do_not_grow(
    browse: Browse, session: Session, world: World, now: datetime, count_queries: Callable[[], Any]
) -> None:
    made = agreement_in(session, world, now, S.IN_FORCE)
    person = browse("coordinator")
    counts: dict[str, list[int]] = {"/agreements": [], f"/agreements/{made.id}": [], "/agreements/register.csv": []}
    for _round in range(2):
        for url, found in counts.items():
            with count_queries() as statements:
                assert person.get(url).status_code == 200
            found.append(len(statements))
        many(session, world, now)
    for url, (before, after) in counts.items():
        assert before == after, url
    assert counts["/agreements"][0] <= 8
    assert counts[f"/agreements/{made.id}"][0] <= 34
