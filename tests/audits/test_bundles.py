"""Asking for evidence, the making by the worker, taking it away; the log's page, receipts; the commands."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.audits.bundles import making, service
from collab.audits.bundles.models import BundleState, EvidenceBundle
from collab.history.evidence.build import Built, Plan
from collab.history.models import HistoryEvent
from collab.history.origin import origin
from collab.history.sealing import witnesses, worker
from collab.history.sealing.keys import LogSigner, make_key
from collab.history.verifier import merkle, notes
from collab.history.verifier.assemble import verifier_file
from collab.kernel.access import job_actor
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.kernel.targets import Ref
from tests.audits import test_provenance
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    make_key(tmp_path / "log" / "key", origin())
    return LogSigner(tmp_path / "log" / "key")


def test_from_the_page_to_a_verified_bundle(session: Session, world: World, browse: Browse, database: Database, signer: LogSigner,
                                            now: datetime, tmp_path: Path, sent_jobs: list[tuple[Job, dict[str, object]]]) -> None:  # fmt: skip
    auditor = browse("auditor")
    address = f"/history/committee/{world.committee.id}/bundle"
    assert auditor.get(address).status_code == 200
    answer = auditor.post(
        address, data={"as_of_day-day": "20", "as_of_day-month": "11", "as_of_day-year": "2569", "kept_size": "1"}
    )
    assert answer.status_code == 303
    assert (Job.AUDITS_MAKE_BUNDLES, {}) in sent_jobs
    assert making.make_asked(database, signer, now=now) == {"made": 1, "failed": 0}
    assert making.make_asked(database, signer, now=now) == {"made": 0, "failed": 0}
    row = session.scalars(sa.select(EvidenceBundle)).one()
    session.refresh(row)
    assert row.state is BundleState.READY
    assert "พร้อมแล้ว" in auditor.get("/audit/bundles").text
    taken = auditor.post(f"/audit/bundles/{row.id}/take")
    assert taken.status_code == 200
    bundle, program, policy = tmp_path / "b.zip", tmp_path / "verify.py", tmp_path / "policy.txt"
    bundle.write_bytes(taken.data)
    program.write_bytes(verifier_file())
    policy.write_text(witnesses.policy_text(session))
    done = subprocess.run([sys.executable, "-I", str(program), str(bundle), "--policy", str(policy), "--json"], capture_output=True, text=True, check=False)  # fmt: skip
    found = json.loads(done.stdout)
    assert (done.returncode, found["faults"]) == (3, []), found
    with zipfile.ZipFile(BytesIO(taken.data)) as archive:
        names = set(archive.namelist())
        assert {"README.th.txt", "README.en.txt", "report.pdf", "provenance.json", "names.csv", "asof/2026-11-20.csv", "asof/2026-11-21.csv"} <= names  # fmt: skip
        assert archive.read("report.pdf").startswith(b"%PDF-")
        assert "consistency/1.txt" in names, "the size that the auditor named"
        test_provenance.check(json.loads(archive.read("provenance.json")))
        assert b"evidence_bundle.begun" in archive.read("events.jsonl")
    verbs = session.scalars(
        sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == row.id).order_by(HistoryEvent.seq)
    ).all()
    assert list(verbs) == ["evidence_bundle.asked", "evidence_bundle.begun", "evidence_bundle.made", "evidence_bundle.taken"]


def test_only_who_audits_may_ask_and_only_who_asked_may_take(session: Session, world: World, now: datetime) -> None:
    target = Ref("committee", world.committee.id)
    with pytest.raises(NotAllowed):
        service.ask(session, actor=world.actors["clerk_banphru"], now=now, target=target, as_of_day=None)
    row = service.ask(session, actor=world.actors["auditor"], now=now, target=target, as_of_day=None)
    session.commit()
    with pytest.raises(StateConflict):
        service.take(session, actor=world.actors["auditor"], now=now, bundle_id=row.id)
    with pytest.raises(NotFound):
        service.take(session, actor=world.actors["administrator"], now=now, bundle_id=row.id)
    with pytest.raises(InvalidInput):
        service.ask(session, actor=world.actors["auditor"], now=now, target=target, as_of_day=now.date().replace(year=2030))


def test_a_day_to_come_is_told_beside_the_field(world: World, browse: Browse) -> None:
    answer = browse("auditor").post(
        f"/history/committee/{world.committee.id}/bundle",
        data={"as_of_day-day": "1", "as_of_day-month": "1", "as_of_day-year": "2580"},
    )
    assert answer.status_code == 422
    assert "เลือกวันนี้หรือวันก่อนหน้า" in answer.text


def test_one_that_cannot_be_made_is_marked_and_stops_no_other(session: Session, world: World, now: datetime, database: Database,
                                                              signer: LogSigner, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    for _number in range(2):
        service.ask(session, actor=world.actors["auditor"], now=now, target=Ref("committee", world.committee.id), as_of_day=None)
    session.commit()
    real, calls = making._plan, []

    def fail_once(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("broken")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "_plan", fail_once)
    assert making.make_asked(database, signer, now=now) == {"made": 1, "failed": 1}


def for_console(database: Database, signer: LogSigner, world: World, now: datetime, path: Path) -> None:
    making.make_for_console(database, signer, now=now, kind="committee", subject_id=world.committee.id, path=path)


def test_the_console_s_file_is_there_when_it_is_whole(
    session: Session,
    world: World,
    now: datetime,
    database: Database,
    signer: LogSigner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, real, seen = tmp_path / "out.zip", making.build, list[list[str]]()

    def looked_at(*given: Any) -> Built:
        built = real(*given)
        seen.append([file.name.rpartition(".")[2] for file in tmp_path.iterdir() if file.name.startswith("out")])
        return built

    monkeypatch.setattr(making, "build", looked_at)
    for_console(database, signer, world, now, out)
    assert seen == [["part"]]
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("out")] == ["out.zip"]
    with pytest.raises(FileExistsError):
        for_console(database, signer, world, now, out)
    assert session.scalars(sa.select(EvidenceBundle.state)).all() == [BundleState.READY], "nothing was recorded of the second"


def test_of_two_consoles_at_once_the_second_overwrites_nothing(
    session: Session,
    world: World,
    now: datetime,
    database: Database,
    signer: LogSigner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, real = tmp_path / "out.zip", making.build

    def overtaken(*given: Any) -> Built:
        out.write_bytes(b"of the other")
        return real(*given)

    monkeypatch.setattr(making, "build", overtaken)
    with pytest.raises(FileExistsError):
        for_console(database, signer, world, now, out)
    assert out.read_bytes() == b"of the other"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("out")] == ["out.zip"]
    assert session.scalars(sa.select(EvidenceBundle.state)).all() == [BundleState.FAILED]


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_a_console_that_is_stopped_leaves_nothing_and_says_so(
    session: Session, world: World, now: datetime, database: Database, signer: LogSigner, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, error: BaseException,
) -> None:  # fmt: skip
    def stopped(_session: Session, _plan: Plan, path: Path, _progress: object) -> None:
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr(making, "build", stopped)
    with pytest.raises(type(error)):
        for_console(database, signer, world, now, tmp_path / "out.zip")
    assert not [file for file in tmp_path.iterdir() if file.name.startswith("out")]
    assert session.scalars(sa.select(EvidenceBundle.state)).all() == [BundleState.FAILED]


@pytest.mark.parametrize("who", ["the console", "a worker"])
def test_what_a_killed_console_left_is_given_up_after_a_day_and_a_worker_s_is_made(
    session: Session, world: World, now: datetime, database: Database, signer: LogSigner, who: str
) -> None:
    auditor = world.actors["auditor"] if who == "a worker" else None
    row = EvidenceBundle(
        id=new_id(), target_kind="committee", target_id=world.committee.id, asked_at=now, begun_at=now + timedelta(hours=23),
        state=BundleState.MAKING, asked_by_id=auditor and auditor.user_id, organisation_id=auditor and auditor.organisation_id,
    )  # fmt: skip
    actor = job_actor("audits.make_bundles")
    with history.act(session, verb="evidence_bundle.begun", actor=actor, now=now, subject=row):
        session.add(row)
    session.commit()
    assert making.make_asked(database, signer, now=now + timedelta(hours=23, minutes=14)) == {"made": 0, "failed": 0}
    if auditor:
        assert making.make_asked(database, signer, now=now + timedelta(hours=48)) == {"made": 1, "failed": 0}
        return
    for hours, failed in ((46, 0), (48, 1), (49, 0)):
        assert making.make_asked(database, signer, now=now + timedelta(hours=hours)) == {"made": 0, "failed": failed}
    session.refresh(row)
    assert row.state is BundleState.FAILED


def test_the_log_s_page_files_and_receipt(session: Session, world: World, browse: Browse, database: Database, signer: LogSigner, now: datetime) -> None:  # fmt: skip
    auditor = browse("auditor")
    assert "ยังไม่มีการผนึกเหตุการณ์" in auditor.get("/audit/log").text
    event = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.subject_id == world.committee.id)).first()
    assert event is not None
    assert auditor.get(f"/history/events/{event.id}/receipt").text.startswith("not sealed yet")
    worker.seal_all(database.unit_of_work, signer, now=now)
    assert "<svg" in auditor.get("/audit/log").text
    for name in ("checkpoint.txt", "policy.txt", "verify.py", "witness.py"):
        assert auditor.get(f"/audit/log/{name}").status_code == 200
    assert auditor.get("/audit/log/key").status_code == 404
    lines, _mark, note = auditor.get(f"/history/events/{event.id}/receipt").text.partition("\n\n")
    head = notes.parse_checkpoint(notes.parse_note(note).text)
    import base64

    first, index, *path = lines.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    steps = [base64.b64decode(step) for step in path]
    assert merkle.verify_inclusion(event.leaf_hash, int(index.removeprefix("index ")), head.size, steps, head.root)
    stranger = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.stream_id.like("log%"))).first()
    assert stranger is not None
    assert auditor.get(f"/history/events/{stranger.id}/receipt").status_code == 404


def test_the_commands(app: Flask, session: Session, world: World, tmp_path: Path) -> None:
    import dataclasses

    from collab.web.context import EXTENSION

    core = app.extensions[EXTENSION]
    core.settings = dataclasses.replace(core.settings, log_key_file=tmp_path / "key")
    run = app.test_cli_runner().invoke

    def ok(*arguments: str) -> str:
        done = run(args=list(arguments))
        assert done.exit_code == 0, done.output
        return done.output

    assert run(args=["history", "seal"]).exit_code == 1
    ok("history", "make-key", str(tmp_path / "key"))
    assert run(args=["history", "make-key", str(tmp_path / "key")]).exit_code == 1
    assert run(args=["history", "verify"]).exit_code == 3
    ok("history", "seal", "--manifest")
    found = json.loads(ok("history", "verify", "--json"))
    assert (found["faults"], found["unsealed"]) == ([], 0)
    assert "0 differences" in ok("history", "rebuild", "--check")
    assert "0 new" in ok("history", "reconcile")
    made = tmp_path / "c.zip"
    ok("history", "bundle", "--target", f"committee:{world.committee.id}", "--out", str(made), "--kept-size", "1")
    with zipfile.ZipFile(made) as archive:
        assert "consistency/1.txt" in archive.namelist(), "the size that was kept"
    row = session.scalars(sa.select(EvidenceBundle)).one()
    session.refresh(row)
    # On record as one that the worker makes, so that the next one of the console continues it.
    assert (row.state, row.sha256, row.kept_size) == (BundleState.READY, hashlib.sha256(made.read_bytes()).hexdigest(), 1)
    assert row.checkpoint_size is not None
    again = tmp_path / "again.zip"
    ok("history", "bundle", "--target", f"committee:{world.committee.id}", "--out", str(again))
    with zipfile.ZipFile(again) as archive:
        assert f"consistency/{row.checkpoint_size}.txt" in archive.namelist()
        assert "consistency/1.txt" not in archive.namelist()
    for wrong in ("nonsense", "committee:1", f"committee:{world.users['auditor'].id}"):
        assert run(args=["history", "bundle", "--target", wrong, "--out", str(tmp_path / "d.zip")]).exit_code == 1
    from collab.history.verifier.witness import Witness, make_witness

    laptop: Witness = make_witness(tmp_path / "w", "sao.example/w")
    ok("witness", "add", str(laptop.key), "--operator", "สตง.", "--audit-office")
    ok("history", "seal", "--manifest")
    ok("witness", "carry", "sao.example/w", "--out", str(tmp_path / "request"))
    laptop.trust(notes.parse_key(ok("history", "policy").split()[1]))
    answer = laptop.answer((tmp_path / "request").read_text(), 1_795_000_000)
    (tmp_path / "answer").write_text(f"{answer.status}\n{answer.text}")
    ok("witness", "import", "sao.example/w", str(tmp_path / "answer"))
    assert "สตง." in ok("witness", "list")
    ok("history", "rotate-key", str(tmp_path / "key2"))
    assert run(args=["history", "seal"]).exit_code == 1, "the old key signs no more"
    core.settings = dataclasses.replace(core.settings, log_key_file=tmp_path / "key2")
    ok("history", "seal", "--manifest")
    ok("history", "verify")
    ok("witness", "program", "--out", str(tmp_path / "witness.py"))
    ok("history", "verifier", "--out", str(tmp_path / "verify.py"))
    ok("witness", "retire", "sao.example/w", "--reason", "ย้าย")
    assert run(args=["witness", "retire", "sao.example/w", "--reason", "x"]).exit_code == 1
    assert ok("history", "erasures").strip() == "[]"
