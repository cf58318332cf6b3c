"""Tables for spreadsheets: nothing typed becomes a formula, and numbers, sums and days stay what they are."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from collab.documents import sheets
from collab.kernel import i18n

ROWS = [["ขยะ", 3, Decimal("1000.50"), date(2026, 11, 21), None], ["=1+1", -2, Decimal("-0.25"), date(2027, 1, 1), "@x"]]
HEAD = ["ชื่อ", "จำนวน", "บาท", "วันที่", "หมายเหตุ"]


def test_csv_begins_with_the_mark_that_excel_needs_and_defuses_formulas() -> None:
    body = sheets.as_csv(HEAD, ROWS)
    assert body.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert read[1] == ["ขยะ", "3", "1000.50", "2026-11-21", ""]
    assert read[2][0] == "'=1+1"
    assert read[2][4] == "'@x"
    assert read[2][1] == "-2"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_no_cell_begins_like_a_formula(first: str) -> None:
    assert list(csv.reader(io.StringIO(sheets.as_csv(["a"], [[first + "x"]]).decode("utf-8-sig"))))[1][0].startswith("'")


def test_a_workbook_keeps_types_and_writes_typed_text_as_text() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx("แผน [1/2]: ร่าง*?", HEAD, ROWS))).active
    assert [cell.value for cell in sheet[1]] == HEAD
    assert [cell.value for cell in sheet[2]][:3] == ["ขยะ", 3, 1000.5]
    assert sheet["D2"].value.date() == date(2026, 11, 21)
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("name", ["", "'", "ก" * 40, "[]:*?/\\", "'ชื่อ'"])
def test_any_name_makes_a_sheet(name: str) -> None:
    assert len(openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx(name, ["a"], []))).active.title) in range(1, 32)


def _page(rows: list[list[sheets.Cell]], **more: object) -> tuple[object, object]:
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx("a", HEAD, rows, **more)))  # type: ignore[arg-type]
    return book, book.active


def test_columns_are_as_wide_as_what_stands_in_them_and_rows_as_high() -> None:
    marks = "ที่นี่มีน้ำ"
    _book, page = _page([[marks * 3, 3, Decimal("1234567.50"), date(2026, 11, 21), "ยาว" * 60 + "\nบรรทัดที่สอง"]])
    widths = [page.column_dimensions[name].width for name in "ABCDE"]
    assert widths[0] < len(marks) * 3, "marks take no room"
    assert widths[2] >= len("1,234,567.50")
    assert widths[4] < 50
    assert page.row_dimensions[2].height >= 5 * sheets.LINE_HEIGHT
    assert page.page_setup.orientation == "landscape"
    assert page.print_title_rows == "$1:$1"


def test_a_day_is_shown_in_the_calendar_of_its_readers() -> None:
    _book, page = _page(ROWS)
    assert page["D2"].number_format == "[$-107041E]d mmm yyyy"
    assert page["D2"].is_date
    assert page["A2"].font.name == "TH Sarabun New"
    with i18n.speaking("en"):
        assert _page(ROWS)[1]["D2"].number_format == "d mmm yyyy"


def test_a_key_takes_no_room() -> None:
    key = "01a1fe40-5805-773c-81d9-1aa18eda77f5"
    _book, page = _page([[key, 1, Decimal(1), date(2026, 1, 1), ""]], narrow=(0,))
    assert page.column_dimensions["A"].width < 12
    assert page.row_dimensions[2].height in (None, sheets.LINE_HEIGHT)
    assert not page["A2"].alignment.wrap_text
    assert page["A2"].value == key
