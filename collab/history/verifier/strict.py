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
from typing import Any, NamedTuple

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
    return hmac.digest(salt, path.encode() + b"\x00" + _write(value).encode(), "sha256").hex()


class Event(NamedTuple):
    """What the rules ask of an event. ``explained``: it says that it is late, and has a reason and a second person."""

    id: str
    stream: str
    seq: int
    prev: str
    log: str
    recorded: str
    occurred: str
    explained: bool
    attachments: list[str]
    #: path -> commitment that this event makes.
    made: dict[str, str]


def _event_of(body: dict[str, Any]) -> Event:
    explained = bool(body["late"] and body["second"] and body["reason_c"])
    return Event(body["id"], body["stream"], body["seq"], body["prev"], body["log"], body["recorded"], body["occurred"], explained,
                 [file["sha256"] for file in body["att"]], commitments_in(body))  # fmt: skip


# Forms. Most events of a kind differ in their values only. From an event that was read and written again, and is canonical, a
# pattern is made: its very keys in their order, and in the place of each value what canonical JSON writes for some value. A string
# without quote, backslash and control character has one way to be written, and so have null, true, false and a whole number of up to
# 15 digits. A line that the pattern matches from end to end is therefore canonical too, and has the same keys. All others (escapes,
# larger numbers, objects within the state) are read and written again, as the first one was.
_STRING = r'"[^"\\\x00-\x1f]*+"'
_SCALAR = rf"(?:{_STRING}|null|true|false|0|-?[1-9][0-9]{{0,14}}+)"
_VALUE = rf"(?:{_SCALAR}|\[(?:{_SCALAR}(?:,{_SCALAR})*+)?\])"
_CHANGE = rf'\{{"f":{_STRING},(?:"n":{_VALUE},"o":{_VALUE}|"nc":{_STRING},"oc":(?:{_STRING}|null))\}}'
_CHANGES = rf"\[(?:{_CHANGE}(?:,{_CHANGE})*+)?\]"
_MADE = re.compile(rf'"f":"({_STRING[1:-1]})","nc":"({_STRING[1:-1]})",')
_WANTED = ("changes", "id", "late", "log", "occurred", "prev", "reason_c", "recorded", "second", "seq", "stream")
_ACTION = len('{"action":"')
#: A bundle with more shapes or longer events than this is read the long way: its maker shall not choose how much is remembered.
_MOST_FORMS, _MOST_OF_ACTION, _LONGEST = 2000, 16, 20_000
_forms: dict[str, list[re.Pattern[str]]] = {}
_learned: set[str] = set()


def _form_of(body: dict[str, Any]) -> str | None:
    """Return the pattern of events like ``body``, which is known to be canonical; None when it is not of the common shape."""
    parts = []
    for name in sorted(body):
        value = body[name]
        if name == "changes":
            pattern = _CHANGES
        elif name == "att":
            if value != []:
                return None
            pattern = r"\[\]"
        elif isinstance(value, dict):
            if any(isinstance(part, dict) for part in value.values()):
                return None
            pattern = r"\{" + ",".join(rf'"{re.escape(key)}":{_VALUE}' for key in sorted(value)) + r"\}"
        else:
            pattern = _VALUE
        parts.append(rf'"{re.escape(name)}":' + (f"({pattern})" if name in _WANTED else pattern))
    return r"\{" + ",".join(parts) + r"\}"


def _learn(text: str, body: dict[str, Any]) -> None:
    """Remember the form of an event that was read the long way and found canonical."""
    if len(_learned) >= _MOST_FORMS or len(text) > _LONGEST or "heads" in body or not isinstance(body["action"], str):
        return
    pattern = _form_of(body)
    if pattern is None or (body["action"] + pattern) in _learned:
        return
    _learned.add(body["action"] + pattern)
    form = re.compile(pattern)
    if form.fullmatch(text):
        known = _forms.setdefault(body["action"], [])
        known.insert(0, form)
        del known[_MOST_OF_ACTION:]


