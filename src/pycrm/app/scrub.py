"""Taking what was erased out of the files of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pycrm.errors import StoreError
from pycrm.scope.text import indexes

if TYPE_CHECKING:
    from pycrm.app.crm import CRM

__all__ = ["scrub"]


def scrub(crm: CRM) -> None:
    """Write the tables anew and empty the log; see `pycrm.CRM.scrub`."""
    crm.refuse_unmigrated()
    with crm.store.connect() as connection:
        try:
            if crm.store.dialect == "postgresql":
                for name in sorted(crm.metadata.tables):
                    connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {crm.store.quoted(name)}")
                return
            for name in indexes(crm.records()):
                # What was taken out of such an index stays in its segments until they are merged.
                index = crm.store.quoted(name)
                connection.exec_driver_sql(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        except sa.exc.DBAPIError as error:
            raise StoreError(f"the files could not be written anew: {error.orig}") from error
    if busy:
        raise StoreError("somebody is reading: the log could not be emptied, call it again")
