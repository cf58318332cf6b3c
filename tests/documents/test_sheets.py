"""Tables for spreadsheets: nothing typed becomes a formula, and numbers, sums and days stay what they are."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from collab.documents import sheets

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
