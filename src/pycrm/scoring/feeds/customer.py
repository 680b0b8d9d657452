"""Who the customers are, as far as the core itself knows."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pycrm.scoring.feed import Feed

__all__ = ["contacts", "profile"]

profile = Feed(
    "profile",
    "What is known of a customer and its party",
    single=True,
    filed_on=date,
    is_person=bool,
    employees=int,
    registered_capital=int,
    annual_revenue=int,
    industry=str,
    ownership_kind=str,
    market_position=str,
    listed=bool,
    founded_on=date,
    birth_on=date,
    income_band=str,
    source=str,
    strategic=bool,
    signing_grade=str,
    lifecycle=str,
    parent_group=UUID,
    next_contact_on=date,
)

contacts = Feed(
    "contacts",
    "People who speak for a customer; those who left have the day",
    at="filed_on",
    filed_on=date,
    contact=UUID,
    department=str,
    level=int,
    is_primary=bool,
    left_on=date,
)
