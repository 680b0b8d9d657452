"""Who may see and do what: actors, reach, and the one gateway of reading statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.scope import aggregate as aggregate
    from pycrm.scope import card as card
    from pycrm.scope import natural as natural
    from pycrm.scope import paging as paging
    from pycrm.scope import raw as raw
    from pycrm.scope import reason as reason
    from pycrm.scope import sought as sought
    from pycrm.scope import team as team
    from pycrm.scope.access import FieldAccess as FieldAccess
    from pycrm.scope.actor import Actor as Actor
    from pycrm.scope.actor import Held as Held
    from pycrm.scope.actor import Source as Source
    from pycrm.scope.reason import Reason as Reason

_HOMES = {
    "team": (),
    "sought": (),
    "raw": (),
    "paging": (),
    "natural": (),
    "card": (),
    "aggregate": (),
    "actor": ("Actor", "Held", "Source"),
    "access": ("FieldAccess",),
    "reason": ("Reason",),
}

__all__ = ["Actor", "FieldAccess", "Held", "Reason", "Source"]

__getattr__ = on_demand(__name__, _HOMES)
