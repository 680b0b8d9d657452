"""Bringing a database to the shape that this version and its plugins need, one step at a time.

Alembic does the work and is imported only when there is some: whether a database is up to date is
told from file names and version tables alone.
"""

from pycrm.store.migration.line import Line, Step
from pycrm.store.migration.version import pending, refuse_pending

__all__ = ["Line", "Step", "pending", "refuse_pending"]
