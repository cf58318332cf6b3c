"""A large sheet is applied by a worker: exactly what was shown, once, all or nothing, and its page says how far it is."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import exchange_apply, exchange_queue, queries
from collab.action_plans.models import ActionItem, ActionPlan, SheetImport
from collab.action_plans.states import ImportFailure
from collab.kernel.db import Database
from collab.kernel.jobs import Job
from collab.kernel.targets import Ref
from tests.action_plans.test_exchange import HEAD, choices, good_row, send, workbook
from tests.factories import action_plans as made
from tests.factories.world import World

__all__ = ["choices"]  # a fixture of this module too
Browse = Callable[[str], FlaskClient]
ROWS = 5


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows are many here."""
    monkeypatch.setattr(exchange_queue, "LARGE", ROWS - 1)


@pytest.fixture
def asked(browse: Browse, world: World, draft: ActionPlan) -> tuple[FlaskClient, str]:
    """A client and the address of a sheet of five rows, one of them faulty, that its sender has confirmed."""
    client = browse("coordinator")
    rows = [good_row(world, title=f"รายการ {number}") for number in range(ROWS - 1)]
    answer = send(client, draft, workbook(HEAD, *rows, good_row(world, lead="ที่ไหน")))
    assert _confirm(client, answer.location).location == answer.location
    return client, answer.location


def _confirm(client: FlaskClient, address: str) -> Any:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', client.get(address).text)
    assert found
    return client.post(address, data={"seen": found[1]})


def _run(database: Database, now: datetime) -> dict[str, int]:
    return exchange_queue.apply_asked(database, now=now, stop=lambda: False)


def _count(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(ActionItem)) or 0


def _staged(session: Session) -> SheetImport:
    session.expire_all()
    return session.scalars(sa.select(SheetImport)).one()


def test_a_large_sheet_waits_for_a_worker(
    session: Session, database: Database, now: datetime, sent_jobs: list[Any], asked: tuple[FlaskClient, str]
) -> None:
    client, address = asked
    assert _count(session) == 0
    assert Job.ACTION_PLANS_APPLY_IMPORTS in [job for job, _arguments in sent_jobs]
    page = client.get(address).text
    assert "ขั้นที่ 1 จาก 2" in page
    assert 'name="seen"' not in page
    assert _run(database, now) == {"applied": 1, "failed": 0}
    assert _count(session) == ROWS - 1
    page = client.get(address).text
    assert "นำเข้าตารางเรียบร้อยแล้ว" in page
    assert _staged(session).done == {"added": 4, "changed": 0, "same": 0, "left_out": 1}


def test_it_is_applied_once(session: Session, database: Database, now: datetime, asked: tuple[FlaskClient, str]) -> None:
    client, address = asked
    assert client.post(address, data={"seen": "another click"}).status_code == 303
    assert _run(database, now) == {"applied": 1, "failed": 0}
    assert _run(database, now) == {"applied": 0, "failed": 0}
    assert client.post(address, data={"seen": "x"}).status_code == 409
    assert _count(session) == ROWS - 1


def test_its_sender_is_who_did_it(session: Session, database: Database, now: datetime, world: World, asked: Any) -> None:
    _run(database, now)
    actors = (
        session.execute(sa.text("SELECT DISTINCT actor_id FROM history_event WHERE verb = 'action_plan.imported'"))
        .scalars()
        .all()
    )
    assert actors == [world.users["coordinator"].id]


def test_a_worker_that_is_killed_leaves_nothing(
    session: Session, database: Database, now: datetime, asked: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, address = asked

    class Killed(BaseException):
        """What no handler catches."""

    real = exchange_apply.apply

    def dying(*given: Any, **named: Any) -> Any:
        real(*given, **named)
        raise Killed

    monkeypatch.setattr(exchange_apply, "apply", dying)
    with pytest.raises(Killed):
        _run(database, now)
    assert _count(session) == 0
    assert "ขั้นที่ 2 จาก 2" in client.get(address).text
    monkeypatch.setattr(exchange_apply, "apply", real)
    assert _run(database, now) == {"applied": 1, "failed": 0}
    assert _count(session) == ROWS - 1


def test_a_sheet_that_kills_is_not_tried_for_ever(
    session: Session, database: Database, now: datetime, asked: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_given: Any, **_named: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(exchange_apply, "apply", dying)
    for _try in range(exchange_queue.TRIES):
        with pytest.raises(SystemExit):
            _run(database, now)
    assert _run(database, now) == {"applied": 0, "failed": 0}
    assert _staged(session).failure is ImportFailure.BROKEN
    assert "ระบบขัดข้อง" in asked[0].get(asked[1]).text


def test_a_plan_that_changed_meanwhile_is_left_as_it_is(
    session: Session, database: Database, now: datetime, world: World, draft: ActionPlan, authority: Ref, browse: Browse
) -> None:
    item = made.make_item(session, world, now, draft, authority, title="เดิม")
    client = browse("coordinator")
    rows = [good_row(world, title=f"รายการ {number}") for number in range(ROWS - 1)]
    address = send(
        client,
        draft,
        workbook(HEAD, *rows, good_row(world, key=str(item.id), title="ใหม่", lead=world.organisations["banphru"].name_th)),
    ).location
    _confirm(client, address)
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=item):
        item.weight, item.due_on = 7, date(2027, 2, 1)
    session.commit()
    assert _run(database, now + timedelta(minutes=1)) == {"applied": 0, "failed": 1}
    session.expire_all()
    assert [each.title for each in queries.items_of(session, draft.id)] == ["เดิม"]
    page = client.get(address).text
    assert "เพราะแผนเปลี่ยนไปหลังจากที่ท่านดู" in page
    # Seen again and confirmed again, it is applied.
    _confirm(client, address)
    assert _run(database, now + timedelta(minutes=2)) == {"applied": 1, "failed": 0}
    session.expire_all()
    assert {each.title for each in queries.items_of(session, draft.id)} == {
        "ใหม่",
        *(f"รายการ {number}" for number in range(ROWS - 1)),
    }


def test_who_lost_the_right_changes_nothing(
    session: Session, database: Database, now: datetime, world: World, asked: tuple[FlaskClient, str]
) -> None:
    user = world.users["coordinator"]
    with history.act(session, verb="user.disabled", actor=world.actors["administrator"], now=now, subject=user):
        user.disabled_at = now
    session.commit()
    assert _run(database, now) == {"applied": 0, "failed": 1}
    assert _count(session) == 0
    assert _staged(session).failure is ImportFailure.REFUSED


def test_one_that_fails_stops_no_other(
    session: Session, database: Database, now: datetime, world: World, draft: ActionPlan, browse: Browse, asked: tuple[FlaskClient, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    client = browse("coordinator")
    second = send(client, draft, workbook(HEAD, *(good_row(world, title=f"ที่สอง {number}") for number in range(ROWS)))).location
    _confirm(client, second)
    real, calls = exchange_apply.apply, []

    def first_fails(*given: Any, **named: Any) -> Any:
        calls.append(named["import_id"])
        if len(calls) == 1:
            raise ZeroDivisionError
        return real(*given, **named)

    monkeypatch.setattr(exchange_apply, "apply", first_fails)
    assert _run(database, now) == {"applied": 1, "failed": 1}
