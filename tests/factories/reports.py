"""What mail servers send back, as bytes; a mailbox on disk, and one behind a small IMAP server."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast


def delivery_report(mail_id: str, address: str, *, action: str = "failed", status: str = "5.1.1", to: str = "collab@example.test",
                    original: str = "") -> bytes:  # fmt: skip
    """A delivery report (RFC 3464) about the mail ``mail_id`` to ``address``."""
    first = f"Original-Recipient: rfc822;{original}\r\n" if original else ""
    return (
        f"From: MAILER-DAEMON@mx.example.test\r\nTo: {to}\r\nSubject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain\r\n\r\nI could not deliver it.\r\n"
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.test\r\n\r\n"
        f"{first}Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no\r\n\r\n"
        f"--b1\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {mail_id}\r\nSubject: x\r\n\r\n--b1--\r\n"
    ).encode()


def complaint(mail_id: str, *, feedback: str = "abuse") -> bytes:
    """A complaint (RFC 5965) about the mail ``mail_id``."""
    return (
        "From: fbl@mx.example.test\r\nTo: collab@example.test\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b2"\r\n\r\n'
        "--b2\r\nContent-Type: text/plain\r\n\r\nSomebody pressed the button.\r\n"
        f"--b2\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {feedback}\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n"
        f"--b2\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {mail_id}\r\nSubject: x\r\n\r\ntext\r\n--b2--\r\n"
    ).encode()


def auto_reply(mail_id: str) -> bytes:
    """An automatic answer (RFC 3834) that quotes our mail."""
    return (
        "From: somebody@example.test\r\nTo: collab@example.test\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n"
        f"In-Reply-To: {mail_id}\r\n\r\nI am away.\r\n"
    ).encode()


def maildir(folder: Path, *mails: bytes) -> Path:
    """Make a Maildir with unread mails."""
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, mail in enumerate(mails):
        (folder / "new" / f"{number}.host").write_bytes(mail)
    return folder


@dataclass
class ImapBox:
    """The mails of a small IMAP server, and which of them are read."""

    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        box: ImapBox = cast(Any, self.server).box
        self.wfile.write(b"* OK here\r\n")
        while line := self.rfile.readline().decode().strip():
            tag, _space, rest = line.partition(" ")
            words = rest.split()
            verb = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            self._answer(box, verb, words)
            self.wfile.write(f"{tag} OK done\r\n".encode())
            if verb == "LOGOUT":
                return

    def _answer(self, box: ImapBox, verb: str, words: list[str]) -> None:
        if verb == "CAPABILITY":
            self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif verb == "SELECT":
            self.wfile.write(f"* {len(box.mails)} EXISTS\r\n".encode())
        elif verb == "UID SEARCH":
            keys = " ".join(str(number + 1) for number in range(len(box.mails)) if number not in box.seen)
            self.wfile.write(f"* SEARCH {keys}\r\n".encode())
        elif verb == "UID FETCH":
            number = int(words[2])
            raw = box.mails[number - 1]
            self.wfile.write(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        elif verb == "UID STORE":
            box.seen.add(int(words[2]) - 1)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: ImapBox


@contextmanager
def imap_server(*mails: bytes) -> Iterator[tuple[str, ImapBox]]:
    """Run an IMAP server on a free port; yield the address of its mailbox, and the mailbox."""
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        listener.box = ImapBox(list(mails))
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"imap://reports:secret@127.0.0.1:{listener.server_address[1]}/INBOX?tls=0", listener.box
        finally:
            listener.shutdown()
            thread.join()
