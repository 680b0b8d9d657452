"""Tables: a bare one per class for statements, and the real ones that a CRM creates.

The bare table has neither keys nor indexes and lives in a metadata of its own, so that a class can
be declared once and used by many CRMs with different plugins. The real tables are made when a CRM
freezes, when every class that a link can name is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.kind import KeyKind
from pycrm.declare.policy import OWN_PAIR, PARENT_PAIR, Administered, Reference
from pycrm.declare.search import search_table_name, searched
from pycrm.errors import DeclarationError

if TYPE_CHECKING:
    from pycrm.declare.field import Spec

__all__ = ["check_tables", "create_tables", "key_column", "statement_table", "tables_of"]

# The naming of constraints must be stable for migrations to find them again.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def statement_table(cls: Any) -> sa.Table:
    """The bare table of a record, facet or child class, made at its first use."""
    made: sa.Table | None = cls.__dict__.get("__slot_table__")
    if made is None:
        if cls.__tablename__ is None:
            raise DeclarationError(f"{cls.__name__} has no table of its own")
        columns = [
            sa.Column(name, kind) for spec in cls.__specs__.values() for name, kind in _columns(spec, None)
        ]
        if cls.__salted__:
            columns += [sa.Column(name, kind) for name, kind in KeyKind().columns(SALT)]
        made = sa.Table(cls.__tablename__, sa.MetaData(), *columns, info={"record": cls})
        type.__setattr__(cls, "__slot_table__", made)
    return made


def _columns(spec: Spec, dialect: str | None) -> list[tuple[str, sa.types.TypeEngine[Any]]]:
    if spec.kind is None:
        return []
    pairs = spec.kind.columns(spec.name) if dialect is None else spec.kind.ddl(spec.name, dialect)
    if spec.column:
        return [(spec.column, pairs[0][1])]
    return list(pairs)


def key_column(cls: Any) -> str:
    """The column of the key: ``id``, of facets ``of_id``."""
    return "of_id" if cls.__facet_of__ is not None and "of" in cls.__specs__ else "id"


def check_tables(classes: Iterable[Any], tables: Mapping[str, str]) -> None:
    """Refuse classes whose tables could not be made; `tables` as for `create_tables`.

    Raises:
        DeclarationError: a link points to a class that is not registered, or there are too many orders.
    """
    for cls in classes:
        for spec in cls.__specs__.values():
            _target(cls, spec, tables)
        _indexes(cls)


@lru_cache(maxsize=16)
def tables_of(classes: tuple[Any, ...], dialect: str, tables: tuple[tuple[str, str], ...]) -> sa.MetaData:
    """The real tables of these classes, made once for all CRMs of a process that declare the same; to be read.

    `tables` has a pair for each class name and its table, as for `create_tables`.
    """
    metadata = sa.MetaData(naming_convention=NAMING)
    create_tables(metadata, classes, dialect, dict(tables))
    return metadata


def create_tables(
    metadata: sa.MetaData, classes: Iterable[Any], dialect: str, tables: Mapping[str, str]
) -> None:
    """Add the real tables of these classes to the metadata.

    `tables` gives the table of each class name that a link or a facet may point to.

    Raises:
        DeclarationError: a link points to a class that is not registered.
    """
    for cls in classes:
        _create(metadata, cls, dialect, tables)
        if searched(cls):
            _create_search(metadata, cls, dialect)


def _create(metadata: sa.MetaData, cls: Any, dialect: str, tables: Mapping[str, str]) -> None:
    keys = cls.__primary__ or (key_column(cls),)
    parts: list[Any] = []
    for spec in cls.__specs__.values():
        for name, kind in _columns(spec, dialect):
            nullable = spec.nullable or name in _OPEN
            if dialect == "postgresql" and name in cls.__short__:
                kind = sa.Integer()
            parts.append(sa.Column(name, kind, primary_key=name in keys, nullable=nullable))
        if (spec.unique and isinstance(cls.__scope__, Reference | Administered)) or (
            spec.unique and spec.target
        ):
            parts.append(sa.UniqueConstraint(*spec.columns))
        target = _target(cls, spec, tables)
        if target:
            parts.append(sa.ForeignKeyConstraint(spec.columns, [target], ondelete=_on_delete(cls, spec)))
    if cls.__salted__:
        parts.append(_salt(dialect))
    kept: dict[str, Any] = {"sqlite_with_rowid": False} if cls.__clustered__ else {}
    table = sa.Table(cls.__tablename__, metadata, *parts, **kept)
    for columns in _indexes(cls):
        where = table.c.archived_at.is_(None) if "archived_at" in cls.__specs__ else None
        sa.Index(
            f"ix_{cls.__tablename__}_{'_'.join(columns)}"[:63],
            *(table.c[name] for name in columns),
            sqlite_where=where,
            postgresql_where=where,
        )
    for columns in (*_plain_indexes(cls), *cls.__indexes__):
        if columns[0].startswith("!"):
            parts = [column.lstrip("!") for column in columns]
            sa.Index(
                f"uq_{cls.__tablename__}_{'_'.join(parts)}"[:63],
                *(table.c[name] for name in parts),
                unique=True,
            )
            continue
        sa.Index(f"ix_{cls.__tablename__}_{'_'.join(columns)}"[:63], *(table.c[name] for name in columns))


# The column that makes a digest of the row tell nothing of its values.
SALT = "salt"
SALTS = {"sqlite": "(randomblob(16))", "postgresql": "gen_random_uuid()"}


def _salt(dialect: str) -> sa.Column[Any]:
    ((_, kind),) = KeyKind().ddl(SALT, dialect)
    return sa.Column(SALT, kind, nullable=False, server_default=sa.text(SALTS[dialect]))


def _create_search(metadata: sa.MetaData, cls: Any, dialect: str) -> None:
    """The table of folded texts; on SQLite an index of its own keeps the grams, see `pycrm.scope.text`."""
    if cls.__scope__ is None or "id" not in cls.__specs__:
        raise DeclarationError(f"{cls.__name__}: search=True is for records, not for facets or rows")
    name, is_server = search_table_name(cls), dialect == "postgresql"
    texts = [sa.Column(spec.columns[0], sa.Text()) for spec in searched(cls)]
    of_id = sa.Column("of_id", sa.Uuid() if is_server else sa.LargeBinary(16), primary_key=True)
    grams = sa.Column("grams", sa.ARRAY(sa.Integer()) if is_server else sa.Text())
    table = sa.Table(name, metadata, of_id, *texts, grams)
    if is_server:
        sa.Index(f"ix_{name}_grams"[:63], table.c.grams, postgresql_using="gin")


# Filled by the product and legitimately empty.
_OPEN = frozenset(("archived_at", "owner_id", "owner_unit_id", "parent_owner_id", "parent_unit_id"))


def _target(cls: Any, spec: Spec, tables: Mapping[str, str]) -> str | None:
    if spec.name == "parent" and not hasattr(cls, "version"):
        return None
    if spec.name in (*OWN_PAIR, *PARENT_PAIR, "created_by", "updated_by"):
        # Kept from the transaction itself; a foreign key would cost every write an index probe.
        return None
    name = cls.__facet_of__ if spec.name == "of" else spec.target
    if name is None or name == "Record":
        return None
    if name not in tables:
        raise DeclarationError(f"{cls.__name__}.{spec.name} links to {name}, which no plugin registers")
    return f"{tables[name]}.id"


def _on_delete(cls: Any, spec: Spec) -> str | None:
    return "CASCADE" if spec.name == "of" else None


def _indexes(cls: Any) -> list[tuple[str, ...]]:
    """The triples of each declared order: alone, by owner and by unit, for each pair of owners."""
    if cls.__scope__ is None:
        return []
    orders = [spec.columns[0] for spec in cls.__specs__.values() if spec.order] or ["id"]
    if len(orders) > 3:
        raise DeclarationError(f"{cls.__name__}: at most three fields may have order=True")
    found: list[tuple[str, ...]] = []
    for order in orders:
        tail = (order,) if order == "id" else (order, "id")
        if tail != ("id",):
            found.append(tail)
        for owner, unit in cls.__scope__.pairs:
            found += [(f"{owner}_id", *tail), (f"{unit}_id", *tail)]
    return found


def _plain_indexes(cls: Any) -> list[tuple[str, ...]]:
    """Foreign keys that children, facets and lists are found by."""
    found: list[tuple[str, ...]] = []
    for spec in cls.__specs__.values():
        if cls.__facet_of__ is not None and spec.order:
            found.append((spec.columns[0], "of_id"))
        if spec.name == "parent" and "position" in cls.__specs__:
            found.append(("parent_id", "position"))
        elif spec.target and not spec.derived and not spec.unique and spec.name != "of":
            found.append(spec.columns)
    return found
