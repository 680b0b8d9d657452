"""The book of exports: nobody takes records out without a row that says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.org import Action, RoleAssignment
from pycrm.errors import ForbiddenError, TooManyError
from pycrm.revision import apart
from pycrm.revision.model import Export, ExportRow
from pycrm.revision.sql import enter
from pycrm.scope.actor import bounds
from pycrm.scope.gateway import bounded
from pycrm.scope.paging import described

if TYPE_CHECKING:
    from pycrm.scope.actor import Actor
    from pycrm.store import Transaction

__all__ = ["exports", "note"]

_HOUR = timedelta(hours=1)


def note(tx: Transaction, cls: Any, columns: Sequence[str], conditions: Sequence[Any], rows: int) -> None:
    """Keep what is about to be taken out, in a transaction of its own where this one only reads.

    Nobody carries off by and by what they may see: what would exceed `exported_per_hour` is kept as refused.

    Raises:
        TooManyError: with this, the person would have taken out too many rows within the hour.
        StoreError: it could not be kept; nothing is to be written then.
    """
    # One id, whenever it is written: should the commit be broken off, there may be a row already.
    actor, verdict, id = tx.actor, _Verdict(), tx.crm.identifiers.new()
    told = [
        f"{text} [{', '.join(f'{n}={v}' for n, v in values)}]" for text, values in described(tx, conditions)
    ]

    def keep(own: Transaction) -> None:
        row = ExportRow(
            id=id,
            at=tx.moment,
            by=actor.ref,
            actor=actor.name,
            source=actor.source.value,
            entity=cls.__name__,
            columns=tuple(columns),
            conditions=" AND ".join(told) or None,
            rows=rows,
            refused=verdict.of(own, actor, rows),
        )
        enter(own, ExportRow, "export", row, counted=False)

    apart.keep(tx, keep)
    if verdict.seconds is not None:
        most = tx.crm.exported_per_hour
        raise TooManyError(f"more than {most:,} rows within an hour; go on later", seconds=verdict.seconds)


class _Verdict:
    """Whether an export is too much: judged once, where it is kept, and not again should that be undone."""

    def __init__(self) -> None:
        self._is_known = False
        self.seconds: int | None = None

    def of(self, own: Transaction, actor: Actor, rows: int) -> bool:
        """Whether so many rows more are refused."""
        if not self._is_known and actor.id is not None:
            self._judge(own, actor.id, rows)
        self._is_known = True
        return self.seconds is not None

    def _judge(self, own: Transaction, user: UUID, rows: int) -> None:
        if own.dialect == "postgresql":
            # Of two exports at once the second counts the first. On SQLite one writes at a time.
            own.run("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"pycrm export {user}"])
        table, since = ExportRow.__table__.c, own.moment - _HOUR
        mine = table.by_id == user, table.at > since, table.refused.is_(False)
        taken = own.fetch(sa.select(sa.func.coalesce(sa.func.sum(table.rows), 0)).where(*mine))[0][0]
        if taken + rows > own.crm.exported_per_hour:
            self.seconds = int(_HOUR.total_seconds())


def exports(tx: Transaction, limit: int | None) -> list[Export]:
    """What was taken out, newest first; see `Session.exports`."""
    if bounds(tx.actor, RoleAssignment, Action.READ).nothing:
        raise ForbiddenError("who exported what is read by those who may read role assignments")
    made, table = layout(ExportRow), ExportRow.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.at.desc(), table.id.desc())
    names = [attribute.name for attribute in attrs.fields(Export)]
    rows = made.build(tx.fetch(statement.limit(bounded(limit))))
    return [Export(*(getattr(row, name) for name in names)) for row in rows]
