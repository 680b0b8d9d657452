"""What the core itself has to offer: customers, their contacts, opportunities and activities."""

from pycrm.scoring.supplies import contact, customer, selling, trade

__all__ = ["SUPPLIES"]

SUPPLIES = (*customer.SUPPLIES, *selling.SUPPLIES, *trade.SUPPLIES, *contact.SUPPLIES)
