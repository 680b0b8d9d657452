"""Sessions: one actor, one transaction, and every verb by which data are read and written."""

from __future__ import annotations

from pycrm.session.writing import Writing

__all__ = ["Session"]


class Session(Writing):
    """One actor and one transaction: the only door to the data.

    Use it as a context manager: leaving the block commits, an exception rolls back. Reading is
    scoped inside the query, writing is permitted, checked, versioned and recorded by the verb.
    Made by ``crm.session(actor)`` for writing and by ``crm.view(actor)`` for reading.
    """
