"""Delivering what was recorded: looked at again, told once, with evidence whatever happens."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from collab import history
from collab.history import queries as events
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.notices import delivery as mail
from collab.notices import digest
from collab.notices.models import Message
from collab.reminders import delivery, queries, service, sweep
from collab.reminders.models import Audience, Outcome, Reminder, ReminderEvidence, ReminderState
from collab.reminders.telling import Told
from tests.databases import own_database
from tests.factories.notices import Remembering
from tests.factories.reminders import KIND, Errands, add_rule
from tests.factories.reminders import errands as made_up
from tests.factories.world import World, build_world

DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)


def recorded(database: Database, world: World, errands: Errands, now: datetime, *rules: tuple[Audience, int],
             owner: str = "clerk_banphru", due_on: date = TODAY) -> UUID:  # fmt: skip
    """Record reminders of one errand of ``owner``; return the errand's id."""
    key = errands.add(due_on, owner=world.users[owner].id, organisation=world.org_id("banphru"), committee=world.committee.id)
    with database.unit_of_work() as session:
        for audience, offset in rules or ((Audience.OWNER, 0),):
            add_rule(session, world, now - 10 * DAY, audience, offset)
    with database.unit_of_work() as session:
        sweep.sweep(session, now=now)
    assert rows(database, Reminder)
    return key


def end_leases(database: Database) -> None:
    """Let the time pass after which a claim is anybody's."""
    with database.unit_of_work() as session:
        session.execute(
            sa.text("UPDATE reminder SET leased_until = clock_timestamp() - interval '1 second' WHERE state = 'claimed'")
        )


def rows(database: Database, model: Any) -> list[Any]:
    with database.reading() as session:
        return list(session.scalars(sa.select(model).order_by(model.id)))


def test_a_made_up_kind_gets_the_whole_behaviour(database: Database, world: World, errands: Errands, now: datetime) -> None:
    key = recorded(database, world, errands, now)
    assert delivery.deliver_batch(database, now) == {"queued": 1}
    assert delivery.deliver_batch(database, now) == {}
    (message,) = rows(database, Message)
    assert (message.recipient_id, message.kind, message.url) == (world.users["clerk_banphru"].id, "reminder", f"/errands/{key}")
    assert "23 พฤศจิกายน 2569" in message.subject
    (evidence,) = rows(database, ReminderEvidence)
    assert (evidence.outcome, evidence.message_id, evidence.target_id) == (ReminderState.QUEUED, message.id, key)
    with database.reading() as session:
        (event,) = events.list_stream(session, f"reminder/{key}").rows
    assert (event.verb, event.subject_kind, event.actor_kind, event.job) == (
        "reminder.queued", "reminder", "job", "reminders.deliver",
    )  # fmt: skip


@pytest.mark.parametrize(("locale", "word"), [("th", "ช้ากว่ากำหนด 3 วัน:"), ("en", "Late by 3 days:")])
def test_what_is_late_is_said_at_once_in_the_readers_language(
    database: Database, world: World, errands: Errands, now: datetime, locale: str, word: str
) -> None:
    with database.unit_of_work() as session:
        user = session.merge(world.users["clerk_banphru"])
        with history.act(session, verb="user.changed", actor=job_actor("test"), now=now, subject=user):
            user.locale = locale
    recorded(database, world, errands, now, (Audience.OWNER, 1), due_on=TODAY - 3 * DAY)
    delivery.deliver_batch(database, now)
    (message,) = rows(database, Message)
    assert word in message.subject
    assert message.is_urgent
    assert "20" in message.text
    assert "3" in message.text


