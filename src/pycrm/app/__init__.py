"""A CRM: settings, plugins and an engine, from which sessions come."""

from pycrm.app.crm import CRM

__all__ = ["CRM"]
