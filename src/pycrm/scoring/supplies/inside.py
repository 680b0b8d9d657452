"""What lies within the JSON text of a column: its lists as rows, and its members as texts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["member", "pair", "rows_of"]


class _Rows(FunctionElement[Any]):
    inherit_cache = True
    name = "pycrm_rows"


class _Pair(FunctionElement[Any]):
    inherit_cache = True
    name, type = "pycrm_pair", sa.Text()


@compiles(_Rows)
def _rows(element: Any, compiler: Any, **options: Any) -> str:
    text, name = (compiler.process(one, **options) for one in element.clauses)
    return f"jsonb_array_elements(CAST({text} AS JSONB) -> {name})"


@compiles(_Rows, "sqlite")
def _rows_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text, name = (compiler.process(one, **options) for one in element.clauses)
    return f"json_each({text} -> {name})"


@compiles(_Pair)
def _pair(element: Any, compiler: Any, **options: Any) -> str:
    text, name, place = (compiler.process(one, **options) for one in element.clauses)
    return f"(CAST({text} AS JSONB) -> {name} ->> {place})"


@compiles(_Pair, "sqlite")
def _pair_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text, name, place = (compiler.process(one, **options) for one in element.clauses)
    return f"({text} -> {name} ->> {place})"


def _said(name: str) -> Any:
    """A name of our own, which no user writes, as it stands in the statement."""
    return sa.literal_column(f"'{name}'", sa.Text())


def rows_of(text: Any, name: str) -> Any:
    """The elements of a list within the text, each a row whose column ``value`` is one of them."""
    return _Rows(text, _said(name)).table_valued("value", joins_implicitly=True)


def member(value: Any, name: str) -> Any:
    """A member of an element as text, or none."""
    return sa.type_coerce(value.op("->>")(_said(name)), sa.Text())


def pair(text: Any, name: str, place: int) -> Any:
    """Of a pair within the text, such as a change holds of each field, the one at this place as text."""
    return _Pair(text, _said(name), sa.literal_column(str(place)))
