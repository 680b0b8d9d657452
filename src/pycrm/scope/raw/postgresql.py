"""Raw SQL on PostgreSQL: on the session's own connection, under the role that may only read.

So it sees what the session has written and not yet committed. The savepoint around it takes role,
reach and time limit back whether the statement succeeds or fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.scope.raw.examine import examine, refusal
from pycrm.scope.raw.model import Asked, Rows
from pycrm.scope.raw.policies import SETTING, reach
from pycrm.scope.raw.text import refused, replaced

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["rows"]


def rows(tx: Transaction, asked: Asked) -> Rows:
    """The rows of the statement within the actor's reach."""
    from psycopg.sql import Literal
    from psycopg.types.json import JsonbLoader

    driver: Any = tx.connection.connection.driver_connection

    def put(name: str) -> str:
        return str(Literal(asked.parameters[name]).as_string(driver))

    text = replaced(asked.text, asked.parameters, put)
    role = examine(tx, text)
    with _lowered(tx, role, asked.seconds), driver.cursor() as cursor:
        # Whoever writes SQL gets what the driver makes of a list, not its text.
        cursor.adapters.register_loader("jsonb", JsonbLoader)
        try:
            cursor.execute(f"DECLARE pycrm_asked NO SCROLL CURSOR FOR {text}\n", binary=True)
            cursor.execute(f"FETCH FORWARD {asked.most + 1} FROM pycrm_asked")
            found = cursor.fetchall()
        except Exception as error:
            raise refusal(tx, error, asked.seconds) from error
        names = tuple(column.name for column in cursor.description)
    if len(found) > asked.most:
        raise refused(f"the statement gives more than {asked.most} rows", "range")
    return Rows(names, tuple(tuple(map(_plain, row)) for row in found))


@contextmanager
def _lowered(tx: Transaction, role: str, seconds: float) -> Iterator[None]:
    """The transaction under the role of raw SQL, within the actor's reach."""
    given = json.dumps(reach(tx), default=_text)
    tx.run("SAVEPOINT pycrm_sql")
    try:
        tx.run(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        tx.run("SET LOCAL transaction_read_only = on")
        tx.run(f"SELECT set_config('{SETTING}', %s, true)", (given,))
        tx.run(f"SET LOCAL ROLE {tx.store.quoted(role)}")
        yield
    finally:
        tx.run("ROLLBACK TO SAVEPOINT pycrm_sql")
        tx.run("RELEASE SAVEPOINT pycrm_sql")


def _text(value: Any) -> str:
    assert isinstance(value, UUID)
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value
