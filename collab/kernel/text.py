"""Thai text: one normal form on the way in, one sort key, one folded copy for search."""

import re
import unicodedata
from functools import lru_cache

from pyuca import Collator

from collab.kernel.dates import to_ascii_digits

# นิคหิต + (tone) + สระอา is how some keyboards and PDFs spell สระอำ; NFC does not join them and NFKC would take ำ apart.
_SARA_AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")
_TONE_BEFORE_VOWEL = re.compile("([\u0e48-\u0e4c])([\u0e31\u0e34-\u0e3a])")
_DOUBLE_E = re.compile("\u0e40\u0e40")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")


def normalise(value: str) -> str:
    """Return ``value`` in the one form that is stored: NFC, สระอำ whole, vowel before tone, no control characters, trimmed."""
    text = unicodedata.normalize("NFC", value.encode("utf-8", "replace").decode("utf-8"))
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _DOUBLE_E.sub("\u0e41", text)
    text = _TONE_BEFORE_VOWEL.sub(r"\2\1", text)
    text = _SARA_AM.sub("\\1\u0e33", text)
    return text.strip()


@lru_cache(maxsize=1)
def _collator() -> Collator:
    return Collator()


def sort_key(value: str) -> bytes:
    """Return bytes whose order is the Unicode collation order of Thai (กา ก้าง เก่า เกาะ), to be stored beside the name."""
    return b"".join(weight.to_bytes(2, "big") for weight in _collator().sort_key(value))


def fold(value: str) -> str:
    """Return the copy that searches compare: normalised, lower case, Arabic digits, single spaces."""
    return " ".join(to_ascii_digits(normalise(value)).casefold().split())


def bigrams(value: str) -> list[str]:
    """Return the distinct pairs of neighbouring characters of the folded words (a lone character counts as itself)."""
    found: set[str] = set()
    for word in fold(value).split():
        found.update({word} if len(word) == 1 else {word[i : i + 2] for i in range(len(word) - 1)})
    return sorted(found)
