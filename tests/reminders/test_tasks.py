"""The jobs themselves, run as a worker runs them, and what the timetable says of them."""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from collab.factory import Core
from collab.kernel.db import Database
from collab.kernel.i18n import lazy
from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat
from collab.kernel.timetable import SCHEDULE
from collab.notices.models import Message, MessageState, SunkMail
from collab.reminders import presenters
from collab.reminders.models import Audience
from tests.factories.reminders import Errands, add_rule
from tests.factories.world import World
from workers import base
from workers.base import JobContext
from workers.tasks import notices, reminders

BODIES: dict[Job, Any] = {
    Job.REMINDERS_SWEEP: reminders.sweep,
    Job.REMINDERS_DELIVER: reminders.deliver,
    Job.REMINDERS_RESCUE: reminders.rescue,
    Job.REMINDERS_FOLLOW: reminders.follow,
    Job.NOTICES_DELIVER: notices.deliver,
    Job.NOTICES_DIGEST: notices.gather,
    Job.NOTICES_DELIVER_URGENT: notices.deliver_urgent,
    Job.OPERATIONS_TICK: reminders.tick,
}


def body_of(job: Job) -> Callable[..., Any]:
    """Return the function inside the task."""
    return BODIES[job].run.__wrapped__  # type: ignore[no-any-return]


@pytest.fixture
def run(core: Core, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs a job of the product at an instant."""

    def at(job: Job, moment: Any) -> None:
        monkeypatch.setattr(base, "utc_now", lambda: moment)
        monkeypatch.setattr(notices, "utc_now", lambda: moment)
        base.run_job(job.value, "test", core, body_of(job), {})

    return at


def test_from_what_is_due_to_the_mail_in_the_sink(
    database: Database, world: World, errands: Errands, now: Any, run: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with database.unit_of_work() as session:
        add_rule(session, world, now, Audience.OWNER, 0)
    key = errands.add(date(2026, 11, 23), owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    jobs = (
        Job.OPERATIONS_TICK,
        Job.REMINDERS_SWEEP,
        Job.REMINDERS_DELIVER,
        Job.REMINDERS_RESCUE,
        Job.NOTICES_DELIVER,
        Job.NOTICES_DELIVER_URGENT,
    )
    for job in jobs:
        run(job, now)
    late = (Job.NOTICES_DIGEST, Job.NOTICES_DELIVER, Job.REMINDERS_FOLLOW)
    for job in late:
        run(job, now + timedelta(minutes=10))
    with database.reading() as session:
        (mail,) = session.scalars(sa.select(SunkMail)).all()
        (message,) = session.scalars(sa.select(Message)).all()
        beats = {row.job: row for row in session.scalars(sa.select(Heartbeat))}
    assert "clerk_banphru@example.test" in mail.recipient
    assert (message.state, message.target_id) == (MessageState.ACCEPTED, key)
    assert set(beats) == {job.value for job in (*jobs, *late)}
    assert all(beat.failure == "" for beat in beats.values())
    assert beats["reminders.deliver"].counts == {"queued": 1}


def test_running_everything_twice_sends_once(
    database: Database, world: World, errands: Errands, now: Any, run: Callable[..., None]
) -> None:
    with database.unit_of_work() as session:
        add_rule(session, world, now, Audience.OWNER, 0)
    errands.add(date(2026, 11, 23), owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
    for _turn in range(3):
        for job in (Job.REMINDERS_SWEEP, Job.REMINDERS_DELIVER, Job.NOTICES_DIGEST, Job.NOTICES_DELIVER):
            run(job, now + timedelta(minutes=10))
            run(job, now + timedelta(minutes=25))
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SunkMail)) == 1


def test_every_job_is_in_the_timetable_and_has_words() -> None:
    assert {line.job for line in SCHEDULE} >= set(BODIES)
    assert set(presenters.JOBS) == set(Job)
    assert all(str(words) for words in (*presenters.JOBS.values(), *presenters.AUDIENCES.values()))
    assert set(presenters.AUDIENCES) == set(Audience)
    assert str(lazy("Reminder")) == "การเตือน"


def test_context_is_what_a_job_is_given(core: Core, now: Any) -> None:
    context = JobContext(core.settings, core.database, now, "id")
    with context.unit_of_work() as session:
        assert session.scalar(sa.select(1)) == 1
