"""The seal of history: a chain over revisions, looks at protected fields and exports."""

from pycrm.revision.seal.model import Broken, Sealed, Verification

__all__ = ["Broken", "Sealed", "Verification"]
