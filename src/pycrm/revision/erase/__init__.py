"""Erasing a person: over the whole graph of records, and in their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision.erase.act import erase as erase
    from pycrm.revision.erase.field import forget_fields as forget_fields

_HOMES = {
    "act": ("erase",),
    "field": ("forget_fields",),
}

__all__ = ["erase", "forget_fields"]

__getattr__ = on_demand(__name__, _HOMES)
