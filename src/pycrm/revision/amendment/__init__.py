"""Amendments: proposing, deciding, applying and reading changes of key data."""

from pycrm.revision.amendment.model import AmendmentLine, Decided, LineAct, Planned

__all__ = ["AmendmentLine", "Decided", "LineAct", "Planned"]
