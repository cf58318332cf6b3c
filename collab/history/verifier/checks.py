"""Checks of a bundle, one mechanism after another; each can be named as the one that found something."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

from collab.history.verifier.archive import MOST_BYTES, Archive, HostileArchive, in_lines
from collab.history.verifier.ed25519 import ed25519_verify
from collab.history.verifier.merkle import Frontier, hash_leaf, root_with, verify_consistency, verify_inclusion
from collab.history.verifier.notes import (
    BadNote,
    Checkpoint,
    Note,
    Policy,
    cosigned_at,
    is_signed_by,
    parse_checkpoint,
    parse_note,
    quorum_reached,
)
from collab.history.verifier.replay import index_openings, tables_of
from collab.history.verifier.strict import Checked, Fault, Span, check_chunk, join_spans, read_event

CHUNK = 2000
CLOCK_TOLERANCE = 300
FORMAT = "collab-evidence/1"
EVENTS = "events.jsonl"


@dataclass
class Report:
    """What a verification found."""

    faults: list[Fault] = field(default_factory=list)
    reservations: list[tuple[str, str]] = field(default_factory=list)
    unable: str = ""
    events: int = 0
    size: int = 0
    cosigners: list[str] = field(default_factory=list)
    #: Sizes of the auditor's own checkpoints that this log was proved to continue.
    continued: list[int] = field(default_factory=list)

    @property
    def code(self) -> int:
        """Return 0 clean, 1 tampered, 2 cannot verify, 3 verified with reservations."""
        if self.faults:
            return 1
        return 2 if self.unable else 3 if self.reservations else 0

    def fail(self, mechanism: str, what: str, detail: str = "") -> None:
        """Add a fault that belongs to no single event."""
        self.faults.append(Fault(mechanism, 0, "", what, detail))

    def first_bad(self) -> Fault | None:
        """Return the fault at the earliest event; one of the whole when no event is at fault."""
        return min(self.faults, key=lambda fault: (fault.number == 0, fault.number), default=None)


@dataclass
class Evidence:
    """A bundle's pieces while they are checked."""

    archive: Archive
    manifest: dict[str, Any]
    checkpoint: Checkpoint
    note: Note
    leaves: list[int]
    spans: dict[str, Span] = field(default_factory=dict)
    hashes: list[bytes] = field(default_factory=list)
    attachments: dict[str, int] = field(default_factory=dict)
    salts: list[str] = field(default_factory=list)
    #: The lines of events.jsonl in which the event named by the manifest as the export may stand, and the last leaf's.
    exports: list[bytes] = field(default_factory=list)
    last_leaf: bytes = b""
    #: When the first of the cosigners signed (seconds since 1970).
    witnessed: int | None = None
    #: stream -> (seq, leaf hash, recorded) of its last sealed event.
    ends: dict[str, tuple[int, str, str]] = field(default_factory=dict)


def verify_bundle(
    path: Any, policy: Policy | None, priors: Iterable[str] = (), processes: int = 2, printed: Iterable[str] = ()
) -> Report:
    """Check the bundle at ``path`` against the auditor's own policy, earlier checkpoints, and the three lines of ``printed`` minutes.

    Never raises for what is in the bundle; raises BadNote for a checkpoint of the auditor's that cannot be read.
    """
    held = [parse_checkpoint("".join(f"{line.strip()}\n" for line in text.strip().splitlines())) for text in printed]
    report = Report()
    try:
        evidence = _open(Archive(path))
    except HostileArchive as error:
        report.unable, report.reservations = "hostile", [("hostile", str(error))]
        return report
    except (BadNote, ValueError, KeyError, TypeError, RecursionError) as error:
        report.fail("NOTE", "bad_note", str(error))
        return report
    report.size = evidence.checkpoint.size
    try:
        _check_files(report, evidence)
        _check_note(report, evidence, policy, list(priors), held)
        _check_events(report, evidence, processes)
        _check_root(report, evidence)
        _check_heads(report, evidence)
        _check_tables(report, evidence)
    except HostileArchive as error:
        report.fail("FILE", "hostile", str(error))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        report.fail("CANON", "not_an_event", repr(error))
    return report


