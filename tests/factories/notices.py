"""A small SMTP server in a thread that behaves as told, and a way out that only remembers."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BufferedReader
from typing import Any, cast

from collab.notices.mail import DeliveryFailed, Mail, Server


@dataclass
class Mailbox:
    """What a sink took, and how it is to answer: ``recipient`` to RCPT, ``data`` to the end of the text ('' drops the line) after
    ``pause`` seconds. ``offers`` is an extension that it offers.
    """

    recipient: str = "250 ok"
    data: str = "250 taken"
    pause: float = 0
    offers: str = ""
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
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.split(None, 1)[0].upper() if line.split() else b""
            if verb == b"RCPT":
                self._say(box.recipient)
            elif verb == b"EHLO" and box.offers:
                self._say(f"250-sink\r\n250 {box.offers}")
            elif verb == b"MAIL":
                box.at_once.append(len(self._buffered()))
                box.senders.append(line.decode().partition("<")[2].partition(">")[0])
                self._say("250 ok")
            elif verb == b"DATA":
                self._say("354 go on")
                box.mails.append(self._text())
                if not box.data:
                    return
                time.sleep(box.pause)
                self._say(box.data)
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

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
