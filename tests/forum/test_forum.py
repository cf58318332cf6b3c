"""Talk beside an object: who sees the object talks; a post is removed with a reason and stays on the record."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.forum import queries, service
from collab.forum.models import Post
from collab.history.models import HistoryEvent
from collab.kernel.access import job_actor
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members.models import User
from collab.notices.models import Message, MessageState
from collab.proposals.states import ProposalState
from tests.factories.proposals import proposal_in
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
PEOPLE = ("administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside")


@pytest.fixture
def target(session: Session, world: World, now: datetime) -> Ref:
    return Ref("proposal", proposal_in(session, world, now, ProposalState.SUBMITTED).id)


def write(session: Session, world: World, now: datetime, who: str, target: Ref, text: str = "ขอหารือ") -> Post:
    made = service.write(session, actor=world.actors[who], now=now, target=target, text=text)
    session.commit()
    return made


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("state", [ProposalState.DRAFT, ProposalState.SUBMITTED])
def test_who_sees_the_object_talks_and_nobody_else(session: Session, world: World, now: datetime, state: ProposalState) -> None:
    target = Ref("proposal", proposal_in(session, world, now, state).id)
    for who in PEOPLE:
        sees = who == "clerk_banphru" or (state is ProposalState.SUBMITTED and who != "clerk_outside")
        if sees:
            assert write(session, world, now, who, target).author_id == world.users[who].id
        else:
            with pytest.raises(NotFound):
                write(session, world, now, who, target)


def test_posts_stand_in_the_order_in_which_they_were_written(session: Session, world: World, now: datetime, target: Ref) -> None:
    made = [write(session, world, now, who, target, who).id for who in ("coordinator", "clerk_khohong", "chair")]
    assert [row.id for row in queries.list_posts(session, target.id).rows] == made


@pytest.mark.parametrize("who", PEOPLE)
def test_the_author_and_the_coordinator_remove(session: Session, world: World, now: datetime, target: Ref, who: str) -> None:
    made = write(session, world, now, "clerk_banphru", target)
    common: dict[str, Any] = {"actor": world.actors[who], "now": now, "post_id": made.id, "reason": "ผิดเรื่อง"}
    if who in ("clerk_banphru", "coordinator"):
        service.remove(session, **common)
        session.commit()
        assert made.removed_at == now
        verbs = session.scalars(sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == made.id).order_by(HistoryEvent.seq))
        assert list(verbs) == ["post.written", "post.removed"]
        with pytest.raises(StateConflict):
            service.remove(session, **common)
    else:
        with pytest.raises(NotFound if who == "clerk_outside" else NotAllowed):
            service.remove(session, **common)


def test_a_removed_post_leaves_its_place_without_its_words(
    browse: Browse, session: Session, world: World, now: datetime, target: Ref
) -> None:
    made = write(session, world, now, "clerk_banphru", target, "ข้อความลับเฉพาะ")
    page = f"/forum/proposal/{target.id}"
    assert "ข้อความลับเฉพาะ" in browse("chair").get(page).text
    assert browse("clerk_banphru").post(f"/forum/posts/{made.id}/remove", data={"reason": "ผิดเรื่อง"}).status_code == 303
    assert "ข้อความลับเฉพาะ" not in browse("chair").get(page).text


def test_a_second_click_writes_one_post(browse: Browse, session: Session, target: Ref) -> None:
    client, page = browse("clerk_banphru"), f"/forum/proposal/{target.id}"
    data = {"text": "ครั้งเดียว", "once": once(client.get(page).text)}
    assert [client.post(page, data=data).status_code for _click in range(2)] == [303, 303]
    assert session.scalar(sa.select(sa.func.count()).select_from(Post)) == 1


@pytest.mark.parametrize("text", ["", " ", "\u200b", "ก" * 10_001])
def test_rubbish_comes_back_with_its_fault(browse: Browse, session: Session, target: Ref, text: str) -> None:
    client, page = browse("clerk_banphru"), f"/forum/proposal/{target.id}"
    answer = client.post(page, data={"text": text, "once": once(client.get(page).text)})
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Post)) == 0


def test_what_a_person_wrote_is_shown_and_not_obeyed(
    browse: Browse, session: Session, world: World, now: datetime, target: Ref
) -> None:
    write(session, world, now, "clerk_banphru", target, "<script>alert(1)</script> 😀")
    text = browse("chair").get(f"/forum/proposal/{target.id}").text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("path", ["/forum/proposal/{}", "/forum/nonsense/{}", "/forum/posts/{}/remove"])
def test_unknown_ids_are_not_found(browse: Browse, path: str) -> None:
    assert browse("coordinator").get(path.format(new_id())).status_code == 404


def test_queries_do_not_grow_with_the_talk(
    browse: Browse, session: Session, world: World, now: datetime, target: Ref, count_queries: Callable[[], Any]
) -> None:
    counts, client = [], browse("chair")
    for more in (1, 15):
        for _post in range(more):
            write(session, world, now, "clerk_banphru", target)
        with count_queries() as statements:
            assert client.get(f"/forum/proposal/{target.id}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


# --- who is told at once ---


def told(session: Session) -> list[Message]:
    return list(session.scalars(sa.select(Message).where(Message.kind == "forum").order_by(Message.created_at, Message.id)))


def test_whom_somebody_chooses_is_told_at_once(
    session: Session, world: World, now: datetime, target: Ref, browse: Browse
) -> None:
    clerk, path = browse("clerk_khohong"), f"/forum/{target.kind}/{target.id}"
    page = clerk.get(path).get_data(as_text=True)
    assert str(world.users["chair"].id) in page
    assert str(world.users["clerk_outside"].id) not in page, "not of this committee"
    assert str(world.users["clerk_khohong"].id) not in page, "nobody notifies themselves"
    answer = clerk.post(path, data={"text": "ขอความเห็น", "mention": [str(world.users["chair"].id)], "once": once(page)})
    assert answer.status_code == 303
    (message,) = told(session)
    assert (message.recipient_id, message.state, message.next_attempt_at) == (world.users["chair"].id, MessageState.WAITING, now)
    assert message.url == path


def test_whom_the_text_names_is_told_too(session: Session, world: World, now: datetime, target: Ref) -> None:
    write(
        session,
        world,
        now,
        "clerk_banphru",
        target,
        "ขอให้ @ผู้ทดสอบ chair และ @tester coordinator ดู ส่วน ผู้ทดสอบ clerk_khohong ไม่ต้อง",
    )
    assert {row.recipient_id for row in told(session)} == {world.users["chair"].id, world.users["coordinator"].id}


def test_who_may_not_see_the_object_is_never_told(session: Session, world: World, now: datetime) -> None:
    """A draft is its author's alone: naming others in it tells them nothing, and choosing one is refused in words."""
    target = Ref("proposal", proposal_in(session, world, now, ProposalState.DRAFT).id)
    write(session, world, now, "clerk_banphru", target, "@ผู้ทดสอบ chair")
    assert told(session) == []
    for who, words in (("chair", "ไม่มีสิทธิ"), ("clerk_outside", "จากรายการ")):
        with pytest.raises(InvalidInput) as caught:
            service.write(
                session, actor=world.actors["clerk_banphru"], now=now, target=target, text="x", mention=[world.users[who].id]
            )
        assert words in caught.value.errors["mention"]
    assert told(session) == []


