"""Conditions that compare fields with values and do nothing else: one statement for all that are alike.

SQLAlchemy keeps what it has compiled, but finds it again by walking the whole statement, which costs a short
reading more than the database does. Most readings of pages ask for what belongs to a record, in an order and
up to a number; they are told apart here by the fields and signs of their conditions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import elements, operators

__all__ = ["Comparisons", "compared", "padded", "sorting"]

_SIGNS = {operators.eq, operators.ne, operators.lt, operators.le, operators.gt, operators.ge}
_NOTHING = {operators.is_, operators.is_not}
# A longer list is as well read by SQLAlchemy, and would fill the store of statements.
_MOST = 512
_bound: dict[tuple[Any, str], Callable[[Any], Any] | None] = {}


@attrs.frozen
class Comparisons:
    """Conditions of one table: what they are, and with which values.

    Args:
        shape: of each the name of a column, its sign, and how many values it is compared with.
        values: by the name of its parameter.
    """

    table: Any
    shape: tuple[tuple[str, Any, int], ...]
    _values: dict[str, tuple[Any, Any]]

    @property
    def key(self) -> Any:
        """Equal for all conditions that share a statement."""
        return self.shape

    def where(self) -> Iterator[Any]:
        """The conditions, with names in the place of values."""
        for at, (name, sign, number) in enumerate(self.shape):
            column = self.table.c[name]
            if sign in _NOTHING:
                yield sign(column, None)
                continue
            given = [sa.bindparam(f"with_{at}_{one}", type_=column.type) for one in range(number)]
            yield column.in_(given) if sign is operators.in_op else sign(column, given[0])

    def bound(self, dialect: Any) -> dict[str, Any]:
        """The values as the driver takes them."""
        found = {}
        for name, (column, value) in self._values.items():
            make = _binding(column, dialect)
            found[name] = value if make is None else make(value)
        return found


def compared(table: Any, conditions: Iterable[Any]) -> Comparisons | None:
    """These conditions as comparisons of that table; None where one of them is anything else."""
    shape: list[tuple[str, Any, int]] = []
    values: dict[str, tuple[Any, Any]] = {}
    for at, one in enumerate(conditions):
        if type(one) is not elements.BinaryExpression or type(one.left) is not sa.Column:
            return None
        column, sign, given = one.left, one.operator, _given(one)
        if given is None or column.table is not table:
            return None
        shape.append((column.name, sign, len(given)))
        values |= {f"with_{at}_{number}": (column, value) for number, value in enumerate(given)}
    return Comparisons(table, tuple(shape), values)


def _given(one: Any) -> list[Any] | None:
    """The values on the right of a comparison; None where it is none of ours."""
    sign, right = one.operator, one.right
    if sign in _NOTHING:
        return [] if type(right) is elements.Null else None
    if type(right) is not elements.BindParameter:
        return None
    text = isinstance(one.left.type, sa.Text)
    if not text and type(right.type) is not type(one.left.type):
        return None
    if sign in _SIGNS:
        given = [right.value]
    elif sign is operators.in_op:
        several: list[Any] = list(right.value or ())
        if not 0 < len(several) <= _MOST:
            return None
        given = padded(several)
    else:
        return None
    return None if text and any(type(value) is not str for value in given) else given


def padded(values: list[Any]) -> list[Any]:
    """At least one value, filled up with the last one to a power of two, so that few lengths occur."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


def _binding(column: Any, dialect: Any) -> Callable[[Any], Any] | None:
    known = (column, dialect.name)
    if known not in _bound:
        _bound[known] = column.type.dialect_impl(dialect).bind_processor(dialect)
    return _bound[known]


def sorting(table: Any, ordering: Iterable[Any]) -> tuple[Any, ...] | None:
    """What tells this order of a table's columns from others; None where it is by anything else."""
    found: list[Any] = []
    for one in ordering:
        while type(one) is elements.UnaryExpression:
            found.append(one.modifier)
            one = one.element
        if type(one) is not sa.Column or one.table is not table:
            return None
        found.append(one.name)
    return tuple(found)
