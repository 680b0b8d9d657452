"""Statements as text with their values in it: for engines that are not reached through SQLAlchemy, and for
statements that are kept, in which places are left for what the day decides and for what is given.

DuckDB speaks nearly as PostgreSQL does. Where it differs: a number with a point is a decimal there unless
it has an exponent, instants are kept without a zone, and a layer of a statement is better not kept apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect

from pycrm.declare.raw import RawDate, RawInstant, RawKey

__all__ = ["said", "said_with_places"]

# Around the name of a parameter: no text of a database holds it.
_MARK = "\x00"


def said(statement: Any, dialect: str, moment: Callable[[str], Any]) -> str:
    """The text of a statement.

    Args:
        dialect: ``sqlite``, ``postgresql`` or ``duckdb``.
        moment: gives the value of a parameter that depends on the day.
    """
    speaking = _dialect(dialect)()
    speaking.moment = moment
    return str(statement.compile(dialect=speaking))


def said_with_places(statement: Any, dialect: str) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The text of a statement for the driver, the parameters that depend on the day or are given, and their types.

    Their names begin with ``moment_`` or ``given_``.
    Everything else stands in the text: hundreds of constants would be hundreds of parameters.

    Args:
        dialect: ``sqlite`` or ``postgresql``.

    Returns:
        the text; the names in the order of their places; by name the type.
    """
    speaking = _dialect(dialect)()
    speaking.kinds = {}
    pieces = str(statement.compile(dialect=speaking)).split(_MARK)
    names = pieces[1::2]
    if dialect == "postgresql":
        # To psycopg a sign of percent is the beginning of a place.
        return "%s".join(one.replace("%", "%%") for one in pieces[::2]), tuple(names), speaking.kinds
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names), 1)}
    pieces[1::2] = [f"?{numbers[name]}" for name in names]
    return "".join(pieces), tuple(numbers), speaking.kinds


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _of_postgresql(value: Any) -> str:
    if isinstance(value, float):
        return f"CAST({value!r} AS DOUBLE PRECISION)"
    if isinstance(value, datetime):
        return f"CAST('{value.isoformat()}' AS TIMESTAMP WITH TIME ZONE)"
    return _plain(value)


def _of_duckdb(value: Any) -> str:
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(' ')}'"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, UUID):
        return f"CAST('{value}' AS UUID)"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return str(value) if isinstance(value, int) else _text(value)


def _of_sqlite(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return repr(value) if isinstance(value, int | float) else _text(value)


# The types of what stands in places.
_KINDS = {
    RawDate: "DATE",
    RawInstant: "TIMESTAMP WITH TIME ZONE",
    BigInteger: "BIGINT",
    Text: "TEXT",
    RawKey: "UUID",
}
_VALUES = {"postgresql": _of_postgresql, "duckdb": _of_duckdb, "sqlite": _of_sqlite}


class _Spoken:
    """Writes each value where another compiler would leave its place."""

    dialect: Any

    def visit_bindparam(self, bindparam: Any, *_: Any, **__: Any) -> str:
        value = bindparam.effective_value
        if bindparam.key.startswith(("moment_", "given_")):
            if self.dialect.kinds is not None:
                return self._place(bindparam)
            value = self.dialect.moment(bindparam.key)
        if not bindparam.expanding:
            return self._said(bindparam.type, value)
        several = [self._said(bindparam.type, one) for one in value]
        return f"({', '.join(several) or 'SELECT NULL WHERE 1 = 0'})"

    def _place(self, bindparam: Any) -> str:
        self.dialect.kinds[bindparam.key] = bindparam.type
        place = f"{_MARK}{bindparam.key}{_MARK}"
        # PostgreSQL asks of what type a parameter is before it knows what is done with it.
        if self.dialect.name == "sqlite":
            return place
        kind = next(name for of, name in _KINDS.items() if isinstance(bindparam.type, of))
        return f"CAST({place} AS {kind})"

    def _said(self, kind: Any, value: Any) -> str:
        bound = kind.bind_processor(self.dialect)
        value = value if bound is None else bound(value)
        return "NULL" if value is None else _VALUES[self.dialect.name](value)


@cache
def _dialect(name: str) -> Callable[[], Any]:
    compiler, base = (SQLiteCompiler, SQLiteDialect) if name == "sqlite" else (PGCompiler, PGDialect)
    spoken = type("Spoken", (_Spoken, compiler), {})
    own = {"name": name, "statement_compiler": spoken, "moment": None, "kinds": None}
    saying: Any = type("Saying", (base,), own)
    # The way of placeholders says whether signs of percent are doubled.
    return partial(saying, paramstyle="named")
