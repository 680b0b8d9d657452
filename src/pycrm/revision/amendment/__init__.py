"""Amendments: proposing, deciding, applying and reading changes of key data."""

from pycrm.revision.amendment.model import AmendmentLine, Batch, Decided, LineAct, Planned

__all__ = ["AmendmentLine", "Batch", "Decided", "LineAct", "Planned"]
