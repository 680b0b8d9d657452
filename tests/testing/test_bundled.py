"""The bundled plugins and the example keep the contract of plugins."""

from __future__ import annotations

from b2b_project_sales import Criterion, ProjectSales

from pycrm.plugins.customer_value import CustomerValue
from pycrm.testing import PluginContract


class TestCustomerValue(PluginContract):
    """Customer value keeps what every plugin keeps."""

    plugin = CustomerValue


class TestProjectSales(PluginContract):
    """Project sales keep what every plugin keeps."""

    plugin = ProjectSales
    values = {Criterion: {"weight": 100}}
