"""Headers of mails that keep Thai text whole.

The standard library folds a long header by cutting it at spaces into several encoded words; the white space between two encoded
words is no part of the text (RFC 2047, section 6.2), so a space is lost wherever it cuts. Here a text is cut between characters,
and every space stays inside an encoded word.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

#: An encoded word is at most 75 characters long (RFC 2047, section 2), of which 12 are its frame: 45 octets before base64.
LONGEST_PART = 45
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
#: The bits that say of an octet in UTF-8 that a character goes on with it.
_MASK, _GOES_ON = 0b1100_0000, 0b1000_0000


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space as one space, so that no value begins another header."""
    return " ".join(text.split())


def subject(text: str) -> str:
    """Return ``text`` as the value of a Subject: as it is when it is short and plain ASCII, else as encoded words."""
    line = one_line(text)
    is_plain = line.isascii() and line.isprintable() and len(line) < LONGEST_PART and "=?" not in line
    return line if is_plain else encoded_words(line)


def addressee(name: str, address: str) -> str:
    """Return the value of a To or From: the name, encoded where it must be, and the address, which must be ASCII."""
    shown = one_line(name)
    if not shown:
        return address
    is_plain = len(shown) < LONGEST_PART and _ATOMS.match(shown)
    return f"{shown} <{address}>" if is_plain else f"{encoded_words(shown)}\r\n <{address}>"


def encoded_words(text: str) -> str:
    """Return ``text`` as encoded words (UTF-8, base64), each on a line of its own; no character is cut in two."""
    octets = text.encode("utf-8", "replace")
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode('ascii')}?=" for part in _parts(octets))


def _parts(octets: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(octets):
        end = start + LONGEST_PART
        while end < len(octets) and octets[end] & _MASK == _GOES_ON:
            end -= 1
        yield octets[start:end]
        start = end
