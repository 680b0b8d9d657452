"""The feeds that pycrm knows by itself, whoever offers their facts; a plugin may have more of its own.

Amounts are whole minor units of the CRM's currency, and a return is negative.
"""

from pycrm.scoring.feeds.customer import contacts, profile
from pycrm.scoring.feeds.trade import purchases, transactions

__all__ = ["contacts", "profile", "purchases", "transactions"]
