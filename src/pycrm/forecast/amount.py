"""Amounts of money in SQL: exact sums and shares, in whole minor units."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from pycrm.errors import InvalidError
from pycrm.values import Money

__all__ = ["CERTAIN", "halves", "joined", "money", "rounded", "weighted"]

#: A probability of one, in hundredths of a percent.
CERTAIN = 10_000
_LOW = 0xFFFF_FFFF
_BITS = 32


def halves(units: Any) -> list[Any]:
    """The sum of a column in two parts, since SQLite gives up where one passes 64 bits on the way."""
    low = units.bitwise_and(sa.literal(_LOW, sa.BigInteger()))
    high = units.bitwise_rshift(sa.literal(_BITS, sa.Integer()))
    return [sa.func.sum(high), sa.func.sum(low)]


def joined(high: Any, low: Any) -> int:
    """The sum that `halves` took apart; of nothing it is nought."""
    return (int(high or 0) << _BITS) + int(low or 0)


def money(units: int, currency: str) -> Money:
    """A sum of minor units.

    Raises:
        InvalidError: it is too large to be an amount.
    """
    try:
        return Money.minor(units, currency)
    except ValueError:
        raise InvalidError("the sum is too large") from None


def weighted(units: Any, probability: Any) -> Any:
    """A column's amount by a probability in hundredths of a percent, rounded half up (PIP-10).

    Whole ten thousands and the rest apart, so that no product passes 64 bits.
    """
    rest = (units % CERTAIN) * probability + CERTAIN // 2
    return (units // CERTAIN) * probability + rest // CERTAIN


def rounded(amount: Fraction) -> int:
    """A number of minor units rounded half up."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)
