"""Shares of amounts of money, in SQL and out of it, in whole minor units."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

__all__ = ["CERTAIN", "rounded", "weighted"]

#: A probability of one, in hundredths of a percent.
CERTAIN = 10_000


def weighted(units: Any, probability: Any) -> Any:
    """A column's amount by a probability in hundredths of a percent, rounded half up (PIP-10).

    Whole ten thousands and the rest apart, so that no product passes 64 bits.
    """
    rest = (units % CERTAIN) * probability + CERTAIN // 2
    return (units // CERTAIN) * probability + rest // CERTAIN


def rounded(amount: Fraction) -> int:
    """A number of minor units rounded half up."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)
