"""Turns a message into a mail and hands it over: to an SMTP server, or to the local sink."""

import logging
import re
import smtplib
import ssl
from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol

from collab.kernel.db import Database
from collab.kernel.i18n import speaking
from collab.notices import envelope
from collab.notices.headers import addressee, subject
from collab.notices.letter import Letter, as_page, as_text
from collab.notices.models import SunkMail
from collab.notices.smtp_line import Line, PipeliningFailed, SafeLine

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 20
#: Of base64 (RFC 2045, section 6.8).
LONGEST_LINE = 76
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+\Z")
_UNSAFE = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True)
class Mail:
    """A mail as it leaves: ``source`` is what goes over the wire (ASCII, lines end with CRLF), the same octets at every attempt.

    ``sender`` and ``recipient`` are the addresses on the envelope; ``subject`` and ``text`` are what ``source`` says, for whom it need not be parsed.
    """

    mail_id: str
    sender: str
    recipient: str
    subject: str
    text: str
    source: bytes


class Post(Protocol):
    """Somewhere a mail can be handed over. Raises DeliveryFailed when it was not taken."""

    def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
        """Hand ``mail`` over and return the other side's answer; do ``meanwhile``, which never raises, while that is silent."""


class DeliveryFailed(Exception):
    """The mail was not taken: ``is_final`` when trying again cannot help (no such mailbox), ``is_server_away`` when no server
    answered, ``is_line_lost`` when it fell silent or hung up half-way, so that nobody knows whether it took the mail.
    """

    def __init__(self, reason: str, *, is_final: bool = False, is_server_away: bool = False, is_line_lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.is_server_away = is_server_away
        self.is_line_lost = is_line_lost


@dataclass(frozen=True)
class Server:
    """Where the mail server is; a port of 465 means TLS from the first byte, else STARTTLS when ``tls``."""

    host: str
    port: int
    username: str
    password: str
    tls: bool


#: Servers that offer PIPELINING and cannot do it, as this process has seen: to find out may take `TIMEOUT_SECONDS`, too long for each
#: run. A process lives for some hundred jobs, so that a server that was mended is soon believed again.
_one_at_a_time: set[Server] = set()


class SmtpPost:
    """An SMTP server. One connection for a whole run; it is opened anew when it was lost."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._connection: Line | None = None

    def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
        """Send ``mail``; raise DeliveryFailed with the server's answer when it does not take it."""
        try:
            self._send(mail, meanwhile)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            self._reset()
            raise DeliveryFailed(f"{code} {text.decode(errors='replace')}", is_final=500 <= code < 600) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            answer = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
            raise DeliveryFailed(f"{error.smtp_code} {answer}") from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise DeliveryFailed(f"{type(error).__name__}: {error}", is_line_lost=True) from error
        return "250"

    def _send(self, mail: Mail, meanwhile: Callable[[], None]) -> None:
        """Send ``mail`` as quickly as the server can take it: on a new line, one command at a time, when it cannot do what it offers."""
        try:
            self._say(mail, meanwhile)
        except PipeliningFailed as error:
            logger.warning("the mail server cannot do PIPELINING", extra={"answer": str(error)})
            _one_at_a_time.add(self.server)
            self.close()
            self._say(mail, meanwhile)

    def _say(self, mail: Mail, meanwhile: Callable[[], None]) -> None:
        connection = self._connection or self._open()
        connection.meanwhile = meanwhile
        connection.send_one(mail.sender, mail.recipient, mail.source, may_pipeline=self.server not in _one_at_a_time)

    def _open(self) -> Line:
        try:
            self._connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}", is_server_away=True) from error
        return self._connection

    def _connect(self) -> Line:
        server = self.server
        opened: Line
        if server.port == smtplib.SMTP_SSL_PORT and server.tls:
            opened = SafeLine(server.host, server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        else:
            opened = Line(server.host, server.port, timeout=TIMEOUT_SECONDS)
            if server.tls:
                opened.starttls(context=ssl.create_default_context())
        if server.username:
            opened.login(server.username, server.password)
        return opened

    def _reset(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rset()
            except (OSError, smtplib.SMTPException):
                self.close()

    def close(self) -> None:
        """End the connection, whatever state it is in."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SinkPost:
    """The local sink: keeps mails in a table, for demonstrations and development."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
        """Keep ``mail``, in a transaction of its own as a server would."""
        kept = SunkMail(
            mail_id=mail.mail_id, recipient=mail.recipient, subject=mail.subject, source=mail.source, text=mail.text,
            sunk_at=self.clock(),
        )  # fmt: skip
        with self.database.unit_of_work() as session:
            session.add(kept)
        return "kept by the sink"


def write_mail(letter: Letter, sender: str, base_url: str) -> Mail:
    """Return the mail of ``letter``: text and HTML in the reader's language. Raises DeliveryFailed when its address is none.

    It is put together as octets here, because the library's parsing and folding of every header took most of the time of a mail.
    """
    if not _ADDRESS.match(letter.address):
        raise DeliveryFailed("no mail address in the account", is_final=True)
    with speaking(letter.locale):
        text, page = as_text(letter, base_url), as_page(letter, base_url)
    boundary = f"=_{_UNSAFE.sub('', letter.mail_id)}"
    lines = [
        *_headers(letter, sender, base_url), f'Content-Type: multipart/alternative; boundary="{boundary}"', "",
        *_part(boundary, "plain", text), *_part(boundary, "html", page), f"--{boundary}--", "",
    ]  # fmt: skip
    envelope_sender = envelope.sender_for(letter.mail_id, sender)
    return Mail(letter.mail_id, envelope_sender, letter.address, letter.subject, text, "\r\n".join(lines).encode("ascii"))


def _headers(letter: Letter, sender: str, base_url: str) -> list[str]:
    found = [
        f"Message-ID: {letter.mail_id}", f"From: {addressee(letter.agency or 'Collab', sender)}", f"To: {addressee(letter.name, letter.address)}",
        f"Subject: {subject(letter.subject)}", f"Date: {format_datetime(letter.written_at)}", "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ]  # fmt: skip
    if letter.unsubscribe:
        found += [f"List-Unsubscribe: <{base_url}{letter.unsubscribe}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    return found


def _part(boundary: str, kind: str, text: str) -> list[str]:
    coded = b2a_base64(text.encode("utf-8", "replace"), newline=False).decode("ascii")
    lines = [coded[start : start + LONGEST_LINE] for start in range(0, len(coded), LONGEST_LINE)]
    return [f"--{boundary}", f'Content-Type: text/{kind}; charset="utf-8"', "Content-Transfer-Encoding: base64", "", *lines]
