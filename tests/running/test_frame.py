"""The frame around jobs: context, heartbeat, logs, timetable, and the files of the embedded broker."""

import base64
import io
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any, cast
from uuid import UUID

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from collab.kernel import logs
from collab.kernel.db import Database
from collab.kernel.jobs import LEASE, Job, Lane
from collab.kernel.timetable import SCHEDULE, Scheduled
from config import LogFormat, Settings, load_settings
from workers import application, base, spool
from workers.application import create_celery, job_sender
from workers.base import JobContext, run_job


def made_settings(tmp_path: Path, broker: str = "") -> Settings:
    """Return settings on a broker; the embedded one when none is named."""
    return load_settings(
        {
            "COLLAB_ENV": "test",
            "COLLAB_SECRET_KEY": "frame-test",
            "COLLAB_DATABASE_URL": "postgresql:///not_used",
            "COLLAB_STATE_DIR": str(tmp_path),
            "COLLAB_BROKER_URL": broker,
        }
    )


class StandInCore:
    """A product that only remembers its heartbeats."""

    def __init__(self, settings: Settings, *, broken: bool = False) -> None:
        self.settings = settings
        self.database = cast(Database, None)
        self.broken = broken
        self.paused: Job | None = None
        self.beats: list[tuple[Job, str, Mapping[str, int]]] = []

    def may_run(self, *, job: Job, period: datetime | None) -> bool:
        return job is not self.paused

    def record_heartbeat(
        self, *, job: Job, started_at: datetime, seconds: float, outcome: str, counts: Mapping[str, int], period: datetime | None
    ) -> None:
        assert started_at.tzinfo is not None
        assert seconds >= 0
        if self.broken:
            raise OSError("database away")
        self.beats.append((job, outcome, counts))


@pytest.fixture
def core(tmp_path: Path) -> StandInCore:  # type: ignore[override]
    """A stand-in for the product."""
    return StandInCore(made_settings(tmp_path))


def test_job_leaves_a_heartbeat_with_what_it_did(core: StandInCore) -> None:
    def body(context: JobContext, rule_id: str) -> Mapping[str, int]:
        assert logs.spoken_of() == {"job": "reminders.sweep", "job_id": "id-1"}
        assert (context.job_id, rule_id, context.settings) == ("id-1", "r", core.settings)
        return {"recorded": 3}

    run_job(Job.REMINDERS_SWEEP.value, "id-1", core, body, {"rule_id": "r"})
    assert core.beats == [(Job.REMINDERS_SWEEP, "done", {"recorded": 3})]
    assert logs.spoken_of() == {}


@pytest.mark.parametrize(("error", "outcome"), [(ValueError("x"), "failed"), (SoftTimeLimitExceeded(), "too_long")])
def test_failure_is_passed_on_and_recorded(core: StandInCore, error: Exception, outcome: str) -> None:
    def body(_context: JobContext) -> None:
        raise error

    with pytest.raises(type(error)):
        run_job(Job.NOTICES_DELIVER.value, "id", core, body, {})
    assert core.beats == [(Job.NOTICES_DELIVER, outcome, {})]


def test_heartbeat_that_fails_does_not_hide_the_job(core: StandInCore, caplog: pytest.LogCaptureFixture) -> None:
    core.broken = True
    run_job(Job.OPERATIONS_TICK.value, "id", core, lambda _context: None, {})
    assert "heartbeat not written" in caplog.text


def test_log_line_says_which_job_it_belongs_to() -> None:
    record = logging.LogRecord("workers.job", logging.INFO, __file__, 1, "sent %s", ("ก",), None)
    record.recipient = UUID(int=1)
    with logs.speaking_of(job="notices.deliver", job_id="id-9"):
        line = json.loads(logs.JsonFormatter().format(record))
        text = logs.TextFormatter().format(record)
    assert (line["message"], line["job"], line["job_id"], line["level"]) == ("sent ก", "notices.deliver", "id-9", "info")
    assert line["recipient"] == str(UUID(int=1))
    assert text == f"info: sent ก [job=notices.deliver job_id=id-9 recipient={UUID(int=1)}]"


def test_logging_is_configured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(io.StringIO()), logging.NullHandler()])
    before = root.level
    logs.configure(LogFormat.JSON, io.StringIO())
    root.setLevel(before)
    (handler,) = root.handlers
    assert isinstance(handler.formatter, logs.JsonFormatter)


def test_a_paused_job_does_not_run_and_its_heart_does_not_beat(core: StandInCore) -> None:
    core.paused = Job.REMINDERS_SWEEP
    ran: list[str] = []
    for job in (Job.REMINDERS_SWEEP, Job.REMINDERS_RESCUE):
        run_job(job.value, "id", core, lambda _context, name=job.value: ran.append(name), {})
    assert ran == ["reminders.rescue"]
    assert [job for job, _outcome, _counts in core.beats] == [Job.REMINDERS_RESCUE]


def test_every_line_of_the_timetable_has_its_reason() -> None:
    assert {line.job for line in SCHEDULE} == set(Job)
    assert len({line.job for line in SCHEDULE}) == len(SCHEDULE)
    for line in SCHEDULE:
        assert timedelta(0) < line.every <= timedelta(days=1)
        assert len(line.reason) > 15