def _open(archive: Archive) -> Evidence:
    manifest = json.loads(archive.read("manifest.json"))
    if manifest["format"] != FORMAT:
        raise ValueError("another format")
    note = parse_note(archive.read("checkpoint.txt").decode())
    leaves = [-1 if line == b"-" else int(line) for line in archive.read("leaves.txt", MOST_BYTES).splitlines()]
    return Evidence(archive, manifest, parse_checkpoint(note.text), note, leaves)


def _check_files(report: Report, evidence: Evidence) -> None:
    listed = {entry["path"]: entry for entry in evidence.manifest["files"]}
    for name in evidence.archive.entries:
        if name != "manifest.json" and name not in listed:
            report.fail("FILE", "file_unlisted", name)
    for name, entry in listed.items():
        if name == EVENTS:
            continue  # checked while its events are
        digest, length = evidence.archive.digest(name)
        if digest != entry["sha256"] or length != entry["len"]:
            report.fail("FILE", "file_differs", name)
        if name.startswith("attachments/") and name != f"attachments/{digest}":
            report.fail("FILE", "file_differs", name)


def _check_note(report: Report, evidence: Evidence, policy: Policy | None, priors: list[str], printed: list[Checkpoint]) -> None:
    if policy is None:
        report.unable = "no_policy"
        return
    checkpoint = evidence.checkpoint
    trusted = [
        key
        for key, first, last in policy.logs
        if key.name == checkpoint.origin and first <= checkpoint.size and (last is None or checkpoint.size <= last)
    ]
    if not any(is_signed_by(evidence.note, key, ed25519_verify) for key in trusted):
        report.fail("NOTE", "not_signed", checkpoint.origin)
    continued = _check_priors(report, evidence, policy, priors, printed)
    moments = _moments(evidence.note, policy)
    report.cosigners = sorted(moments)
    evidence.witnessed = min(moments.values(), default=None)
    if policy.quorum == "none":
        report.reservations.append(("no_witnesses", ""))
    elif not quorum_reached(policy, policy.quorum, set(moments)):
        earlier = _witnessed_before(report, evidence, policy)
        if earlier:
            report.reservations.append(("witnessed_until", str(earlier)))
        elif continued:
            report.reservations.append(("quorum_short_prior", ", ".join(report.cosigners)))
        else:
            report.fail("WITNESS", "quorum_short", ", ".join(report.cosigners))


def _moments(note: Note, policy: Policy) -> dict[str, int]:
    """Return when each of the policy's witnesses cosigned ``note``."""
    found = {name: cosigned_at(note, key, ed25519_verify) for name, key in policy.witnesses.items()}
    return {name: moment for name, moment in found.items() if moment is not None}


def _witnessed_before(report: Report, evidence: Evidence, policy: Policy) -> int:
    """Return the largest earlier size whose checkpoint the quorum cosigned and which this one continues; 0 when there is none."""
    best = 0
    for name in evidence.archive.entries:
        if not name.startswith("prior/"):
            continue
        note = parse_note(evidence.archive.read(name).decode())
        prior = parse_checkpoint(note.text)
        moments = _moments(note, policy)
        if quorum_reached(policy, policy.quorum, set(moments)) and _continues(evidence, prior) and prior.size > best:
            best, report.cosigners = prior.size, sorted(moments)
    return best


def _continues(evidence: Evidence, prior: Checkpoint) -> bool:
    now, name = evidence.checkpoint, f"consistency/{prior.size}.txt"
    lines = evidence.archive.read(name).split() if prior.size < now.size and name in evidence.archive.entries else []
    proof = [base64.b64decode(line, validate=True) for line in lines]
    return prior.origin == now.origin and verify_consistency(prior.size, now.size, prior.root, now.root, proof)


def _check_priors(report: Report, evidence: Evidence, policy: Policy, priors: list[str], printed: list[Checkpoint]) -> bool:
    """Check each checkpoint that the auditor kept, and each printed one (paper is signed by hand); return whether all fit."""
    held = [_signed_by_log(text, policy) for text in priors] + printed
    fits = [_check_prior(report, evidence, prior) for prior in held]
    return bool(fits) and all(fits)


def _signed_by_log(text: str, policy: Policy) -> Checkpoint:
    note = parse_note(text)
    prior = parse_checkpoint(note.text)
    if not any(key.name == prior.origin and is_signed_by(note, key, ed25519_verify) for key, _first, _last in policy.logs):
        raise BadNote("the checkpoint kept from earlier is not signed by the policy's log")
    return prior


