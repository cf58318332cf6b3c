"""Shares: the worked examples agree to the satang, and the properties hold for all numbers."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.cost_sharing.rules import HUNDRED, Method, Terms, Unshareable, shares

TONNES = {"บ้านพรุ": D(20), "คอหงส์": D(40), "บ้านไร่": D(6), "พะตง": D(16)}
PEOPLE = {"หาดใหญ่": D(157242), "คอหงส์": D(44130), "ควนลัง": D(36986), "คลองแห": D(25334), "บ้านพรุ": D(19657), "พะตง": D(7516)}
MONTH = {party: value * 30 for party, value in TONNES.items()}


def amounts(*texts: str) -> list[D]:
    return [D(text) for text in texts]


@pytest.mark.parametrize(
    ("method", "measures", "terms", "expected"),
    [
        (Method.PER_UNIT, TONNES, Terms(rate=D(350)), ("7000", "14000", "2100", "5600")),
        (Method.EQUAL, {"A": D(0), "B": D(0), "C": D(0)}, Terms(total=D(1000000)), ("333333.34", "333333.33", "333333.33")),
        (Method.EQUAL, TONNES, Terms(total=D(1000000)), ("250000", "250000", "250000", "250000")),
        (Method.BY_MEASURE, TONNES, Terms(total=D(1000000)), ("243902.44", "487804.88", "73170.73", "195121.95")),
        (Method.BY_MEASURE, PEOPLE, Terms(total=D(3000000)), ("1621803.93", "455159.61", "381475.94", "261296.48", "202743.54", "77520.50")),
        (
            Method.MIXED, PEOPLE, Terms(total=D(3000000), equal_percent=D(40)),
            ("1173082.36", "473095.77", "428885.56", "356777.89", "321646.12", "246512.30"),
        ),
        (
            Method.CAPPED, PEOPLE, Terms(total=D(3000000), cap_percent=D(40)),
            ("1200000", "594463.53", "498228.60", "341267.60", "264794.23", "101246.04"),
        ),
        (Method.FIXED_AND_UNIT, MONTH, Terms(fixed=D(500000), rate=D(350)), ("335000", "545000", "188000", "293000")),
        (Method.HOST_RATE, MONTH, Terms(rate=D(400), host_rate=D(250), host="บ้านพรุ"), ("150000", "480000", "72000", "192000")),
    ],
)  # fmt: skip
def test_the_worked_examples(method: Method, measures: dict[str, D], terms: Terms, expected: tuple[str, ...]) -> None:
    assert list(shares(method, measures, terms).values()) == amounts(*expected)


MEASURES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), st.integers(0, 10**6).map(D), min_size=1, max_size=12)
TOTALS = st.decimals(min_value=0, max_value=10**9, places=2)


@given(
    st.sampled_from([Method.EQUAL, Method.BY_MEASURE, Method.MIXED]),
    MEASURES.filter(lambda m: any(m.values())),
    TOTALS,
    st.integers(0, 100),
)
def test_shares_sum_to_the_total(method: Method, measures: dict[str, D], total: D, equal: int) -> None:
    found = shares(method, measures, Terms(total=total, equal_percent=D(equal)))
    assert sum(found.values()) == total
    assert all(share >= 0 for share in found.values())


@given(MEASURES.filter(lambda m: any(m.values())), TOTALS, st.integers(1, 100))
def test_nobody_pays_above_the_cap(measures: dict[str, D], total: D, cap: int) -> None:
    try:
        found = shares(Method.CAPPED, measures, Terms(total=total, cap_percent=D(cap)))
    except Unshareable:
        return
    assert sum(found.values()) == total
    assert all(share <= total * cap / HUNDRED for share in found.values())


@given(st.integers(1, 10**6), st.integers(2, 10), TOTALS)
def test_equal_measures_pay_equally_but_for_a_satang(measure: int, parties: int, total: D) -> None:
    found = shares(Method.BY_MEASURE, {str(number): D(measure) for number in range(parties)}, Terms(total=total))
    assert max(found.values()) - min(found.values()) <= D("0.01")


@pytest.mark.parametrize("measures", [{}, {"A": D(0)}, {"A": D(-1), "B": D(2)}])
def test_what_gives_no_shares_is_refused(measures: dict[str, D]) -> None:
    with pytest.raises(Unshareable):
        shares(Method.BY_MEASURE, measures, Terms(total=D(100)))
