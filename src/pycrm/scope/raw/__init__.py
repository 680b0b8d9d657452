"""Raw SQL: the one door for it, and the role and policies behind it on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.scope.raw.door import sql as sql
    from pycrm.scope.raw.model import Rows as Rows
    from pycrm.scope.raw.role import loosen as loosen
    from pycrm.scope.raw.role import secure as secure

_HOMES = {
    "door": ("sql",),
    "model": ("Rows",),
    "role": ("loosen", "secure"),
}

__all__ = ["Rows", "loosen", "secure", "sql"]

__getattr__ = on_demand(__name__, _HOMES)
