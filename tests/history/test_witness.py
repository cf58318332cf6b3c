"""Witnesses: what they cosign, what they refuse, by HTTP and by file; the quorum and its freshness."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history.log_models import LogCosignature
from collab.history.origin import origin
from collab.history.sealing import witnesses
from collab.history.sealing.keys import LogSigner, SigningKey, make_key, verify_with_openssl
from collab.history.sealing.seal import Sealed, newest_checkpoint
from collab.history.verifier import notes, witness
from collab.history.verifier.assemble import witness_file
from collab.history.verifier.merkle import Frontier, consistency_path, hash_leaf, root_of
from collab.kernel.errors import InvalidInput, NotFound
from tests.factories.world import World

Seal = Callable[..., Sealed]
MOMENT = 1_795_000_000


def node(level: int, index: int) -> bytes:
    frontier = Frontier()
    frontier.extend([hash_leaf(b"%d" % at) for at in range(index << level, (index + 1) << level)])
    return frontier.root()


@pytest.fixture
def log(tmp_path: Path) -> SigningKey:
    return make_key(tmp_path / "logkey", origin())


@pytest.fixture
def member(tmp_path: Path, log: SigningKey) -> witness.Witness:
    made = witness.make_witness(tmp_path / "w", "sao.example/w1")
    made.trust(log.verifier)
    return made


def note_of(log: SigningKey, size: int, root: bytes | None = None) -> str:
    return log.sign_note(notes.Checkpoint(log.name, size, root or root_of(size, node)).text)


def ask(member: witness.Witness, log: SigningKey, old: int, size: int, **changes: object) -> witness.Answer:
    proof = changes.get("proof", consistency_path(old, size, node) if 0 < old < size else [])
    return member.answer(witness.request_text(old, proof, changes.get("note") or note_of(log, size)), MOMENT)  # type: ignore[arg-type]


def test_it_cosigns_what_continues(member: witness.Witness, log: SigningKey) -> None:
    for old, size in ((0, 3), (3, 7), (7, 7), (7, 20)):
        answer = ask(member, log, old, size)
        assert answer.status == 200
        note = notes.parse_note(note_of(log, size) + answer.text)
        assert notes.cosigned_at(note, member.key, verify_with_openssl) == MOMENT
    assert member.remembered(origin()) == (20, root_of(20, node))


def test_it_refuses_the_rest_with_the_protocol_s_answers(member: witness.Witness, log: SigningKey, tmp_path: Path) -> None:
    assert ask(member, log, 0, 7).status == 200
    stranger = make_key(tmp_path / "s", origin())
    other = make_key(tmp_path / "o", "other.example/log")
    assert ask(member, log, 3, 9) == witness.Answer(409, "7\n")
    assert ask(member, log, 7, 9, proof=[bytes(32)]).status == 422
    assert ask(member, log, 7, 9, note=note_of(stranger, 9)).status == 403
    assert ask(member, log, 7, 9, note=note_of(other, 9)).status == 404
    assert ask(member, log, 9, 7, proof=[]).status == 400
    assert member.answer("nonsense", MOMENT).status == 400
    assert ask(member, log, 7, 7, note=note_of(log, 7, bytes(32))).status == 409
    assert member.remembered(origin())[0] == 7
    assert "against size 7" in (tmp_path / "w" / "contradictions.txt").read_text()


def test_two_views_of_one_size_are_kept_as_proof_of_misbehaviour(member: witness.Witness, log: SigningKey) -> None:
    """Attack 38: another witness was shown another tree of this size. Whoever sees both notes holds the log's own two signatures."""
    elsewhere = note_of(log, 7, bytes(32))
    assert ask(member, log, 0, 7).status == 200
    assert ask(member, log, 7, 7, note=elsewhere).status == 409
    path = member.folder / "contradictions.txt"
    kept = path.read_text() if path.exists() else ""
    for text in (note_of(log, 7), elsewhere):
        assert notes.parse_note(text).text in kept, "both texts"
    signed = notes.parse_note(elsewhere)
    assert notes.is_signed_by(signed, log.verifier, verify_with_openssl)
    assert elsewhere.splitlines()[-1] in kept, "with the signature that cannot be denied"


