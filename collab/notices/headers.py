"""Mails that keep Thai text whole, and are written fast.

The library folds a long header by cutting it at spaces into several encoded words; the white space between two encoded words is
no part of the text (RFC 2047, section 6.2), so a space is lost wherever it cuts. Here a text is cut between characters, and every
space stays inside an encoded word. Headers are not parsed when they are set, which takes the library most of its time.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.policy import EmailPolicy, Policy
from email.utils import parseaddr
from typing import Any

#: An encoded word is at most 75 characters long (RFC 2047, section 2), of which 12 are its frame: 45 octets before base64.
LONGEST_PART = 45
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_UNSAFE = re.compile(r"[^A-Za-z0-9]")


def encoded_words(text: str) -> str:
    """Return ``text`` as encoded words (UTF-8, base64), each on a line of its own; no character is cut in two."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode('ascii')}?=" for part in _parts(text))


def _parts(text: str) -> Iterator[bytes]:
    part = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(part) + len(octets) > LONGEST_PART:
            yield part
            part = b""
        part += octets
    if part:
        yield part


class _Header(str):
    """The value of a header, which folds itself; the library asks for ``name`` to see that it can."""

    __slots__ = ("name",)
    name: str

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines."""
        return f"{self.name}: {self.folded()}\r\n".replace("\r\n", policy.linesep)

    def folded(self) -> str:
        """Return the value as it goes over the wire, with CRLF between its lines."""
        kind = self.name.lower()
        if kind in ("to", "from"):
            return _addressee(*parseaddr(self))
        if kind == "subject":
            is_plain = self.isascii() and self.isprintable() and len(self) < LONGEST_PART and "=?" not in self
            return self if is_plain else encoded_words(self)
        return self


def _addressee(name: str, address: str) -> str:
    if not name:
        return address
    shown = name if len(name) < LONGEST_PART and _ATOMS.match(name) else encoded_words(name)
    return f"{shown}\r\n <{address}>" if "\r\n" in shown else f"{shown} <{address}>"


class _Policy(EmailPolicy):
    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Keep the value as text; one that would begin another header is refused."""
        text = _Header(value)
        if "\n" in text or "\r" in text:
            raise ValueError("a header holds no line breaks")
        text.name = name
        return name, text

    def header_max_count(self, name: str) -> int | None:
        """Let every header stand once: a second one replaces nothing and is refused."""
        return 1

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Return the value as it was set."""
        return value


#: What `EmailMessage` is given so that its headers fold as said above.
MAIL_POLICY = _Policy()


def wire_bytes(mail: EmailMessage) -> bytes:
    """Return a mail made with `MAIL_POLICY` as it goes over the wire: CRLF, ASCII, the same octets at every attempt."""
    return b"\r\n".join(_wire_lines(mail, 0)) + b"\r\n"


def _wire_lines(part: "Message[Any, Any]", depth: int) -> Iterator[bytes]:
    boundary = f"=_{_UNSAFE.sub('', part['Message-ID'] or '')}{depth}" if part.is_multipart() else ""
    for name, value in part.raw_items():
        folded = value.folded() if isinstance(value, _Header) else str(value)
        if boundary and name.lower() == "content-type":
            folded = f'{folded}; boundary="{boundary}"'
        yield f"{name}: {folded}".encode("ascii")
    yield b""
    if not boundary:
        yield str(part.get_payload()).replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii").removesuffix(b"\r\n")
        return
    children: Any = part.get_payload()
    for child in children:
        yield f"--{boundary}".encode("ascii")
        yield from _wire_lines(child, depth + 1)
    yield f"--{boundary}--".encode("ascii")
