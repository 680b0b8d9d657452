"""Requests that may arrive twice: what each came to, so that the second gets the same answer.

Nothing of the records is kept, only which they are and at which moment they were as the answer said:
whoever is erased is erased from here too, and a hidden field stays hidden.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Field, field
from pycrm.declare.record import Row
from pycrm.declare.row import layout
from pycrm.revision.sql import insert_text
from pycrm.scope.actor import unkey

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["KEPT", "Errand", "ErrandRow", "keep", "known"]

#: So long a repeated request is known for one.
KEPT = timedelta(days=2)


class ErrandRow(Row, table="crm_errand", primary=("id",), indexes=(("at",),)):
    """What one request with a key of its sender came to."""

    id: Field[UUID] = field("Id")
    content: Field[UUID] = field("Content", column="content")
    at: Field[datetime] = field("At")
    told: Field[str] = field("Told", longest=1_000_000)


@attrs.frozen
class Errand:
    """What a request came to: the digest of what it asked for, and what was told, as JSON has it."""

    content: UUID
    told: Mapping[str, Any]


def known(tx: Transaction, id: UUID) -> Errand | None:
    """The errand of that id, or None where there was none, or long ago."""
    table = ErrandRow.__table__.c
    statement = sa.select(table.content, table.told).where(table.id == id, table.at > tx.moment - KEPT)
    for content, told in tx.fetch(statement):
        found = unkey(content)
        assert found is not None
        return Errand(found, json.loads(told))
    return None


def keep(tx: Transaction, id: UUID, errand: Errand) -> None:
    """Keep an errand with what it wrote; what is long past is forgotten.

    Raises:
        ConflictError: the same errand was run by somebody else meanwhile.
    """
    table = ErrandRow.__table__
    tx.execute(sa.delete(table).where(table.c.at <= tx.moment - KEPT))
    told = json.dumps(dict(errand.told), separators=(",", ":"))
    row = ErrandRow(id=id, content=errand.content, at=tx.moment, told=told)
    tx.write_one(insert_text(tx, ErrandRow), layout(ErrandRow).dump[tx.dialect](row))
