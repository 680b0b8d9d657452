"""Profit contribution before and after a day, and shares of sales by margin class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

import attrs

from pycrm.plugins.customer_value.clv.exact import invalid, percentage

__all__ = ["ContributionChange", "Earning", "MarginShare", "Sale", "contribution_around", "margin_shares"]

S = TypeVar("S")
M = TypeVar("M")


@attrs.frozen
class Earning:
    """What one fact of a day brought, in minor units of one currency.

    Args:
        on: the day it counts for.
        net: sales after discount; negative for what came back.
        cost: of what was sold.
        serving: contact, service, freight, marketing and gifts (F10).
    """

    on: date
    net: int
    cost: int = 0
    serving: int = 0

    @property
    def contribution(self) -> int:
        """Net sales less cost and less what serving cost (F04)."""
        return self.net - self.cost - self.serving


@attrs.frozen
class ContributionChange:
    """The contribution of as many days before a day as from that day on.

    Args:
        days: the length of each side.
        before, after: minor units.
    """

    days: int
    before: int
    after: int

    @property
    def change(self) -> int:
        """By how much it rose, minor units (F06)."""
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        """By how many percent of the amount before it rose, to 2 places; None where there was none before."""
        return percentage(self.change, abs(self.before))


def contribution_around(
    day: date, earnings: Iterable[Earning], *, days: int = 365, as_of: date | None = None
) -> ContributionChange | None:
    """What a customer contributed before a day, such as that of a new owner or price, and from it on.

    Both sides are equally long: `day - days <= on < day` and `day <= on < day + days`. Where the second
    is not over on `as_of`, both are shortened to what is over of it.

    Args:
        day: the first day of the second side.
        earnings: in any order.
        days: the length of each side.
        as_of: the last day whose facts are known, None if all are.

    Returns:
        Both sums, or None where the second side has not begun.

    Raises:
        InvalidError: a side has less than one day.

    >>> sales = [Earning(date(2026, 5, 31), 10_000, 6_000), Earning(date(2026, 6, 1), 12_000, 6_000, 1_000)]
    >>> contribution_around(date(2026, 6, 1), sales, days=30).percent
    Decimal('25.00')
    """
    if days < 1:
        raise invalid("days", f"a side has one day at least, not {days}")
    length = days if as_of is None else min(days, (as_of - day).days + 1)
    if length < 1:
        return None
    side = timedelta(days=length)
    before = after = 0
    for one in earnings:
        if day - side <= one.on < day:
            before += one.contribution
        elif day <= one.on < day + side:
            after += one.contribution
    return ContributionChange(length, before, after)


@attrs.frozen
class Sale(Generic[S, M]):
    """Net sales of one salesperson in products of one margin class.

    Args:
        seller: any key of the salesperson.
        margin: the class, such as a `MarginClass`, or None where the product has none.
        net: minor units; negative for what came back.
    """

    seller: S
    margin: M
    net: int


@attrs.frozen
class MarginShare:
    """What one margin class is of a salesperson's sales.

    Args:
        net: minor units.
        percent: of all sales of that person, to 2 places; None where these are nothing or less.
    """

    net: int
    percent: Decimal | None


def margin_shares(sales: Iterable[Sale[S, M]]) -> Mapping[S, Mapping[M, MarginShare]]:
    """How the sales of each salesperson are divided among margin classes.

    Args:
        sales: in any order, as many of a salesperson and class as there are.

    Returns:
        By salesperson, then by class, both in the order in which they came.

    >>> low, high = Sale("ana", "low", 30_000), Sale("ana", "high", 10_000)
    >>> margin_shares([low, high])["ana"]["high"].percent
    Decimal('25.00')
    """
    sums: dict[S, dict[M, int]] = {}
    for sale in sales:
        own = sums.setdefault(sale.seller, {})
        own[sale.margin] = own.get(sale.margin, 0) + sale.net
    return {seller: _shares(own) for seller, own in sums.items()}


def _shares(own: Mapping[M, int]) -> Mapping[M, MarginShare]:
    whole = sum(own.values())
    return {
        margin: MarginShare(net, percentage(net, whole) if whole > 0 else None) for margin, net in own.items()
    }
