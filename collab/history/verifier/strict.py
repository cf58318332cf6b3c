"""Strict reading of events: the exact canonical bytes, the rules of a body, and chains of them, a few thousand at a time.

A chunk is checked without knowledge of its neighbours, so that two processes can share the work; what a chunk says of its streams
is joined afterwards.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

LARGEST = 2**53 - 1
SALT = 32
LATE = timedelta(hours=24)
_KEYS = frozenset(
    [
        "action",
        "actor",
        "app",
        "att",
        "authority",
        "cause",
        "changes",
        "corrects",
        "id",
        "late",
        "log",
        "obo",
        "occurred",
        "occurred_src",
        "outcome",
        "prev",
        "reason_c",
        "recorded",
        "req",
        "second",
        "seq",
        "state",
        "state_c",
        "stream",
        "subject",
        "v",
    ]
)
_WITH_HEADS = _KEYS | {"heads"}
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_INSTANT = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z\Z")
_known_names: set[str] = set()


class NotStrict(ValueError):
    """Bytes that are not the canonical form of an event."""


@dataclass(frozen=True)
class Fault:
    """One thing found wrong: by which mechanism, at which event (its number in the file from 1, 0 for none), and what."""

    mechanism: str
    number: int
    event: str
    what: str
    detail: str = ""


@dataclass
class Span:
    """What a chunk holds of one stream: its first and last event, and when they were recorded."""

    first_seq: int
    first_prev: str
    first_recorded: str
    first_number: int
    first_event: str
    last_seq: int
    last_hash: str
    last_recorded: str


@dataclass
class Checked:
    """The result of one chunk."""

    hashes: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    attachments: dict[str, int] = field(default_factory=dict)
    salts: list[str] = field(default_factory=list)
    withheld: int = 0
    erased: int = 0


def _no_float(text: str) -> Any:
    raise NotStrict(f"float {text}")


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST:
        raise NotStrict("a number beyond 2**53-1")
    return number


_read = json.JSONDecoder(parse_float=_no_float, parse_int=_whole, parse_constant=_no_float).decode
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def read_event(line: bytes) -> dict[str, Any]:
    """Return the event whose canonical bytes are ``line``; raise NotStrict. Duplicate keys, spaces, escapes: all are another text."""
    try:
        text = line.decode("utf-8")
        body = _read(text)
        same = _write(body) == text
    except (ValueError, RecursionError) as error:
        raise NotStrict(str(error)) from error
    if not same or not isinstance(body, dict):
        raise NotStrict("not in canonical form")
    if body.keys() != _KEYS and body.keys() != _WITH_HEADS:
        raise NotStrict("not the fields of an event")
    for part in (body["state"], body["state_c"], body["subject"], body["actor"], body["authority"]):
        if not isinstance(part, dict) or not part.keys() <= _known_names:
            _check_names(part)
    return body


def _check_names(value: Any) -> None:
    if not isinstance(value, dict):
        raise NotStrict("an object is missing")
    for name in value:
        if not _NAME.match(name):
            raise NotStrict(f"name {name!r}")
    _known_names.update(value)


def commitment_of(salt: bytes, path: str, value: Any) -> str:
    """Return the commitment to ``value`` at ``path`` under ``salt``."""
    return hmac.new(salt, path.encode() + b"\x00" + _write(value).encode(), hashlib.sha256).hexdigest()


def check_chunk(first: int, origin: str, lines: list[bytes], openings: list[dict[str, Any]]) -> Checked:
    """Check events number ``first`` and following, and the openings (with ``n``, the number of their event) that belong to them."""
    done = Checked()
    by_number: dict[int, list[dict[str, Any]]] = {}
    for opening in openings:
        by_number.setdefault(opening["n"], []).append(opening)
    sha256 = hashlib.sha256
    for number, line in enumerate(lines, first):
        digest = sha256(b"\x00" + line).digest()
        done.hashes.append(digest)
        try:
            body = read_event(line)
            _check_rules(done, number, body, origin)
            _join(done, number, body, digest)
            _check_openings(done, number, body, by_number.get(number, ()))
        except NotStrict as error:
            done.faults.append(Fault("CANON", number, "", "not_canonical", str(error)))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            done.faults.append(Fault("CANON", number, "", "not_an_event", repr(error)))
    return done


def _check_rules(done: Checked, number: int, body: dict[str, Any], origin: str) -> None:
    event, recorded, occurred = body["id"], body["recorded"], body["occurred"]
    if body["log"] != origin:
        done.faults.append(Fault("NOTE", number, event, "other_log", body["log"]))
    if not (_INSTANT.match(recorded) and _INSTANT.match(occurred)):
        done.faults.append(Fault("TIME", number, event, "not_utc"))
        return
    if occurred != recorded:
        late = datetime.fromisoformat(recorded[:-1]) - datetime.fromisoformat(occurred[:-1]) > LATE
        if late and not (body["late"] and body["second"] and body["reason_c"]):
            done.faults.append(Fault("BACKDATE", number, event, "late_unexplained"))
        if occurred[:4] > recorded[:4] and int(occurred[:4]) - int(recorded[:4]) > 400:
            done.faults.append(Fault("TIME", number, event, "buddhist_year"))
    for file in body["att"]:
        done.attachments.setdefault(file["sha256"], number)


def _join(done: Checked, number: int, body: dict[str, Any], digest: bytes) -> None:
    stream, seq, recorded, event = body["stream"], body["seq"], body["recorded"], body["id"]
    span = done.spans.get(stream)
    if span is None:
        done.spans[stream] = Span(seq, body["prev"], recorded, number, event, seq, digest.hex(), recorded)
        return
    done.faults.extend(_link(span.last_seq, span.last_hash, span.last_recorded, seq, body["prev"], recorded, number, event))
    span.last_seq, span.last_hash, span.last_recorded = seq, digest.hex(), recorded


def _link(
    last_seq: int, last_hash: str, last_recorded: str, seq: int, prev: str, recorded: str, number: int, event: str
) -> list[Fault]:
    faults = []
    if seq != last_seq + 1:
        faults.append(Fault("SEQ", number, event, "gap", f"{last_seq} -> {seq}"))
    if prev != last_hash:
        faults.append(Fault("CHAIN", number, event, "broken_chain"))
    if recorded < last_recorded:
        faults.append(Fault("CLOCK", number, event, "clock_back"))
    return faults


def join_spans(known: dict[str, Span], chunk: Checked, whole: bool) -> list[Fault]:
    """Add a chunk's streams to those ``known``; return what does not fit. ``whole``: streams begin with their first event."""
    faults = []
    for stream, span in chunk.spans.items():
        before = known.get(stream)
        if before is not None:
            faults += _link(before.last_seq, before.last_hash, before.last_recorded, span.first_seq, span.first_prev,
                            span.first_recorded, span.first_number, span.first_event)  # fmt: skip
            before.last_seq, before.last_hash, before.last_recorded = span.last_seq, span.last_hash, span.last_recorded
            continue
        known[stream] = span
        if whole or not stream.startswith("log_heads/"):
            faults += _link(
                0, "0" * 64, "", span.first_seq, span.first_prev, span.first_recorded, span.first_number, span.first_event
            )
    return faults


def commitments_in(body: dict[str, Any]) -> dict[str, str]:
    """Return the commitments that this event makes: path -> commitment (those carried over from earlier events are not its own)."""
    made = {f"state.{change['f']}": change["nc"] for change in body["changes"] if "nc" in change}
    if body["reason_c"]:
        made["reason"] = body["reason_c"]
    return made


def _check_openings(done: Checked, number: int, body: dict[str, Any], openings: Any) -> None:
    made = commitments_in(body)
    for opening in openings:
        path = opening["path"]
        expected = made.pop(path, None)
        if "erased" in opening:
            done.erased += 1
            continue
        salt = bytes.fromhex(opening["salt"])
        if (
            expected is None
            or len(salt) != SALT
            or not hmac.compare_digest(commitment_of(salt, path, opening["value"]), expected)
        ):
            done.faults.append(Fault("COMMIT", number, body["id"], "opening_differs", path))
        done.salts.append(opening["salt"])
    done.withheld += len(made)
