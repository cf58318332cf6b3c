"""A bundle made here verifies elsewhere: with the one file, in another process, without this code."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import erasure
from collab.history.evidence.build import NotSealed, Plan, build
from collab.history.models import HistoryEvent, HistoryOpening, HistoryVersion
from collab.history.sealing import witnesses
from collab.history.sealing.keys import LogSigner
from collab.history.sealing.seal import Sealed
from collab.history.verifier.assemble import verifier_file
from collab.kernel.access import job_actor
from collab.kernel.errors import InvalidInput
from tests.factories.world import World

Seal = Callable[..., Sealed]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "verify.py"
    path.write_bytes(verifier_file())
    return path


def run(program: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-I", str(program), *arguments, "--json"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def make(session: Session, world: World, path: Path, now: datetime, **options: object) -> Path:
    streams = [f"committee/{world.committee.id}"]
    build(session, Plan("committee", world.committee.id, streams, now, "สตง.", None, **options), path)  # type: ignore[arg-type]
    return path


def test_a_bundle_verifies_with_the_one_file(session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path) -> None:  # fmt: skip
    seal(with_manifest=True)
    bundle = make(session, world, tmp_path / "b.zip", now, days=["2026-11-20", "2026-11-21"])
    policy = tmp_path / "policy.txt"
    policy.write_text(witnesses.policy_text(session))
    code, found = run(program, str(bundle), "--policy", str(policy))
    assert (code, found["faults"]) == (3, [])
    assert found["reservations"] == [["no_witnesses", ""]]
    code, found = run(program, str(bundle))
    assert (code, found["unable"]) == (2, "no_policy")


def test_what_is_not_sealed_is_told(
    session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path
) -> None:
    seal(with_manifest=True)
    with history.act(session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee):
        world.committee.name_en = "Later"
    session.commit()
    bundle = make(session, world, tmp_path / "b.zip", now)
    code, found = run(program, str(bundle), "--policy", _policy(session, tmp_path))
    assert code == 3
    assert ["unsealed", "1"] in found["reservations"]  # type: ignore[operator]


def test_no_bundle_without_a_manifest(session: Session, world: World, now: datetime, tmp_path: Path) -> None:
    with pytest.raises(NotSealed):
        make(session, world, tmp_path / "b.zip", now)


def test_a_recipient_who_may_not_read_gets_commitments_only(session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path) -> None:  # fmt: skip
    seal(with_manifest=True)
    user = world.users["clerk_banphru"]
    stream = session.scalars(sa.select(HistoryEvent.stream_id).where(HistoryEvent.subject_id == user.id)).first()
    assert stream is not None
    bundle = tmp_path / "b.zip"
    plan = Plan("user", user.id, [stream], now, "x", None, days=["2026-11-21"], may_open=lambda _event, _path: False)
    build(session, plan, bundle)
    with zipfile.ZipFile(bundle) as archive:
        assert archive.read("openings.jsonl") == b""
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert user.name_th.encode() not in everything
    assert user.email.encode() not in everything
    assert run(program, str(bundle), "--policy", _policy(session, tmp_path))[0] == 3


def test_an_erased_value_is_gone_everywhere_and_every_proof_still_holds(session: Session, world: World, seal: Seal, now: datetime,
                                                                        tmp_path: Path, program: Path) -> None:  # fmt: skip
    seal(with_manifest=True)
    user = world.users["clerk_banphru"]
    secret = user.name_th
    places = erasure.places_of(session, user.id, "name_th")
    assert places
    decided = erasure.erase(
        session,
        actor=world.actors["administrator"],
        second_person=world.users["auditor"].id,
        now=now,
        places=places,
        ground="มาตรา 33",
    )
    session.commit()
    seal(with_manifest=True)
    kept = session.scalars(
        sa.select(HistoryOpening.value).where(HistoryOpening.event_id.in_([event for event, _ in places]))
    ).all()
    assert secret not in kept
    states = session.scalars(sa.select(HistoryVersion.state).where(HistoryVersion.subject_id == user.id)).all()
    assert all(secret not in json.dumps(state, ensure_ascii=False) for state in states)
    path = tmp_path / "b.zip"
    stream = session.scalars(sa.select(HistoryEvent.stream_id).where(HistoryEvent.subject_id == user.id)).first()
    assert stream is not None
    build(session, Plan("user", user.id, [stream, f"erasure_decision/{decided.id}"], now, "x", None, days=["2026-11-21"]), path)
    code, found = run(program, str(path), "--policy", _policy(session, tmp_path))
    assert (code, found["faults"]) == (3, [])
    assert ["erased", str(len(places))] in found["reservations"]  # type: ignore[operator]
    with zipfile.ZipFile(path) as archive:
        assert "[erased, event" in archive.read("asof/2026-11-21.csv").decode()
    assert erasure.repeat(session, erasure.export_list(session), actor=world.actors["administrator"], now=now) == 0


def test_erasing_needs_a_ground_and_two_people_and_the_list(session: Session, world: World, now: datetime) -> None:
    user = world.users["clerk_banphru"]
    places = erasure.places_of(session, user.id, "name_th")
    actor = world.actors["administrator"]
    assert actor.user_id is not None
    for second, ground, wanted in ((world.users["auditor"].id, " ", places), (actor.user_id, "x", places), (world.users["auditor"].id, "x", [])):  # fmt: skip
        with pytest.raises(InvalidInput):
            erasure.erase(session, actor=actor, second_person=second, now=now, places=wanted, ground=ground)
    with pytest.raises(InvalidInput):
        erasure.erase(session, actor=job_actor("console"), second_person=actor.user_id, now=now, places=places, ground="x")
    with pytest.raises(sa.exc.IntegrityError, match="recorded decision"):
        session.execute(sa.text("SELECT collab_erase_opening(:e, :p)"), {"e": places[0][0], "p": places[0][1]})


def test_an_earlier_checkpoint_is_continued(session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path,
                                            signer: LogSigner) -> None:  # fmt: skip
    seal(with_manifest=True)
    prior = tmp_path / "prior.txt"
    make(session, world, tmp_path / "first.zip", now)
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        prior.write_bytes(archive.read("checkpoint.txt"))
    with history.act(session, verb="committee.renamed", actor=world.actors["administrator"], now=now + timedelta(hours=1),
                     subject=world.committee):  # fmt: skip
        world.committee.name_en = "Later"
    session.commit()
    seal(with_manifest=True)
    bundle = make(session, world, tmp_path / "b.zip", now)
    code, found = run(program, str(bundle), "--policy", _policy(session, tmp_path), "--prior", str(prior))
    assert (code, found["faults"]) == (3, [])
    code, found = run(
        program, str(tmp_path / "first.zip"), "--policy", _policy(session, tmp_path), "--prior", _checkpoint(bundle, tmp_path)
    )
    assert (code, found["mechanisms"]) == (1, ["PRIOR"])


def test_lines_printed_in_minutes_are_checked_like_a_checkpoint(
    session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path
) -> None:
    seal(with_manifest=True)
    make(session, world, tmp_path / "first.zip", now)
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        name, size, root = archive.read("checkpoint.txt").decode().split("\n")[:3]
    with history.act(session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee):
        world.committee.name_en = "Later"
    session.commit()
    seal(with_manifest=True)
    bundle, typed = make(session, world, tmp_path / "b.zip", now), tmp_path / "typed.txt"
    given = ("--policy", _policy(session, tmp_path), "--printed", str(typed))
    # Typed by hand from paper: spaces and line ends of another machine do not matter, a letter does.
    typed.write_text(f"  {name}\r\n{size} \r\n{root}\r\n\r\n", encoding="utf-8")
    code, found = run(program, str(bundle), *given)
    assert (code, found["faults"], found["continued"]) == (3, [], [int(size)])
    other = ("A" if root[0] != "A" else "B") + root[1:]
    typed.write_text(f"{name}\n{size}\n{other}\n", encoding="utf-8")
    code, found = run(program, str(bundle), *given)
    assert (code, found["mechanisms"]) == (1, ["PRIOR"])
    typed.write_text(f"{name}\n{size}\n", encoding="utf-8")
    assert run(program, str(bundle), *given)[0] == 2


def test_a_bundle_without_the_proof_that_is_needed_neither_passes_nor_accuses(
    session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log sealed every hour only some checkpoints lie in a bundle: one kept a year ago need not be among them."""
    seal(with_manifest=True)
    kept = _checkpoint(make(session, world, tmp_path / "first.zip", now), tmp_path)
    size = int(Path(kept).read_text(encoding="utf-8").split("\n")[1])
    with history.act(session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee):
        world.committee.name_en = "Later"
    session.commit()
    seal(with_manifest=True)
    monkeypatch.setattr("collab.history.evidence.build.MOST_PRIORS", 0)
    given = ("--policy", _policy(session, tmp_path), "--prior", kept)
    code, found = run(program, str(make(session, world, tmp_path / "without.zip", now)), *given)
    assert (code, found["unable"], found["faults"], found["continued"]) == (2, "prior_unproved", [], [])
    code, found = run(program, str(make(session, world, tmp_path / "with.zip", now, sizes=[size])), *given)
    assert (code, found["unable"], found["faults"]) == (3, "", [])


def test_it_speaks_thai_and_english(
    session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path, program: Path
) -> None:
    seal(with_manifest=True)
    bundle = make(session, world, tmp_path / "b.zip", now)
    for language, words in (("th", "ผ่านโดยมีข้อสังเกต"), ("en", "VERIFIED WITH RESERVATIONS")):
        done = subprocess.run(
            [sys.executable, "-I", str(program), str(bundle), "--policy", _policy(session, tmp_path), "--lang", language],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert words in done.stdout
        assert done.returncode == 3


def _policy(session: Session, folder: Path) -> str:
    path = folder / "policy.txt"
    path.write_text(witnesses.policy_text(session))
    return str(path)


def _checkpoint(bundle: Path, folder: Path) -> str:
    path = folder / "newer.txt"
    with zipfile.ZipFile(bundle) as archive:
        path.write_bytes(archive.read("checkpoint.txt"))
    return str(path)
