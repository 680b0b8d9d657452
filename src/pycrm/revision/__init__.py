"""Every change is kept: adding, changing and amending records, and asking for their past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision import access as access
    from pycrm.revision import add as add
    from pycrm.revision import amendment as amendment
    from pycrm.revision import archive as archive
    from pycrm.revision import assign as assign
    from pycrm.revision import claim as claim
    from pycrm.revision import elevation as elevation
    from pycrm.revision import erase as erase
    from pycrm.revision import exports as exports
    from pycrm.revision import former as former
    from pycrm.revision import handover as handover
    from pycrm.revision import history as history
    from pycrm.revision import hold as hold
    from pycrm.revision import inquiry as inquiry
    from pycrm.revision import reached as reached
    from pycrm.revision import redaction as redaction
    from pycrm.revision import revert as revert
    from pycrm.revision import undo as undo
    from pycrm.revision import where as where
    from pycrm.revision.model import Access as Access
    from pycrm.revision.model import Difference as Difference
    from pycrm.revision.model import Duplicate as Duplicate
    from pycrm.revision.model import Elevation as Elevation
    from pycrm.revision.model import Export as Export
    from pycrm.revision.model import FieldChange as FieldChange
    from pycrm.revision.model import Revision as Revision

_HOMES = {
    "where": (),
    "undo": (),
    "revert": (),
    "redaction": (),
    "reached": (),
    "inquiry": (),
    "hold": (),
    "history": (),
    "exports": (),
    "erase": (),
    "elevation": (),
    "claim": (),
    "assign": (),
    "archive": (),
    "amendment": (),
    "add": (),
    "access": (),
    "former": (),
    "handover": (),
    "model": ("Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"),
}

__all__ = ["Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"]

__getattr__ = on_demand(__name__, _HOMES)
