"""What the core itself has to offer: customers, their contacts, opportunities and activities."""

from pycrm.scoring.sources import contact, customer, selling, trade

__all__ = ["SOURCES"]

SOURCES = (*customer.SOURCES, *selling.SOURCES, *trade.SOURCES, *contact.SOURCES)
