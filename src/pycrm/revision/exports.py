"""The book of exports: nobody takes records out without a row that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.org import Action, RoleAssignment
from pycrm.errors import ForbiddenError
from pycrm.revision import apart
from pycrm.revision.model import Export, ExportRow
from pycrm.revision.sql import enter
from pycrm.scope.actor import bounds
from pycrm.scope.gateway import bounded
from pycrm.scope.paging import described

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["exports", "note"]


def note(tx: Transaction, cls: Any, columns: Sequence[str], conditions: Sequence[Any], rows: int) -> None:
    """Keep what is about to be taken out, in a transaction of its own where this one only reads.

    Raises:
        StoreError: it could not be kept; nothing is to be written then.
    """
    actor = tx.actor
    told = [
        f"{text} [{', '.join(f'{n}={v}' for n, v in values)}]" for text, values in described(tx, conditions)
    ]
    row = ExportRow(
        id=tx.crm.identifiers.new(),
        at=tx.moment,
        by=actor.ref,
        actor=actor.name,
        source=actor.source.value,
        entity=cls.__name__,
        columns=tuple(columns),
        conditions=" AND ".join(told) or None,
        rows=rows,
    )
    apart.keep(tx, lambda own: enter(own, ExportRow, "export", row, counted=False))


def exports(tx: Transaction, limit: int | None) -> list[Export]:
    """What was taken out, newest first; see `Session.exports`."""
    if bounds(tx.actor, RoleAssignment, Action.READ).nothing:
        raise ForbiddenError("who exported what is read by those who may read role assignments")
    made, table = layout(ExportRow), ExportRow.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.at.desc(), table.id.desc())
    names = [attribute.name for attribute in attrs.fields(Export)]
    rows = made.build(tx.fetch(statement.limit(bounded(limit))))
    return [Export(*(getattr(row, name) for name in names)) for row in rows]
