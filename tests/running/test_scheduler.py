"""Two beats harm nothing, a missed period is caught up, a lost one sent again, and a clock put right silences nobody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from collab.factory import Core
from collab.kernel import periods
from collab.kernel.db import Database
from collab.kernel.jobs import Job
from collab.kernel.timetable import SCHEDULE
from config import Settings, load_settings
from tests.databases import own_database
from workers import base, scheduler
from workers.application import create_celery
from workers.scheduler import Lead, PeriodScheduler

NOW = datetime(2026, 11, 23, 3, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PERIOD = {"reminders.sweep": NOW.replace(second=0)}


def test_a_period_is_taken_once(connection: sa.Connection) -> None:
    assert periods.take(connection, PERIOD, NOW) == {"reminders.sweep"}
    assert periods.take(connection, PERIOD, NOW + timedelta(seconds=20)) == set()
    assert periods.take(connection, {}, NOW) == set()


def test_what_was_sent_and_never_done_is_sent_again_and_what_was_done_is_not(connection: sa.Connection) -> None:
    periods.take(connection, PERIOD, NOW)
    assert periods.take(connection, PERIOD, NOW + periods.PATIENCE) == set()
    assert periods.take(connection, PERIOD, NOW + periods.PATIENCE + MINUTE) == {"reminders.sweep"}
    periods.finish(connection, "reminders.sweep", PERIOD["reminders.sweep"], NOW)
    assert periods.take(connection, PERIOD, NOW + 9 * periods.PATIENCE) == set()


def test_a_run_covers_what_had_begun_when_it_started_and_nothing_later(connection: sa.Connection) -> None:
    begun = [NOW.replace(second=0) + MINUTE * number for number in range(3)]
    for period in begun:
        periods.take(connection, {"reminders.sweep": period, "reminders.rescue": period}, period)
    periods.finish(connection, "reminders.sweep", begun[1] + timedelta(seconds=1), NOW)
    finished = [periods.is_finished(connection, "reminders.sweep", period) for period in begun]
    assert finished == [True, True, False]
    assert not periods.is_finished(connection, "reminders.rescue", begun[0])


def test_a_clock_that_was_ahead_and_is_put_right_silences_nobody(connection: sa.Connection) -> None:
    ahead = {"reminders.sweep": PERIOD["reminders.sweep"] + timedelta(hours=1)}
    periods.take(connection, ahead, NOW + timedelta(hours=1))
    periods.finish(connection, "reminders.sweep", ahead["reminders.sweep"], NOW)
    assert periods.forget(connection, NOW) == 1
    assert periods.take(connection, ahead, NOW + timedelta(hours=1)) == {"reminders.sweep"}


def test_old_periods_are_forgotten(connection: sa.Connection) -> None:
    periods.take(connection, PERIOD, NOW)
    assert periods.forget(connection, NOW + timedelta(days=6)) == 0
    assert periods.forget(connection, NOW + timedelta(days=8)) == 1


@pytest.fixture(scope="module")
def own(template: str) -> Iterator[Database]:
    """A database of this file alone that really commits."""
    with own_database("scheduler", template) as database:
        yield database


@pytest.fixture
def installation(own: Database, tmp_path: Path) -> Settings:
    """The settings of an installation on that database, with the embedded broker."""
    with own.unit_of_work() as session:
        session.execute(sa.text("DELETE FROM job_period"))
    return load_settings(
        {
            "COLLAB_ENV": "test",
            "COLLAB_SECRET_KEY": "scheduler-test",
            "COLLAB_DATABASE_URL": own.engine.url.render_as_string(hide_password=False),
            "COLLAB_STATE_DIR": str(tmp_path),
        }
    )


def sent(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.state_dir / "broker").glob("*.msg"))


def test_of_two_schedulers_one_leads_until_its_connection_ends(own: Database, installation: Settings) -> None:
    first, second = Lead(installation), Lead(installation)
    assert first.take() is not None
    assert second.take() is None
    with own.engine.connect() as connection:
        # As `kill -9` of the first one's process, or of its connection.
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"),
            {"key": scheduler.SCHEDULER_LOCK},
        )
    taken = next(lead for lead in iter(second.take, None) if lead is not None)
    assert taken is not None
    second.give_up()
    first.give_up()


def test_two_beats_send_each_period_once_and_the_second_takes_over(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [NOW]
    monkeypatch.setattr(scheduler, "utc_now", lambda: moment[0])
    beats = [PeriodScheduler(app=create_celery(installation)) for _number in range(2)]
    assert [beat.tick() for beat in beats] == [scheduler.TICK_SECONDS, scheduler.STAND_BY_SECONDS]
    assert len(sent(installation)) == len(SCHEDULE)
    beats[0].tick()
    assert len(sent(installation)) == len(SCHEDULE)
    beats[0].close()
    moment[0] += 10 * MINUTE  # nobody was there meanwhile
    assert beats[1].tick() == scheduler.TICK_SECONDS
    assert len(sent(installation)) == 2 * len(SCHEDULE)
    beats[1].close()


def test_a_broker_that_is_away_does_not_stop_the_scheduler(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError("broker away")

    beat = PeriodScheduler(app=create_celery(installation))
    monkeypatch.setattr(beat.app, "send_task", refuse)
    assert beat.tick() == scheduler.TICK_SECONDS
    beat.close()


def test_a_database_that_is_away_does_not_stop_the_scheduler(installation: Settings) -> None:
    nowhere = load_settings(
        {
            "COLLAB_ENV": "test",
            "COLLAB_SECRET_KEY": "scheduler-test",
            "COLLAB_DATABASE_URL": "postgresql://collab_app@127.0.0.1:1/nothing",
            "COLLAB_STATE_DIR": str(installation.state_dir),
        }
    )
    beat = PeriodScheduler(app=create_celery(nowhere))
    assert beat.tick() == scheduler.STAND_BY_SECONDS
    beat.close()


def test_a_second_message_for_a_finished_period_runs_nothing(core: Core) -> None:
    ran: list[int] = []
    period = NOW.replace(second=0)
    with core.database.unit_of_work() as session:
        periods.take(session.connection(), {"reminders.sweep": period}, NOW)
    for _message in range(2):
        base.run_job("reminders.sweep", "id", core, lambda _context: ran.append(1), {}, period)
    assert ran == [1]
    base.run_job(Job.REMINDERS_SWEEP.value, "id", core, lambda _context: ran.append(1), {})
    assert ran == [1, 1], "a wake-up belongs to no period"
