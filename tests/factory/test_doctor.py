"""``flask doctor``: what is well, what is not, and what is never printed."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from collab.factory import Core, doctor
from collab.factory.doctor import Patient, examine
from collab.kernel import heartbeat
from collab.kernel.jobs import Job
from collab.reminders import monitoring
from tests.factories.notices import smtp_sink

SECRET = "p4ssw0rd"


def patient(core: Core, **changes: Any) -> Patient:
    return Patient(dataclasses.replace(core.settings, **changes), core.database, core.clock())


def findings(core: Core, **changes: Any) -> dict[str, tuple[bool, str]]:
    return {name: (is_well, text) for name, is_well, text in examine(patient(core, **changes))}


def beat_all(core: Core) -> None:
    with core.database.unit_of_work() as session:
        for job in Job:
            heartbeat.record(session, job=job, started_at=core.clock(), seconds=0, outcome="done", counts={})


def test_a_well_installation_is_well(core: Core, tmp_path: Path) -> None:
    beat_all(core)
    (tmp_path / "broker").mkdir()
    with smtp_sink() as (server, _box):
        found = findings(core, broker_url=f"spool://{tmp_path}/broker", mail_url=f"smtp://127.0.0.1:{server.port}?tls=0")
    assert {name: text for name, (is_well, text) in found.items() if not is_well} == {}
    assert set(found) == set(doctor.CHECKS)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"broker_url": f"amqp://user:{SECRET}@127.0.0.1:1//"}, "broker"),
        ({"broker_url": "spool:///nowhere/at/all"}, "broker"),
        ({"mail_url": f"smtp://user:{SECRET}@127.0.0.1:1?tls=0"}, "mail"),
    ],
)
def test_what_does_not_answer_is_a_problem_and_no_password_is_told(core: Core, changes: dict[str, str], name: str) -> None:
    found = findings(core, **changes)
    assert not found[name][0]
    assert SECRET not in str(found)


def test_silence_and_old_work_are_problems(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not findings(core)["jobs"][0]
    beat_all(core)
    assert findings(core)["jobs"][0]
    assert findings(core)["queue"][0]
    monkeypatch.setattr(monitoring.Snapshot, "is_behind", True)
    assert not findings(core)["queue"][0]


def test_a_full_disk_a_wrong_clock_and_an_old_schema_are_problems(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(findings(core)[name][0] for name in ("disk", "clock", "database", "role"))
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 2**60)
    now = doctor.utc_now()
    monkeypatch.setattr(doctor, "utc_now", lambda: now + timedelta(minutes=3))
    monkeypatch.setattr(doctor, "code_heads", lambda _versions: {"9999"})
    found = findings(core)
    assert not any(found[name][0] for name in ("disk", "clock", "database"))
    assert "9999" in found["database"][1]


def test_a_role_with_too_many_rights_is_a_problem(core: Core, connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TOO_MANY_RIGHTS", "SELECT true")
    assert not findings(core)["role"][0]


@pytest.mark.parametrize(("lang", "words"), [("th", "ฐานข้อมูล"), ("en", "Database")])
def test_the_command_speaks_both_languages_and_ends_with_its_code(app: Flask, core: Core, lang: str, words: str) -> None:
    result = app.test_cli_runner().invoke(args=["doctor", "--lang", lang])
    assert result.exit_code == 1, "no heart has beaten yet"
    assert words in result.output
