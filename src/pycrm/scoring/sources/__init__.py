"""What the core itself has to offer: customers, their contacts, opportunities and activities."""

from pycrm.scoring.sources import customer

__all__ = ["SOURCES"]

SOURCES = customer.SOURCES
