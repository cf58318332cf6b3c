"""Erasing personal values from the history in the browser: two people, a ground, and every proof as before."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.audits import service
from collab.audits.models import ErasureRequest, RequestState
from collab.history import erasure
from collab.history.erasure_models import ErasureDecision
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.reconcile import find_disagreements
from collab.history.integrity.whole import verify_log
from collab.history.models import HistoryEvent, HistoryVersion
from collab.history.queries import list_subject
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members.service import people
from collab.notices.models import Message
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
PATH = "state.name_th"


def second(world: World) -> Actor:
    """Another administrator."""
    return replace(world.actors["administrator"], user_id=world.users["coordinator"].id)


@pytest.fixture
def asked(session: Session, world: World, now: datetime) -> ErasureRequest:
    target = Ref("user", world.users["clerk_banphru"].id)
    made = service.ask_erasure(session, actor=world.actors["administrator"], now=now, target=target, path=PATH, ground="ม.33")
    session.commit()
    return made


def decide(session: Session, actor: Actor, now: datetime, request: ErasureRequest, version: int | None = None) -> ErasureRequest:
    return service.carry_out(session, actor=actor, now=now, request_id=request.id, expected_version=version)


def test_what_two_people_decide_is_gone_and_every_proof_holds(
    session: Session, world: World, now: datetime, asked: ErasureRequest
) -> None:
    user = world.users["clerk_banphru"]
    name = user.name_th
    assert erasure.open_paths(session, user.id)[PATH] >= 1
    decide(session, second(world), now, asked)
    session.commit()
    assert PATH not in erasure.open_paths(session, user.id)
    states = session.scalars(sa.select(HistoryVersion.state).where(HistoryVersion.subject_id == user.id)).all()
    assert states
    assert all(name not in str(state) for state in states)
    assert verify_log(session).faults == []
    assert list(check_versions(session)) == []
    assert user.name_th == name, "the record is the area's own affair"
    assert list(find_disagreements(session, ["user_account"])) == []
    event = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.verb == "privacy.erased")).one()
    told = list_subject(session, event.subject_id).rows[0]
    assert (event.actor_id, told.reason) == (world.users["coordinator"].id, "ม.33")
    requests = list_subject(session, asked.id).rows
    assert [(row.verb, row.reason) for row in requests] == [("erasure.carried_out", ""), ("erasure.asked", "ม.33")]
    both = [json.loads(session.get_one(HistoryEvent, row.event_id).body)["second"] for row in (told, requests[0])]
    assert both == [str(world.users["administrator"].id)] * 2
    decision = session.get_one(ErasureDecision, asked.decision_id)
    assert (decision.id, decision.ground, decision.second_person_id) == (
        event.subject_id,
        "ม.33",
        world.users["administrator"].id,
    )
    assert (asked.state, asked.decided_by_id) == (RequestState.CARRIED_OUT, world.users["coordinator"].id)


def test_one_person_is_not_enough_and_once_is_enough(
    session: Session, world: World, now: datetime, asked: ErasureRequest
) -> None:
    with pytest.raises(StateConflict):
        decide(session, world.actors["administrator"], now, asked)
    with pytest.raises(VersionConflict):
        decide(session, second(world), now, asked, version=9)
    decide(session, second(world), now, asked)
    session.commit()
    with pytest.raises(StateConflict):
        decide(session, second(world), now, asked)
    with pytest.raises(InvalidInput):
        service.ask_erasure(
            session,
            actor=world.actors["administrator"],
            now=now,
            target=Ref(asked.target_kind, asked.target_id),
            path=PATH,
            ground="x",
        )
    with pytest.raises(NotFound):
        service.carry_out(session, actor=second(world), now=now, request_id=new_id(), expected_version=None)


def test_the_database_itself_asks_for_two_people(session: Session, world: World, now: datetime, asked: ErasureRequest) -> None:
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_erasure_request_two_people"),
        history.act(session, verb="erasure.declined", actor=world.actors["administrator"], now=now, subject=asked),
    ):
        asked.decided_by_id = asked.asked_by_id


def test_declined_erases_nothing(session: Session, world: World, now: datetime, asked: ErasureRequest) -> None:
    service.decline(session, actor=second(world), now=now, request_id=asked.id, expected_version=None)
    session.commit()
    assert PATH in erasure.open_paths(session, asked.target_id)
    assert asked.state is RequestState.DECLINED
    assert list_subject(session, asked.id).rows[0].verb == "erasure.declined"


def test_reasons_that_are_erased_are_said_to_be_so(session: Session, world: World, now: datetime, browse: Browse) -> None:
    user, administrator = world.users["clerk_banphru"], world.actors["administrator"]
    with history.act(session, verb="user.changed", actor=administrator, now=now, subject=user, reason="เล่าเรื่องส่วนตัว"):
        user.name_en = "New Test"
    session.commit()
    page = f"/history/user/{user.id}?detail=all"
    assert "เล่าเรื่องส่วนตัว" in browse("auditor").get(page).get_data(as_text=True)
    made = service.ask_erasure(session, actor=administrator, now=now, target=Ref("user", user.id), path="reason", ground="ม.33")
    session.commit()
    decide(session, second(world), now, made)
    session.commit()
    # Only the reasons: what was changed stays readable.
    assert set(erasure.open_paths(session, user.id)) >= {"state.name_en", "state.name_th"}
    assert "reason" not in erasure.open_paths(session, user.id)
    after = browse("auditor").get(page).get_data(as_text=True)
    assert "เล่าเรื่องส่วนตัว" not in after
    assert "ลบออกจากประวัติแล้ว" in after
    assert verify_log(session).faults == []


@pytest.mark.parametrize("who", ["auditor", "coordinator", "chair", "clerk_banphru"])
def test_only_administrators_ask_and_decide(
    session: Session, world: World, now: datetime, asked: ErasureRequest, who: str
) -> None:
    actor = world.actors[who]
    with pytest.raises(NotAllowed):
        decide(session, actor, now, asked)
    with pytest.raises(NotAllowed):
        service.ask_erasure(session, actor=actor, now=now, target=Ref("user", asked.target_id), path=PATH, ground="x")


def test_in_the_browser(session: Session, world: World, browse: Browse) -> None:
    user = world.users["clerk_banphru"]
    client, path = browse("administrator"), f"/history/user/{user.id}/erase"
    assert path in client.get(f"/history/user/{user.id}").get_data(as_text=True)
    assert client.get(path).status_code == 200
    assert client.get(f"/history/user/{new_id()}/erase").status_code == 404
    assert browse("auditor").get(path).status_code == 403
    for bad in ({}, {"path": PATH, "ground": " "}, {"path": "state.nothing", "ground": "x"}, {"path": "x" * 5000, "ground": "x"}):
        assert client.post(path, data=bad).status_code == 422
    assert client.post(path, data={"path": PATH, "ground": "คำขอที่ 9", "once": "e1"}).status_code == 303
    assert client.post(path, data={"path": PATH, "ground": "คำขอที่ 9", "once": "e1"}).status_code == 303
    request = session.scalars(sa.select(ErasureRequest)).one()
    page = client.get("/audit/erasures").get_data(as_text=True)
    assert "คำขอที่ 9" in page
    assert "/carry-out" not in page, "nobody carries out what they asked for"
    assert client.post(f"/audit/erasures/{request.id}/carry-out", data={"version": "1"}).status_code == 409
    assert "คำขอที่ 9" in browse("auditor").get("/audit/erasures").get_data(as_text=True)
    assert browse("clerk_banphru").get("/audit/erasures").status_code == 403
    world.actors["administrator"] = second(world)
    other = browse("administrator")
    assert "/carry-out" in other.get("/audit/erasures").get_data(as_text=True)
    assert other.post(f"/audit/erasures/{request.id}/carry-out", data={"version": "7"}).status_code == 409
    assert other.post(f"/audit/erasures/{request.id}/carry-out", data={"version": "1"}).status_code == 303
    assert other.get("/audit/erasures").status_code == 200
    assert other.get(path).status_code == 200


def test_the_other_administrators_are_told_and_nobody_else(session: Session, world: World, now: datetime) -> None:
    other = world.users["coordinator"]
    people.enter_role(
        session, actor=world.actors["administrator"], now=now, user=other, role=Role.ADMINISTRATOR, scope=Scope.INSTALLATION,
        scope_id=None, valid_from=today(now), valid_to=None,
    )  # fmt: skip
    target = world.users["clerk_banphru"]
    made = service.ask_erasure(
        session, actor=world.actors["administrator"], now=now, target=Ref("user", target.id), path=PATH, ground="ม.33"
    )
    session.commit()
    told = session.scalars(sa.select(Message).where(Message.kind == "erasure")).all()
    assert [(row.recipient_id, row.url) for row in told] == [(other.id, "/audit/erasures")]
    # The message repeats nothing of what is to be erased: mail cannot be called back.
    assert target.name_th not in told[0].subject + told[0].text
    decide(session, second(world), now, made)
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Message).where(Message.kind == "erasure")) == 1