def _check_prior(report: Report, evidence: Evidence, prior: Checkpoint) -> bool:
    now, name = evidence.checkpoint, f"consistency/{prior.size}.txt"
    if prior.size > now.size:
        report.fail("PRIOR", "prior_newer", f"{prior.size} > {now.size}")
    elif _continues(evidence, prior):
        report.continued.append(prior.size)
        return True
    elif prior.origin == now.origin and prior.size < now.size and name not in evidence.archive.entries:
        # Nothing is shown to be false, and nothing to be true: who leaves the proof out must not pass.
        report.unable = "prior_unproved"
        report.reservations.append(("prior_unproved", str(prior.size)))
    else:
        report.fail("PRIOR", "prior_differs", str(prior.size))
    return False


def _chunks(report: Report, evidence: Evidence) -> Iterator[tuple[int, str, list[bytes], list[dict[str, Any]]]]:
    """Yield what `check_chunk` takes; the sealed events and those after them never share a chunk."""
    sealed = sum(leaf >= 0 for leaf in evidence.leaves)
    openings = _openings(evidence)
    ahead = next(openings, None)
    lines: list[bytes] = []
    first = 1
    for more in _events(report, evidence):
        lines += more
        while lines:
            end = min(CHUNK, sealed - first + 1 if first <= sealed else CHUNK)
            last = first + end - 1
            if len(lines) < end and first + len(lines) - 1 != len(evidence.leaves):
                break
            last = min(last, first + len(lines) - 1)
            mine = []
            while ahead is not None and ahead["n"] <= last:
                mine.append(ahead)
                ahead = next(openings, None)
            yield first, evidence.checkpoint.origin, lines[:end], mine
            lines, first = lines[end:], last + 1
    if lines or ahead is not None:
        raise ValueError("more events or openings than leaves")


def _events(report: Report, evidence: Evidence) -> Iterator[list[bytes]]:
    """Yield the lines of all events; keep those that later checks ask for, and check the file by the way: it is unpacked once."""
    total, length, passed = hashlib.sha256(), 0, 0

    def pieces() -> Iterator[bytes]:
        nonlocal length
        for piece in evidence.archive.pieces(EVENTS):
            total.update(piece)
            length += len(piece)
            yield piece

    last = evidence.checkpoint.size - 1
    place = evidence.leaves.index(last) if last in evidence.leaves else -1
    export = str(evidence.manifest.get("export_event") or "").encode()
    for lines in in_lines(pieces()):
        if passed <= place < passed + len(lines):
            evidence.last_leaf = lines[place - passed]
        if export:
            evidence.exports += [line for line in lines if export in line]
        passed += len(lines)
        yield lines
    listed = [entry for entry in evidence.manifest["files"] if entry["path"] == EVENTS]
    if [(entry["sha256"], entry["len"]) for entry in listed] != [(total.hexdigest(), length)]:
        report.fail("FILE", "file_differs", EVENTS)


