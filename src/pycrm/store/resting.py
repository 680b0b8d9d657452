"""Connections that rest between transactions.

To take one from the engine's pool and to give it back costs about as much as the statements of a short session.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Resting"]


class Resting:
    """Connections in no transaction, ready for the next one; the pool counts them as taken.

    Where there are more than `most` in all, none rests: somebody may be waiting for one, whom only the pool would
    tell, and it closes those that are too many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: deque[tuple[int, sa.Connection, Any]] = deque()

    def __len__(self) -> int:
        return len(self._found)

    def take(self) -> tuple[sa.Connection, Any] | None:
        """The connection that was used last, with the driver's; None where none rests."""
        while self._found:
            try:
                process, connection, driver = self._found.pop()
            except IndexError:
                return None
            # Those that were there when a process was forked belong to the other one.
            if process == os.getpid():
                return connection, driver
        return None

    def give(self, connection: sa.Connection, driver: Any) -> None:
        """Let a connection rest whose transaction is over, or hand it back to the pool."""
        pool: Any = connection.engine.pool
        if pool.checkedout() + pool.checkedin() > self._most:
            connection.close()
            return
        if connection.in_transaction():
            # What SQLAlchemy takes for one: the database knows of none.
            connection.rollback()
        self.keep(connection, driver)

    def keep(self, connection: sa.Connection, driver: Any) -> None:
        """Let a connection rest."""
        self._found.append((os.getpid(), connection, driver))

    def close(self) -> None:
        """Hand all back to the pool."""
        while (found := self.take()) is not None:
            found[0].close()
