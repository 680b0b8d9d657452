"""What changes of whole sets of rows share: their stamps, and the rows that note them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import RawInstant, RawKey
from pycrm.revision.log import revision_id
from pycrm.revision.model import ChangeRow

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["change_row", "id_of", "noting", "stamps"]

_NOTE = ("record_id", "version", "entity", "revision_id", "act", "reason", "changes")


def id_of(value: UUID | None) -> sa.BindParameter[Any]:
    """An id as a parameter of its own."""
    return sa.bindparam(None, value, type_=RawKey(), unique=True)


def stamps(tx: Transaction, cls: Any) -> dict[str, Any]:
    """The next version of each row, and who made it when."""
    return {
        "version": cls.__table__.c.version + 1,
        "updated_at": sa.bindparam(None, tx.moment, type_=RawInstant(), unique=True),
        "updated_by_id": id_of(tx.actor.id),
    }


def change_row(tx: Transaction, cls: Any, act: str, row: Any, version: Any, text: Any) -> list[Any]:
    """The columns of a row's change; `text` is the JSON of what changed, as an expression."""
    reason = sa.literal(tx.memo.get("reason"), sa.Text())
    return [row, version, sa.literal(cls.__name__), id_of(revision_id(tx)), sa.literal(act), reason, text]


def noting(rows: Any) -> Any:
    """The statement that notes the changes which `rows` selects, column by column as `change_row` has them."""
    noted = sa.insert(ChangeRow.__table__).from_select(list(_NOTE), rows)
    return noted.execution_options(preserve_rowcount=True)
