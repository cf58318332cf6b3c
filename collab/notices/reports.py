"""Reads what comes back about our mail: delivery reports (RFC 3464), complaints (RFC 5965), automatic answers (RFC 3834).

Whatever arrives is somebody else's text: it may be huge, broken or forged. Reading it never fails; what cannot be read is unknown.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from enum import StrEnum
from itertools import islice
from typing import Any

#: So much of a report is read; its machine-readable part stands before what it returns of our mail.
LONGEST = 512 * 1024
#: A report has three parts, each with a few of its own; more are not looked at.
MOST_PARTS = 30
MOST_RECIPIENTS = 20
LONGEST_FIELD = 500
#: Enhanced status codes (RFC 3463) of a failure for good that say nothing against the address: a full mailbox, a mail too big, one
#: whose form or sender was refused.
_PASSING = ("5.2.2", "5.2.3", "5.3.", "5.6.", "5.7.")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_UNKNOWN_STATUS = "5.0.0"


class ReportKind(StrEnum):
    """What a report says of a mail."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """What a report says of one recipient: ``addresses`` as it names it (original and final), ``status`` '' when it gives none."""

    kind: ReportKind
    status: str = ""
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """A report as it was read. ``mail_ids`` are the Message-IDs it names, ``envelopes`` the addresses that it was sent to."""

    lines: tuple[Line, ...]
    mail_ids: tuple[str, ...] = ()
    envelopes: tuple[str, ...] = ()


NOTHING = Report((Line(ReportKind.UNKNOWN),))


def is_lasting(status: str) -> bool:
    """Say whether a failure with this code will happen to every mail to the address."""
    return status.startswith("5.") and not status.startswith(_PASSING)


def read_mail(raw: bytes) -> Report:
    """Read a mail that came to the address for reports."""
    try:
        return _read(BytesParser().parsebytes(raw[:LONGEST]))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # Parts nested a thousand deep, character sets that do not exist: the library has no single error for what it cannot read.
        return NOTHING


def read_event(raw: bytes) -> Report:
    """Read the event of a mail service: {"event", "message_id", "recipient", "status"} as JSON."""
    try:
        found = json.loads(raw[:LONGEST])
    except (ValueError, RecursionError):
        return NOTHING
    kind = _EVENTS.get(_text(found.get("event"))) if isinstance(found, dict) else None
    if kind is None:
        return NOTHING
    line = Line(kind, _status(_text(found.get("status")), kind), _addresses([_text(found.get("recipient"))]))
    return Report((line,), (_text(found.get("message_id")),))


_EVENTS = {
    "bounced": ReportKind.FAILED,
    "complained": ReportKind.COMPLAINT,
    "delayed": ReportKind.DELAYED,
    "delivered": ReportKind.DELIVERED,
}
_ACTIONS = {"failed": ReportKind.FAILED, "delayed": ReportKind.DELAYED, "delivered": ReportKind.DELIVERED}


def _read(mail: Message) -> Report:
    parts = list(islice(mail.walk(), MOST_PARTS))
    envelopes = _addresses(_all(mail, ("Delivered-To", "X-Original-To", "Envelope-To", "To")))
    mail_ids: list[str] = []
    lines: list[Line] = []
    for part in parts[1:]:
        content = part.get_content_type()
        if content == "message/delivery-status":
            lines.extend(islice(_recipients(part), MOST_RECIPIENTS))
        elif content == "message/feedback-report":
            fields = _fields(part)
            lines.append(_complaint(fields))
            envelopes |= _addresses(fields.get("original-mail-from", []))
        elif content in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            returned = _returned(part)
            mail_ids += [_plain(value) for value in _all(returned, ("Message-ID",))]
            envelopes |= _addresses(_all(returned, ("Return-Path",)))
    if not lines and _is_automatic(mail):
        lines = [Line(ReportKind.AUTO_REPLY)]
    return Report(tuple(lines) or NOTHING.lines, tuple(mail_ids), tuple(sorted(envelopes)))


def _recipients(part: Message) -> Iterator[Line]:
    """Read a delivery status: a block of fields of the mail, then one for each recipient."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, Message):
            continue
        action = _plain(block.get("Action")).lower()
        if action not in _ACTIONS:
            continue
        kind = _ACTIONS[action]
        named = [_after_type(value) for value in _all(block, ("Original-Recipient", "Final-Recipient"))]
        yield Line(kind, _status(_plain(block.get("Status")), kind), _addresses(named))


def _complaint(fields: dict[str, list[str]]) -> Line:
    is_against = fields.get("feedback-type", [""])[0].lower() in {"abuse", "fraud", "opt-out"}
    return Line(ReportKind.COMPLAINT if is_against else ReportKind.UNKNOWN, "", _addresses(fields.get("original-rcpt-to", [])))


def _fields(part: Message) -> dict[str, list[str]]:
    """Return the fields of a part that Python reads as a mail without a body, or as text, by lower-case name."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    source = inner if isinstance(inner, Message) else _returned(part)
    found: dict[str, list[str]] = {}
    for name, value in source.items():
        found.setdefault(name.lower(), []).append(_plain(value))
    return found


def _returned(part: Message) -> Message:
    """Return what a report gives back of our mail, whole or its header only."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else Message()
    body = part.get_payload(decode=True)
    return BytesParser().parsebytes(body if isinstance(body, bytes) else b"", headersonly=True)


def _is_automatic(mail: Message) -> bool:
    submitted = _plain(mail.get("Auto-Submitted")).lower()
    precedence = _plain(mail.get("Precedence")).lower()
    return submitted.startswith("auto-") or precedence in {"auto_reply", "bulk", "junk"}


def _status(text: str, kind: ReportKind) -> str:
    found = _STATUS.search(text)
    return found.group() if found else _UNKNOWN_STATUS if kind is ReportKind.FAILED else ""


def _all(mail: Message, names: Iterable[str]) -> list[str]:
    return [_plain(value) for name in names for value in mail.get_all(name, [])]


def _plain(value: Any) -> str:
    return "".join(letter for letter in str(value or "")[:LONGEST_FIELD] if letter.isprintable()).strip()


def _text(value: Any) -> str:
    return _plain(value) if isinstance(value, str) else ""


def _after_type(value: str) -> str:
    """Return the address of ``rfc822; name@example.test``."""
    return value.partition(";")[2] if ";" in value else value


def _addresses(values: Iterable[str]) -> frozenset[str]:
    found = getaddresses([value for value in values if value])
    return frozenset(address.lower() for _name, address in found if "@" in address)
