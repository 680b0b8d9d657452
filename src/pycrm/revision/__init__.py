"""Every change is kept: adding, changing and amending records, and asking for their past."""

from pycrm.revision.model import Elevation, FieldChange, Revision

__all__ = ["Elevation", "FieldChange", "Revision"]
