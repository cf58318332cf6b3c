"""Baht: exact decimals with two places, never floats."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from collab.kernel.dates import to_ascii_digits

SATANG = Decimal("0.01")
LARGEST = Decimal("99999999999999.99")


class InvalidBaht(ValueError):
    """A typed sum that is not an amount of baht with at most two decimals."""


def parse_baht(text: str) -> Decimal | None:
    """Read a typed sum such as ``1,632,820.50`` or ``๑,๐๐๐``; None when empty. Raises InvalidBaht."""
    cleaned = to_ascii_digits(text).replace(",", "").replace("บาท", "").strip()
    if not cleaned:
        return None
    try:
        amount = Decimal(cleaned)
    except InvalidOperation as error:
        raise InvalidBaht(text) from error
    if not amount.is_finite() or amount < 0 or amount > LARGEST or amount != amount.quantize(SATANG):
        raise InvalidBaht(text)
    return amount.quantize(SATANG)


def format_baht(amount: Decimal) -> str:
    """Return the sum with thousands separators: ``1,632,820.50``."""
    return f"{amount:,.2f}"


def split_by_weights(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split ``total`` baht in proportion to ``weights`` so that the shares sum to it to the satang.

    Shares are rounded down and the satang left over go to the largest remainders, ties to the earlier share
    (largest-remainder method). Raises ValueError when a weight is negative or all are zero.
    """
    whole = sum(weights, Decimal(0))
    if any(weight < 0 for weight in weights) or whole <= 0:
        raise ValueError("weights must be non-negative and not all zero")
    exact = [total * weight / whole for weight in weights]
    shares = [value.quantize(SATANG, rounding=ROUND_DOWN) for value in exact]
    left = int((total - sum(shares, Decimal(0))) / SATANG)
    order = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[:left]:
        shares[index] += SATANG
    return shares
