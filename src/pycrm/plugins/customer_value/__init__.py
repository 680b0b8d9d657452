"""Customer value: more than a hundred indicators in four aspects, and models that weigh them."""

from pycrm.plugins.customer_value.plugin import CustomerValue
from pycrm.plugins.customer_value.profile import Purchasing, ValueProfile

__all__ = ["CustomerValue", "Purchasing", "ValueProfile"]
