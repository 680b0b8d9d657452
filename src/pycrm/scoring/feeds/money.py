"""What customers owe and pay, and what they cost."""

from __future__ import annotations

from datetime import date

from pycrm.scoring.feed import Feed

__all__ = [
    "costs",
    "credit_limits",
    "exposures",
    "holds",
    "invoices",
    "prepaid",
    "rebates",
    "receipts",
    "receivables",
    "settlements",
    "targets",
]

invoices = Feed(
    "invoices",
    "Invoices by the day of issue; a credit note is one with a negative amount",
    on=date,
    amount=int,
    is_credit_note=bool,
)

receivables = Feed(
    "receivables",
    "Items that are owed, from the day on which they are booked; an instalment is an item of its own",
    on=date,
    item=str,
    amount=int,
    due_on=date,
)

settlements = Feed(
    "settlements",
    "What was set against an item on a day, and when that item is due: kind is payment, credit (a credit note) "
    "or loss (written off); paid_on is when the money came. One that is taken back is a negative row on the day "
    "of that, with the paid_on of the first",
    on=date,
    item=str,
    due_on=date,
    kind=str,
    amount=int,
    paid_on=date,
)

receipts = Feed(
    "receipts",
    "Money received, also what is set against no item yet; refunds and what bounced are negative",
    on=date,
    amount=int,
    is_advance=bool,
    is_refund=bool,
)

costs = Feed(
    "costs",
    "Booked costs of a customer: kind is contact, service, freight, marketing, gift or acquisition",
    on=date,
    kind=str,
    amount=int,
)

rebates = Feed("rebates", "Rebates and bonuses granted for what was bought", on=date, amount=int)

prepaid = Feed(
    "prepaid",
    "Entries of prepaid money: what is paid in is positive, what is used or paid back is negative",
    on=date,
    amount=int,
)

credit_limits = Feed("credit_limits", "Credit limits, each from its day on", on=date, amount=int)

exposures = Feed(
    "exposures",
    "Entries of what a customer is trusted with besides receivables: part is confirmed (not delivered), delivered "
    "(not invoiced) or unallocated (receipts, negative); what passes on is taken out of its part",
    on=date,
    part=str,
    amount=int,
)

holds = Feed("holds", "Times when a customer's orders were put on hold, and why", on=date, cause=str)

targets = Feed(
    "targets",
    "What a customer is to buy from a day to a day",
    at="since",
    since=date,
    until=date,
    amount=int,
)
