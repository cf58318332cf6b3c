"""Reading what comes back about mail: real reports are understood, and nothing that anybody sends is a fault."""

import json
import time
from collections.abc import Iterator

import pytest

from collab.kernel.ids import new_id
from collab.notices import envelope, reports
from collab.notices.reports import Line, ReportKind
from tests.factories.reports import auto_reply, complaint, delivery_report

MAIL_ID = "<0190b1c2-0000-7000-8000-000000000001@collab>"


def test_a_delivery_report_says_whom_what_and_why() -> None:
    found = reports.read_mail(delivery_report(MAIL_ID, "Clerk@Example.test", original="office@example.test"))
    addresses = frozenset({"clerk@example.test", "office@example.test"})
    assert found.lines == (Line(ReportKind.FAILED, "5.1.1", addresses),)
    assert found.mail_ids == (MAIL_ID,)
    assert found.envelopes == ("collab@example.test",)


@pytest.mark.parametrize(
    ("action", "kind"),
    [("delayed", ReportKind.DELAYED), ("delivered", ReportKind.DELIVERED), ("relayed", ReportKind.AUTO_REPLY)],
)
def test_other_actions_are_no_failures(action: str, kind: ReportKind) -> None:
    """A relay knows nothing of the mailbox: it says no more than any automatic answer."""
    assert reports.read_mail(delivery_report(MAIL_ID, "a@example.test", action=action)).lines[0].kind is kind


def test_complaints_and_automatic_answers_are_told_apart() -> None:
    assert reports.read_mail(complaint(MAIL_ID)).lines[0].kind is ReportKind.COMPLAINT
    assert reports.read_mail(complaint(MAIL_ID)).mail_ids == (MAIL_ID,)
    assert reports.read_mail(complaint(MAIL_ID, feedback="not-spam")).lines[0].kind is ReportKind.UNKNOWN
    assert reports.read_mail(auto_reply(MAIL_ID)).lines[0].kind is ReportKind.AUTO_REPLY


@pytest.mark.parametrize(
    ("status", "lasts"),
    [("5.1.1", True), ("5.0.0", True), ("5.2.1", True), ("5.4.4", True), ("5.2.2", False), ("5.7.1", False), ("4.4.7", False)],
)
def test_what_says_nothing_against_the_address_does_not_last(status: str, lasts: bool) -> None:
    assert reports.is_lasting(status) is lasts


def _hostile() -> Iterator[tuple[str, bytes]]:
    report = delivery_report(MAIL_ID, "a@example.test")
    yield "empty", b""
    yield "zeros", b"\x00" * 5000
    yield "half", report[:400]
    yield "eight bits in every header", bytes(range(256)) * 40
    yield "no such character set", report.replace(b"text/rfc822-headers", b"text/rfc822-headers; charset=nope")
    yield "broken base64", report.replace(b"text/rfc822-headers", b"text/rfc822-headers\r\nContent-Transfer-Encoding: base64")
    yield "a report without blocks", report.replace(b"message/delivery-status", b"message/delivery-status; x*0*=%FF")
    yield "the status as text", report.replace(b"message/delivery-status", b"text/plain")
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="n%d"\r\n\r\n--n%d\r\n' % (n, n) for n in range(6000))
    yield "six thousand parts within one another", nested
    yield "many recipients", report.replace(b"\r\nAction", b"\r\nX: y\r\n\r\nFinal-Recipient: rfc822; b@c.test\r\nAction" * 3000)
    yield "one line without an end", b"To: " + b"a" * 2_000_000


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in _hostile()])
def test_hostile_mail_is_read_without_a_fault_and_soon(raw: bytes) -> None:
    began = time.perf_counter()
    found = reports.read_mail(raw)
    assert len(found.lines) <= reports.MOST_PARTS * reports.MOST_RECIPIENTS
    assert time.perf_counter() - began < 5


def test_events_of_mail_services_are_read_and_rubbish_is_nothing() -> None:
    event = {"event": "bounced", "message_id": MAIL_ID, "recipient": "A@example.test", "status": "5.1.1"}
    found = reports.read_event(json.dumps(event).encode())
    assert found.lines == (Line(ReportKind.FAILED, "5.1.1", frozenset({"a@example.test"})),)
    rubbish: list[object] = [[], {}, 3, None, {"event": ["bounced"]}, {"event": "opened"}, "\x00"]
    for thing in rubbish:
        assert reports.read_event(json.dumps(thing).encode()) == reports.NOTHING
    for raw in (b"", b"\xff", b"[" * 100_000):
        assert reports.read_event(raw) == reports.NOTHING
    odd = {"event": "bounced", "message_id": {"a": 1}, "recipient": ["x"], "status": 5}
    assert reports.read_event(json.dumps(odd).encode()).lines[0].status == "5.0.0"


def test_the_envelope_names_the_message_and_cannot_be_made_up() -> None:
    envelope.configure("test-only", "reports@example.test")
    key = new_id()
    address = envelope.sender_for(f"<{key}@collab>", "collab@example.test")
    assert address.startswith("reports+")
    assert len(address.partition("@")[0]) <= 64, "the limit of a local part (RFC 5321)"
    assert envelope.read(address) == key
    assert envelope.read(address.upper()) == key, "servers may change letters to capitals"
    local, _at, domain = address.partition("@")
    other = envelope.sender_for(f"<{new_id()}@collab>", "")
    forged = f"{local[:-16]}{other.partition('@')[0][-16:]}@{domain}"
    for wrong in (forged, f"reports@{domain}", f"{local}a@{domain}", "", "\x00", "กก" * 30, f"reports+{'a' * 42}@{domain}"):
        assert envelope.read(wrong) is None
    assert envelope.sender_for("<foreign@elsewhere>", "collab@example.test") == "collab@example.test"
    envelope.configure("test-only", "")
    assert envelope.sender_for(f"<{key}@collab>", "collab@example.test") == "collab@example.test"
