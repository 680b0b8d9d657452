"""Every change is kept: adding, changing and amending records, and asking for their past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision import former as former
    from pycrm.revision import handover as handover
    from pycrm.revision.model import Access as Access
    from pycrm.revision.model import Difference as Difference
    from pycrm.revision.model import Duplicate as Duplicate
    from pycrm.revision.model import Elevation as Elevation
    from pycrm.revision.model import Export as Export
    from pycrm.revision.model import FieldChange as FieldChange
    from pycrm.revision.model import Revision as Revision

_HOMES = {
    "former": (),
    "handover": (),
    "model": ("Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"),
}

__all__ = ["Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"]

__getattr__ = on_demand(__name__, _HOMES)
