"""Who may see and do what: actors, reach, and the one gateway of reading statements."""

from pycrm.scope.access import FieldAccess
from pycrm.scope.actor import Actor, Held, Source
from pycrm.scope.reason import Reason

__all__ = ["Actor", "FieldAccess", "Held", "Reason", "Source"]
