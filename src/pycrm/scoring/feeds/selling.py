"""What may be sold to customers, and what became of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.customer import profile
from pycrm.scoring.function import days_between
from pycrm.scoring.moment import Window

__all__ = ["decisions", "opportunities", "origins"]

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

_everybody = opportunities.of_everybody()


def _decisions() -> sa.Select[tuple[object, ...]]:
    deal = opportunities
    days = days_between(deal.filed_on, deal.closed_on)
    by_customer = [deal.customer]
    return sa.select(
        deal.customer,
        days.label("days"),
        sa.func.row_number().over(partition_by=by_customer, order_by=[days, deal.opportunity]).label("place"),
        sa.func.count().over(partition_by=by_customer).label("number"),
    ).where(deal.is_won, Window(3 * 365).holds(deal.closed_on))


decisions = Feed.derived(
    "decisions",
    "Opportunities won in three years, with the days from filing, in that order: place of number",
    _decisions,
    of=(opportunities,),
    days=int,
    place=int,
    number=int,
)


def _origins() -> sa.Select[tuple[object, ...]]:
    deal = _everybody
    closed = (
        sa.select(
            deal.source,
            sa.func.count().label("closed"),
            sa.func.count(sa.case((deal.is_won, 1))).label("won"),
        )
        .where(Window(2 * 365).holds(deal.closed_on))
        .group_by(deal.source)
        .subquery()
    )
    mine = profile.table.join(closed, closed.c.source == profile.source)
    return sa.select(profile.customer, closed.c.closed, closed.c.won).select_from(mine)


origins = Feed.derived(
    "origins",
    "Where a customer came from, and how many opportunities of all who came from there closed in two years",
    _origins,
    of=(profile, opportunities),
    single=True,
    closed=int,
    won=int,
)
