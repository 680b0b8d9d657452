"""The seal of history: a chain over revisions, looks at protected fields, exports and sessions of system actors."""

from pycrm.revision.seal.model import Broken, Sealed, Verification

__all__ = ["Broken", "Sealed", "Verification"]
