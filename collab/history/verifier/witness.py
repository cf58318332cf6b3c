"""A witness: remembers the largest tree of a log that it has seen, and cosigns only what continues it.

witness.py init DIR NAME               make a key; prints the public key for the operator of the log
witness.py trust DIR VKEY              cosign the log with this key
witness.py cosign DIR REQUEST ANSWER   by file: read the request from a stick, write the answer to it
witness.py serve DIR [--port 8299]     by HTTP: POST /add-checkpoint (C2SP tlog-witness)
"""

import argparse
import base64
import binascii
import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from collab.history.verifier.ed25519 import ed25519_public, ed25519_sign, ed25519_verify
from collab.history.verifier.merkle import EMPTY_ROOT, verify_consistency
from collab.history.verifier.notes import (
    WITNESS_KEY,
    BadNote,
    Checkpoint,
    Note,
    VerifierKey,
    cosigned_text,
    is_signed_by,
    parse_checkpoint,
    parse_key,
    parse_note,
    signature_line,
)

MOST_REQUEST = 64 * 1024
MOST_STEPS = 63


@dataclass(frozen=True)
class Answer:
    """An answer as HTTP has it: status and text; 200 carries the cosignature, 409 the size that the witness remembers."""

    status: int
    text: str


def request_text(old: int, proof: list[bytes], note: str) -> str:
    """Return the body of add-checkpoint: the size that the witness knows, the proof from there, the checkpoint."""
    return f"old {old}\n" + "".join(f"{base64.b64encode(step).decode()}\n" for step in proof) + "\n" + note


def parse_request(text: str) -> tuple[int, list[bytes], str]:
    """Return old size, proof and note of a request; raise BadNote."""
    head, mark, note = text.partition("\n\n")
    lines = head.split("\n")
    word, _space, number = lines[0].partition(" ")
    if not mark or word != "old" or not number.isascii() or not number.isdigit() or len(lines) - 1 > MOST_STEPS:
        raise BadNote("not a request")
    try:
        return int(number), [base64.b64decode(line, validate=True) for line in lines[1:]], note
    except binascii.Error as error:
        raise BadNote("a step of the proof is not in base64") from error


