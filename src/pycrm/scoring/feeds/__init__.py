"""The feeds that pycrm knows by itself, whoever offers their facts; a plugin may have more of its own.

Amounts are whole minor units of the CRM's currency, and a return is negative.
"""

from pycrm.scoring.feeds.agreement import contracts, offtake, order_changes, orders, quotations, terms
from pycrm.scoring.feeds.customer import (
    contacts,
    groups,
    headcounts,
    judgement,
    known_groups,
    profile,
    staffing,
)
from pycrm.scoring.feeds.selling import decisions, opportunities, origins
from pycrm.scoring.feeds.standing import demands, estimates, flags, relations, rivals, ties
from pycrm.scoring.feeds.trade import (
    assortment,
    bought_categories,
    bought_months,
    bought_products,
    intervals,
    novelties,
    purchases,
    transactions,
)
from pycrm.scoring.feeds.wallet import consumption, wallets

__all__ = [
    "assortment",
    "bought_categories",
    "bought_months",
    "bought_products",
    "consumption",
    "contacts",
    "contracts",
    "decisions",
    "demands",
    "estimates",
    "flags",
    "groups",
    "headcounts",
    "intervals",
    "judgement",
    "known_groups",
    "novelties",
    "offtake",
    "opportunities",
    "order_changes",
    "orders",
    "origins",
    "profile",
    "purchases",
    "quotations",
    "relations",
    "rivals",
    "staffing",
    "terms",
    "ties",
    "transactions",
    "wallets",
]
