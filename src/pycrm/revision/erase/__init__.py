"""Erasing a person: over the whole graph of records, and in their history."""

from pycrm.revision.erase.act import erase
from pycrm.revision.erase.field import forget_fields

__all__ = ["erase", "forget_fields"]