def test_the_memory_is_on_disk_before_the_signature_exists(member: witness.Witness, log: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def crash(_seed: bytes, _message: bytes) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(witness, "ed25519_sign", crash)
    with pytest.raises(KeyboardInterrupt):
        ask(member, log, 0, 5)
    monkeypatch.undo()
    again = witness.Witness(member.folder)
    assert again.remembered(origin())[0] == 5
    assert ask(again, log, 5, 5, note=note_of(log, 5, bytes(32))).status == 409
    assert ask(again, log, 5, 5).status == 200


@pytest.fixture
def server(tmp_path: Path, signer: LogSigner) -> Iterator[tuple[witness.Witness, str]]:
    made = witness.make_witness(tmp_path / "http", "town.example/w")
    made.trust(signer.key().verifier)
    running = witness.serve(made, 0)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield made, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_witness_sends_nobody_on() -> None:
    """Whoever runs a witness could otherwise have this machine ask what only it can reach."""
    asked: list[str] = []

    class Sends(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/inside")
            self.end_headers()

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    running = HTTPServer(("127.0.0.1", 0), Sends)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        with pytest.raises(witnesses.Refused):
            witnesses.bring(f"http://127.0.0.1:{running.server_port}", "old 0\n")
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
    assert asked == ["/add-checkpoint"]


def test_by_http_and_again_after_more_was_recorded(session: Session, world: World, seal: Seal, now: datetime, server: tuple[witness.Witness, str]) -> None:  # fmt: skip
    member, url = server
    actor = world.actors["administrator"]
    row = witnesses.add_witness(session, actor=actor, now=now, vkey=str(member.key), operator="เทศบาล", url=url)
    session.commit()
    for _round in range(2):
        seal()
        size, request = witnesses.request_for(session, row) or (0, "")
        witnesses.accept(session, row, size, witnesses.bring(url, request), now=now)
        session.commit()
        assert witnesses.request_for(session, row) is None
        fresh = witnesses.list_witnesses(session)[0]
        assert (fresh.size, fresh.witness.operator) == (size, "เทศบาล")
        with history.act(session, verb="committee.renamed", actor=actor, now=now, subject=world.committee):
            world.committee.name_en = f"Round {_round}"
        session.commit()
    with pytest.raises(witnesses.Refused) as refused:
        witnesses.bring(url, witness.request_text(1, [], newest_checkpoint(session).note))  # type: ignore[union-attr]
    assert refused.value.size == size


def test_by_a_file_on_a_stick_with_the_one_file_program(session: Session, world: World, seal: Seal, signer: LogSigner, now: datetime, tmp_path: Path) -> None:  # fmt: skip
    program = tmp_path / "witness.py"
    program.write_bytes(witness_file())

    def laptop(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "-I", str(program), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.strip()

    folder = str(tmp_path / "laptop")
    vkey = laptop("init", folder, "sao.example/w1")
    laptop("trust", folder, str(signer.key().verifier))
    row = witnesses.add_witness(
        session, actor=world.actors["administrator"], now=now, vkey=vkey, operator="สตง.", is_audit_office=True
    )
    session.commit()
    seal()
    size, request = witnesses.request_for(session, row) or (0, "")
    (tmp_path / "request").write_text(request)
    laptop("cosign", folder, str(tmp_path / "request"), str(tmp_path / "answer"))
    status, line = (tmp_path / "answer").read_text().split("\n", 1)
    assert status == "200"
    witnesses.accept(session, row, size, line, now=now)
    witnesses.accept(session, row, size, line, now=now)
    assert session.scalar(sa.select(sa.func.count()).select_from(LogCosignature)) == 1
    with pytest.raises(InvalidInput):
        witnesses.accept(session, row, size, line[:-12] + ("A" if line[-12] != "A" else "B") + line[-11:], now=now)


def test_keys_addresses_and_names_are_checked(session: Session, world: World, now: datetime, log: SigningKey, member: witness.Witness) -> None:  # fmt: skip
    actor = world.actors["administrator"]
    for vkey, url in (("nonsense", ""), (str(log.verifier), ""), (str(member.key), "ftp://x")):
        with pytest.raises(InvalidInput):
            witnesses.add_witness(session, actor=actor, now=now, vkey=vkey, operator="x", url=url)
    witnesses.add_witness(session, actor=actor, now=now, vkey=str(member.key), operator="x")
    with pytest.raises(InvalidInput):
        witnesses.add_witness(session, actor=actor, now=now, vkey=str(member.key), operator="x")
    witnesses.retire_witness(session, actor=actor, now=now, name=member.key.name, reason="ย้าย")
    assert witnesses.list_witnesses(session) == []
    with pytest.raises(NotFound):
        witnesses.retire_witness(session, actor=actor, now=now, name=member.key.name, reason="again")


def test_the_policy_asks_for_the_audit_office_and_a_majority(session: Session, world: World, seal: Seal, now: datetime, tmp_path: Path) -> None:  # fmt: skip
    seal()
    for name in ("sao", "a", "b", "c"):
        made = witness.make_witness(tmp_path / name, f"{name}.example/w")
        witnesses.add_witness(
            session,
            actor=world.actors["administrator"],
            now=now,
            vkey=str(made.key),
            operator=name,
            is_audit_office=name == "sao",
        )
    policy = notes.parse_policy(witnesses.policy_text(session))
    full = {f"{name}.example/w" for name in ("sao", "a", "b")}
    assert notes.quorum_reached(policy, policy.quorum, full)
    assert not any(notes.quorum_reached(policy, policy.quorum, full - {name}) for name in full)


def test_the_state_of_a_witness_is_readable(member: witness.Witness, log: SigningKey) -> None:
    ask(member, log, 0, 4)
    assert json.loads((member.folder / "state.json").read_text())[origin()]["size"] == 4
