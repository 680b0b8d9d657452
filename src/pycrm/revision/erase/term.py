"""Days by which something has been kept for so many months."""

from __future__ import annotations

from datetime import date

__all__ = ["months_after"]

_MONTHS = 12


def months_after(day: date, number: int) -> date:
    """The same day so many months later (or earlier); the first of the next month where there is none.

    >>> months_after(date(2024, 2, 29), 12)
    datetime.date(2025, 3, 1)
    """
    index = day.year * _MONTHS + day.month - 1 + number
    try:
        return date(index // _MONTHS, index % _MONTHS + 1, day.day)
    except ValueError:
        # January has 31 days, so there is a next month in the same year.
        return date(index // _MONTHS, index % _MONTHS + 2, 1)
