"""Sums are exact; Thai is stored in one form and sorted as a dictionary sorts it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.kernel.money import InvalidBaht, format_baht, parse_baht, split_by_weights
from collab.kernel.text import bigrams, fold, normalise, sort_key

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1,632,820.50", "1632820.50"), ("๑,๐๐๐", "1000.00"), ("350 บาท", "350.00"), (" 0 ", "0.00")],
)
def test_sums_are_read(text: str, amount: str) -> None:
    assert parse_baht(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["-1", "1.005", "abc", "NaN", "Infinity", "1e30", "๑๑๑๑๑๑๑๑๑๑๑๑๑๑๑๑", "1.2.3"])
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(InvalidBaht):
        parse_baht(text)


@given(AMOUNTS)
def test_a_written_sum_is_read_back(amount: Decimal) -> None:
    assert parse_baht(format_baht(amount)) == amount


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_shares_sum_to_the_satang(total: Decimal, weights: list[int]) -> None:
    shares = split_by_weights(total, [Decimal(weight) for weight in weights])
    assert sum(shares) == total
    assert all(share >= 0 for share in shares)
    whole = sum(weights)
    assert all(abs(share - total * weight / whole) < Decimal("0.01") for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize("typed", ["น\u0e4d\u0e49\u0e32", "น้ำ"])
def test_water_is_spelt_one_way(typed: str) -> None:
    assert normalise(typed) == "น้ำ"


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_nul_and_zero_width_are_dropped() -> None:
    assert normalise("ก\x00ข\u200bค\ufeff") == "กขค"


def test_thai_order() -> None:
    words = ["กา", "ก้าง", "เก่า", "เกาะ", "แก", "ไก่", "ขยะ"]
    assert sorted(sorted(words), key=sort_key) == words


def test_folding_unites_digits_and_case() -> None:
    assert fold("ปี ๒๕๗๐  PLAN") == "ปี 2570 plan"
    assert bigrams("ขยะ ก") == ["ก", "ขย", "ยะ"]
