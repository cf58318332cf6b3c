"""The form ผด.02 of the action plans of local government: projects by group, and the months October to September in which they run.

Headings as in the form (regulation of the Ministry of Interior on development plans of local administrative organisations, ข้อ 26;
the exact wording of some offices differs). The form has no dates: a project runs in the months that are marked.
"""

import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import IO, Any

import xlsxwriter

from collab.action_plans.exchange_sheet import SheetRow, checked, read_cells, thai_day
from collab.action_plans.rows import by_group
from collab.documents.sheets import FONT, LINE_HEIGHT, row_height
from collab.kernel.dates import MONTHS_TH_SHORT, fiscal_year_bounds
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _

HEAD = (
    "ที่", "โครงการ", "รายละเอียดของกิจกรรมที่เกิดขึ้นจากโครงการ", "งบประมาณ (บาท)", "สถานที่ดำเนินการ", "หน่วยงานรับผิดชอบหลัก",
)  # fmt: skip
WIDTHS = (5, 34, 40, 16, 18, 22)
KEY_HEAD = "รหัสรายการ (ห้ามแก้ไข)"
FIRST_MONTH, LAST_MONTH = len(HEAD), len(HEAD) + 11
KEY_COLUMN = LAST_MONTH + 1
#: Stands in a shaded month, so that the form can be read without seeing colours, and read back.
MARK = "■"
_NAMES = {1: "title", 2: "description", 3: "budget", 4: "location", 5: "lead", KEY_COLUMN: "key"}


