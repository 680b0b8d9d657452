"""The whole history of a CRM: sealed, its heads kept, the chain proven by them, and weighed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pycrm.errors import StoreError
from pycrm.revision.seal import heads as keeping
from pycrm.revision.seal import sealer
from pycrm.revision.seal import verify as proving
from pycrm.store import Transaction
from pycrm.store.apart import reading
from pycrm.store.engine import file_of

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.revision.seal import Sealed, Verification
    from pycrm.revision.size import HistorySize

__all__ = ["NAMELESS", "can_seal", "heads_file", "seal", "sizes", "verify"]

#: What whoever seals a database on a server is told without a folder for the heads.
NAMELESS = "name a folder for the heads of the chain: CRM(…, heads=…), or PYCRM_HEADS"


def heads_file(crm: CRM) -> Path | None:
    """The file in which the heads of this CRM's chain are kept; None where nothing can outlive it.

    Raises:
        StoreError: the database is on a server, and no folder was named.
    """
    if crm.store.in_memory:
        return None
    file = file_of(crm.store.url)
    if file is not None:
        return (crm.heads or file.parent) / f"{file.name}.heads"
    if crm.heads is None:
        raise StoreError(NAMELESS)
    url = crm.store.url
    name = ".".join(filter(None, (url.host, url.database, crm.store.schema)))
    return crm.heads / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.heads"


def can_seal(crm: CRM) -> bool:
    """Whether there is a place for the heads, which a database on a server must be given."""
    return crm.heads is not None or crm.store.in_memory or file_of(crm.store.url) is not None


def seal(crm: CRM) -> Sealed:
    """Seal what is committed; see `pycrm.CRM.seal`."""
    crm.refuse_unmigrated()
    return sealer.seal(crm.store, crm.clock.now(), heads_file(crm))


def verify(crm: CRM, path: Path | None) -> Verification:
    """Prove the chain; see `pycrm.CRM.verify`."""
    crm.refuse_unmigrated()
    tx = Transaction(crm.store, write=False, moment=crm.clock.now(), operation=None)
    try:
        found = path
        if found is None and can_seal(crm):
            found = heads_file(crm)
        known: list[keeping.Head] = []
        # Without any link there were no heads to export.
        if found is not None and (path is not None or found.exists() or sealer.head_of(tx)[0]):
            known = keeping.load(found)
        return proving.verify(tx, known)
    finally:
        tx.rollback()


def sizes(crm: CRM) -> list[HistorySize]:
    """Weigh the history; see `pycrm.CRM.history_size`."""
    from pycrm.revision.size import history_size

    # Days are counted as the CRM counts them, and budgets are declared by its classes.
    with reading(crm) as tx:
        return history_size(tx)
