"""What customers asked for, ordered and agreed to."""

from __future__ import annotations

from datetime import date

from pycrm.scoring.feed import Feed

__all__ = ["contracts", "offtake", "order_changes", "orders", "quotations", "terms"]

quotations = Feed(
    "quotations",
    "Quotations that were sent, each once whatever its revisions; decided when accepted or rejected",
    at="sent_on",
    sent_on=date,
    quotation=str,
    amount=int,
    decided_on=date,
    is_won=bool,
)

orders = Feed(
    "orders",
    "Orders that were confirmed, whatever became of them; standard_days is the usual time until delivery",
    at="confirmed_on",
    order=str,
    ordered_on=date,
    confirmed_on=date,
    required_on=date,
    cancelled_on=date,
    standard_days=int,
    amount=int,
)

order_changes = Feed(
    "order_changes",
    "Changes of an order after it was confirmed, with the day on which it had been",
    on=date,
    order=str,
    confirmed_on=date,
)

contracts = Feed(
    "contracts",
    "Signed contracts with the first and the last day they run; ended_on where one ended otherwise than by time",
    at="signed_on",
    contract=str,
    signed_on=date,
    since=date,
    until=date,
    suspended_on=date,
    ended_on=date,
    amount=int,
)

offtake = Feed(
    "offtake",
    "What a contract bound a customer to take by a day, in money, or what it took on that day",
    on=date,
    contract=str,
    due=int,
    taken=int,
)

terms = Feed(
    "terms",
    "Whatever runs for a time and may be renewed: contracts, memberships, yearly examinations of a group",
    at="since",
    kind=str,
    since=date,
    until=date,
    renewed_on=date,
)