def _by_form(text: str) -> Event | None:
    """Return the event when ``text`` is of a form known to be canonical, else None."""
    for form in _forms.get(text[_ACTION : text.find('"', _ACTION)], ()):
        found = form.fullmatch(text)
        if found:
            break
    else:
        return None
    changes, key, late, log, occurred, prev, reason, recorded, second, seq, stream = found.groups()
    if not (key[0] == log[0] == occurred[0] == prev[0] == recorded[0] == stream[0] == '"') or seq[0] not in "123456789":
        return None
    made = {}
    if '"nc":' in changes:
        made = {f"state.{name}": digest for name, digest in _MADE.findall(changes)}
    if reason[0] == '"' and len(reason) > 2:
        made["reason"] = reason[1:-1]
    elif reason != "null":
        return None
    # A list or a number where text belongs is left to the long way, so that both judge alike.
    if late not in ("true", "false") or not (second == "null" or (second[0] == '"' and len(second) > 2)):
        return None
    explained = late == "true" and second != "null" and reason != "null"
    return Event(key[1:-1], stream[1:-1], int(seq), prev[1:-1], log[1:-1], recorded[1:-1], occurred[1:-1], explained, [], made)


def _read_line(line: bytes) -> Event:
    """Return what the rules ask of the event whose canonical bytes are ``line``; raise NotStrict, and what a wrong body raises."""
    try:
        text = line.decode("utf-8")
    except ValueError as error:
        raise NotStrict(str(error)) from error
    event = _by_form(text)
    if event is None:
        body = read_event(line)
        _learn(text, body)
        event = _event_of(body)
    return event


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
            event = _read_line(line)
            _check_rules(done, number, event, origin)
            _join(done, number, event, digest.hex())
            if event.made or number in by_number:
                _check_openings(done, number, event, by_number.get(number, ()))
        except NotStrict as error:
            done.faults.append(Fault("CANON", number, "", "not_canonical", str(error)))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            done.faults.append(Fault("CANON", number, "", "not_an_event", repr(error)))
    return done


def _check_rules(done: Checked, number: int, event: Event, origin: str) -> None:
    recorded, occurred = event.recorded, event.occurred
    if event.log != origin:
        done.faults.append(Fault("NOTE", number, event.id, "other_log", event.log))
    if not (_INSTANT.match(recorded) and (occurred == recorded or _INSTANT.match(occurred))):
        done.faults.append(Fault("TIME", number, event.id, "not_utc"))
        return
    if occurred != recorded:
        late = datetime.fromisoformat(recorded[:-1]) - datetime.fromisoformat(occurred[:-1]) > LATE
        if late and not event.explained:
            done.faults.append(Fault("BACKDATE", number, event.id, "late_unexplained"))
        if occurred[:4] > recorded[:4] and int(occurred[:4]) - int(recorded[:4]) > 400:
            done.faults.append(Fault("TIME", number, event.id, "buddhist_year"))
    for digest in event.attachments:
        done.attachments.setdefault(digest, number)


def _join(done: Checked, number: int, event: Event, digest: str) -> None:
    span = done.spans.get(event.stream)
    if span is None:
        done.spans[event.stream] = Span(
            event.seq, event.prev, event.recorded, number, event.id, event.seq, digest, event.recorded
        )  # fmt: skip
        return
    if event.seq != span.last_seq + 1 or event.prev != span.last_hash or event.recorded < span.last_recorded:
        done.faults.extend(
            _link(span.last_seq, span.last_hash, span.last_recorded, event.seq, event.prev, event.recorded, number, event.id)
        )
    span.last_seq, span.last_hash, span.last_recorded = event.seq, digest, event.recorded


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


def _check_openings(done: Checked, number: int, event: Event, openings: Any) -> None:
    made = dict(event.made)
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
            done.faults.append(Fault("COMMIT", number, event.id, "opening_differs", path))
        done.salts.append(opening["salt"])
    done.withheld += len(made)
