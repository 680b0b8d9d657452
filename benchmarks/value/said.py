"""What is worked out, and how it is judged; the values of the programs beside are compared by these codes."""

from __future__ import annotations

from datetime import date
from typing import Any

__all__ = ["ASPECTS", "BANDS", "CODES", "FIVE_YEARS", "SELF_SERVICE", "SERVING", "TODAY", "month"]

TODAY = date(2026, 6, 30)
_TRADE = (
    "T01 T02 T03 T04 T05 T06 T07 T08 T09 T10 T11 T12 T13 T14 T15 T18 T19 T20 T21 T22 T32 T33 T37 T38 T39 T40"
)
_MONEY = "F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F14 F27 F34"
_CONTACT = "S01 S02 S03 S04 S05 S06 S12 S13"
CODES = tuple(f"{_TRADE} {_MONEY} {_CONTACT}".split())
ASPECTS = {"T": 35.0, "F": 25.0, "S": 15.0}
BANDS = (("A", 80), ("B", 60), ("C", 40), ("D", 0))
SERVING = ("contact", "service", "freight", "marketing", "gift")
SELF_SERVICE = ("portal", "interface")
# Of 0.80 kept a year and 8 % of interest.
FIVE_YEARS = sum((0.8 / 1.08) ** year for year in range(1, 6))


def month(ago: int) -> date:
    """The first day of the month so many before that of today."""
    number = TODAY.year * 12 + TODAY.month - 1 - ago
    return date(number // 12, number % 12 + 1, 1)


def scale(code: str) -> Any:
    """The usual scale of an indicator, as plain data, and what becomes of it without a basis."""
    from pycrm.plugins.customer_value import CustomerValue
    from pycrm.scoring.scale import to_data

    (one,) = [it for it in CustomerValue.indicators if it.code == code]
    return to_data(one.scale), one.on_none.value
