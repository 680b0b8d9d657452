"""Statements as text with all values in it, for engines that are not reached through SQLAlchemy.

DuckDB speaks nearly as PostgreSQL does. Where it differs: a number with a point is a decimal there unless
it has an exponent, instants are kept without a zone, and a layer of a statement is better not kept apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect

__all__ = ["said"]


def said(statement: Any, dialect: str, moment: Callable[[str], Any]) -> str:
    """The text of a statement.

    Args:
        dialect: ``sqlite``, ``postgresql`` or ``duckdb``.
        moment: gives the value of a parameter that depends on the day.
    """
    with_values = _dialect(dialect)()
    with_values.moment = moment
    return str(statement.compile(dialect=with_values))


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


_VALUES = {"postgresql": _of_postgresql, "duckdb": _of_duckdb, "sqlite": _of_sqlite}


class _Spoken:
    """Writes each value where another compiler would leave its place."""

    dialect: Any

    def visit_bindparam(self, bindparam: Any, *_: Any, **__: Any) -> str:
        is_moment = bindparam.key.startswith("moment_")
        value = self.dialect.moment(bindparam.key) if is_moment else bindparam.effective_value
        if not bindparam.expanding:
            return self._said(bindparam.type, value)
        several = [self._said(bindparam.type, one) for one in value]
        return f"({', '.join(several) or 'SELECT NULL WHERE 1 = 0'})"

    def _said(self, kind: Any, value: Any) -> str:
        bound = kind.bind_processor(self.dialect)
        value = value if bound is None else bound(value)
        return "NULL" if value is None else _VALUES[self.dialect.name](value)


@cache
def _dialect(name: str) -> Callable[[], Any]:
    compiler, base = (SQLiteCompiler, SQLiteDialect) if name == "sqlite" else (PGCompiler, PGDialect)
    spoken = type("Spoken", (_Spoken, compiler), {})
    saying: Any = type("Saying", (base,), {"name": name, "statement_compiler": spoken, "moment": None})
    # The way of placeholders says whether signs of percent are doubled.
    return partial(saying, paramstyle="named")
