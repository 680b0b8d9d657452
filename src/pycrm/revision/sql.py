"""The texts of writing statements, compiled once per class and shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.scope.predicate import Scope

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["delete_text", "enter", "insert_rows", "insert_text", "update_text"]

_WORTH_A_COPY = 50


def insert_text(tx: Transaction, cls: Any) -> str:
    """INSERT of all columns, in the order of the layout."""

    def statement() -> Any:
        return sa.insert(cls.__table__).values({name: sa.bindparam(name) for name in layout(cls).names})

    return tx.store.common(("insert", cls), statement)[0]


def enter(
    tx: Transaction,
    cls: Any,
    kind: str,
    row: Any,
    *,
    counted: bool = True,
    beside: tuple[Any, Sequence[Any]] | None = None,
) -> None:
    """Write one row of a book that is sealed, and its id on the list of what waits for the seal.

    Args:
        kind: what the row is to the seal.
        counted: whether it counts as something that the session wrote.
        beside: the class of a row that belongs to it, and the row as the driver takes it.
    """
    run = tx.write_one if counted else tx.run
    values = layout(cls).dump[tx.dialect](row)
    if tx.dialect == "sqlite":
        run(insert_text(tx, cls), values)
        tx.run("INSERT INTO crm_unsealed (id, kind) VALUES (?, ?)", (values[0], kind))
        if beside is not None:
            insert_rows(tx, beside[0], [beside[1]])
        return
    # In one statement: each takes longer to send than to do.
    own = f"WITH own AS ({insert_text(tx, cls)} RETURNING id)"
    listed = "INSERT INTO crm_unsealed SELECT id, %s FROM own"
    if beside is None:
        run(f"{own} {listed}", (*values, kind))
    else:
        other, more = beside
        run(f"{own}, listed AS ({listed}) {insert_text(tx, other)}", (*values, kind, *more))


def insert_rows(tx: Transaction, cls: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as the driver takes them, by the quickest way for their number."""
    if not rows:
        return
    if len(rows) == 1:
        tx.write_one(insert_text(tx, cls), rows[0])
    elif tx.dialect == "postgresql" and len(rows) >= _WORTH_A_COPY:
        tx.copy_many(cls.__tablename__, layout(cls).names, rows)
    else:
        tx.run_many(insert_text(tx, cls), rows)


def update_text(
    tx: Transaction, cls: Any, columns: tuple[str, ...], scope: Scope
) -> tuple[str, tuple[str, ...]]:
    """UPDATE of some columns where id and version are as read and the row is in scope."""

    def statement() -> Any:
        table = cls.__table__.c
        # Parameters come in the order of the columns, then key and version, then the scope.
        found = sa.update(cls.__table__).ordered_values(
            *((table[name], sa.bindparam(f"set_{name}", type_=table[name].type)) for name in columns)
        )
        key = table[key_column(cls)]
        found = found.where(key == sa.bindparam("key", type_=key.type))
        found = found.where(table.version == sa.bindparam("seen", type_=sa.BigInteger()))
        return found if scope.where is None else found.where(scope.where)

    return tx.store.text(("update", cls, columns, scope.shape), statement)


def delete_text(tx: Transaction, cls: Any) -> str:
    """DELETE of one child row by its id."""

    def statement() -> Any:
        table = cls.__table__.c
        return sa.delete(cls.__table__).where(table.id == sa.bindparam("key", type_=table.id.type))

    return tx.store.common(("delete", cls), statement)[0]
