"""The seal of history: a chain over revisions, looks at protected fields, exports and sessions of system actors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision.seal.model import Broken as Broken
    from pycrm.revision.seal.model import Sealed as Sealed
    from pycrm.revision.seal.model import Verification as Verification

_HOMES = {
    "model": ("Broken", "Sealed", "Verification"),
}

__all__ = ["Broken", "Sealed", "Verification"]

__getattr__ = on_demand(__name__, _HOMES)
