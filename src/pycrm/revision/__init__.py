"""Every change is kept: adding, changing and amending records, and asking for their past."""

from pycrm.revision.model import Access, Duplicate, Elevation, Export, FieldChange, Revision

__all__ = ["Access", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"]
