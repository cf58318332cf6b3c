"""The plain sheet of items: one row an item, one column a fact, and the item's key, by which it is known again when it comes back."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from collab.action_plans.rows import Line
from collab.action_plans.wording import ITEM_KINDS, ITEM_STATES
from collab.documents.sheets import Cell, as_xlsx
from collab.kernel import i18n
from collab.kernel.dates import BUDDHIST_OFFSET
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import LazyText, _, lazy
from collab.kernel.text import fold, normalise

#: Most items in one file, and most rows, empty ones among them, that are looked at.
MOST_ROWS, MOST_LOOKED_AT = 5000, 20_000
MOST_COLUMNS = 60
#: A workbook larger than this when it is unpacked, or with more parts, is refused before it is opened.
MOST_UNPACKED, MOST_PARTS = 80 * 1024 * 1024, 300
#: The columns that are read back, by name, with their headings; a heading is known in either language.
COLUMNS: dict[str, LazyText] = {
    "key": lazy("Key (do not change)"), "group": lazy("Group of work"), "kind": lazy("Kind"), "title": lazy("What will be done"),
    "description": lazy("Description"), "location": lazy("Place"), "lead": lazy("Leading organisation"),
    "supporters": lazy("Supporting organisations"), "owner": lazy("Owner (e-mail)"), "starts_on": lazy("Starts on"),
    "due_on": lazy("Due on"), "weight": lazy("Weight"), "budget": lazy("Planned budget (baht)"), "authority": lazy("Authority (number)"),
}  # fmt: skip
#: Columns that only inform.
INFORMING: dict[str, LazyText] = {"state": lazy("State"), "percent": lazy("Per cent"), "late": lazy("Days late")}
SEPARATOR = "; "
_TWO_BYTE_MARKS = (b"\xff\xfe", b"\xfe\xff")
#: What zipfile, the XML parser and openpyxl raise for files that somebody broke, by accident or not.
_UNREADABLE = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, SyntaxError,
    EOFError, OSError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class SheetRow:
    """What a row of a sheet says of an item beyond its line: text that views do not show."""

    line: Line
    description: str
    owner_email: str
    authority: str


def write_items(rows: Iterable[SheetRow], title: str) -> bytes:
    """Return the items as a workbook that can be changed and read back."""
    head = [str(text) for text in (*COLUMNS.values(), *INFORMING.values())]
    return as_xlsx(title, head, (_cells(row) for row in rows), narrow=(0,))


def _cells(row: SheetRow) -> list[Cell]:
    line = row.line
    return [
        str(line.id), line.group, str(ITEM_KINDS[line.kind]), line.title, row.description, line.location, line.lead,
        SEPARATOR.join(line.supporters), row.owner_email, thai_day(line.starts_on), thai_day(line.due_on), line.weight, line.budget,
        row.authority, str(ITEM_STATES[line.state]), line.percent, line.late_days,
    ]  # fmt: skip


def thai_day(day: date) -> str:
    """Return the day as clerks type it: ``31/1/2570``. Text, because spreadsheets show the Buddhist year only to some."""
    return f"{day.day}/{day.month}/{day.year + BUDDHIST_OFFSET}"


def read_items(file: IO[bytes]) -> list[dict[str, str]]:
    """Return the rows of a plain sheet: for each the text of the columns that the sheet has, and ``row``, its number.

    Raises InvalidInput for what is no such sheet.
    """
    rows = read_cells(file)
    headings = {fold(heading): name for name, text in COLUMNS.items() for heading in both_languages(text)}
    for number, cells in rows:
        found = {place: headings[fold(text)] for place, text in enumerate(cells) if fold(text) in headings}
        if "title" in found.values():
            break
        if number > 20:
            raise InvalidInput({"file": _("This is no sheet of items: no column is headed “%(title)s”.", title=COLUMNS["title"])})
    else:
        raise InvalidInput({"file": _("This is no sheet of items: no column is headed “%(title)s”.", title=COLUMNS["title"])})
    read = [
        {"row": str(number), **{name: cells[place] for place, name in found.items() if place < len(cells)}}
        for number, cells in rows
    ]
    return checked(row for row in read if any(text for name, text in row.items() if name != "row"))


def checked(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows as a list; raise InvalidInput when there are none or too many."""
    listed = list(rows)
    if not listed:
        raise InvalidInput({"file": _("The sheet has no rows.")})
    if len(listed) > MOST_ROWS:
        raise InvalidInput({"file": _("The sheet has more than %(most)s rows. Divide it.", most=f"{MOST_ROWS:,}")})
    return listed


def read_cells(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield number and texts of each row of the first sheet of a workbook; raise InvalidInput when it is no harmless workbook."""
    data = file.read()
    _refuse_harm(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        rows = list(_texts(book.worksheets[0]))
    except _UNREADABLE as error:
        raise _no_workbook() from error
    return iter(rows)


def _no_workbook() -> InvalidInput:
    return InvalidInput({"file": _("This is no XLSX workbook that can be read. Save it as “Excel workbook (.xlsx)”.")})


def _refuse_harm(data: bytes) -> None:
    """Raise InvalidInput for what is no zip, unpacks to too much, or declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise InvalidInput({"file": _("The file unpacks to far more than a sheet of items needs, so it was not opened.")})
            for part in parts:
                # Anywhere: a comment of any length may stand before it. In two bytes a letter it would not be found, and no
                # spreadsheet writes that.
                text = packed.read(part) if part.filename.lower().endswith((".xml", ".rels", ".vml")) else b""
                if re.search(rb"<!(DOCTYPE|ENTITY)", text) or b"\x00" in text[:4] or text[:2] in _TWO_BYTE_MARKS:
                    raise _no_workbook()
    except _UNREADABLE as error:
        raise _no_workbook() from error


def _texts(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_LOOKED_AT, values_only=True), start=1):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            yield number, texts


def _text(cell: object) -> str:
    """Return what a cell says as text: days as ``31/1/2570``, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        # A spreadsheet with a Thai calendar may hold 2570 as if it were a Gregorian year.
        year = cell.year if cell.year >= 2400 else cell.year + BUDDHIST_OFFSET
        return f"{cell.day}/{cell.month}/{year}"
    if isinstance(cell, float | Decimal) and cell == int(cell):
        return str(int(cell))
    return normalise(str(cell))


def both_languages(text: LazyText) -> Sequence[str]:
    """Return what ``text`` says in each language."""
    found = []
    for locale in i18n.LOCALES:
        with i18n.speaking(locale):
            found.append(str(text))
    return found
