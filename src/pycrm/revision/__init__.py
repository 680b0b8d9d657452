"""Every change is kept: adding, changing and amending records, and asking for their past."""

from pycrm.revision.model import Access, Difference, Duplicate, Elevation, Export, FieldChange, Revision

__all__ = ["Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"]
