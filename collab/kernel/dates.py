"""The one formatter and the one reader of dates: Buddhist years (พ.ศ.), Thai and English.

Babel has no Buddhist calendar (it prints ค.ศ. for Thai), so nothing else in the product may format a date.
"""

from datetime import date, datetime
from enum import StrEnum

from collab.kernel.clock import BANGKOK

BUDDHIST_OFFSET = 543
TEXT_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
ASCII_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

MONTHS_TH = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
MONTHS_TH_SHORT = (
    "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
)  # fmt: skip
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS_TH = ("จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์", "อาทิตย์")


class DateFault(StrEnum):
    """Why a typed date was refused; `web` turns it into words."""

    MISSING_PART = "missing_part"
    NOT_A_NUMBER = "not_a_number"
    TWO_DIGIT_YEAR = "two_digit_year"
    NO_SUCH_DAY = "no_such_day"
    YEAR_OUT_OF_RANGE = "year_out_of_range"


class InvalidDate(ValueError):
    """A typed date that is no date; ``fault`` says why."""

    def __init__(self, fault: DateFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def buddhist_year(day: date) -> int:
    """Return the Buddhist year of the calendar day."""
    return day.year + BUDDHIST_OFFSET


def fiscal_year(day: date) -> int:
    """Return the Buddhist fiscal year of ``day``: 1 October to 30 September, numbered by the year in which it ends."""
    return buddhist_year(day) + (1 if day.month >= 10 else 0)


def fiscal_year_bounds(year: int) -> tuple[date, date]:
    """Return the first and the last day of the Buddhist fiscal year ``year``."""
    gregorian = year - BUDDHIST_OFFSET
    return date(gregorian - 1, 10, 1), date(gregorian, 9, 30)


def to_thai_digits(text: str) -> str:
    """Return ``text`` with 0-9 written ๐-๙."""
    return text.translate(TEXT_DIGITS)


def to_ascii_digits(text: str) -> str:
    """Return ``text`` with ๐-๙ written 0-9."""
    return text.translate(ASCII_DIGITS)


def format_date(day: date, locale: str = "th", *, short: bool = False) -> str:
    """Return the day in words: ``21 พฤศจิกายน 2569``, ``21 พ.ย. 2569``, ``21 November 2569 BE``."""
    year = buddhist_year(day)
    if locale == "en":
        month = MONTHS_EN[day.month - 1]
        return f"{day.day} {month[:3] if short else month} {year} BE"
    months = MONTHS_TH_SHORT if short else MONTHS_TH
    return f"{day.day} {months[day.month - 1]} {year}"


def format_month(day: date, locale: str = "th") -> str:
    """Return the month of ``day`` with its Buddhist year: ``พฤศจิกายน 2569``, ``November 2569 BE``."""
    return format_date(day, locale).split(" ", 1)[1]


def format_datetime(moment: datetime, locale: str = "th") -> str:
    """Return the instant as the day and time in Bangkok: ``21 พฤศจิกายน 2569 เวลา 14.05 น.``."""
    local = moment.astimezone(BANGKOK)
    day = format_date(local.date(), locale)
    if locale == "en":
        return f"{day}, {local:%H:%M}"
    return f"{day} เวลา {local:%H.%M} น."


def official_date(day: date) -> str:
    """Return the day as official documents write it, in Thai digits: ``๒๑ พฤศจิกายน ๒๕๖๙``."""
    return to_thai_digits(format_date(day, "th"))


def parse_date_parts(day: str, month: str, year: str) -> date | None:
    """Read a date typed in three boxes; return None when all are empty.

    Thai digits and Thai or English month names are accepted; a year from 1900 to 2199 is taken as Gregorian and one from 2400 to
    2699 as Buddhist; two digits are refused, because 69 may be either. Raises InvalidDate.
    """
    parts = [to_ascii_digits(part).strip() for part in (day, month, year)]
    if not any(parts):
        return None
    if not all(parts):
        raise InvalidDate(DateFault.MISSING_PART)
    month_number = _month_number(parts[1])
    if not (_is_number(parts[0]) and month_number and _is_number(parts[2])):
        raise InvalidDate(DateFault.NOT_A_NUMBER)
    return _build(int(parts[0]), month_number, _gregorian(int(parts[2])))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _gregorian(year: int) -> int:
    if year < 100:
        raise InvalidDate(DateFault.TWO_DIGIT_YEAR)
    if 2400 <= year <= 2699:
        # Subtract before building: 2568 is a leap year by arithmetic but 29/2/2568 does not exist.
        return year - BUDDHIST_OFFSET
    if 1900 <= year <= 2199:
        return year
    raise InvalidDate(DateFault.YEAR_OUT_OF_RANGE)


def _build(day: int, month: int, year: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise InvalidDate(DateFault.NO_SUCH_DAY) from error


def _month_number(text: str) -> int:
    if _is_number(text):
        return int(text)
    lowered = text.lower().rstrip(".")
    for names in (MONTHS_TH, MONTHS_TH_SHORT, MONTHS_EN, tuple(name[:3] for name in MONTHS_EN)):
        for number, name in enumerate(names, start=1):
            if lowered == name.lower().rstrip("."):
                return number
    return 0
