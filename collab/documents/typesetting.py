"""Papers as PDF: areas say in plain data what stands on a paper, and this module sets it in Sarabun.

The compiler is in the process and reaches neither the network nor the system's fonts, so that a paper looks the same on every
machine. Every text is data and never markup. The files are PDF/A-2a: tagged for screen readers and fit to be kept.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import fontpkg_sarabun
import typst

from collab.kernel.i18n import _

TEMPLATES = Path(__file__).parents[2] / "templates"
STANDARD: Literal["a-2a"] = "a-2a"
#: What Sarabun and the compiler's own fonts have shapes for; an archive file may hold nothing else (ISO 19005-2, 6.2.11.4).
PRINTABLE = ((0x0A, 0x0A), (0x20, 0x7E), (0xA0, 0x17F), (0xE01, 0xE3A), (0xE3F, 0xE5B), (0x2000, 0x2040), (0x20A0, 0x20BF),
             (0x2190, 0x22FF), (0x2500, 0x2606))  # fmt: skip
NO_SHAPE = "□"


@dataclass(frozen=True)
class Heading:
    """The title of a part of the paper; ``level`` 2 to 4."""

    kind: ClassVar[str] = "heading"
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text; a line feed stays one. ``indent`` moves the first line in, as official letters do."""

    kind: ClassVar[str] = "paragraph"
    text: str
    indent: bool = False


@dataclass(frozen=True)
class Facts:
    """Pairs of a name and what it is."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """Rows of text under heads, which stand again on every page.

    ``widths`` are shares of the page, one a column, 0 for as wide as the content; ``numeric`` names the columns set to the right.
    """

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    widths: Sequence[float] = ()
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class Picture:
    """A drawing as SVG text, and what it shows in words."""

    kind: ClassVar[str] = "picture"
    svg: str
    alt: str


@dataclass(frozen=True)
class Signatures:
    """Places to sign: the words before the line, the name in brackets ('' leaves it open), the position under it."""

    kind: ClassVar[str] = "signatures"
    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class NewPage:
    """What follows begins on a new page."""

    kind: ClassVar[str] = "page"


_NOT_PRINTABLE = re.compile("[^" + "".join(f"{chr(first)}-{chr(last)}" for first, last in PRINTABLE) + "]")
Block = Heading | Paragraph | Facts | Table | Picture | Signatures | NewPage


@dataclass(frozen=True)
class Paper:
    """A paper to be set: ``title`` line by line, ``footer`` on every page; ``official`` centres the title as forms do."""

    title: Sequence[str]
    blocks: Sequence[Block]
    language: str = "th"
    landscape: bool = False
    official: bool = False
    footer: str = ""
    publisher: str = ""
    page_words: str = field(default="", kw_only=True)


def render_pdf(paper: Paper, made_at: datetime) -> bytes:
    """Return ``paper`` as PDF/A-2a, dated ``made_at`` (UTC); the same paper and instant give the same bytes."""
    return typst.compile(
        TEMPLATES / "documents" / "paper.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"paper": json.dumps(_plain(paper), ensure_ascii=False)},
        pdf_standards=[STANDARD],
        timestamp=int(made_at.timestamp()),
    )


def _plain(paper: Paper) -> dict[str, Any]:
    plain = {**asdict(paper), "page_words": paper.page_words or _("Page {page} of {pages}")}
    plain["blocks"] = [{**asdict(block), "kind": block.kind} for block in paper.blocks]
    for block in plain["blocks"]:
        if block["kind"] == Table.kind:
            block["widths"] = block["widths"] or [1] * len(block["head"])
    return cast(dict[str, Any], _clean(plain))


def _clean(value: Any) -> Any:
    """Return the plain data with every text printable, however deep it stands."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, dict):
        return {key: inner if key == "svg" else _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value


def _printable(text: str) -> str:
    """Return ``text`` with a box for every character that has no shape: one of those would stop the whole paper."""
    return _NOT_PRINTABLE.sub(NO_SHAPE, text)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(Path(fontpkg_sarabun.ROOT) / "files")]
    )
