"""Tables as files for spreadsheets: the one way in which rows leave the product as CSV or XLSX.

Nothing that a person typed can become a formula: CSV cells are defused, and XLSX cells are written as text.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | Decimal | date | None

# Signs with which a spreadsheet would take a text for a formula; of full width too, which some read as the same.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_COLUMN_WIDTH = 22


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as CSV in UTF-8 with a byte-order mark, which spreadsheets need to read Thai; days as YYYY-MM-DD."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_defused(cell) for cell in head])
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: its name, its headings, its rows."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def as_xlsx(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as a workbook with one sheet ``name`` and its first row fixed; whole numbers and sums stay numbers."""
    return as_workbook([Sheet(name, head, rows)])


def as_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook with the ``sheets`` in order, each as `as_xlsx` writes one; their names must differ."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        formats = {
            "bold": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
            "plain": book.add_format({"text_wrap": True, "valign": "top"}),
            "baht": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"}),
        }
        for sheet in sheets:
            _fill(book.add_worksheet(_sheet_name(sheet.name)), sheet, formats)
    return buffer.getvalue()


def _fill(page: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    for column, text in enumerate(sheet.head):
        page.write_string(0, column, text, formats["bold"])
    for number, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal):
                page.write_number(number, column, float(cell), formats["baht"])
            elif isinstance(cell, int):
                page.write_number(number, column, cell, formats["plain"])
            elif isinstance(cell, date):
                page.write_datetime(number, column, cell, formats["day"])
            else:
                page.write_string(number, column, cell or "", formats["plain"])
    page.freeze_panes(1, 0)
    page.set_column(0, max(len(sheet.head) - 1, 0), _COLUMN_WIDTH)


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _sheet_name(name: str) -> str:
    # Excel refuses these signs, more than 31 characters, and an apostrophe at either end.
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in name)[:31].strip("' ") or "1"
