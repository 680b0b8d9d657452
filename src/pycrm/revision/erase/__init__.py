"""Erasing a person: over the whole graph of records, and in their history."""

from pycrm.revision.erase.act import erase

__all__ = ["erase"]
