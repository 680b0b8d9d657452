"""Every change is kept: adding, changing and amending records, and asking for their past."""

from pycrm.revision.model import FieldChange, Revision

__all__ = ["FieldChange", "Revision"]
