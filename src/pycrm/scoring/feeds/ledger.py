"""What comes out when the entries of money are taken together: items, earnings, months, what holds now."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.money import costs, credit_limits, receivables, settlements, targets
from pycrm.scoring.feeds.trade import bought_months, purchases, transactions
from pycrm.scoring.function import zero
from pycrm.scoring.moment import as_of, month_ago

__all__ = ["SERVING", "attainment", "credit_limit", "earnings", "items", "spending", "swings"]

SERVING = ("contact", "service", "freight", "marketing", "gift")
"""The kinds of costs that serve a customer; the other is that of winning it."""

_NONE = sa.literal(0, sa.BigInteger())


def _sum(amount: Any) -> Any:
    return sa.cast(sa.func.sum(amount), sa.BigInteger())


def _items() -> sa.Select[Any]:
    owed, settled = receivables, settlements
    payment = settled.kind == "payment"
    in_time = sa.and_(payment, settled.paid_on <= settled.due_on)
    entry = sa.union_all(
        sa.select(
            owed.customer,
            owed.item,
            owed.on.label("on"),
            owed.due_on,
            owed.amount.label("due"),
            _NONE.label("paid"),
            _NONE.label("in_time"),
            owed.amount.label("open"),
        ),
        sa.select(
            settled.customer,
            settled.item,
            sa.null(),
            settled.due_on,
            sa.case((settled.kind == "credit", -settled.amount), else_=_NONE),
            sa.case((payment, settled.amount), else_=_NONE),
            sa.case((in_time, settled.amount), else_=_NONE),
            -settled.amount,
        ),
    ).subquery("entry")
    return sa.select(
        entry.c.customer,
        entry.c.item,
        sa.func.min(entry.c.on).label("on"),
        sa.func.max(entry.c.due_on).label("due_on"),
        _sum(entry.c.due).label("due"),
        _sum(entry.c.paid).label("paid"),
        _sum(entry.c.in_time).label("in_time"),
        _sum(entry.c.open).label("open"),
    ).group_by(entry.c.customer, entry.c.item)


items = Feed.derived(
    "items",
    "Items that are owed, with what was set against them: due is without what credit notes took off, in_time what "
    "was paid by the due date, open what is left",
    _items,
    of=(receivables, settlements),
    on=date,
    item=str,
    due_on=date,
    due=int,
    paid=int,
    in_time=int,
    open=int,
)


def _spending() -> sa.Select[Any]:
    first = (
        sa.select(purchases.customer, sa.func.min(purchases.on).label("on"))
        .where(purchases.net > 0)
        .group_by(purchases.customer)
        .subquery("first")
    )
    kinds = costs.kind.in_((*SERVING, "acquisition"))
    cost = sa.select(costs.customer, costs.on, costs.kind, costs.amount).where(kinds).subquery("cost")
    # The time of sales staff until a customer first buys is spent on winning it, afterwards on serving it.
    before = sa.or_(first.c.on.is_(None), cost.c.on <= first.c.on)
    winning = sa.or_(cost.c.kind == "acquisition", sa.and_(cost.c.kind == "contact", before))
    return sa.select(cost.c.customer, cost.c.on, cost.c.amount, winning.label("is_winning")).select_from(
        cost.outerjoin(first, first.c.customer == cost.c.customer)
    )


spending = Feed.derived(
    "spending",
    "Costs, and whether they are for winning the customer or for serving it",
    _spending,
    of=(costs, purchases),
    on=date,
    amount=int,
    is_winning=bool,
)

# What was spent on winning a customer is there before anything is earned, whenever it was booked.
_BEGINNING = sa.literal(date.min, RawDate())


def _earnings() -> sa.Select[Any]:
    sale, cost = transactions, spending
    # Of the others, who may be nearly all, nothing is asked.
    won = sa.select(cost.customer).where(cost.is_winning.is_(True))
    earned = sa.select(sale.customer, sale.on.label("on"), (sale.net - zero(sale.cost)).label("amount"))
    taken = sa.select(
        cost.customer, sa.case((cost.is_winning.is_(True), _BEGINNING), else_=cost.on), -cost.amount
    )
    entry = sa.union_all(earned.where(sale.customer.in_(won)), taken.where(cost.customer.in_(won))).subquery(
        "entry"
    )
    # All of one day come together, in whatever order they were booked.
    so_far = sa.func.sum(entry.c.amount).over(partition_by=entry.c.customer, order_by=entry.c.on)
    return sa.select(
        entry.c.customer,
        sa.case((entry.c.on > _BEGINNING, entry.c.on)).label("on"),
        entry.c.amount,
        sa.cast(so_far, sa.BigInteger()).label("so_far"),
    )


earnings = Feed.derived(
    "earnings",
    "Of customers on whose winning something was spent: what each sale earns and each cost takes, and what is earned "
    "by the end of its day above all that was spent so; that itself has no day",
    _earnings,
    of=(transactions, spending),
    on=date,
    amount=int,
    so_far=int,
)


def _swings() -> sa.Select[Any]:
    month = bought_months
    months = sa.select(month.customer, month.on, month.net).where(month.on >= month_ago(11)).subquery("month")
    whole = sa.cast(sa.func.sum(months.c.net).over(partition_by=months.c.customer), sa.BigInteger())
    return sa.select(
        months.c.customer,
        months.c.on,
        months.c.net,
        # Twelve times the distance from the mean, which so stays a whole number.
        (months.c.net * 12 - whole).label("swing"),
    )


swings = Feed.derived(
    "swings",
    "Months of the last twelve, the present one included, with what was bought in them, and twelve times how far "
    "that lies from the mean",
    _swings,
    of=(bought_months,),
    on=date,
    net=int,
    swing=int,
)


def _latest(feed: Feed, order: tuple[Any, ...], where: Any = None) -> Any:
    """One row of each customer: the first in that order."""
    place = sa.func.row_number().over(partition_by=feed.table.c.customer, order_by=order).label("place")
    columns = [feed.table.c.customer, *(feed.table.c[name] for name in feed.columns), place]
    found = sa.select(*columns)
    return (found if where is None else found.where(where)).subquery("placed")


def _credit_limit() -> sa.Select[Any]:
    # Of two that begin on one day the lower is the one to be careful with.
    placed = _latest(credit_limits, (credit_limits.on.desc(), credit_limits.amount))
    return sa.select(placed.c.customer, placed.c.amount).where(placed.c.place == 1)


credit_limit = Feed.derived(
    "credit_limit",
    "The credit limit that holds",
    _credit_limit,
    of=(credit_limits,),
    single=True,
    amount=int,
)


def _attainment() -> sa.Select[Any]:
    order = (targets.since.desc(), targets.until.desc(), targets.amount.desc())
    placed = _latest(targets, order, where=targets.until >= as_of())
    lines = sa.select(transactions.customer, transactions.on, transactions.net).subquery("line")
    within = sa.and_(
        lines.c.customer == placed.c.customer, lines.c.on >= placed.c.since, lines.c.on <= placed.c.until
    )
    return (
        sa.select(placed.c.customer, placed.c.amount, zero(_sum(lines.c.net)).label("bought"))
        .select_from(placed.outerjoin(lines, within))
        .where(placed.c.place == 1)
        .group_by(placed.c.customer, placed.c.amount)
    )


attainment = Feed.derived(
    "attainment",
    "The target of the period that runs, the one that began last, and what was bought in it so far",
    _attainment,
    of=(targets, transactions),
    single=True,
    amount=int,
    bought=int,
)