def test_a_period_begins_at_its_hour() -> None:
    daily = Scheduled(Job.OPERATIONS_TICK, timedelta(days=1), "the digest at eight in Bangkok", at=timedelta(hours=1))
    for hour, day in ((0, 20), (1, 21), (23, 21)):
        assert daily.period_at(datetime(2026, 11, 21, hour, 30, tzinfo=UTC)) == datetime(2026, 11, day, 1, tzinfo=UTC)
    often = Scheduled(Job.OPERATIONS_TICK, timedelta(minutes=1), "every minute")
    assert often.period_at(datetime(2026, 11, 21, 3, 4, 59, 999, tzinfo=UTC)) == datetime(2026, 11, 21, 3, 4, tzinfo=UTC)


def test_no_job_outlives_its_claims() -> None:
    assert application.SHARE < application.SOFT_LIMIT < application.HARD_LIMIT < LEASE


def test_each_lane_has_its_queue(tmp_path: Path) -> None:
    settings = made_settings(tmp_path)
    names = [application.queue_name(settings, lane) for lane in Lane]
    assert names == ["collab-urgent", "collab", "collab-bulk"]
    assert set(create_celery(settings).amqp.queues) == set(names)
    send = job_sender(settings)
    for job in (Job.REMINDERS_SWEEP, Job.NOTICES_DELIVER_URGENT, Job.OPERATIONS_TICK):
        send(job, {})
    found = sorted(path.name.split(".")[1] for path in (tmp_path / "broker").glob("*.msg"))
    assert found == sorted(names)


@pytest.mark.parametrize("broker", ["", "amqp://guest@host//", "redis://host/1"])
def test_what_holds_for_every_broker(tmp_path: Path, broker: str) -> None:
    conf = create_celery(made_settings(tmp_path, broker)).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.accept_content == ["json"]
    assert conf.worker_prefetch_multiplier == 1
    # A run that loses the broker is not killed in the midst of a mail.
    assert not conf.worker_cancel_long_running_tasks_on_connection_loss
    assert conf.task_soft_time_limit < conf.task_time_limit
    assert conf.result_backend is None
    if broker.startswith("redis"):
        assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
    if broker.startswith("amqp"):
        assert conf.broker_transport_options["confirm_publish"]


def channel(tmp_path: Path) -> Any:
    """Return a channel of the embedded broker in `tmp_path`."""
    connection = create_celery(made_settings(tmp_path)).connection_for_read()
    return connection.default_channel


def test_spool_gives_each_message_once_and_in_order(tmp_path: Path) -> None:
    one, other = channel(tmp_path), channel(tmp_path)
    for number in range(5):
        one._put("collab", {"number": number})
    one._put("elsewhere", {"number": 99})
    taken = [(one, other)[number % 2]._get("collab")["number"] for number in range(5)]
    assert taken == [0, 1, 2, 3, 4]
    with pytest.raises(Empty):
        other._get("collab")


def test_damaged_message_is_thrown_away_and_the_next_one_given(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spooled = channel(tmp_path)
    (tmp_path / "broker" / "00000000000000000001_x.collab.msg").write_bytes(b'{"half')
    (tmp_path / "broker" / ".draft-00000000000000000002_y.collab.msg").write_bytes(b'{"unfinished')
    spooled._put("collab", {"number": 1})
    assert spooled._get("collab") == {"number": 1}
    assert "damaged message thrown away" in caplog.text


def test_spool_is_private(tmp_path: Path) -> None:
    spool.prepare_directory(tmp_path / "broker")
    assert (tmp_path / "broker").stat().st_mode & 0o077 == 0


def test_sender_turns_ids_into_text(tmp_path: Path) -> None:
    job_sender(made_settings(tmp_path))(Job.REMINDERS_DELIVER, {"reminder_id": UUID(int=7), "attempt": 2})
    (path,) = (tmp_path / "broker").glob("*.msg")
    _arguments, named, _embedded = json.loads(base64.b64decode(json.loads(path.read_text(encoding="utf-8"))["body"]))
    assert named == {"reminder_id": str(UUID(int=7)), "attempt": 2}


def test_sender_gives_up_soon_when_the_broker_is_away(tmp_path: Path) -> None:
    send = job_sender(made_settings(tmp_path, "redis://127.0.0.1:1/0"))
    began = datetime.now().astimezone()
    with pytest.raises(Exception, match="refused"):
        send(Job.REMINDERS_DELIVER, {})
    assert datetime.now().astimezone() - began < timedelta(seconds=5)


def test_a_wake_up_carries_the_request_it_came_from(tmp_path: Path) -> None:
    send = job_sender(made_settings(tmp_path))
    send(Job.OPERATIONS_TICK, {})
    with logs.speaking_of(request_id="r-1", job="not carried"):
        send(Job.REMINDERS_DELIVER, {})
    messages = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "broker").glob("*.msg")]
    carried = {message["headers"]["task"]: message["headers"].get("request_id") for message in messages}
    assert carried == {"operations.tick": None, "reminders.deliver": "r-1"}
    assert all("job" not in message["headers"] for message in messages)


def test_lines_of_a_job_name_the_request_that_asked_for_it(
    tmp_path: Path, core: StandInCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "core_for", lambda _settings: core)
    celery, seen = create_celery(core.settings), []

    def body(_context: JobContext) -> None:
        seen.append(logs.spoken_of())

    task = celery.tasks[base.job("tests.lines")(body).name]
    for headers in ({"request_id": "r-1"}, None):
        task.apply(headers=headers, task_id="id-1", throw=True)
    assert seen == [
        {"request_id": "r-1", "job": "tests.lines", "job_id": "id-1"}, {"job": "tests.lines", "job_id": "id-1"},
    ]  # fmt: skip
