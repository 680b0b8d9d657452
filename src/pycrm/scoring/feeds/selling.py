"""What may be sold to customers, and what became of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pycrm.scoring.feed import Feed

__all__ = ["opportunities"]

opportunities = Feed(
    "opportunities",
    "Chances to sell as they stood on the day: an open one has neither closed_on nor is_won, a closed one "
    "no weighted amount; source is where its customer came from",
    at="filed_on",
    filed_on=date,
    opportunity=UUID,
    closed_on=date,
    is_won=bool,
    source=str,
    amount=int,
    weighted=int,
)
