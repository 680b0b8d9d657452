"""Into which segments customers are divided."""

from __future__ import annotations

from datetime import date

from pycrm.scoring.feed import Feed

__all__ = ["segments"]

segments = Feed(
    "segments",
    "Stretches of time during which a customer was in a segment; until is the first day without it",
    at="since",
    since=date,
    until=date,
    code=str,
)