class Witness:
    """A witness's folder: its key, the logs that it trusts, and what it remembers of each."""

    def __init__(self, folder: Path) -> None:
        """Read the key in ``folder``."""
        self.folder = folder
        kept = json.loads((folder / "key.json").read_text(encoding="utf-8"))
        self.seed = bytes.fromhex(kept["seed"])
        self.key = VerifierKey(kept["name"], WITNESS_KEY, ed25519_public(self.seed))

    def answer(self, text: str, now: int) -> Answer:
        """Answer a request made at ``now`` (seconds since 1970). The memory is on disk before the cosignature exists."""
        try:
            old, proof, note_text = parse_request(text)
            note = parse_note(note_text)
            checkpoint = parse_checkpoint(note.text)
        except (BadNote, ValueError):
            return Answer(400, "not a request\n")
        trusted = [key for key in self._trusted() if key.name == checkpoint.origin]
        if not trusted:
            return Answer(404, "unknown log\n")
        if not any(is_signed_by(note, key, ed25519_verify) for key in trusted):
            return Answer(403, "not signed by the log\n")
        return self._judge(old, proof, note, checkpoint, now)

    def _judge(self, old: int, proof: list[bytes], note: Note, checkpoint: Checkpoint, now: int) -> Answer:
        size, root = self.remembered(checkpoint.origin)
        if old > checkpoint.size:
            return Answer(400, "the old size is larger than the checkpoint\n")
        if old != size:
            return Answer(409, f"{size}\n")
        if size == checkpoint.size and root != checkpoint.root:
            self._keep_contradiction(note, checkpoint)
            return Answer(409, f"{size}\n")
        if (size == 0 and proof) or (size and not verify_consistency(size, checkpoint.size, root, checkpoint.root, proof)):
            self._keep_contradiction(note, checkpoint)
            return Answer(422, "the checkpoint does not continue what this witness has seen\n")
        self._remember(checkpoint, note)
        signature = now.to_bytes(8, "big") + ed25519_sign(self.seed, cosigned_text(note.text, now))
        return Answer(200, signature_line(self.key.name, self.key.key_id, signature))

    def remembered(self, origin: str) -> tuple[int, bytes]:
        """Return the size and root last cosigned for a log."""
        kept = self._state().get(origin)
        return (kept["size"], bytes.fromhex(kept["root"])) if kept else (0, EMPTY_ROOT)

    def trust(self, key: VerifierKey) -> None:
        """Cosign the log with this key from now on."""
        with (self.folder / "logs.txt").open("a", encoding="utf-8") as file:
            file.write(f"{key}\n")

    def _trusted(self) -> list[VerifierKey]:
        path = self.folder / "logs.txt"
        return [parse_key(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []

    def _state(self) -> dict[str, dict[str, Any]]:
        path = self.folder / "state.json"
        state: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return state

    def _remember(self, checkpoint: Checkpoint, note: Note) -> None:
        state = self._state()
        state[checkpoint.origin] = {"size": checkpoint.size, "root": checkpoint.root.hex(), "note": _whole(note)}
        draft = self.folder / "state.json.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / "state.json")

    def _keep_contradiction(self, note: Note, checkpoint: Checkpoint) -> None:
        """Keep a signed note that contradicts what was seen, with what was seen: both signatures prove the log's misbehaviour."""
        before = self._state().get(checkpoint.origin, {})
        with (self.folder / "contradictions.txt").open("a", encoding="utf-8") as file:
            file.write(f"against size {before.get('size', 0)}:\n{before.get('note', '')}\nshown afterwards:\n{_whole(note)}\n")


def _whole(note: Note) -> str:
    return f"{note.text}\n" + "".join(signature_line(line.name, line.key_id, line.signature) for line in note.signatures)


def make_witness(folder: Path, name: str) -> Witness:
    """Make a witness with a fresh key in ``folder``; FileExistsError when there is one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(folder / "key.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"name": name, "seed": secrets.token_bytes(32).hex()}, file)
    return Witness(folder)


def serve(witness: Witness, port: int) -> HTTPServer:
    """Return a server for add-checkpoint on this machine's ``port`` (0: any); one request at a time, as the memory demands."""

    class Handler(BaseHTTPRequestHandler):
        """Answers POST /add-checkpoint."""

        timeout = 10

        def do_POST(self) -> None:
            """Cosign, or say why not."""
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint" or not length.isdigit() or int(length) > MOST_REQUEST:
                self._send(Answer(404 if self.path != "/add-checkpoint" else 400, "not here\n"))
                return
            text = self.rfile.read(int(length)).decode("utf-8", "replace")
            self._send(witness.answer(text, int(time.time())))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", "text/x.tlog.size" if answer.status == 409 else "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(answer.text.encode())))
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return HTTPServer(("127.0.0.1", port), Handler)


def witness_main(arguments: list[str] | None = None) -> int:
    """Run the witness's command line; 0 when it cosigned, 1 when it refused."""
    parser = argparse.ArgumentParser(description="พยานผู้รับรองบันทึกประวัติ / A witness of a Collab log.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, *more in (("init", "name"), ("trust", "vkey"), ("cosign", "request", "answer"), ("serve",)):
        command = commands.add_parser(name)
        for argument in ("folder", *more):
            command.add_argument(argument)
        if name == "serve":
            command.add_argument("--port", type=int, default=8299)
    given = parser.parse_args(arguments)
    if given.command == "init":
        sys.stdout.write(f"{make_witness(Path(given.folder), given.name).key}\n")
        return 0
    witness = Witness(Path(given.folder))
    if given.command == "trust":
        witness.trust(parse_key(given.vkey))
        return 0
    if given.command == "serve":
        serve(witness, given.port).serve_forever()
    answer = witness.answer(Path(given.request).read_text(encoding="utf-8"), int(time.time()))
    Path(given.answer).write_text(f"{answer.status}\n{answer.text}", encoding="utf-8")
    sys.stdout.write(f"{answer.status} {answer.text}")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(witness_main())
