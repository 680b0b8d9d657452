"""The latest moment of what links to a record, kept with the record for the order of its lists.

A customer's last activity is derived from the activities. It is rewritten in the transaction that adds,
changes or puts away one of them, and leaves no version and no revision: nobody changed the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["is_kept", "raise_latest", "renew_latest"]


@attrs.frozen
class _Keeper:
    """A field of a class that keeps the latest moment of the records whose link names it."""

    host: Any
    field: str
    source: Any
    link: str
    moment: str

    @property
    def column(self) -> Any:
        """The column of the field."""
        return self.host.__table__.c[self.field]

    def latest(self) -> Any:
        """The latest moment of what counts, as a part of a statement over the host."""
        table = self.source.__table__.c
        mine = table[self.source.__specs__[self.link].columns[0]] == self.host.__table__.c.id
        found = sa.select(sa.func.max(table[self.moment])).where(mine, table.archived_at.is_(None))
        return found.correlate(self.host.__table__).scalar_subquery()


def _keepers(tx: Transaction, cls: Any) -> tuple[_Keeper, ...]:
    """What is kept of the records of a class."""
    known: dict[Any, tuple[_Keeper, ...]] = tx.crm.keepers
    found = known.get(cls)
    if found is None:
        paths = [
            (host, field, *path.split("."))
            for host in tx.crm.classes()
            for field, path in host.keeps_latest.items()
        ]
        found = tuple(
            _Keeper(host, field, cls, link, moment)
            for host, field, entity, link, moment in paths
            if entity == cls.__name__
        )
        known[cls] = found
    return found


def is_kept(tx: Transaction, cls: Any, names: Iterable[str]) -> bool:
    """Whether a change of these fields moves what is kept of them elsewhere."""
    return any(name in (one.link, one.moment) for one in _keepers(tx, cls) for name in names)


def raise_latest(tx: Transaction, cls: Any, records: Sequence[Any]) -> None:
    """Follow records that were just added: what is kept only rises, and is written only where it does."""
    for keeper in _keepers(tx, cls):
        linked = [one for one in records if getattr(one, keeper.link) is not None]
        if len(linked) == 1:
            _raise_one(tx, keeper, linked[0])
        elif linked:
            for some in pieces(sorted({getattr(one, keeper.link).id for one in linked})):
                _raise_many(tx, keeper, some)


def _raise_one(tx: Transaction, keeper: _Keeper, record: Any) -> None:
    host, column = keeper.host, keeper.column

    def statement() -> Any:
        moment = sa.bindparam("moment", type_=column.type)
        key = host.__table__.c.id
        rises = sa.and_(key == sa.bindparam("key", type_=key.type), column < moment)
        return sa.update(host.__table__).values({column.name: moment}).where(rises)

    text, order = tx.store.common(("latest", host, keeper.source, keeper.field), statement)
    names = (keeper.link, keeper.moment)
    values = dict(
        zip(("key", "moment"), layout(keeper.source).dump_of(names, tx.dialect)(record), strict=True)
    )
    tx.write_one(text, [values[name] for name in order])


def _raise_many(tx: Transaction, keeper: _Keeper, ids: list[UUID]) -> None:
    table, latest = keeper.host.__table__, keeper.latest()
    # In the order of their ids, lest two such writers wait for each other.
    locked = sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
    locked = locked.with_for_update(key_share=True)
    rises = sa.and_(table.c.id.in_(locked), keeper.column < latest)
    tx.execute(sa.update(table).values({keeper.field: latest}).where(rises))


def renew_latest(tx: Transaction, before: Any, after: Any, names: Iterable[str]) -> None:
    """Follow a record that was changed, put away or brought back: what is kept is found out anew."""
    for keeper in _keepers(tx, type(after)):
        if not {keeper.link, keeper.moment, "archived_at"}.isdisjoint(names):
            links = (getattr(one, keeper.link) for one in (before, after))
            for some in pieces(sorted({link.id for link in links if link is not None})):
                _renew(tx, keeper, some)


def _renew(tx: Transaction, keeper: _Keeper, ids: list[UUID]) -> None:
    table, latest = keeper.host.__table__, keeper.latest()
    if tx.dialect == "postgresql":
        # Whoever adds such a record holds its host by the foreign key, and is waited for: the next
        # statement sees what was added. Without that the two would each miss what the other does.
        tx.fetch(sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update())
    moment = sa.case((latest > table.c.created_at, latest), else_=table.c.created_at)
    tx.execute(sa.update(table).values({keeper.field: moment}).where(table.c.id.in_(ids)))
