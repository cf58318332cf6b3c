"""What changed between two texts, by Thai words: a difference by characters or by spaces is unreadable in Thai."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: Beyond this product of words the middle is shown as replaced whole: the comparison would cost more than it explains.
MOST_PAIRS = 4_000_000
#: A long text is one of more than this many characters (an id has 36): its change is shown word by word, side by side.
LONG_TEXT = 40
_LATIN_WORD = re.compile(r"\s+|[0-9A-Za-z_]+|[^\s]")


class Change(StrEnum):
    """What became of a piece of text."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Piece:
    """A run of words with one fate."""

    change: Change
    text: str


def is_long(old: object, new: object) -> bool:
    """Say whether a change is one of long text, worth showing word by word."""
    if not isinstance(old, str) or not isinstance(new, str) or not old or not new:
        return False
    return max(len(old), len(new)) > LONG_TEXT


def split_words(text: str) -> list[str]:
    """Return the words of ``text`` (longest match over the Thai word list), spaces among them; joined they give ``text`` again."""
    if not text:
        return []
    if not any("\u0e00" <= character <= "\u0e7f" for character in text):
        return _LATIN_WORD.findall(text)
    # Imported where it is used: the word list takes half a second to load, and most pages show no differences.
    from pythainlp.tokenize import word_tokenize

    words: list[str] = word_tokenize(text, engine="newmm-safe", keep_whitespace=True, join_broken_num=False)
    return words if "".join(words) == text else _LATIN_WORD.findall(text)


def compare_words(old: str, new: str) -> list[Piece]:
    """Return ``new`` against ``old`` piece by piece: kept and added pieces make ``new``, kept and removed ones make ``old``."""
    before, after = split_words(old), split_words(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    middle_old, middle_new = before[head : len(before) - tail], after[head : len(after) - tail]
    pieces = [Piece(Change.KEPT, "".join(before[:head]))]
    pieces += _middle(middle_old, middle_new)
    pieces.append(Piece(Change.KEPT, "".join(before[len(before) - tail :])))
    return [piece for piece in pieces if piece.text]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    length = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        length += 1
    return length


def _middle(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    if len(old) * len(new) > MOST_PAIRS:
        return [Piece(Change.REMOVED, "".join(old)), Piece(Change.ADDED, "".join(new))]
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Change.KEPT, "".join(old[i1:i2])))
            continue
        pieces.append(Piece(Change.REMOVED, "".join(old[i1:i2])))
        pieces.append(Piece(Change.ADDED, "".join(new[j1:j2])))
    return pieces
