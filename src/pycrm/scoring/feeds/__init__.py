"""The feeds that pycrm knows by itself, whoever offers their facts; a plugin may have more of its own.

Amounts are whole minor units of the CRM's currency, and a return is negative.
"""

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
from pycrm.scoring.feeds.trade import purchases, transactions

__all__ = [
    "contacts",
    "decisions",
    "demands",
    "estimates",
    "flags",
    "groups",
    "headcounts",
    "judgement",
    "known_groups",
    "opportunities",
    "origins",
    "profile",
    "purchases",
    "relations",
    "rivals",
    "staffing",
    "ties",
    "transactions",
]
