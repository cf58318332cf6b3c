"""The mailbox that reports come to: an IMAP folder or a Maildir. A mail is marked as read only after it was dealt with."""

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from collab.notices.reports import LONGEST

TIMEOUT_SECONDS = 20
#: A run reads so many mails; the next one goes on.
MOST = 200


@dataclass(frozen=True)
class Returned:
    """A mail of the mailbox, at most its first `reports.LONGEST` bytes; ``settle`` marks it as read."""

    raw: bytes
    settle: Callable[[], None]


class MailboxAway(Exception):
    """The mailbox cannot be read; nothing is lost, the next run tries again."""


@contextmanager
def open_mailbox(url: str) -> Iterator[Iterator[Returned]]:
    """Yield the unread mails of ``imaps://user:password@host/folder``, ``imap://…`` (STARTTLS) or ``maildir:///path``.

    Raises MailboxAway.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        yield _of_maildir(Path(unquote(parts.path)))
        return
    connection: imaplib.IMAP4 | None = None
    try:
        connection = _connect(url)
        yield _of_imap(connection)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxAway(f"{type(error).__name__}: {error}") from error
    finally:
        if connection is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()


def _of_maildir(folder: Path) -> Iterator[Returned]:
    try:
        names = sorted(path.name for path in (folder / "new").iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise MailboxAway(f"{type(error).__name__}: {folder}") from error
    for name in names[:MOST]:
        path = folder / "new" / name
        with path.open("rb") as file:
            raw = file.read(LONGEST)
        yield Returned(raw, _mover(path, folder / "cur" / f"{name}:2,S"))


def _mover(source: Path, to: Path) -> Callable[[], None]:
    def move() -> None:
        to.parent.mkdir(exist_ok=True)
        source.rename(to)

    return move


def _connect(url: str) -> imaplib.IMAP4:
    parts = urlsplit(url)
    host, options = parts.hostname or "", parse_qs(parts.query)
    context = ssl.create_default_context()
    if parts.scheme == "imaps":
        opened: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
    else:
        opened = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT_SECONDS)
        if options.get("tls", ["1"])[-1] != "0":
            opened.starttls(context)
    opened.login(unquote(parts.username or ""), unquote(parts.password or ""))
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    answer, _data = opened.select('"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"')
    if answer != "OK":
        raise MailboxAway(f"there is no folder {folder}")
    return opened


def _of_imap(connection: imaplib.IMAP4) -> Iterator[Returned]:
    _answer, data = connection.uid("SEARCH", "UNSEEN")
    keys = data[0].split() if data and isinstance(data[0], bytes) else []
    for key in keys[:MOST]:
        name = key.decode("ascii", "replace")
        _answer, found = connection.uid("FETCH", name, f"(BODY.PEEK[]<0.{LONGEST}>)")
        raw = next((piece[1] for piece in found if isinstance(piece, tuple)), b"")
        yield Returned(raw, _marker(connection, name))


def _marker(connection: imaplib.IMAP4, key: str) -> Callable[[], None]:
    def mark() -> None:
        connection.uid("STORE", key, "+FLAGS.SILENT", "(\\Seen)")

    return mark
