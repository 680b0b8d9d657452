"""The expected lifetime value F08 by VAL-S9: yearly contribution, retained and discounted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from pycrm.plugins.customer_value.clv.exact import invalid, minor_units

__all__ = ["INTEREST", "RETENTION", "expected_lifetime_value", "years_ahead"]

RETENTION = Decimal("0.80")
"""The part of customers that is kept for another year, unless it is known better."""

INTEREST = Decimal("0.08")
"""By the year, what later earnings are discounted with."""


def years_ahead(retention: Decimal = RETENTION, interest: Decimal = INTEREST, years: int = 5) -> Fraction:
    """What one unit a year is worth today: the sum over y = 1 to `years` of retention^y / (1 + interest)^y.

    >>> round(float(years_ahead()), 6)
    2.219961
    """
    kept = Fraction(retention) / (1 + Fraction(interest))
    return sum((kept**year for year in range(1, years + 1)), Fraction())


def expected_lifetime_value(
    contributions: Sequence[int],
    *,
    retention: Decimal = RETENTION,
    interest: Decimal = INTEREST,
    years: int = 5,
) -> int | None:
    """The mean yearly contribution times the sum over y = 1 to `years` of retention^y / (1 + interest)^y.

    Computed exactly and rounded once. The formula is that of Gupta and Lehmann, Journal of
    Interactive Marketing 17 (2003), page 9, cut off after some years.

    Args:
        contributions: profit contribution F04 of full years, oldest first, in minor units; the last
            three count.
        retention: the part of such customers that is kept for another year, 0 to 1.
        interest: by the year; 0.08 is 8 %.
        years: how far to look.

    Returns:
        Minor units, or None where no full year is known.

    Raises:
        InvalidError: retention lies outside 0 to 1, interest is not above -1, years are fewer than 1.

    >>> expected_lifetime_value([1_000_000])
    2219961
    """
    if not 0 <= retention <= 1:
        raise invalid("retention", f"retention lies between 0 and 1, not at {retention}")
    if not (interest.is_finite() and interest > -1):
        raise invalid("interest", f"interest lies above -1, not at {interest}")
    if years < 1:
        raise invalid("years", f"a value is expected over one year at least, not {years}")
    counted = contributions[-3:]
    if not counted:
        return None
    return minor_units(Fraction(sum(counted), len(counted)) * years_ahead(retention, interest, years))