def test_an_executive_reads_in_the_mail_whose_it_is_and_why_it_came(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    recorded(database, world, errands, now, (Audience.EXECUTIVE, 1), due_on=TODAY - 3 * DAY)
    delivery.deliver_batch(database, now)
    digest.compose_due(database, now=now + timedelta(minutes=10))
    post = Remembering()
    mail.deliver_batch(database, post, now + timedelta(minutes=10), sender="c@e.test", base_url="https://c.test")
    (letter,) = post.mails
    for form in ("plain", "html"):
        body = letter.get_body((form,)).get_content()
        for words in ("clerk_banphru", "เทศบาลเมืองบ้านพรุ", "ในฐานะผู้บริหารของ"):
            assert words in body


@pytest.mark.parametrize("change", ["closed", "moved", "lost"])
def test_what_changed_between_sweep_and_send_is_not_sent(
    database: Database, world: World, errands: Errands, now: datetime, change: str
) -> None:
    key = recorded(database, world, errands, now)
    if change == "closed":
        del errands.rows[key]
    elif change == "moved":
        errands.move(key, TODAY + DAY)
    else:
        errands.lost.add(key)
    assert delivery.deliver_batch(database, now) == {"skipped": 1}
    assert rows(database, Message) == []
    (evidence,) = rows(database, ReminderEvidence)
    assert evidence.outcome is Outcome.SKIPPED
    assert evidence.note
    with database.reading() as session:
        assert [event.verb for event in events.list_stream(session, f"reminder/{key}").rows] == ["reminder.skipped"]


@pytest.mark.parametrize(("changed", "reason"), [("disabled_at", "account disabled"), ("email", "no address")])
def test_whom_nothing_can_be_sent_to_fails_with_the_reason(
    database: Database, world: World, errands: Errands, now: datetime, changed: str, reason: str
) -> None:
    recorded(database, world, errands, now)
    with database.unit_of_work() as session:
        user = session.merge(world.users["clerk_banphru"])
        with history.act(session, verb="user.changed", actor=job_actor("test"), now=now, subject=user):
            setattr(user, changed, now if changed == "disabled_at" else "")
    assert delivery.deliver_batch(database, now) == {"failed": 1}
    with database.reading() as session:
        assert [row.reason for row in queries.list_failed(session)] == [reason]
    assert [row.note for row in rows(database, ReminderEvidence)] == [reason]


def test_a_failed_one_can_be_sent_again_and_the_evidence_of_the_failure_stays(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    recorded(database, world, errands, now)
    with database.unit_of_work() as session:
        user = session.merge(world.users["clerk_banphru"])
        with history.act(session, verb="user.changed", actor=job_actor("test"), now=now, subject=user):
            user.email = ""
    delivery.deliver_batch(database, now)
    with database.unit_of_work() as session:
        user = session.merge(user)
        with history.act(session, verb="user.changed", actor=job_actor("test"), now=now, subject=user):
            user.email = "again@example.test"
    (failed,) = rows(database, Reminder)
    with database.unit_of_work() as session:
        service.send_again(session, actor=world.actors["administrator"], now=now, reminder_id=failed.id)
    assert delivery.deliver_batch(database, now) == {"queued": 1}
    assert [row.outcome for row in rows(database, ReminderEvidence)] == [ReminderState.FAILED, ReminderState.QUEUED]


def break_one(monkeypatch: pytest.MonkeyPatch, bad: UUID) -> None:
    real = delivery.tell

    def tell(row: Reminder, *rest: Any) -> Told:
        if row.target_id == bad:
            raise RuntimeError("unforeseen")
        return real(row, *rest)

    monkeypatch.setattr(delivery, "tell", tell)


def test_one_bad_row_does_not_stop_the_batch(
    database: Database, world: World, errands: Errands, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = errands.add(TODAY, owner=world.users["clerk_khohong"].id, organisation=world.org_id("khohong"))
    bad = recorded(database, world, errands, now)
    break_one(monkeypatch, bad)
    assert delivery.deliver_batch(database, now) == {"failed": 1, "queued": 1}
    with database.reading() as session:
        assert [(row.target_id, row.reason) for row in queries.list_failed(session)] == [(bad, "RuntimeError: unforeseen")]
    assert [row.target_id for row in rows(database, Message)] == [good]


def test_an_unforeseen_failure_leaves_evidence_too(
    database: Database, world: World, errands: Errands, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_one(monkeypatch, recorded(database, world, errands, now))
    delivery.deliver_batch(database, now)
    assert [row.outcome for row in rows(database, ReminderEvidence)] == [ReminderState.FAILED]


def test_a_worker_killed_after_its_claim_is_found_by_the_rescue(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    recorded(database, world, errands, now)
    with database.unit_of_work() as session:
        assert len(delivery.claim(session, now)) == 1
    assert delivery.deliver_batch(database, now) == {}
    for freed in (0, 1, 0):
        with database.unit_of_work() as session:
            assert delivery.rescue(session, now=now + DAY) == freed
        end_leases(database)
    assert delivery.deliver_batch(database, now + DAY) == {"queued": 1}
    assert len(rows(database, Message)) == 1


def test_what_kills_its_worker_again_and_again_is_given_up(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    recorded(database, world, errands, now)
    for turn in range(delivery.MOST_ATTEMPTS):
        with database.unit_of_work() as session:
            assert len(delivery.claim(session, now + turn * timedelta(hours=1))) == 1
        end_leases(database)
        with database.unit_of_work() as session:
            delivery.rescue(session, now=now + turn * timedelta(hours=1))
    (row,) = rows(database, Reminder)
    assert (row.state, row.reason) == (ReminderState.FAILED, "interrupted too often")


def test_what_is_given_up_leaves_evidence(database: Database, world: World, errands: Errands, now: datetime) -> None:
    test_what_kills_its_worker_again_and_again_is_given_up(database, world, errands, now)
    assert [row.outcome for row in rows(database, ReminderEvidence)] == [ReminderState.FAILED]


def test_delivering_the_same_one_twice_changes_nothing(database: Database, world: World, errands: Errands, now: datetime) -> None:
    recorded(database, world, errands, now)
    delivery.deliver_batch(database, now)
    (row,) = rows(database, Reminder)
    with database.unit_of_work() as session:
        assert delivery.deliver(session, [row.id], now) == {row.id: ReminderState.QUEUED}
    assert len(rows(database, ReminderEvidence)) == len(rows(database, Message)) == 1


def test_whom_two_rules_name_on_one_day_is_mailed_once(database: Database, world: World, errands: Errands, now: datetime) -> None:
    recorded(database, world, errands, now, (Audience.OWNER, 1), (Audience.CLERK, 1), due_on=TODAY - 3 * DAY)
    delivery.deliver_batch(database, now)
    assert len(rows(database, Message)) == 1


@pytest.fixture(scope="module")
def own(template: str) -> Iterator[tuple[Database, World]]:
    """A database of this file alone that really commits."""
    from tests.reminders.conftest import MONDAY

    with own_database("reminders", template) as database:
        with database.unit_of_work() as session:
            world = build_world(session, MONDAY)
        yield database, world


def test_four_workers_at_once_deliver_each_one_once(
    own: tuple[Database, World], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, world = own
    errands = made_up(monkeypatch)
    for key in ("clerk_banphru", "clerk_khohong", "clerk_phatong"):
        for _number in range(20):
            errands.add(TODAY, owner=world.users[key].id, organisation=world.org_id("banphru"))
    recorded(database, world, errands, now)

    def work(_worker: int) -> None:
        while delivery.deliver_batch(database, now, size=7):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    found = rows(database, Reminder)
    assert {row.state for row in found} == {ReminderState.QUEUED}
    assert len(rows(database, Message)) == len(rows(database, ReminderEvidence)) == len(found) == 61
    assert {row.due_kind for row in found} == {KIND}


def test_thirty_are_delivered_with_the_queries_of_ten(
    database: Database, world: World, errands: Errands, now: datetime, count_queries: Callable[[], Any]
) -> None:
    counts = []
    with database.unit_of_work() as session:
        add_rule(session, world, now - 10 * DAY, Audience.OWNER, 0)
    for number in (10, 30):
        for _errand in range(number):
            errands.add(TODAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
        with database.unit_of_work() as session:
            sweep.sweep(session, now=now)
        with count_queries() as statements:
            assert delivery.deliver_batch(database, now) == {"queued": number}
        # Before each event of the history its guard is told that an act is under way; that is no read.
        counts.append(len([text for text in statements if "set_config" not in text]))
    assert counts[0] == counts[1]


def test_two_reminders_of_one_batch_about_one_matter_are_one_message(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    recorded(database, world, errands, now, (Audience.OWNER, 0), (Audience.OWNER, -1))
    assert delivery.deliver_batch(database, now) == {"queued": 2}
    (message,) = rows(database, Message)
    assert {row.message_id for row in rows(database, Reminder)} == {message.id}
    assert len(rows(database, ReminderEvidence)) == 2


def test_five_hundred_things_due_for_one_person_are_one_mail(
    database: Database, world: World, errands: Errands, now: datetime
) -> None:
    for _number in range(500):
        errands.add(date(2026, 11, 30), owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    with database.unit_of_work() as session:
        add_rule(session, world, now, Audience.OWNER, -5)
        assert sweep.sweep(session, now=now) == 500
    while delivery.deliver_batch(database, now, size=200):
        pass
    post, morning = Remembering(), now + timedelta(days=1)
    digest.compose_due(database, now=morning)
    mail.deliver_batch(database, post, morning, sender="collab@example.test", base_url="https://c.test")
    (sent,) = post.mails
    assert "500" in sent["Subject"]
    assert sent.get_body(("plain",)).get_content().count("/errands/") == digest.MOST_LISTED
