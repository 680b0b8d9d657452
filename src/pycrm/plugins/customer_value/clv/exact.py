"""Exact figures: money in whole minor units, percentages to two places, halves away from zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from pycrm.errors import InvalidError, Problem

__all__ = ["invalid", "minor_units", "percentage", "two_places"]


def invalid(path: str, message: str, code: str = "range") -> InvalidError:
    """The refusal of one thing in the input.

    Args:
        path: where it stands.
        message: a sentence for people.
        code: the stable word for programs.
    """
    return InvalidError(message, fields=[Problem(path, code, message)])


def minor_units(value: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    number = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return number if value >= 0 else -number


def two_places(value: Fraction) -> Decimal:
    """The nearest decimal of two places, halves away from zero."""
    return Decimal(minor_units(value * 100)).scaleb(-2)


def percentage(part: int | Fraction, whole: int | Fraction) -> Decimal | None:
    """How many percent a part is of a whole, or None where the whole is nothing.

    >>> percentage(1, 3)
    Decimal('33.33')
    """
    return two_places(Fraction(part) / Fraction(whole) * 100) if whole else None