def test_two_calls_within_ten_minutes_are_two_mails_at_most(session: Session, world: World, now: datetime, target: Ref) -> None:
    """The first leaves at once; what follows within ten minutes is gathered, however often."""
    for minute in range(5):
        write(session, world, now + timedelta(minutes=minute), "clerk_banphru", target, f"@ผู้ทดสอบ chair ครั้งที่ {minute}")
        if minute == 0:
            session.execute(sa.update(Message).values(state=MessageState.ACCEPTED, attempts=1))
    first, second = told(session)
    assert (first.next_attempt_at, second.next_attempt_at) == (now, now + timedelta(minutes=10))
    assert [f"ครั้งที่ {minute}" in second.text for minute in range(5)] == [False, True, True, True, True]


def test_rubbish_in_place_of_people_is_told_in_words(world: World, target: Ref, browse: Browse) -> None:
    clerk, path = browse("clerk_khohong"), f"/forum/{target.kind}/{target.id}"
    for wrong in ("\x00", "x", str(new_id())):
        assert clerk.post(path, data={"text": "x", "mention": [wrong], "once": "a"}).status_code == 422


def test_offering_people_costs_the_same_for_many(
    session: Session, world: World, now: datetime, target: Ref, browse: Browse, count_queries: Any
) -> None:
    clerk, path = browse("clerk_khohong"), f"/forum/{target.kind}/{target.id}"

    def cost() -> int:
        with count_queries() as statements:
            assert clerk.get(path).status_code == 200
        return len(statements)

    clerk.get(path)
    few = cost()
    system = job_actor("test")
    with history.act(session, verb="user.created", actor=system, now=now, subject=world.users["chair"]):
        session.add_all(
            User(
                email=f"more{number}@example.test", name_th=f"คนที่ {number}", name_en="", position="", organisation_id=world.org_id("phatong")
            )
            for number in range(20)
        )  # fmt: skip
    session.commit()
    assert cost() == few
