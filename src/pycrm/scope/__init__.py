"""Who may see and do what: actors, reach, and the one gateway of reading statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.scope.actor import Actor as Actor
    from pycrm.scope.actor import Held as Held
    from pycrm.scope.actor import Source as Source
    from pycrm.scope.fields import FieldAccess as FieldAccess
    from pycrm.scope.reason import Reason as Reason

_HOMES = {
    "actor": ("Actor", "Held", "Source"),
    "fields": ("FieldAccess",),
    "reason": ("Reason",),
}

__all__ = ["Actor", "FieldAccess", "Held", "Reason", "Source"]

__getattr__ = on_demand(__name__, _HOMES)
