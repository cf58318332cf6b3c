"""The attacker's workshop: an honest sealed log, and tools to change a bundle, chain it anew, build its tree anew and sign it."""

import base64
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from collab.history.sealing.keys import SigningKey
from collab.history.verifier import checks, merkle, notes
from collab.history.verifier.checks import Report, verify_bundle

NO_HASH = "0" * 64


def canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def node_of(leaves: list[bytes]) -> merkle.NodeHash:
    def node(level: int, index: int) -> bytes:
        frontier = merkle.Frontier()
        frontier.extend(leaves[index << level : (index + 1) << level])
        return frontier.root()

    return node


def cosign(key: SigningKey, text: str, moment: int) -> str:
    signature = key.private.sign(notes.cosigned_text(text, moment))
    return notes.signature_line(key.name, key.verifier.key_id, moment.to_bytes(8, "big") + signature)


@dataclass
class Case:
    """An installation at the hour of the attack: its keys, what the auditor holds, and the honest bundles."""

    log_key: SigningKey
    witnesses: list[SigningKey]
    policy: str
    prior: str
    bundle: Path
    one_stream: Path
    earlier: Path
    moment: int
    folder: Path

    def judge(self, forged: "Bundle | Path", *, with_prior: bool = True, policy: str = "") -> Report:
        path = forged if isinstance(forged, Path) else forged.write(self.folder / "forged.zip")
        return verify_bundle(path, notes.parse_policy(policy or self.policy), [self.prior] if with_prior else [], processes=1)


@dataclass
class Bundle:
    """A bundle in the attacker's hands. What an attacker can put right, `write` puts right: hashes in the manifest."""

    files: dict[str, bytes]
    lines: list[bytes] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Bundle":
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        return cls(files, files["events.jsonl"].splitlines())

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files["manifest.json"])
        return found

    def body(self, at: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.lines[at])
        return found

    def find(self, wanted: Callable[[dict[str, Any]], bool]) -> list[int]:
        return [at for at in range(len(self.lines)) if wanted(self.body(at))]

    def edit(self, at: int, **changes: Any) -> "Bundle":
        self.lines[at] = canonical(self.body(at) | changes)
        return self

    def rechain(self) -> "Bundle":
        """Number and chain every stream anew."""
        heads: dict[str, tuple[int, str]] = {}
        for at in range(len(self.lines)):
            body = self.body(at)
            seq, prev = heads.get(body["stream"], (0, NO_HASH))
            body |= {"seq": seq + 1, "prev": prev}
            self.lines[at] = canonical(body)
            heads[body["stream"]] = (seq + 1, merkle.hash_leaf(self.lines[at]).hex())
        return self

    def retree(self) -> "Bundle":
        """Write the manifest, leaves, proofs and consistency proofs anew for a log of exactly these events."""
        heads: dict[str, tuple[int, str]] = {}
        for line in self.lines[:-1]:
            body = json.loads(line)
            if not body["stream"].startswith("log_heads/"):
                heads[body["stream"]] = (body["seq"], merkle.hash_leaf(line).hex())
        rows = [f"{name}\t{seq}\t{head}\n".encode() for name, (seq, head) in sorted(heads.items())]
        node = node_of([merkle.hash_leaf(row) for row in rows])
        count = len(rows)
        if "heads" in self.body(-1):
            root = merkle.root_of(count, node).hex()
            self.edit(len(self.lines) - 1, heads={"count": count, "root": root, "size": len(self.lines) - 1})
        proofs = [
            {"stream": name, "seq": seq, "head": head, "index": index,
             "path": [base64.b64encode(step).decode() for step in merkle.inclusion_path(index, count, node)]}
            for index, (name, (seq, head)) in enumerate(sorted(heads.items()))
        ]  # fmt: skip
        self.files["heads.jsonl"] = b"".join(canonical(proof) + b"\n" for proof in proofs)
        self.files["leaves.txt"] = "".join(f"{at}\n" for at in range(len(self.lines))).encode()
        self.files["proof.txt"] = b""
        tree = node_of(self.leaves)
        for name in [name for name in self.files if name.startswith("consistency/")]:
            old = int(name.split("/")[1].removesuffix(".txt"))
            if old <= len(self.lines):
                steps = merkle.consistency_path(old, len(self.lines), tree)
                self.files[name] = "".join(base64.b64encode(step).decode() + "\n" for step in steps).encode()
        return self

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.hash_leaf(line) for line in self.lines]

    def sign(self, key: SigningKey, witnesses: list[SigningKey], moment: int, origin: str = "") -> "Bundle":
        """Sign a checkpoint over these events and have it cosigned."""
        root = merkle.root_of(len(self.lines), node_of(self.leaves))
        text = notes.Checkpoint(origin or key.name, len(self.lines), root).text
        note = f"{text}\n{notes.signature_line(key.name, key.verifier.key_id, key.private.sign(text.encode()))}"
        self.files["checkpoint.txt"] = (note + "".join(cosign(one, text, moment) for one in witnesses)).encode()
        return self

    def drop(self, at: int) -> "Bundle":
        """Leave one event out, with its leaf."""
        del self.lines[at]
        leaves = self.files["leaves.txt"].splitlines()
        del leaves[at]
        self.files["leaves.txt"] = b"".join(leaf + b"\n" for leaf in leaves)
        return self

    def add_event(self, stream: str, **changes: Any) -> int:
        """Put a new event at the end of a stream, before the manifest; return its place."""
        last = self.find(lambda body: body["stream"] == stream)[-1]
        made = (
            self.body(last) | {"id": "0190aaaa-0000-7000-8000-000000000001", "changes": [], "reason_c": None, "att": []} | changes
        )
        self.lines.insert(len(self.lines) - 1, canonical(made))
        return len(self.lines) - 2

    def openings(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["openings.jsonl"].splitlines()]

    def set_openings(self, openings: list[dict[str, Any]]) -> "Bundle":
        self.files["openings.jsonl"] = b"".join(canonical(line) + b"\n" for line in openings)
        return self

    def set_manifest(self, **changes: Any) -> "Bundle":
        self.files["manifest.json"] = json.dumps(self.manifest | changes).encode()
        return self

    def without(self, folder: str) -> "Bundle":
        """Leave a folder's files out."""
        self.files = {name: data for name, data in self.files.items() if not name.startswith(folder)}
        return self

    def align(self) -> "Bundle":
        """Give every opening the number of its event as the events stand now."""
        places: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            try:
                places.setdefault(json.loads(line)["id"], number)
            except ValueError:
                continue
        kept = [{**line, "n": places[line["event"]]} for line in self.openings() if line["event"] in places]
        return self.set_openings(sorted(kept, key=lambda line: (line["n"], line["path"])))

    def write(self, path: Path) -> Path:
        self.align()
        self.files["events.jsonl"] = b"".join(line + b"\n" for line in self.lines)
        listed = [
            {"path": name, "sha256": sha256(data).hexdigest(), "len": len(data)}
            for name, data in self.files.items()
            if name != "manifest.json"
        ]
        self.set_manifest(files=listed)
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
        return path


def mechanisms(report: Report) -> set[str]:
    return {fault.mechanism for fault in report.faults}


__all__ = ["Bundle", "Case", "canonical", "checks", "cosign", "mechanisms", "node_of"]
