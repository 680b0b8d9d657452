"""The plugin: its table of contents."""

from __future__ import annotations

from pycrm import Plugin
from pycrm.plugins.customer_value import (
    agreements,
    characteristics,
    collection,
    contact,
    finance,
    service,
    transactions,
)
from pycrm.plugins.customer_value.models import MODELS
from pycrm.plugins.customer_value.profile import SUPPLIES, ValueProfile

__all__ = ["CustomerValue"]


class CustomerValue(Plugin):
    """Customer value

    Indicators of characteristics, transactions, financial contribution, contact and service, and the
    models by which they are weighed into a score.
    """

    name = "customer_value"
    migrations = "pycrm.plugins.customer_value.migrations"
    sample = "pycrm.plugins.customer_value.sample:add"
    facets = (ValueProfile,)
    supplies = SUPPLIES
    models = MODELS
    indicators = (
        *characteristics.INDICATORS,
        *transactions.INDICATORS,
        *agreements.INDICATORS,
        *contact.INDICATORS,
        *service.INDICATORS,
        *finance.INDICATORS,
        *collection.INDICATORS,
    )
