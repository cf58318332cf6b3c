"""What leaves the product and what auditors open becomes an event: files, the API, calendar links, pages, sign-ins, roles."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import feeds
from collab.action_plans.models import ActionPlan
from collab.audits.models import AuditReading
from collab.documents import service as documents
from collab.history.models import HistoryEvent
from collab.kernel.access import Role, Scope
from collab.kernel.clock import today
from collab.kernel.targets import Ref
from collab.members.service import people, sign_in
from tests.factories.action_plans import activate, make_item, make_plan, make_resolution
from tests.factories.documents import photo
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def recorded(session: Session, action: str) -> list[AuditReading]:
    return list(session.scalars(sa.select(AuditReading).where(AuditReading.action == action).order_by(AuditReading.id)))


def running_plan(session: Session, world: World, now: datetime) -> ActionPlan:
    plan = make_plan(session, world, now)
    make_item(session, world, now, plan, make_resolution(session, world, now))
    activate(session, world, now, plan)
    session.commit()
    return plan


def verbs_of(session: Session, subject_id: object) -> list[str]:
    statement = sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == subject_id).order_by(HistoryEvent.seq)
    return list(session.scalars(statement))


@pytest.mark.parametrize("name", ["items.csv", "items.json", "items.ics", "items.xlsx", "form.xlsx"])
def test_every_export_of_a_plan_is_an_event_with_the_fingerprint_of_what_left(
    session: Session, world: World, now: datetime, browse: Browse, name: str
) -> None:
    plan = running_plan(session, world, now)
    answer = browse("clerk_banphru").get(f"/action-plans/{plan.id}/{name}?q=%E0%B8%81")
    assert answer.status_code == 200
    (row,) = recorded(session, "exported")
    assert row.sha256 == hashlib.sha256(answer.data).hexdigest()
    assert (row.auditor_id, row.target_kind, row.target_id) == (world.users["clerk_banphru"].id, "action_plan", plan.id)
    assert row.query.startswith(f"/action-plans/{plan.id}/{name}?q=")
    assert verbs_of(session, row.id) == ["audit.exported"]


@pytest.mark.parametrize("path", ["/agreements/register.csv", "/agreements/register.xlsx", "/proposals.csv"])
def test_registers_taken_away_are_events_too(session: Session, world: World, browse: Browse, path: str) -> None:
    answer = browse("clerk_banphru").get(path)
    assert answer.status_code == 200, "the address of a register has changed: change it here"
    assert [(row.target_id, row.query) for row in recorded(session, "exported")] == [(None, path)]


def test_a_document_downloaded_is_an_event_and_so_is_every_repetition(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    made = documents.store_file(
        session, actor=world.actors["administrator"], now=now, stream=BytesIO(photo()), filename="a.jpg",
        target=Ref("committee", world.committee.id),
    )  # fmt: skip
    session.commit()
    for _time in range(2):
        with browse("auditor").get(f"/documents/{made.id}/file") as answer:
            assert answer.status_code == 200
    rows = recorded(session, "exported")
    assert [(row.target_kind, row.target_id, row.sha256) for row in rows] == [("document", made.id, made.sha256)] * 2


def test_what_cannot_be_recorded_does_not_leave(
    session: Session, world: World, now: datetime, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = running_plan(session, world, now)

    def broken(*_given: object, **_more: object) -> None:
        raise RuntimeError("the history is not reachable")

    monkeypatch.setattr("collab.audits.service.record_export", broken)
    answer = browse("clerk_banphru").get(f"/action-plans/{plan.id}/items.csv")
    assert answer.status_code == 500
    assert b"action-plan" not in answer.headers.get("Content-Disposition", "").encode()


def test_what_is_refused_or_not_there_is_no_export(session: Session, world: World, now: datetime, browse: Browse) -> None:
    plan = running_plan(session, world, now)
    assert browse("clerk_outside").get(f"/action-plans/{plan.id}/items.csv").status_code in (403, 404)
    assert recorded(session, "exported") == []


def test_the_api_is_recorded_of_everybody_once_a_day_and_object(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    path = f"/api/v1/objects/committee/{world.committee.id}"
    for page in ("", "/history", ""):
        assert browse("clerk_banphru").get(path + page).status_code == 200
    (row,) = recorded(session, "read")
    assert (row.auditor_id, row.target_id, row.read_on) == (world.users["clerk_banphru"].id, world.committee.id, today(now))
    assert verbs_of(session, row.id) == ["audit.read"]


def test_a_calendar_that_reads_by_a_link_reads_for_its_maker(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    plan = running_plan(session, world, now)
    clerk = world.actors["clerk_banphru"]
    token = feeds.make_feed(session, actor=clerk, now=now, plan_id=plan.id)
    session.commit()
    for _time in range(2):
        assert browse("clerk_banphru").get(f"/calendar-links/{token}.ics").status_code == 200
    assert [(row.auditor_id, row.target_id) for row in recorded(session, "read")] == [(clerk.user_id, plan.id)]


def test_pages_that_an_auditor_opens_are_recorded_and_nobody_else_s(
    session: Session, world: World, now: datetime, browse: Browse
) -> None:
    plan = running_plan(session, world, now)
    for person in ("clerk_banphru", "auditor", "auditor"):
        assert browse(person).get(f"/action-plans/{plan.id}").status_code == 200
    assert browse("auditor").get(f"/members/organisations/{world.org_id('banphru')}").status_code == 200
    rows = recorded(session, "read")
    assert [(row.auditor_id, row.target_kind) for row in rows] == [
        (world.users["auditor"].id, "action_plan"), (world.users["auditor"].id, "organisation"),
    ]  # fmt: skip


@pytest.mark.parametrize(("who", "events"), [("administrator", 1), ("auditor", 1), ("coordinator", 1), ("clerk_banphru", 0)])
def test_privileged_sign_ins_are_events(session: Session, world: World, now: datetime, who: str, events: int) -> None:
    sign_in.open_session(session, user_id=world.users[who].id, now=now, hours=8, assurance=1, device="test")
    session.commit()
    assert verbs_of(session, world.users[who].id).count("user.signed_in") == events


def test_role_changes_are_events(session: Session, world: World, now: datetime) -> None:
    administrator = world.actors["administrator"]
    made = people.enter_role(
        session, actor=administrator, now=now, user=world.users["clerk_outside"], role=Role.COORDINATOR, scope=Scope.COMMITTEE,
        scope_id=world.committee.id, valid_from=today(now), valid_to=None,
    )  # fmt: skip
    session.commit()
    people.take_role(session, actor=administrator, now=now, assignment_id=made.id, reason="ย้าย")
    session.commit()
    assert verbs_of(session, made.id)[0] == "role_assignment.made"
    assert len(verbs_of(session, made.id)) == 2
