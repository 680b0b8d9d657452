"""Finding reference data by the name that people know it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.errors import InvalidError, Problem
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights
from pycrm.scope.predicate import scope_of
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["named", "natural_key"]


def natural_key(cls: Any) -> str:
    """The field by which people name a record of this class: its one unique text.

    Raises:
        InvalidError: the class has none.
    """
    found = [
        spec.name
        for spec in cls.__specs__.values()
        if spec.unique and spec.kind is not None and spec.kind.name == "text"
    ]
    if not found or cls.__facet_of__ is not None:
        raise _unnamed(cls)
    return str(found[0])


def _unnamed(cls: Any) -> InvalidError:
    return InvalidError(f"a {cls.__name__.lower()} cannot be named by a text")


def _text(cls: Any, name: Any) -> str:
    field = cls.__name__.lower()
    try:
        if not isinstance(name, str):
            raise ValueError("expected a name or a reference")
        return clean_text(name)
    except ValueError as error:
        raise InvalidError(f"{field}: {error}", fields=[Problem(field, "type", str(error))]) from None


def named(tx: Transaction, cls: Any, name: Any) -> Ref[Any]:
    """The reference of a record given by itself, by a reference or by its natural key."""
    if isinstance(name, Ref):
        return name
    if hasattr(name, "ref"):
        return name.ref  # type: ignore[no-any-return]
    name = _text(cls, name)
    memo = ("named", cls, name)
    found: Ref[Any] | None = tx.memo.get(memo)
    if found is None:
        table, scope, column = cls.__table__, scope_of(tx, cls), natural_key(cls)
        if column in field_rights(tx, cls).closed:
            # Asking by a hidden field would tell its value, letter by letter.
            raise _unnamed(cls)
        statement = sa.select(table.c.id).where(table.c[column] == name, table.c.archived_at.is_(None))
        if scope.where is not None:
            statement = statement.where(scope.where)
        rows = tx.fetch(statement)
        if not rows:
            field = cls.__name__.lower()
            missing = Problem(field, "unknown", f"no such {field}: {name}")
            raise InvalidError(missing.message, fields=[missing])
        identity = unkey(rows[0][0])
        assert identity is not None
        found = tx.memo[memo] = Ref(cls.__name__, identity)
    return found
