"""A small SMTP server in a thread that behaves as told, and a way out that only remembers."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from io import BufferedReader
from typing import Any, cast

from collab.notices.mail import DeliveryFailed, Mail, Server


class Clumsy(StrEnum):
    """How a server that offers PIPELINING fails to do it, or nearly so."""

    SLOW = "answers one at a time, each after a while"
    FORGETS = "forgets what came along with a command"
    COMPLAINS = "calls what came along a bad sequence"
    HANGS_UP = "hangs up"
    REPEATS = "answers once too often"


@dataclass
class Mailbox:
    """What a sink took, and how it is to answer: ``sender`` to MAIL, ``recipient`` to RCPT, ``go_on`` to DATA (another code than 354
    takes no text), ``data`` to the end of the text ('' drops the line) after
    ``pause`` seconds. ``offers`` is an extension that it offers; ``clumsy`` is what it does when commands come in one breath.
    """

    sender: str = "250 ok"
    recipient: str = "250 ok"
    go_on: str = "354 go on"
    data: str = "250 taken"
    pause: float = 0
    offers: str = ""
    clumsy: Clumsy | None = None
    mails: list[bytes] = field(default_factory=list)
    #: The envelope senders that it was told.
    senders: list[str] = field(default_factory=list)
    #: How many octets had come along with each naming of a sender.
    at_once: list[int] = field(default_factory=list)

    def read(self) -> list[EmailMessage]:
        """Return what was taken, parsed."""
        return [cast(EmailMessage, message_from_bytes(mail, policy=policy.default)) for mail in self.mails]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        box: Mailbox = cast(Any, self.server).box
        self._came_along = 0
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.split(None, 1)[0].upper() if line.split() else b""
            if verb == b"MAIL":
                self._came_along = len(self._buffered())
                box.at_once.append(self._came_along)
                box.senders.append(line.decode().partition("<")[2].partition(">")[0])
            if not self._answer(box, verb):
                return

    def _answer(self, box: Mailbox, verb: bytes) -> bool:
        """Answer a command; return whether to hear another one."""
        if self._came_along and box.clumsy is not None and verb in (b"MAIL", b"RCPT", b"DATA"):
            return self._answer_clumsily(box, verb)
        if verb == b"DATA":
            return self._take(box, box.go_on)
        answers = {b"MAIL": box.sender, b"RCPT": box.recipient, b"QUIT": "221 bye"}
        if box.offers:
            answers[b"EHLO"] = f"250-sink\r\n250 {box.offers}"
        self._say(answers.get(verb, "250 ok"))
        return verb != b"QUIT"

    def _answer_clumsily(self, box: Mailbox, verb: bytes) -> bool:
        if box.clumsy is Clumsy.HANGS_UP:
            return False
        if box.clumsy is Clumsy.SLOW:
            time.sleep(0.05)
        if box.clumsy is Clumsy.FORGETS:
            self.rfile.read(self._came_along)
        if box.clumsy is Clumsy.COMPLAINS and verb != b"MAIL":
            self._say("503 5.5.0 Improper use of SMTP command pipelining")
        elif verb == b"DATA":
            return self._take(box, "354 go on\r\n250 ok" if box.clumsy is Clumsy.REPEATS else "354 go on")
        else:
            self._say(box.recipient if verb == b"RCPT" else "250 ok")
        return True

    def _take(self, box: Mailbox, go_on: str) -> bool:
        self._say(go_on)
        if not go_on.startswith("354"):
            return True
        box.mails.append(self._text())
        if box.data:
            time.sleep(box.pause)
            self._say(box.data)
        return bool(box.data)

    def _buffered(self) -> bytes:
        """Return what was read from the line and not looked at yet."""
        self.connection.setblocking(False)
        try:
            return cast(BufferedReader, self.rfile).peek()
        except BlockingIOError:
            return b""
        finally:
            self.connection.settimeout(self.timeout)

    def _text(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: Mailbox


@contextmanager
def smtp_sink() -> Iterator[tuple[Server, Mailbox]]:
    """Run a sink on a free port; yield how to reach it and its mailbox."""
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        listener.box = Mailbox()
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            host, port = cast(tuple[str, int], listener.server_address)
            yield Server(host, port, "", "", tls=False), listener.box
        finally:
            listener.shutdown()
            thread.join()


def parsed(mail: Mail) -> EmailMessage:
    """Return a mail as a reader's program understands what goes over the wire."""
    return cast(EmailMessage, message_from_bytes(mail.source, policy=policy.default))


def nothing() -> None:
    """Do nothing while a server is silent."""


@dataclass
class Remembering:
    """A way out that keeps what it is given, or fails as told."""

    failure: DeliveryFailed | Exception | None = None
    mails: list[EmailMessage] = field(default_factory=list)

    def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
        """Keep ``mail`` as a reader's program shows it, or raise ``failure``."""
        if self.failure is not None:
            raise self.failure
        self.mails.append(parsed(mail))
        return "250 kept"
