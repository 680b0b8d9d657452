"""What the condition of a reader may be made of: fields, plain values and comparisons.

The database may evaluate a reader's condition on rows that the scope then drops. So a condition
holds nothing that can fail on one row and not on another (a division, a sum out of range, a pattern
that ends in its escape character), since the failure would tell what a hidden row holds. Nor does it
hold names of parameters, which could stand in for those of the scope. What is not listed here is
refused, before SQL is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import elements, operators

from pycrm.declare.raw import (
    RawBool,
    RawDate,
    RawEnum,
    RawInstant,
    RawJson,
    RawKey,
    RawScaled,
    scaled,
)
from pycrm.declare.reference import key_of
from pycrm.errors import InvalidError, Problem
from pycrm.values import clean_text, utc

__all__ = ["Grammar", "direction", "unknown_field"]

# SQLite parses expressions to a depth of 1000, and Python's own stack ends earlier in deep nests.
_MOST_COMPARISONS = 500
_DEEPEST = 40
# PostgreSQL's protocol counts the values of a statement in 16 bits.
_MOST_VALUES = 10_000
_LONGEST = 20_000
_BIG = 2**63

_EQUAL = {operators.eq, operators.ne, operators.is_distinct_from, operators.is_not_distinct_from}
_ORDERED = {operators.lt, operators.le, operators.gt, operators.ge}
_NOTHING = {operators.is_, operators.is_not}
_LISTS = {operators.in_op, operators.not_in_op}
_RANGES = {operators.between_op, operators.not_between_op}
_LIKE = {operators.like_op, operators.not_like_op, operators.ilike_op, operators.not_ilike_op}
_PARTS = {
    *(operators.contains_op, operators.not_contains_op, operators.icontains_op, operators.not_icontains_op),
    *(operators.startswith_op, operators.not_startswith_op, operators.istartswith_op),
    *(operators.not_istartswith_op, operators.endswith_op, operators.not_endswith_op),
    *(operators.iendswith_op, operators.not_iendswith_op),
}
_DIRECTIONS = {operators.asc_op: False, operators.desc_op: True}


def unknown_field(text: str) -> InvalidError:
    """The refusal of anything that a reader may not name; equal for hidden and for unknown."""
    return InvalidError(f"unknown field: {text}", fields=[Problem(text, "unknown", "unknown field")])


def direction(order: Any) -> tuple[Any, bool]:
    """The field of an order and whether it falls: ``Customer.name`` or ``Customer.name.desc()``.

    Raises:
        InvalidError: another expression.
    """
    if type(order) is not elements.UnaryExpression:
        return order, False
    if order.operator is not None or order.modifier not in _DIRECTIONS:
        raise unknown_field("order")
    return order.element, _DIRECTIONS[order.modifier]


class Grammar:
    """Walks the conditions of one reading; `admit` takes or refuses each column they name."""

    def __init__(self, admit: Callable[[Any], Any]) -> None:
        self._admit = admit
        self._comparisons = 0
        self._values = 0

    def truth(self, part: Any, depth: int = 0) -> None:
        """Accept an expression that is true or false of a row.

        Raises:
            InvalidError: something in it is not allowed, or a value does not fit its field.
        """
        kind = type(part)
        if depth > _DEEPEST:
            raise InvalidError("the condition is nested too deeply")
        if kind is elements.BinaryExpression:
            self._comparison(part)
        elif kind is elements.BooleanClauseList:
            for one in part.clauses:
                self.truth(one, depth + 1)
        elif kind is elements.Grouping or _is_negation(part):
            self.truth(part.element, depth + 1)
        elif kind is sa.Column:
            self._admit(part)
            if type(part.type) is not RawBool:
                raise _wrong(part, "stands for no condition")
        elif kind not in (elements.True_, elements.False_):
            raise unknown_field(kind.__name__.lower())

    def _comparison(self, part: Any) -> None:
        self._comparisons += 1
        if self._comparisons > _MOST_COMPARISONS:
            raise InvalidError(f"more than {_MOST_COMPARISONS} comparisons")
        operator, left, right = part.operator, part.left, part.right
        if type(left) is not sa.Column and operator in _EQUAL | _ORDERED:
            left, right = right, left
        if type(left) is not sa.Column:
            raise unknown_field(type(left).__name__.lower())
        self._admit(left)
        extra = {name: value for name, value in part.modifiers.items() if value}
        if operator in _LIKE | _PARTS:
            self._pattern(left, right, extra.pop("escape", None))
        elif operator in _LISTS:
            self._list(left, right)
        elif operator in _RANGES:
            self._range(left, right)
        elif operator in _NOTHING:
            _constant(left, right)
        elif operator in _EQUAL | _ORDERED:
            self._operand(left, right)
        else:
            raise unknown_field(getattr(operator, "__name__", "operator"))
        if extra:
            raise unknown_field(next(iter(extra)))

    def _operand(self, column: Any, other: Any) -> None:
        if type(other) is sa.Column:
            self._admit(other)
            if _family(other) != _family(column):
                raise _wrong(column, "is not compared with a field of another type")
        elif type(other) in (elements.True_, elements.False_, elements.Null):
            _constant(column, other)
        else:
            self._value(column, self._bound(column, other))

    def _list(self, column: Any, right: Any) -> None:
        values = self._bound(column, right)
        if not isinstance(values, list | tuple):
            raise _wrong(column, "expected a list of values")
        for value in values:
            self._value(column, value)

    def _range(self, column: Any, right: Any) -> None:
        if type(right) is not elements.ExpressionClauseList:
            raise unknown_field(type(right).__name__.lower())
        for one in right.clauses:
            self._operand(column, one)

    def _pattern(self, column: Any, right: Any, escape: Any) -> None:
        if not isinstance(column.type, sa.Text):
            raise _wrong(column, "is no text")
        value = self._bound(column, right)
        self._value(column, value)
        if escape is not None and (not isinstance(escape, str) or len(escape) != 1):
            raise _wrong(column, "expected an escape of one character")
        # PostgreSQL fails at such a pattern only where a row matches all before it.
        if _ends_in_escape(value, escape or "\\"):
            raise _wrong(column, "the pattern ends in its escape character")

    def _bound(self, column: Any, part: Any) -> Any:
        """The value of a parameter that SQLAlchemy named by itself, bound as the column is."""
        if type(part) is not elements.BindParameter:
            raise unknown_field(type(part).__name__.lower())
        plain = part.unique and part.callable is None and not part.literal_execute
        if not plain or type(part.type) not in (type(column.type), *_PLAIN):
            raise _wrong(column, "expected a plain value")
        return part.value

    def _value(self, column: Any, value: Any) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise InvalidError(f"more than {_MOST_VALUES} values")
        words, fits = _FITS[type(column.type)]
        try:
            fitting = fits(column.type, value)
        except (ValueError, TypeError, OverflowError) as error:
            raise _wrong(column, str(error)) from None
        if not fitting:
            raise _wrong(column, f"expected {words}")


def _is_negation(part: Any) -> bool:
    if type(part) is elements.AsBoolean:
        return True
    return type(part) is elements.UnaryExpression and part.operator is operators.inv and not part.modifier


def _constant(column: Any, other: Any) -> None:
    fitting = type(other) is elements.Null or (
        type(other) in (elements.True_, elements.False_) and type(column.type) is RawBool
    )
    if not fitting:
        raise _wrong(column, "is compared with nothing or a truth value only")


def _family(column: Any) -> Any:
    if isinstance(column.type, sa.Text):
        return sa.Text
    return type(column.type), getattr(column.type, "scale", None)


def _wrong(column: Any, message: str) -> InvalidError:
    specs = column.table.info["record"].__specs__.values()
    name = next((spec.name for spec in specs if column.name in spec.columns), column.name)
    return InvalidError(f"{name}: {message}", fields=[Problem(name, "type", message)])


def _ends_in_escape(pattern: str, escape: str) -> bool:
    at = 0
    while at < len(pattern):
        if pattern[at] == escape:
            if at + 1 == len(pattern):
                return True
            at += 1
        at += 1
    return False


def _text(kind: Any, value: Any) -> bool:
    if isinstance(value, Enum):
        value = value.value
    return isinstance(value, str) and clean_text(value, longest=_LONGEST) is not None


def _whole(kind: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_BIG <= value < _BIG


def _date(kind: Any, value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _instant(kind: Any, value: Any) -> bool:
    return isinstance(value, datetime) and utc(value) is not None


def _key(kind: Any, value: Any) -> bool:
    try:
        return key_of(value) is not None
    except (TypeError, ValueError, AttributeError):
        return False


def _decimal(kind: Any, value: Any) -> bool:
    return -_BIG <= scaled(value, kind.scale) < _BIG


def _texts(kind: Any, value: Any) -> bool:
    return isinstance(value, list | tuple) and all(_text(kind, one) for one in value)


_FITS: dict[type, tuple[str, Callable[[Any, Any], bool]]] = {
    sa.Text: ("text", _text),
    RawEnum: ("one of its values", _text),
    sa.BigInteger: ("a whole number of 64 bits", _whole),
    RawBool: ("true or false", lambda kind, value: isinstance(value, bool)),
    RawDate: ("a date", _date),
    RawInstant: ("an instant", _instant),
    RawKey: ("a record, a reference or an id", _key),
    RawScaled: ("a decimal number", _decimal),
    RawJson: ("a list of texts", _texts),
}
# As SQLAlchemy types a value that is compared with a column of the same sort.
_PLAIN = (sa.String, sa.Integer, sa.Boolean)
