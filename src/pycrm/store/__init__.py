"""Engines and transactions; this room knows no noun."""

from pycrm.store.engine import Store
from pycrm.store.transaction import Transaction

__all__ = ["Store", "Transaction"]
