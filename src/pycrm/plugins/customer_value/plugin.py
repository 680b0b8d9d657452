"""The plugin: its table of contents."""

from __future__ import annotations

from pycrm import Plugin
from pycrm.plugins.customer_value import contact, service, transactions

__all__ = ["CustomerValue"]


class CustomerValue(Plugin):
    """Customer value

    Indicators of characteristics, transactions, financial contribution, contact and service, and the
    models by which they are weighed into a score.
    """

    name = "customer_value"
    indicators = (*transactions.INDICATORS, *contact.INDICATORS, *service.INDICATORS)
