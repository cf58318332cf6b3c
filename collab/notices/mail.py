"""Turns a message into a mail and hands it over: to an SMTP server, or to the local sink."""

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr, quote
from html import escape
from typing import Protocol

from collab.kernel.db import Database
from collab.kernel.i18n import _, ngettext, speaking
from collab.notices import envelope
from collab.notices.digest import Entry
from collab.notices.headers import MAIL_POLICY, wire_bytes
from collab.notices.models import SunkMail

TIMEOUT_SECONDS = 20
_ADDRESS = re.compile(r"[!-~]+@[!-~]+\Z")


@dataclass(frozen=True)
class Letter:
    """A message with all that its mail needs. Paths are of this site.

    ``unsubscribe`` adds the headers by which mail programs offer to switch it off (RFC 2369, RFC 8058); ``acknowledge`` leads to the
    page on which a reminder is acknowledged; ``entries`` are the lines of a digest, which carries ``more`` that are not listed.
    """

    mail_id: str
    address: str
    name: str
    locale: str
    subject: str
    text: str
    url: str
    written_at: datetime
    unsubscribe: str = ""
    acknowledge: str = ""
    entries: tuple[Entry, ...] = ()
    more: int = 0


class Post(Protocol):
    """Somewhere a mail can be handed over. Raises DeliveryFailed when it was not taken."""

    def hand_over(self, mail: EmailMessage) -> str:
        """Hand ``mail`` over and return the other side's answer."""


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


class SmtpPost:
    """An SMTP server. One connection for a whole batch; it is opened anew when it was lost."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._connection: smtplib.SMTP | None = None

    def hand_over(self, mail: EmailMessage) -> str:
        """Send ``mail``; raise DeliveryFailed with the server's answer when it does not take it."""
        connection = self._connection or self._open()
        try:
            sender = envelope.sender_for(mail["Message-ID"], parseaddr(mail["From"])[1])
            refused = connection.sendmail(sender, [parseaddr(mail["To"])[1]], wire_bytes(mail))
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
        return "250" if not refused else str(refused)

    def _open(self) -> smtplib.SMTP:
        try:
            self._connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}", is_server_away=True) from error
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        opened: smtplib.SMTP
        if server.port == smtplib.SMTP_SSL_PORT and server.tls:
            opened = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        else:
            opened = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
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

    def hand_over(self, mail: EmailMessage) -> str:
        """Keep ``mail``, in a transaction of its own as a server would."""
        body = mail.get_body(("plain",))
        kept = SunkMail(
            mail_id=mail["Message-ID"], recipient=str(mail["To"]), subject=str(mail["Subject"]), source=wire_bytes(mail),
            text=body.get_content() if body else "", sunk_at=self.clock(),
        )  # fmt: skip
        with self.database.unit_of_work() as session:
            session.add(kept)
        return "kept by the sink"


def write_mail(letter: Letter, sender: str, base_url: str) -> EmailMessage:
    """Return the mail of ``letter``: text and HTML in the reader's language, the same Message-ID at every attempt."""
    mail = EmailMessage(MAIL_POLICY)
    mail["Message-ID"] = letter.mail_id
    mail["From"] = f"Collab <{sender}>"
    mail["To"] = _address(letter)
    mail["Subject"] = " ".join(letter.subject.split())
    mail["Date"] = format_datetime(letter.written_at)
    mail["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        mail["List-Unsubscribe"] = f"<{base_url}{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    with speaking(letter.locale):
        mail.set_content(_as_text(letter, base_url), cte="base64")
        mail.add_alternative(_as_html(letter, base_url), "html", cte="base64")
    return mail


def _links(letter: Letter, base_url: str) -> list[tuple[str, str]]:
    """Return the links below the text: what each does, in the language in force, and its address."""
    found = [(_("Open in Collab"), letter.url), (_("I have seen it and work on it"), letter.acknowledge)]
    return [(words, base_url + path) for words, path in found if path]


def _closing(letter: Letter) -> list[str]:
    more = [ngettext("and %(num)s more", "and %(num)s more", letter.more)] if letter.more else []
    return [*more, _("You receive this because of your duty in Collab.")]


def _as_text(letter: Letter, base_url: str) -> str:
    entries = "\n".join(f"- {entry.subject}" + (f"\n  {base_url}{entry.url}" if entry.url else "") for entry in letter.entries)
    links = "\n".join(f"{words}: {address}" for words, address in _links(letter, base_url))
    return "\n\n".join(part for part in (letter.text, entries, links, *_closing(letter)) if part) + "\n"


def _as_html(letter: Letter, base_url: str) -> str:
    parts = [f"<p>{escape(part)}</p>" for part in letter.text.split("\n\n")]
    if letter.entries:
        parts.append(
            "<ul>" + "".join(f"<li>{_anchor(entry.subject, base_url, entry.url)}</li>" for entry in letter.entries) + "</ul>"
        )
    parts += [f"<p>{_anchor(words, '', address)}</p>" for words, address in _links(letter, base_url)]
    parts += [f"<p><small>{escape(line)}</small></p>" for line in _closing(letter)]
    return f'<html lang="{letter.locale}"><body>{"".join(parts)}</body></html>'


def _anchor(words: str, base_url: str, path: str) -> str:
    return f'<a href="{escape(base_url + path)}">{escape(words)}</a>' if path else escape(words)


def _address(letter: Letter) -> str:
    if not _ADDRESS.match(letter.address):
        raise DeliveryFailed("no mail address in the account", is_final=True)
    return f'"{quote(letter.name)}" <{letter.address}>'
