"""Tables as files for spreadsheets: the one way in which rows leave the product as CSV or XLSX.

Nothing that a person typed can become a formula: CSV cells are defused, and XLSX cells are written as text.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from unicodedata import category

import xlsxwriter

from collab.kernel import i18n

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | Decimal | date | None

# Signs with which a spreadsheet would take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: The typeface of Thai offices. Where it is missing, Excel and LibreOffice put one of the same kind and script in its place.
FONT = {"font_name": "TH Sarabun New", "font_size": 14, "font_family": 2, "font_charset": 222}
_NARROWEST, _WIDEST, _HEAD_WIDEST, _NARROW = 7, 46, 20, 9
#: Days as people read them: Excel and LibreOffice know the Buddhist calendar of Thai; what they hold stays a day.
_DAYS = {"th": "[$-107041E]d mmm yyyy", "en": "d mmm yyyy"}


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as CSV in UTF-8 with a byte-order mark, which spreadsheets need to read Thai; days as YYYY-MM-DD."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_defused(cell) for cell in head])
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: its name, its headings, its rows, and the columns that nobody reads and machines need."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    narrow: Collection[int] = ()


def as_xlsx(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], *, narrow: Collection[int] = ()) -> bytes:
    """Return the rows as a workbook with one sheet ``name`` and its first row fixed; whole numbers, sums and days stay what they are."""
    return as_workbook([Sheet(name, head, rows, narrow)])


def as_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook with the ``sheets`` in order, each as `as_xlsx` writes one; their names must differ."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": FONT}) as book:
        formats = {
            "bold": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
            "plain": book.add_format({"text_wrap": True, "valign": "top"}),
            "baht": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
            "day": book.add_format({"num_format": _DAYS[i18n.get_locale()], "valign": "top", "align": "left"}),
        }
        for sheet in sheets:
            _fill(book.add_worksheet(_sheet_name(sheet.name)), sheet, formats)
    return buffer.getvalue()


def _fill(page: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    widths = [min(_shown(text), _HEAD_WIDEST) for text in sheet.head]
    for column, text in enumerate(sheet.head):
        page.write_string(0, column, text, formats["bold"])
    for number, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            if column < len(widths):
                widths[column] = max(widths[column], _shown(cell))
            if isinstance(cell, Decimal):
                page.write_number(number, column, float(cell), formats["baht"])
            elif isinstance(cell, int):
                page.write_number(number, column, cell, formats["plain"])
            elif isinstance(cell, date):
                page.write_datetime(number, column, cell, formats["day"])
            else:
                page.write_string(number, column, cell or "", formats["plain"])
    page.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        page.set_column(column, column, _NARROW if column in sheet.narrow else min(max(width + 2, _NARROWEST), _WIDEST))
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _shown(cell: Cell) -> int:
    """Return how many characters wide a cell is: its longest line, without the marks above and below Thai letters."""
    if isinstance(cell, Decimal):
        return len(f"{cell:,.2f}")
    if isinstance(cell, date):
        return len("30 ก.ย. 2570")
    lines = str(cell if cell is not None else "").split("\n")
    return max(sum(category(sign) != "Mn" for sign in line) for line in lines)


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _sheet_name(name: str) -> str:
    # Excel refuses these signs, more than 31 characters, and an apostrophe at either end.
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in name)[:31].strip("' ") or "1"
