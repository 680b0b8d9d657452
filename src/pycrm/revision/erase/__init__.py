"""Erasing a person: over the whole graph of records, and in their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision.erase.act import erase as erase
    from pycrm.revision.erase.field import forget_fields as forget_fields
    from pycrm.revision.erase.keeping import Expired as Expired
    from pycrm.revision.erase.keeping import expired as expired
    from pycrm.revision.erase.keeping import keepable as keepable
    from pycrm.revision.erase.keeping import still as still

_HOMES = {
    "act": ("erase",),
    "field": ("forget_fields",),
    "keeping": ("Expired", "expired", "keepable", "still"),
}

__all__ = ["Expired", "erase", "expired", "forget_fields", "keepable", "still"]

__getattr__ = on_demand(__name__, _HOMES)
