"""Dates: พ.ศ. in and out, and what cannot be a date is refused with the reason."""

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.kernel.clock import at_bangkok, today
from collab.kernel.dates import (
    DateFault,
    InvalidDate,
    fiscal_year,
    fiscal_year_bounds,
    format_date,
    format_datetime,
    official_date,
    parse_date_parts,
)

DAYS = st.dates(date(1960, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("parts", "day"),
    [
        (("21", "11", "2569"), date(2026, 11, 21)),
        (("๒๑", "๑๑", "๒๕๖๙"), date(2026, 11, 21)),
        (("21", "พฤศจิกายน", "2569"), date(2026, 11, 21)),
        (("21", "พ.ย.", "2569"), date(2026, 11, 21)),
        (("21", "Nov", "2026"), date(2026, 11, 21)),
        (("29", "2", "2567"), date(2024, 2, 29)),
        (("", " ", ""), None),
    ],
)
def test_typed_dates_are_read(parts: tuple[str, str, str], day: date | None) -> None:
    assert parse_date_parts(*parts) == day


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (("31", "2", "2570"), DateFault.NO_SUCH_DAY),
        (("29", "2", "2568"), DateFault.NO_SUCH_DAY),
        (("21", "11", "69"), DateFault.TWO_DIGIT_YEAR),
        (("21", "11", ""), DateFault.MISSING_PART),
        (("21", "พฤศ", "2569"), DateFault.NOT_A_NUMBER),
        (("😀", "11", "2569"), DateFault.NOT_A_NUMBER),
        (("21", "11", "9999"), DateFault.YEAR_OUT_OF_RANGE),
        (("21", "13", "2569"), DateFault.NO_SUCH_DAY),
        (("²", "1", "2569"), DateFault.NOT_A_NUMBER),
    ],
)
def test_what_is_no_date_is_refused_with_its_reason(parts: tuple[str, str, str], fault: DateFault) -> None:
    with pytest.raises(InvalidDate) as refused:
        parse_date_parts(*parts)
    assert refused.value.fault is fault


@given(DAYS)
def test_what_is_written_is_read_back(day: date) -> None:
    written = format_date(day).split(" ")
    assert parse_date_parts(written[0], written[1], written[2]) == day
    assert parse_date_parts(*official_date(day).split(" ")) == day


@given(DAYS)
def test_a_fiscal_year_holds_its_days(day: date) -> None:
    first, last = fiscal_year_bounds(fiscal_year(day))
    assert first <= day <= last


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_rubbish_never_breaks_the_reader(day: str, month: str, year: str) -> None:
    with suppress(InvalidDate):
        parse_date_parts(day, month, year)


def test_the_day_is_the_one_in_bangkok() -> None:
    late_evening = datetime(2026, 12, 31, 18, 0, tzinfo=UTC)
    assert today(late_evening) == date(2027, 1, 1)
    assert format_datetime(late_evening) == "1 มกราคม 2570 เวลา 01.00 น."
    assert format_datetime(late_evening, "en") == "1 January 2570 BE, 01:00"
    assert at_bangkok(date(2027, 1, 1), 1) == late_evening


def test_the_fiscal_year_begins_in_october() -> None:
    assert fiscal_year(date(2026, 9, 30)) == 2569
    assert fiscal_year(date(2026, 10, 1)) == 2570
