"""Tables as files for spreadsheets: the one way in which rows leave the product as CSV or XLSX.

Nothing that a person typed can become a formula: CSV cells are defused, and XLSX cells are written as text.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import xlsxwriter

from collab.kernel import i18n

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | Decimal | date | None

# Signs with which a spreadsheet would take a text for a formula; of full width too, which some read as the same.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
#: The typeface of Thai offices. Where it is missing, Excel and LibreOffice put one of the same kind and script in its place.
FONT = {"font_name": "TH Sarabun New", "font_size": 14, "font_family": 2, "font_charset": 222}
_NARROWEST, _WIDEST, _HEAD_WIDEST, _NARROW = 7, 46, 20, 9
#: Rows by which columns are measured, so that a long table is never held as a whole.
_SAMPLE = 1000
_MOST_LINES = 10
_MARKS = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
#: Points of a line: Thai letters carry two storeys of marks, and a program that does not reckon heights anew would cut them.
#: A multiple of what a row can be high: three quarters of a point.
LINE_HEIGHT = 22.5
#: A table wider than this (in characters) is printed on A3.
_A4_WIDTH, _A4, _A3 = 160, 9, 8
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
            "key": book.add_format({"font_color": "#86827A", "valign": "top"}),
            "baht": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
            "day": book.add_format({"num_format": _DAYS[i18n.get_locale()], "valign": "top", "align": "left"}),
        }
        for sheet in sheets:
            _fill(book.add_worksheet(_sheet_name(sheet.name)), sheet, formats)
    return buffer.getvalue()


def _fill(page: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    rows = iter(sheet.rows)
    sample = list(islice(rows, _SAMPLE))
    widths = _widths(sheet, sample)
    for column, text in enumerate(sheet.head):
        page.set_column(column, column, widths[column])
        page.write_string(0, column, text, formats["bold"])
    page.set_default_row(LINE_HEIGHT)
    page.set_row(0, row_height(sheet.head, widths))
    for number, row in enumerate(chain(sample, rows), start=1):
        if (height := row_height(row, widths, narrow=sheet.narrow)) > LINE_HEIGHT:
            page.set_row(number, height)
        for column, cell in enumerate(row):
            _write(page, number, column, cell, formats, "key" if column in sheet.narrow else "plain")
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(_A4 if sum(widths) <= _A4_WIDTH else _A3)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _write(page: Any, number: int, column: int, cell: Cell, formats: Mapping[str, Any], plain: str) -> None:
    if isinstance(cell, Decimal):
        page.write_number(number, column, float(cell), formats["baht"])
    elif isinstance(cell, int):
        page.write_number(number, column, cell, formats["plain"])
    elif isinstance(cell, date):
        page.write_datetime(number, column, cell, formats["day"])
    else:
        page.write_string(number, column, cell or "", formats[plain])


def _widths(sheet: Sheet, rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return how wide each column is to be, in characters: what stands in it fits, long texts wrap."""
    widths = [min(max(_lines(text)), _HEAD_WIDEST) for text in sheet.head]
    for row in rows:
        for column, cell in enumerate(row[: len(widths)]):
            widths[column] = max(widths[column], *_lines(cell))
    return [
        _NARROW if column in sheet.narrow else max(min(width + 2, _WIDEST), _NARROWEST) for column, width in enumerate(widths)
    ]


def row_height(cells: Sequence[Cell], widths: Sequence[float], *, narrow: Collection[int] = ()) -> float:
    """Return the points that a row needs with these cells in columns of these widths, at most ten lines."""
    most = 1
    for column, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        if column not in narrow:
            most = max(most, sum(max(-(-length // max(int(width) - 1, 1)), 1) for length in _lines(cell)))
    return LINE_HEIGHT * min(most, _MOST_LINES)


def _lines(cell: Cell) -> list[int]:
    """Return how many characters wide each line of a cell is, without the marks above and below Thai letters."""
    if isinstance(cell, Decimal):
        return [len(f"{cell:,.2f}")]
    if isinstance(cell, date):
        return [len("30 ก.ย. 2570")]
    return [len(line) - len(_MARKS.findall(line)) for line in str(cell if cell is not None else "").split("\n")]


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _sheet_name(name: str) -> str:
    # Excel refuses these signs, more than 31 characters, and an apostrophe at either end.
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in name)[:31].strip("' ") or "1"
