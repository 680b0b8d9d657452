"""Raw SQL: the one door for it, and the role and policies behind it on PostgreSQL."""

from pycrm.scope.raw.door import sql
from pycrm.scope.raw.model import Rows
from pycrm.scope.raw.role import loosen, secure

__all__ = ["Rows", "loosen", "secure", "sql"]
