"""Aspect T, transactions (交易情况): what may be sold to a customer, and what it asks for,
orders and agrees to."""

from __future__ import annotations

import sqlalchemy as sa

from pycrm.scoring import (
    YEAR,
    Indicator,
    Linear,
    Percentile,
    Window,
    as_of,
    average,
    count,
    days_between,
    percent,
    ratio,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    contracts,
    offtake,
    opportunities,
    order_changes,
    orders,
    quotations,
    terms,
)

__all__ = ["INDICATORS"]

_TWO_YEARS, _THREE_YEARS = Window(2 * 365), Window(3 * 365)

_in_force = sa.and_(
    contracts.since <= as_of(),
    sa.or_(contracts.until.is_(None), contracts.until >= as_of()),
    sa.or_(contracts.suspended_on.is_(None), contracts.suspended_on > as_of()),
    sa.or_(contracts.ended_on.is_(None), contracts.ended_on > as_of()),
)
_ended = count(terms, within=_THREE_YEARS, by=terms.until)
_renewed = count(terms, where=terms.renewed_on <= as_of(), within=_THREE_YEARS, by=terms.until)

AGREED = (
    Indicator(
        *("T23", "Contracts in force", "生效合同数", "T", "count", zero(count(contracts, where=_in_force))),
        Linear(0, 3),
    ),
    Indicator(
        *("T24", "Contract amount in force", "生效合同额", "T", "money"),
        zero(total(contracts.amount, where=_in_force)),
        Percentile(),
    ),
    Indicator(
        *("T25", "Contract fulfilment by the customer", "合同提货完成率", "T", "%"),
        percent(zero(total(offtake.taken)), total(offtake.due)),
        Linear(50, 100),
    ),
    Indicator("T26", "Renewal rate", "续约率", "T", "%", percent(_renewed, _ended), Linear(0, 100)),
)

_decided = count(quotations, within=YEAR, by=quotations.decided_on)
_won = count(quotations, where=quotations.is_won, within=YEAR, by=quotations.decided_on)

ASKED = (
    Indicator(
        *("T27", "Quotations asked", "询价次数", "T", "count", zero(count(quotations, within=YEAR))),
        Linear(0, 12),
    ),
    Indicator("T28", "Quotation success", "报价成交率", "T", "%", percent(_won, _decided), Linear(0, 60)),
)

_deal = opportunities
_closed_deals = count(_deal, within=_TWO_YEARS, by=_deal.closed_on)
_won_deals = count(_deal, where=_deal.is_won, within=_TWO_YEARS, by=_deal.closed_on)
_days = days_between(_deal.filed_on, _deal.closed_on)

SOLD = (
    Indicator(
        *("T29", "Opportunity win rate", "商机赢单率", "T", "%", percent(_won_deals, _closed_deals)),
        Linear(0, 60),
    ),
    Indicator(
        *("T30", "Open pipeline", "在谈商机加权额", "T", "money", zero(total(_deal.weighted))),
        Percentile(),
    ),
    Indicator(
        *("T31", "Sales cycle", "销售周期", "T", "days"),
        average(_days, where=_deal.is_won, within=_TWO_YEARS, by=_deal.closed_on),
        Linear(180, 14),
    ),
)

_orders = count(orders, within=YEAR)
_cancelled = count(orders, where=orders.cancelled_on <= as_of(), within=YEAR)
_changes = zero(count(order_changes, within=YEAR, by=order_changes.confirmed_on))
_lead_days = days_between(orders.ordered_on, orders.required_on)
# Whether an order is urgent cannot be said where a day or the standard is not known.
_judged = count(orders, where=(_lead_days - orders.standard_days).is_not(None), within=YEAR)
_urgent = count(orders, where=_lead_days < orders.standard_days, within=YEAR)

ORDERED = (
    Indicator(
        "T34", "Cancellation rate", "订单取消率", "T", "%", percent(_cancelled, _orders), Linear(20, 0)
    ),
    Indicator("T35", "Order changes", "订单变更率", "T", "per order", ratio(_changes, _orders), Linear(2, 0)),
    Indicator("T36", "Urgent orders", "急单占比", "T", "%", percent(_urgent, _judged), Linear(50, 0)),
)

INDICATORS = (*AGREED, *ASKED, *SOLD, *ORDERED)
