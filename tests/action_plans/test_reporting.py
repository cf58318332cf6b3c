"""Reporting: drafts that are not lost, milestones, money, photos, help, and items that are opened again."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import queries, service
from collab.action_plans.models import ActionItem, ActionPlan, ReportDraft
from collab.action_plans.service import Sums
from collab.action_plans.states import HelpState, ItemKind, ItemState, ReportState
from collab.documents import storage
from collab.documents.models import Document
from collab.kernel import turns
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices.models import Message
from tests.factories import action_plans as made
from tests.factories import documents as files
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def say(session: Session, world: World, now: datetime, item: ActionItem, **facts: Any) -> Any:
    values = {"actor": world.actors["clerk_banphru"], "percent": None, "words": "ทำแล้ว", **facts}
    report = service.report_progress(session, now=now, item_id=item.id, **values)
    session.commit()
    return report


def test_a_milestone_in_words_leaves_the_per_cent_as_they_are(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    say(session, world, now, item, percent=40)
    report = say(session, world, now, item, milestone="ลงนามสัญญา")
    assert (report.percent, item.percent, item.state) == (40, 40, ItemState.IN_PROGRESS)
    with pytest.raises(InvalidInput) as fault:
        say(session, world, now, item, milestone=" ")
    assert set(fault.value.errors) == {"percent"}


def test_an_item_that_is_a_milestone_is_reached_or_not(
    session: Session, world: World, now: datetime, plan: ActionPlan, authority: Ref
) -> None:
    day = made.DUE
    milestone = made.make_item(session, world, now, plan, authority, kind=ItemKind.MILESTONE, starts_on=day, due_on=day)
    with pytest.raises(InvalidInput) as fault:
        say(session, world, now, milestone, percent=50)
    assert set(fault.value.errors) == {"percent"}
    session.rollback()
    say(session, world, now, milestone, percent=100, evidence=made.evidence())
    assert milestone.state is ItemState.AWAITING_VERIFICATION


def test_what_was_spent_goes_into_the_line_of_the_organisation(
    session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    for who in ("banphru", "khohong"):
        service.save_budget_line(
            session,
            actor=world.actors["coordinator"],
            now=now,
            item_id=item.id,
            organisation_id=world.org_id(who),
            sums=Sums(Decimal(100)),
        )
    session.commit()
    say(session, world, now, item, percent=10, cost_spent=Decimal("70.25"))
    assert [line.spent for line in queries.budget_lines_of(session, [item.id])] == [Decimal("70.25"), Decimal(0)]


@pytest.mark.parametrize("keep", [True, False])
def test_the_place_of_a_photo_is_kept_only_when_asked(browse: Browse, session: Session, item: ActionItem, keep: bool) -> None:
    data: dict[str, Any] = {"percent": "30", "words": "เทพื้นแล้ว", "evidence": (io.BytesIO(files.photo()), "IMG.jpg")}
    if keep:
        data["keep_position"] = "y"
    answer = browse("clerk_banphru").post(f"/action-plans/items/{item.id}/report", data=data)
    assert answer.status_code == 303
    stored = session.scalars(sa.select(Document)).one()
    assert (storage.store().path_of(stored.sha256).read_bytes() == files.photo()) is keep


def test_a_draft_is_there_again_and_is_forgotten_when_it_is_sent(browse: Browse, session: Session, item: ActionItem) -> None:
    client, path = browse("clerk_banphru"), f"/action-plans/items/{item.id}/report"
    kept = client.post(
        f"{path}/draft", data={"percent": "35", "words": "กำลังเทพื้น", "cost_spent": "1,0"}, headers={"Accept": "text/plain"}
    )
    assert kept.status_code == 200
    assert kept.text == "บันทึกร่างแล้ว 10:00"
    again = client.post(f"{path}/draft", data={"percent": "36", "words": "กำลังเทพื้น ชั้นสอง"})
    assert again.status_code == 303
    page = client.get(path).text
    assert "กำลังเทพื้น ชั้นสอง" in page
    assert 'value="36"' in page
    assert "กำลังเทพื้น" not in browse("coordinator").get(f"/action-plans/items/{item.id}").text
    assert browse("clerk_khohong").post(f"{path}/draft", data={"words": "x"}).status_code == 403
    assert browse("clerk_outside").post(f"{path}/draft", data={"words": "x"}).status_code == 404
    assert client.post(path, data={"percent": "36", "words": "เทพื้นชั้นสองแล้ว"}).status_code == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(ReportDraft)) == 0


def finish(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    made.report(session, world, now, item, 100)
    service.judge_report(session, actor=world.actors["clerk_khohong"], now=now, item_id=item.id, accepted=True, words="")
    session.commit()


def test_a_finished_item_is_opened_again_with_the_reason(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    finish(session, world, now, item)
    reopen = {"now": now, "item_id": item.id, "percent": 80, "reason": "ใบรับรองไม่ครบ"}
    for who in ("clerk_banphru", "clerk_khohong", "chair", "auditor"):
        with pytest.raises(NotAllowed):
            service.reopen_item(session, actor=world.actors[who], **reopen)
    for bad in ({"percent": 100}, {"reason": " "}):
        with pytest.raises(InvalidInput):
            service.reopen_item(session, actor=world.actors["coordinator"], **{**reopen, **bad})
    service.reopen_item(session, actor=world.actors["coordinator"], **reopen)
    session.commit()
    assert (item.state, item.percent, item.is_open) == (ItemState.IN_PROGRESS, 80, True)
    newest = queries.reports_of(session, item.id)
    assert {report.state for report in newest} == {ReportState.REOPENED, ReportState.VERIFIED}
    told = session.scalars(sa.select(Message.text).where(Message.recipient_id == world.users["clerk_banphru"].id)).all()
    assert any("ใบรับรองไม่ครบ" in text for text in told)
    with pytest.raises(StateConflict):
        service.reopen_item(session, actor=world.actors["coordinator"], **reopen)
    finish(session, world, now + timedelta(days=1), item)
    assert item.state is ItemState.DONE


def test_help_is_asked_once_and_answered_by_another(
    browse: Browse, session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    clerk, path = browse("clerk_banphru"), f"/action-plans/items/{item.id}/help"
    assert clerk.get(path).status_code == 200
    assert clerk.post(path, data={"words": ""}).status_code == 422
    assert clerk.post(path, data={"words": "ขอช่างเครื่องชั่ง", "once": str(new_id())}).status_code == 303
    assert clerk.post(path, data={"words": "ขออีก", "once": str(new_id())}).status_code == 409
    assert clerk.get(f"{path}/answer").status_code == 403
    assert browse("clerk_phatong").get(f"{path}/answer").status_code == 403
    for who, waits in (("coordinator", True), ("clerk_khohong", True), ("clerk_phatong", False), ("clerk_banphru", False)):
        work = turns.work_of(session, world.actors[who], now)
        tasks = [task.label for task in [*work.late, *work.soon, *work.later]]
        assert ("ตอบคำขอความช่วยเหลือ" in tasks) is waits, who
    helper = browse("clerk_khohong")
    assert helper.get(f"{path}/answer").status_code == 200
    assert helper.post(f"{path}/answer", data={"words": "ส่งช่างวันจันทร์"}).status_code == 303
    assert "ส่งช่างวันจันทร์" in clerk.get(f"/action-plans/items/{item.id}").text
    assert queries.helps_of(session, item.id)[0].state is HelpState.ANSWERED
    assert helper.post(f"{path}/answer", data={"words": "อีกครั้ง"}).status_code == 409


def test_the_pages_of_reporting_offer_what_can_be_done(
    browse: Browse, session: Session, world: World, now: datetime, item: ActionItem
) -> None:
    finish(session, world, now, item)
    client, path = browse("coordinator"), f"/action-plans/items/{item.id}/reopen"
    assert path in client.get(f"/action-plans/items/{item.id}").text
    assert client.get(path).status_code == 200
    assert browse("clerk_banphru").get(path).status_code == 403
    assert client.post(path, data={"percent": "x", "reason": "ก"}).status_code == 422
    assert client.post(path, data={"percent": "50", "reason": "ก"}).status_code == 303
    assert client.get(path).status_code == 409
