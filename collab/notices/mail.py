"""Turns a message into a mail and hands it over: to an SMTP server, or to the local sink."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from html import escape
from typing import Protocol

from sqlalchemy.orm import Session

from collab.kernel.i18n import _, speaking
from collab.notices.models import SunkMail

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Letter:
    """A message with all that its mail needs; ``may_mute`` adds the header by which mail programs offer to switch it off."""

    mail_id: str
    address: str
    name: str
    locale: str
    subject: str
    text: str
    url: str
    written_at: datetime
    may_mute: bool


class Post(Protocol):
    """Somewhere a mail can be handed over. Raises DeliveryFailed when it was not taken."""

    def hand_over(self, mail: EmailMessage) -> str:
        """Hand ``mail`` over and return the other side's answer."""


class DeliveryFailed(Exception):
    """The mail was not taken: ``is_final`` when trying again cannot help (no such mailbox), ``is_server_away`` when no server answered."""

    def __init__(self, reason: str, *, is_final: bool = False, is_server_away: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.is_server_away = is_server_away


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
        try:
            connection = self._connection or self._open()
            refused = connection.send_message(mail)
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
            raise DeliveryFailed(
                f"{type(error).__name__}: {error}", is_server_away=not isinstance(error, smtplib.SMTPServerDisconnected)
            ) from error
        return "250" if not refused else str(refused)

    def _open(self) -> smtplib.SMTP:
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
        self._connection = opened
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

    def __init__(self, session: Session, clock: Callable[[], datetime]) -> None:
        self.session = session
        self.clock = clock

    def hand_over(self, mail: EmailMessage) -> str:
        """Keep ``mail``."""
        body = mail.get_body(("plain",))
        self.session.add(
            SunkMail(
                mail_id=mail["Message-ID"], recipient=str(mail["To"]), subject=str(mail["Subject"]), source=bytes(mail),
                text=body.get_content() if body else "", sunk_at=self.clock(),
            )
        )  # fmt: skip
        self.session.flush()
        return "kept by the sink"


def write_mail(letter: Letter, sender: str, base_url: str) -> EmailMessage:
    """Return the mail of ``letter``: text and HTML in the reader's language, the same Message-ID at every attempt."""
    with speaking(letter.locale):
        link = base_url + letter.url if letter.url else ""
        footer = _("You receive this because of your duty in Collab.")
        mute = f"{base_url}/notices/preferences"
        lines = [letter.text, *([_("Open: %(link)s", link=link)] if link else []), footer]
        open_word = _("Open in Collab")
    mail = EmailMessage()
    mail["Message-ID"] = letter.mail_id
    mail["From"] = formataddr(("Collab", sender))
    mail["To"] = formataddr((letter.name, letter.address))
    mail["Subject"] = " ".join(letter.subject.split())
    mail["Date"] = format_datetime(letter.written_at)
    mail["Auto-Submitted"] = "auto-generated"
    if letter.may_mute:
        mail["List-Unsubscribe"] = f"<{mute}>"
    mail.set_content("\n\n".join(lines) + "\n")
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in letter.text.split("\n\n"))
    button = f'<p><a href="{escape(link)}">{escape(open_word)}</a></p>' if link else ""
    mail.add_alternative(
        f'<html lang="{letter.locale}"><body>{paragraphs}{button}<p><small>{escape(footer)}</small></p></body></html>', "html"
    )
    return mail