def months_of(year: int) -> list[date]:
    """Return the first days of the twelve months of the Buddhist fiscal year ``year``."""
    first, _last = fiscal_year_bounds(year)
    return [date(first.year + (first.month - 1 + step) // 12, (first.month - 1 + step) % 12 + 1, 1) for step in range(12)]


def write_form(rows: Iterable[SheetRow], *, title: str, owner: str, year: int) -> bytes:
    """Return the form of the Buddhist fiscal year ``year`` as a workbook; ``owner`` is whose plan it is."""
    listed = {row.line.id: row for row in rows}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("แบบ ผด.02")  # with a space, so that LibreOffice too finds what is to be printed
        looks = _looks(book)
        _write_head(sheet, looks, title, owner, year)
        row_number, number = 6, 0
        # Rows without a group stand before the first heading, so that reading the form back does not put them under one.
        for group, lines in sorted(by_group(row.line for row in listed.values()), key=lambda pair: pair[0] != ""):
            if group:
                sheet.merge_range(row_number, 0, row_number, LAST_MONTH, "", looks["group"])
                sheet.write_string(row_number, 0, group, looks["group"])
                row_number += 1
            for line in lines:
                number += 1
                _write_row(sheet, looks, row_number, number, listed[line.id], months_of(year))
                row_number += 1
        _set_page(sheet, row_number - 1)
    return buffer.getvalue()


def _looks(book: Any) -> dict[str, Any]:
    base = {**FONT, "valign": "top"}
    boxed = {**base, "border": 1, "text_wrap": True}
    return {
        "title": book.add_format({**base, "bold": True, "font_size": 16, "align": "center"}),
        "head": book.add_format({**boxed, "bold": True, "align": "center", "valign": "vcenter"}),
        "group": book.add_format({**boxed, "bold": True, "bg_color": "#F5F3EE"}),
        "cell": book.add_format(boxed),
        "number": book.add_format({**boxed, "align": "center"}),
        "baht": book.add_format({**boxed, "num_format": "#,##0.00"}),
        "month": book.add_format({**boxed, "align": "center", "bg_color": "#85ACAE", "font_color": "#0B5A5E"}),
        "key": book.add_format({**base, "font_size": 8, "font_color": "#86827A"}),
    }


def _write_head(sheet: Any, looks: dict[str, Any], title: str, owner: str, year: int) -> None:
    lines = ("บัญชีจำนวนโครงการพัฒนาท้องถิ่น กิจกรรมและงบประมาณ", f"แผนการดำเนินงาน ประจำปีงบประมาณ พ.ศ. {year}", f"{title} {owner}")
    for number, text in enumerate(lines):
        sheet.merge_range(number, 0, number, LAST_MONTH, "", looks["title"])
        sheet.write_string(number, 0, text, looks["title"])
    sheet.write_string(0, KEY_COLUMN, "แบบ ผด.02", looks["key"])
    for column, text in enumerate(HEAD):
        sheet.merge_range(4, column, 5, column, "", looks["head"])
        sheet.write_string(4, column, text, looks["head"])
    for first, last, text in ((FIRST_MONTH, FIRST_MONTH + 2, f"พ.ศ. {year - 1}"), (FIRST_MONTH + 3, LAST_MONTH, f"พ.ศ. {year}")):
        sheet.merge_range(4, first, 4, last, "", looks["head"])
        sheet.write_string(4, first, text, looks["head"])
    for step, day in enumerate(months_of(year)):
        sheet.write_string(5, FIRST_MONTH + step, MONTHS_TH_SHORT[day.month - 1], looks["head"])
    sheet.write_string(5, KEY_COLUMN, KEY_HEAD, looks["key"])


def _write_row(sheet: Any, looks: dict[str, Any], at: int, number: int, row: SheetRow, months: list[date]) -> None:
    line = row.line
    sheet.set_row(at, row_height((number, line.title, row.description, line.budget, line.location, line.lead), WIDTHS))
    sheet.write_number(at, 0, number, looks["number"])
    sheet.write_string(at, 1, line.title, looks["cell"])
    sheet.write_string(at, 2, row.description, looks["cell"])
    sheet.write_number(at, 3, float(line.budget), looks["baht"])
    sheet.write_string(at, 4, line.location, looks["cell"])
    sheet.write_string(at, 5, line.lead, looks["cell"])
    for step, marked in enumerate(marks(line.starts_on, line.due_on, months)):
        sheet.write_string(at, FIRST_MONTH + step, MARK if marked else "", looks["month" if marked else "cell"])
    sheet.write_string(at, KEY_COLUMN, str(line.id), looks["key"])


def marks(starts_on: date, due_on: date, months: list[date]) -> list[bool]:
    """Return for each month whether an item runs in it."""
    return [first <= due_on and _last_day(first) >= starts_on for first in months]


def _last_day(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _set_page(sheet: Any, last: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(4, 5)
    sheet.freeze_panes(6, 2)
    sheet.set_default_row(LINE_HEIGHT)
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(FIRST_MONTH, LAST_MONTH, 4.5)
    sheet.set_column(KEY_COLUMN, KEY_COLUMN, 14)
    # The keys are not printed. Excel prints empty rows of an area too, so it ends where the rows do.
    sheet.print_area(0, 0, max(last, 6), LAST_MONTH)


def read_form(file: IO[bytes], year: int) -> list[dict[str, str]]:
    """Return the rows of a form ผด.02 of the Buddhist fiscal year as `exchange_sheet.read_items` returns those of a plain sheet.

    ``starts_on`` and ``due_on`` are the first day of the first and the last day of the last marked month; ``months`` are the marks,
    by which an item whose months did not change keeps its days. Raises InvalidInput for what is no such form.
    """
    rows = read_cells(file)
    for number, cells in rows:
        if len(cells) > LAST_MONTH and cells[0] == HEAD[0] and cells[1] == HEAD[1]:
            break
        if number > 20:
            raise _no_form()
    else:
        raise _no_form()
    found, group = [], ""
    for number, cells in rows:
        if cells[1] and cells[FIRST_MONTH] != MONTHS_TH_SHORT[9]:
            found.append({"row": str(number), "group": group, **_read_row(cells, year)})
        elif cells[0] and not any(cells[1:KEY_COLUMN]):
            group = cells[0]
    return checked(found)


def _no_form() -> InvalidInput:
    return InvalidInput({"file": _("This is no form ผด.02: the row that begins with “ที่” and “โครงการ” was not found.")})


def _read_row(cells: list[str], year: int) -> dict[str, str]:
    row = {name: cells[place] if place < len(cells) else "" for place, name in _NAMES.items()}
    months = months_of(year)
    marked = [first for first, text in zip(months, cells[FIRST_MONTH : LAST_MONTH + 1], strict=False) if text]
    row["months"] = "".join("1" if first in marked else "0" for first in months)
    row["starts_on"] = thai_day(marked[0]) if marked else ""
    row["due_on"] = thai_day(_last_day(marked[-1])) if marked else ""
    return row
