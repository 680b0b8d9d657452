"""What must stay written whatever becomes of the session: looks at protected fields, system actors."""

from __future__ import annotations

from collections.abc import Callable

from pycrm.errors import ForbiddenError
from pycrm.store import Transaction

__all__ = ["keep"]


def keep(tx: Transaction, write: Callable[[Transaction], None]) -> None:
    """Write with the session, and again should it be undone; of one that only reads, apart and at once.

    SQLite has one writer, so a writing session cannot leave it to another transaction. One that
    only reads cannot write, and goes on only when the row is durable.

    Raises:
        ForbiddenError: what is kept so is done in somebody's name, by who only looks through their eyes.
        StoreError: it could not be written.
    """
    if tx.actor is not None and tx.actor.looker is not None:
        raise ForbiddenError("whoever sees what others see only looks")
    if tx.write:
        write(tx)
        tx.after_rollback.append(lambda: _apart(tx, write))
        tx.after_savepoint.append(lambda: write(tx))
    elif tx.store.in_memory:
        # There is one connection, and nothing of it outlives the process.
        write(tx)
    else:
        _apart(tx, write)


def _apart(tx: Transaction, write: Callable[[Transaction], None]) -> None:
    own = Transaction(tx.store, write=True, moment=tx.moment, operation=None)
    own.crm = tx.crm
    try:
        write(own)
    except BaseException:
        own.rollback()
        raise
    own.commit()
