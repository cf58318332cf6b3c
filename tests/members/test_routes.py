"""Pages of members: who sees and changes what, bad input, two editors, a second click."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.members.models import (
    Committee,
    CommitteeRules,
    Organisation,
    OrganisationFact,
    RoleAssignment,
    Seat,
    SeatHolder,
    User,
)
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
DATE = {"valid_from-day": "1", "valid_from-month": "10", "valid_from-year": "2569"}


def organisation_form(**changed: str) -> dict[str, str]:
    return {"kind": "town", "name_th": "เทศบาลเมืองทดลอง", "name_en": "Trial Town", "district": "หาดใหญ่", **changed}


def pages(world: World) -> list[str]:
    return [
        "/members",
        f"/members/organisations/{world.org_id('banphru')}",
        f"/members/committees/{world.committee.id}",
        f"/members/seats/{world.seats['banphru'].id}",
        f"/members/people/{world.users['executive_banphru'].id}",
        "/account",
        "/account/password",
        "/account/absences/new",
    ]


@pytest.mark.parametrize("locale", ["th", "en"])
@pytest.mark.parametrize("role", ["administrator", "coordinator", "auditor", "clerk_banphru"])
def test_every_page_opens(browse: Browse, world: World, role: str, locale: str) -> None:
    person = browse(role)
    person.set_cookie("collab_locale", locale)
    for path in pages(world):
        response = person.get(path)
        assert response.status_code == 200, path
        assert response.text.count("<h1") == 1, path


def test_the_administrators_forms_open(browse: Browse, world: World, session: Session) -> None:
    role = session.scalars(sa.select(RoleAssignment)).first()
    holder = session.scalars(sa.select(SeatHolder)).first()
    assert role is not None
    assert holder is not None
    organisation, committee, seat = world.org_id("banphru"), world.committee.id, world.seats["banphru"].id
    user = world.users["clerk_banphru"].id
    person = browse("administrator")
    for path in (
        "/members/people", "/members/people/new", f"/members/people/{user}/edit", f"/members/people/{user}/disable",
        f"/members/people/{user}/roles/new", f"/members/people/{user}/deputies/new", f"/members/people/{user}/absences/new",
        f"/members/roles/{role.id}/edit", f"/members/roles/{role.id}/remove", "/members/organisations/new",
        f"/members/organisations/{organisation}/edit", f"/members/organisations/{organisation}/remove",
        f"/members/organisations/{organisation}/facts/new", "/members/committees/new", f"/members/committees/{committee}/edit",
        f"/members/committees/{committee}/rules/new", f"/members/rules/{world.rules.id}/remove",
        f"/members/committees/{committee}/seats/new", f"/members/seats/{seat}/edit", f"/members/seats/{seat}/remove",
        f"/members/seats/{seat}/holders/new", f"/members/holders/{holder.id}/end", f"/members/holders/{holder.id}/remove",
    ):  # fmt: skip
        assert person.get(path).status_code == 200, path


def test_an_outsider_does_not_learn_of_the_committee(browse: Browse, world: World) -> None:
    outsider = browse("clerk_outside")
    assert outsider.get(f"/members/committees/{world.committee.id}").status_code == 404
    assert outsider.get(f"/members/seats/{world.seats['banphru'].id}").status_code == 404
    assert world.committee.name_th not in outsider.get("/members").text
    assert world.committee.name_th not in outsider.get(f"/members/organisations/{world.org_id('banphru')}").text


def test_mail_addresses_are_for_those_who_keep_them(browse: Browse, world: World) -> None:
    other = world.users["executive_khohong"]
    path = f"/members/people/{other.id}"
    assert other.email in browse("administrator").get(path).text
    assert other.email in browse("coordinator").get(path).text
    assert other.email not in browse("clerk_banphru").get(path).text
    assert browse("clerk_banphru").get("/members/people").status_code == 403


@pytest.mark.parametrize("role", ["clerk_banphru", "auditor", "chair", "coordinator"])
def test_only_administrators_change_organisations(browse: Browse, session: Session, world: World, role: str) -> None:
    before = session.scalar(sa.select(sa.func.count()).select_from(Organisation))
    assert browse(role).post("/members/organisations/new", data=organisation_form()).status_code == 403
    path = f"/members/organisations/{world.org_id('banphru')}/edit"
    assert browse(role).post(path, data=organisation_form()).status_code == 403
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == before


def test_a_coordinator_keeps_the_seats_of_their_committee(browse: Browse, session: Session, world: World) -> None:
    data = {"organisation_id": str(world.org_id("outside")), "capacity": "observer", "weight": "1", **DATE}
    path = f"/members/committees/{world.committee.id}/seats/new"
    assert browse("clerk_banphru").post(path, data=data).status_code == 403
    assert browse("coordinator").post(path, data=data).status_code == 303
    seat = session.scalars(sa.select(Seat).where(Seat.organisation_id == world.org_id("outside"))).one()
    assert not seat.is_voting


def test_a_second_submit_makes_one_organisation(browse: Browse, session: Session, world: World) -> None:
    person, data = browse("administrator"), organisation_form(once="the-same-key")
    first, second = (person.post("/members/organisations/new", data=data) for _time in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(session.scalars(sa.select(Organisation).where(Organisation.name_en == "Trial Town")).all()) == 1


@pytest.mark.parametrize("once", ["a\x00b", "\x00", "ก" * 300])
def test_any_key_of_a_form_is_taken(browse: Browse, session: Session, world: World, once: str) -> None:
    """Hidden fields too hold whatever was sent; PostgreSQL keeps no NUL."""
    assert browse("administrator").post("/members/organisations/new", data=organisation_form(once=once)).status_code == 303


def test_two_editors_both_texts_are_shown(browse: Browse, session: Session, world: World) -> None:
    path = f"/members/organisations/{world.org_id('banphru')}/edit"
    assert browse("administrator").post(path, data=organisation_form(version="1", name_en="First")).status_code == 303
    second = browse("administrator").post(path, data=organisation_form(version="1", name_en="Second"))
    assert second.status_code == 409
    assert "First" in second.text
    assert 'value="Second"' in second.text
    assert 'name="version" value="2"' in second.text


def test_two_editors_of_a_seat(browse: Browse, world: World) -> None:
    path = f"/members/seats/{world.seats['banphru'].id}/edit"
    data = {"version": "1", "capacity": "chair", "is_voting": "y", "weight": "2", **DATE}
    assert browse("coordinator").post(path, data=data).status_code == 303
    second = browse("administrator").post(path, data={**data, "weight": "3.5"})
    assert second.status_code == 409
    assert 'value="3.5"' in second.text


BAD = [
    {"name_th": ""},
    {"name_th": "ก" * 300},
    {"name_th": "\x00"},
    {"kind": "kingdom"},
    {"kind": "", "name_en": "\x00"},
    {"lao_code": "9" * 50},
]


@pytest.mark.parametrize("changed", BAD)
def test_a_bad_organisation_is_answered_with_the_form(browse: Browse, changed: dict[str, str]) -> None:
    response = browse("administrator").post("/members/organisations/new", data=organisation_form(**changed))
    assert response.status_code == 422
    assert "govuk-error-summary" in response.text


@pytest.mark.parametrize(
    "changed",
    [
        {"valid_from-day": "31", "valid_from-month": "2", "valid_from-year": "2570"},
        {"valid_from-year": "69"},
        {"valid_from-day": "😀"},
        {"weight": "0"}, {"weight": "NaN"}, {"weight": "Infinity"}, {"weight": "1e400"}, {"weight": "1.234"}, {"weight": "😀"},
        {"capacity": "emperor"},
        {"organisation_id": "x"}, {"organisation_id": str(new_id())},
        {"valid_to-day": "1", "valid_to-month": "1", "valid_to-year": "2560"},
    ],
)  # fmt: skip
def test_a_bad_seat_is_answered_with_the_form(browse: Browse, world: World, changed: dict[str, str]) -> None:
    data = {
        "organisation_id": str(world.org_id("outside")),
        "capacity": "member",
        "is_voting": "y",
        "weight": "1",
        **DATE,
        **changed,
    }
    response = browse("coordinator").post(f"/members/committees/{world.committee.id}/seats/new", data=data)
    assert response.status_code == 422


def test_empty_and_strange_posts_never_fail(browse: Browse, world: World, session: Session) -> None:
    person = browse("administrator")
    rules = person.application.url_map.iter_rules()
    ids = {
        "organisation_id": world.org_id("banphru"), "committee_id": world.committee.id, "seat_id": world.seats["banphru"].id,
        "user_id": world.users["clerk_banphru"].id, "rules_id": world.rules.id, "number": 2570,
    }  # fmt: skip
    strange: list[dict[str, Any]] = [{}, {"version": "\x00", "once": "x" * 500, "reason": "😀", "valid_from-day": "๓๑"}]
    for rule in rules:
        if rule.endpoint.split(".")[0] not in ("members", "calendar") or "POST" not in (rule.methods or ()):
            continue
        if rule.endpoint in ("members.sign_out", "members.end_all_sessions"):
            continue
        values = {name: ids.get(name, new_id() if name != "token" else "x") for name in rule.arguments}
        path = rule.build(values)[1]  # type: ignore[index]
        for data in strange:
            assert person.post(path, data=data).status_code < 500, path


def test_a_fact_is_entered_and_taken_out(browse: Browse, session: Session, world: World) -> None:
    organisation = world.org_id("banphru")
    data = {"kind": "population", "value": "๒๕,๑๒๘", "source": "ทะเบียนราษฎร", **DATE}
    person = browse("administrator")
    assert person.post(f"/members/organisations/{organisation}/facts/new", data=data).status_code == 303
    fact = session.scalars(sa.select(OrganisationFact)).one()
    assert fact.value == "25128"
    assert "25,128" in person.get("/members").text
    again = person.post(f"/members/organisations/{organisation}/facts/new", data=data)
    assert again.status_code == 422
    assert person.post(f"/members/facts/{fact.id}/remove", data={"version": "1"}).status_code == 303
    assert person.post(f"/members/facts/{fact.id}/remove", data={"version": "1"}).status_code == 404


def test_a_committee_is_founded_with_its_rules(browse: Browse, session: Session, world: World) -> None:
    data = {
        "name_th": "คณะกรรมการสอง", "name_en": "Second", "code": "สอง", "agency_id": str(world.org_id("pao")),
        "governance": "shared", "mandate": "ร่วมกัน", "quorum": "half", "majority": "unanimous", "notice_days": "7",
        "opinion_days": "๑๕", "opinion_day_kind": "calendar", **DATE,
    }  # fmt: skip
    response = browse("administrator").post("/members/committees/new", data=data)
    assert response.status_code == 303
    made = session.scalars(sa.select(Committee).where(Committee.code == "สอง")).one()
    found = session.scalars(sa.select(CommitteeRules).where(CommitteeRules.committee_id == made.id)).one()
    assert (found.opinion_days, found.casting_vote) == (15, False)
    twice = browse("administrator").post("/members/committees/new", data=data)
    assert twice.status_code == 422


def test_a_new_person_is_invited(browse: Browse, session: Session, world: World) -> None:
    data = {
        "email": "New@Example.test",
        "name_th": "คนใหม่",
        "position": "ปลัดเทศบาล",
        "organisation_id": str(world.org_id("banphru")),
    }
    person = browse("administrator")
    response = person.post("/members/people/new", data=data)
    assert response.status_code == 303
    made = session.scalars(sa.select(User).where(User.email == "New@Example.test")).one()
    assert "ลิงก์" in person.get(f"/members/people/{made.id}").text
    assert person.post("/members/people/new", data={**data, "email": "new@example.TEST"}).status_code == 422


def test_a_role_is_given_and_the_last_administrator_stays(browse: Browse, session: Session, world: World) -> None:
    person, user = browse("administrator"), world.users["clerk_banphru"]
    path = f"/members/people/{user.id}/roles/new"
    assert (
        person.post(path, data={"role": "administrator", "where": f"committee:{world.committee.id}", **DATE}).status_code == 422
    )
    own = session.scalars(sa.select(RoleAssignment).where(RoleAssignment.user_id == world.users["administrator"].id)).one()
    refused = person.post(f"/members/roles/{own.id}/remove", data={"version": "1", "reason": "x"})
    assert refused.status_code == 409
    assert person.post(path, data={"role": "administrator", "where": "installation:", **DATE}).status_code == 303
    assert person.post(f"/members/roles/{own.id}/remove", data={"version": "1", "reason": "x"}).status_code == 303


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/members", 9),
        ("/members/people", 4),
        ("committee", 14),
        ("organisation", 12),
        ("seat", 12),
        ("person", 16),
        ("/account", 8),
    ],
)
def test_pages_take_a_constant_number_of_queries(browse: Browse, world: World, count_queries: Any, path: str, most: int) -> None:
    known = {
        "committee": f"/members/committees/{world.committee.id}",
        "organisation": f"/members/organisations/{world.org_id('banphru')}",
        "seat": f"/members/seats/{world.seats['banphru'].id}",
        "person": f"/members/people/{world.users['clerk_banphru'].id}",
    }
    person = browse("administrator")
    with count_queries() as statements:
        assert person.get(known.get(path, path)).status_code == 200
    assert len(statements) <= most, "\n".join(statements)