def _openings(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for lines in evidence.archive.lines("openings.jsonl"):
        yield from map(json.loads, lines)


def _run(work: tuple[int, str, list[bytes], list[dict[str, Any]]]) -> tuple[int, int, Checked]:
    return work[0], len(work[2]), check_chunk(*work)


def _check_events(report: Report, evidence: Evidence, processes: int) -> None:
    sealed = sum(leaf >= 0 for leaf in evidence.leaves)
    withheld_erased = [0, 0]
    if processes > 1 and len(evidence.leaves) > 2 * CHUNK:
        with get_context().Pool(processes) as pool:
            for result in pool.imap(_run, _chunks(report, evidence)):
                _take(report, evidence, sealed, withheld_erased, *result)
    else:
        for result in map(_run, _chunks(report, evidence)):
            _take(report, evidence, sealed, withheld_erased, *result)
    if report.events != len(evidence.leaves):
        report.fail("ROOT", "proof_missing", f"{len(evidence.leaves)} leaves for {report.events} events")
    if len(set(evidence.salts)) != len(evidence.salts):
        report.fail("COMMIT", "salt_reused")
    if withheld_erased[1]:
        report.reservations.append(("erased", str(withheld_erased[1])))
    if sealed < len(evidence.leaves):
        report.reservations.append(("unsealed", str(len(evidence.leaves) - sealed)))
    absent = [digest for digest in evidence.attachments if f"attachments/{digest}" not in evidence.archive.entries]
    if absent:
        report.reservations.append(("attachment_absent", str(len(absent))))


def _take(report: Report, evidence: Evidence, sealed: int, counts: list[int], first: int, length: int, done: Checked) -> None:
    report.events += length
    report.faults += done.faults
    report.faults += join_spans(evidence.spans, done, whole=False)
    evidence.hashes += done.hashes
    evidence.attachments |= done.attachments
    evidence.salts += done.salts
    counts[0] += done.withheld
    counts[1] += done.erased
    if first + length - 1 == sealed:
        # The last sealed chunk: from here on events are not covered by the checkpoint.
        evidence.ends = {stream: (span.last_seq, span.last_hash, span.last_recorded) for stream, span in evidence.spans.items()}


def _check_root(report: Report, evidence: Evidence) -> None:
    checkpoint = evidence.checkpoint
    placed = {leaf: evidence.hashes[at] for at, leaf in enumerate(evidence.leaves) if leaf >= 0 and at < len(evidence.hashes)}
    if len(placed) != sum(leaf >= 0 for leaf in evidence.leaves) or not placed:
        report.fail("ROOT", "proof_missing", "a leaf is named twice, or none is")
        return
    if len(placed) == checkpoint.size and evidence.leaves[: checkpoint.size] == list(range(checkpoint.size)):
        frontier = Frontier()
        frontier.extend(evidence.hashes[: checkpoint.size])
        root = frontier.root()
    else:
        nodes = {}
        for line in evidence.archive.read("proof.txt", MOST_BYTES).splitlines():
            level, index, value = line.split()
            nodes[int(level), int(index)] = base64.b64decode(value, validate=True)
        try:
            root = root_with(placed, nodes, checkpoint.size)
        except KeyError as error:
            report.fail("ROOT", "proof_missing", str(error))
            return
    if root != checkpoint.root:
        report.fail("ROOT", "root_differs")


def _check_heads(report: Report, evidence: Evidence) -> None:
    """The last leaf is the manifest; each stream ends, as far as it is sealed, where its line in the manifest says."""
    ends = evidence.ends
    _check_clock(report, evidence)
    size = evidence.checkpoint.size
    if size - 1 not in evidence.leaves:
        report.fail("HEADS", "heads_missing")
        return
    body = read_event(evidence.last_leaf)
    heads = body.get("heads")
    if not heads or heads["size"] != size - 1:
        report.fail("HEADS", "heads_missing")
        return
    proved = {}
    for line in evidence.archive.read("heads.jsonl").splitlines():
        head = json.loads(line)
        leaf = hash_leaf(f"{head['stream']}\t{head['seq']}\t{head['head']}\n".encode())
        path = [base64.b64decode(step, validate=True) for step in head["path"]]
        if verify_inclusion(leaf, head["index"], heads["count"], path, bytes.fromhex(heads["root"])):
            proved[head["stream"]] = (head["seq"], head["head"])
    for stream in sorted({*ends, *evidence.manifest["scope"]["streams"]}):
        if stream == body["stream"]:
            continue
        if stream not in proved:
            report.fail("HEADS", "heads_missing", stream)
        elif stream not in ends or proved[stream] != ends[stream][:2]:
            report.fail("HEADS", "heads_differ", stream)


def _check_clock(report: Report, evidence: Evidence) -> None:
    if evidence.witnessed is None:
        return
    limit = datetime.fromtimestamp(evidence.witnessed + CLOCK_TOLERANCE, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for stream, (_seq, _head, recorded) in evidence.ends.items():
        if recorded > limit:
            report.fail("CLOCK", "after_witness", stream)


def _check_tables(report: Report, evidence: Evidence) -> None:
    """Reckon the tables as of a day anew, and look for the event by which the bundle itself was made."""
    export = evidence.manifest.get("export_event")
    if export and not any(json.loads(line)["id"] == export for line in evidence.exports):
        report.fail("EXPORT", "export_missing", export)
    days = [name[5:-4] for name in evidence.archive.entries if name.startswith("asof/")]
    if not days:
        return
    bodies = [read_event(line) for lines in evidence.archive.lines(EVENTS) for line in lines]
    tables = tables_of(bodies, index_openings(_openings(evidence)), days)
    for day, table in tables.items():
        if evidence.archive.read(f"asof/{day}.csv").removeprefix(b"\xef\xbb\xbf") != table.encode():
            report.fail("ASOF", "asof_differs", day)
