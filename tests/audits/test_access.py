"""Access for a period, the record of reading, and notes that stay private."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.audits import access_queries, service
from collab.audits.models import AuditAccess, AuditNote, AuditReading
from collab.audits.service.access import Mandate
from collab.history.models import HistoryEvent
from collab.kernel.access import Actor, Grant, Role, Scope
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import account_queries
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def mandate(world: World, now: datetime, **changes: Any) -> Mandate:
    day = today(now)
    return replace(
        Mandate(
            world.users["clerk_outside"].id, world.committee.id, "ตผ 0001/2570", "ตรวจสอบแผนร่วม", day, day + timedelta(days=30)
        ),
        **changes,
    )


def grant(session: Session, world: World, now: datetime, who: str = "coordinator", **changes: Any) -> AuditAccess:
    made = service.grant_access(session, actor=world.actors[who], now=now, mandate=mandate(world, now, **changes))
    session.commit()
    return made


def roles_at(session: Session, world: World, moment: datetime) -> set[Grant]:
    user = world.users["clerk_outside"]
    return set(account_queries.load_actor(session, user.id, user.organisation_id, moment).grants)


def test_the_role_begins_and_ends_by_itself(session: Session, world: World, now: datetime) -> None:
    made = grant(session, world, now, valid_from=today(now) + timedelta(days=1), valid_to=today(now) + timedelta(days=3))
    wanted = Grant(Role.AUDITOR, Scope.COMMITTEE, world.committee.id)
    held = [wanted in roles_at(session, world, now + timedelta(days=days)) for days in range(5)]
    assert held == [False, True, True, True, False]
    states = [access_queries.state_of(made, today(now) + timedelta(days=days)) for days in (0, 1, 3, 4)]
    assert states == ["upcoming", "running", "running", "over"]


def test_taken_back_it_ends_at_once(session: Session, world: World, now: datetime) -> None:
    made = grant(session, world, now)
    with pytest.raises(VersionConflict):
        service.end_access(session, actor=world.actors["coordinator"], now=now, access_id=made.id, reason="ก", expected_version=7)
    service.end_access(
        session, actor=world.actors["coordinator"], now=now, access_id=made.id, reason="จบงาน", expected_version=made.version
    )
    session.commit()
    assert Grant(Role.AUDITOR, Scope.COMMITTEE, world.committee.id) not in roles_at(session, world, now)
    with pytest.raises(StateConflict):
        service.end_access(
            session, actor=world.actors["coordinator"], now=now, access_id=made.id, reason="ก", expected_version=None
        )
    verbs = session.scalars(
        sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == made.id).order_by(HistoryEvent.seq)
    ).all()
    assert verbs == ["audit_access.granted", "audit_access.ended"]


@pytest.mark.parametrize(
    "who", ["administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_banphru", "clerk_outside"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_who_may_grant(session: Session, world: World, now: datetime, who: str, whole: bool) -> None:
    allowed = who == "administrator" or (who == "coordinator" and not whole)
    changes: dict[str, Any] = {"committee_id": None} if whole else {}
    if who == "clerk_outside":
        changes["auditor_id"] = world.users["chair"].id
    if allowed:
        assert grant(session, world, now, who, **changes).committee_id == (None if whole else world.committee.id)
    else:
        with pytest.raises(NotAllowed):
            grant(session, world, now, who, **changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_to": date(2026, 1, 1)}, "valid_to"),
        ({"valid_to": date(2028, 1, 1)}, "valid_to"),
        ({"valid_from": date(2026, 11, 1)}, "valid_from"),
    ],
)
def test_a_period_that_makes_no_sense(session: Session, world: World, now: datetime, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        grant(session, world, now, **changes)
    assert field in caught.value.errors


def test_nobody_grants_to_themselves_twice_or_to_nobody(session: Session, world: World, now: datetime) -> None:
    with pytest.raises(InvalidInput):
        grant(session, world, now, auditor_id=world.users["coordinator"].id)
    with pytest.raises(NotFound):
        grant(session, world, now, auditor_id=new_id())
    grant(session, world, now)
    with pytest.raises(InvalidInput):
        grant(session, world, now)


def form(world: World, **changes: str) -> dict[str, str]:
    values = {
        "auditor_id": str(world.users["clerk_outside"].id), "where": str(world.committee.id), "reference": "ตผ 1/2570", "purpose": "ตรวจแผน",
        "valid_from-day": "21", "valid_from-month": "11", "valid_from-year": "2569", "valid_to-day": "21", "valid_to-month": "12",
        "valid_to-year": "2569", "once": "key-1",
    }  # fmt: skip
    return {**values, **changes}


def test_granted_in_the_browser_once_however_often_sent(session: Session, world: World, browse: Browse) -> None:
    client = browse("coordinator")
    first = client.post("/audit/access/new", data=form(world))
    second = client.post("/audit/access/new", data=form(world))
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditAccess)) == 1
    assert "ตผ 1/2570" in client.get("/audit/access").get_data(as_text=True)
    page = client.get(first.headers["Location"]).get_data(as_text=True)
    assert "ตรวจแผน" in page
    assert client.post(first.headers["Location"] + "/end", data={"reason": "", "version": "1"}).status_code == 422
    assert client.post(first.headers["Location"] + "/end", data={"reason": "จบ", "version": "9"}).status_code == 409
    assert client.post(first.headers["Location"] + "/end", data={"reason": "จบ", "version": "1"}).status_code == 303


@pytest.mark.parametrize(
    "changes", [{"auditor_id": "x"}, {"where": ""}, {"valid_to-day": "99"}, {"purpose": " "}, {"reference": "ก" * 999}]
)
def test_rubbish_comes_back_with_what_was_typed(world: World, browse: Browse, changes: dict[str, str]) -> None:
    answer = browse("coordinator").post("/audit/access/new", data=form(world, **changes))
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.get_data(as_text=True)


def test_whoever_is_audited_may_know_by_whom(session: Session, world: World, now: datetime, browse: Browse) -> None:
    made = grant(session, world, now, auditor_id=world.users["chair"].id)
    assert browse("clerk_banphru").get(f"/audit/access/{made.id}").status_code == 200
    assert browse("clerk_outside").get(f"/audit/access/{made.id}").status_code == 404
    assert browse("clerk_banphru").get(f"/audit/readings/{world.users['chair'].id}").status_code == 403


def test_reading_is_recorded_once_a_day_and_only_of_auditors(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    path = f"/history/committee/{world.committee.id}"
    for page in ("", "/as-of", "/compare", "?view=every"):
        assert browse("auditor").get(path + page).status_code == 200
    browse("clerk_banphru").get(path)
    rows = session.scalars(sa.select(AuditReading)).all()
    assert [(row.auditor_id, row.target_id) for row in rows] == [(world.users["auditor"].id, world.committee.id)]
    service.record_reading(
        session, actor=world.actors["auditor"], now=now + timedelta(days=1), target=Ref("committee", world.committee.id)
    )
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditReading)) == 2
    page = browse("auditor").get(f"/audit/readings/{world.users['auditor'].id}").get_data(as_text=True)
    assert "คณะกรรมการความร่วมมือทดสอบ" in page


def other_auditor(world: World) -> Actor:
    return replace(world.actors["auditor"], user_id=world.users["administrator"].id)


def test_a_note_is_seen_by_its_author_alone(session: Session, world: World, now: datetime, browse: Browse) -> None:
    path = f"/history/committee/{world.committee.id}"
    answer = browse("auditor").post(
        f"/audit/notes/committee/{world.committee.id}", data={"text": "สงสัยเรื่องวันที่ ลับมาก", "once": "n1"}
    )
    assert answer.status_code == 303
    assert "ลับมาก" in browse("auditor").get(path).get_data(as_text=True)
    note = session.scalars(sa.select(AuditNote)).one()
    assert access_queries.notes_on(session, other_auditor(world), world.committee.id) == []
    for client, page in (
        (browse("administrator"), "/audit?view=every"),
        (browse("clerk_banphru"), path),
        (browse("administrator"), path),
    ):
        assert "ลับมาก" not in client.get(page).get_data(as_text=True)
    assert browse("administrator").get(f"/history/audit_note/{note.id}").status_code == 404
    body = session.scalars(sa.select(HistoryEvent.body).where(HistoryEvent.subject_id == note.id)).one()
    assert "ลับมาก".encode() not in body
    with pytest.raises(NotFound):
        service.remove_note(session, actor=other_auditor(world), now=now, note_id=note.id)
    assert browse("auditor").post(f"/audit/notes/{note.id}/remove").status_code == 303
    assert browse("auditor").post(f"/audit/notes/{note.id}/remove").status_code == 409
    assert "ลับมาก" not in browse("auditor").get(path).get_data(as_text=True)


def test_notes_are_for_auditors_and_come_back_when_empty(world: World, browse: Browse) -> None:
    path = f"/audit/notes/committee/{world.committee.id}"
    assert browse("auditor").post(path, data={"text": " "}).status_code == 422
    assert browse("clerk_banphru").post(path, data={"text": "ก"}).status_code == 403
    assert browse("auditor").post(f"/audit/notes/committee/{UUID(int=1)}", data={"text": "ก"}).status_code == 404


def test_an_auditor_of_one_committee_reads_nothing_of_another(session: Session, world: World) -> None:
    from collab.audits import presenters, trail

    elsewhere = Actor(user_id=world.users["auditor"].id, grants=(Grant(Role.AUDITOR, Scope.COMMITTEE, new_id()),))
    here = replace(elsewhere, grants=(Grant(Role.AUDITOR, Scope.COMMITTEE, world.committee.id),))
    events = [
        event
        for event in trail.read(session, trail.Filter(), size=500).events
        if event.stream_id == f"committee/{world.committee.id}"
    ]
    assert presenters.visible_to(session, elsewhere, events) == []
    assert (
        len(presenters.visible_to(session, replace(here, committee_ids=frozenset({world.committee.id})), events))
        == len(events)
        > 0
    )
