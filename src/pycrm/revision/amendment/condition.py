"""The conditions of policies and flows: comparisons of an old and a new value, read and never run."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import attrs

from pycrm.values import EXACT, Money, decimal_of

__all__ = ["Condition"]

_WORDS = ("old", "new", "change", "percent", "amount", "none", "true", "false")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<sign><=|>=|!=|<|>|=)|(?P<number>-?\d+(?:\.\d+)?)(?:\s+(?P<currency>[A-Z]{3})\b)?"
    r"|'(?P<text>[^']*)'|(?P<word>[a-z]+)|(?P<open>\()|(?P<close>\)))",
    re.ASCII,
)
_NUMERIC = ("int", "decimal", "money")
# Deeper than anybody writes, and shallow enough for the stack.
_DEEPEST = 20


@attrs.frozen
class _Literal:
    value: Any


@attrs.frozen
class _Name:
    word: str


@attrs.frozen
class _Comparison:
    left: _Literal | _Name
    sign: str
    right: _Literal | _Name


@attrs.frozen
class _Joined:
    word: str
    parts: tuple[Any, ...]


@attrs.frozen
class Condition:
    """A truth about a change, such as ``percent > 20`` or ``new > 100000 CNY and old != none``.

    It compares `old` and `new`, their difference `change`, that difference as a `percent` of the old
    value, and the `amount` of the record, with each other and with numbers, amounts of money,
    'texts', ``none``, ``true`` and ``false``; ``and``, ``or`` and brackets join comparisons.

    >>> rise = Condition.parse("percent <= 20")
    >>> rise.holds(100_000, 115_000), rise.holds(100_000, 130_000)
    (True, False)
    """

    text: str
    tree: Any = attrs.field(repr=False, eq=False)

    @classmethod
    def parse(cls, text: str) -> Condition:
        """The condition of a text.

        Raises:
            ValueError: it is none; the message says where.
        """
        return _parsed(text)

    def problems(self, kind: str | None) -> Iterator[str]:
        """What makes no sense for a field of that kind (``money``, ``text`` …); None for a list of rows."""
        for name in sorted(set(_names(self.tree))):
            if name in ("change", "percent") and kind not in _NUMERIC:
                yield f"{name} is of numbers and amounts, not of this field"

    def holds(self, old: Any, new: Any, amount: Any = None) -> bool | None:
        """Whether it is true of a change; None where it cannot be told.

        A comparison with no value, of a percentage of nought or of two currencies has no answer.
        """
        return _truth(self.tree, {"old": old, "new": new, "amount": amount})


@cache
def _parsed(text: str) -> Condition:
    tokens = list(_tokens(text))
    tree, rest = _joined(tokens, 0, 0)
    if rest != len(tokens):
        raise ValueError(f"did not expect {tokens[rest][1]!r}")
    return Condition(text, tree)


def _tokens(text: str) -> Iterator[tuple[str, Any]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"did not expect {text[at:].strip()[:20]!r}")
        at = found.end()
        if found["number"] is not None:
            number = decimal_of(found["number"])
            yield "value", Money(number, found["currency"]) if found["currency"] else number
        elif found["text"] is not None:
            yield "value", found["text"]
        else:
            yield str(found.lastgroup), found[str(found.lastgroup)]


def _joined(tokens: list[tuple[str, Any]], at: int, depth: int, word: str = "or") -> tuple[Any, int]:
    """Comparisons joined by a word; ``and`` binds closer than ``or``."""
    if depth > _DEEPEST:
        raise ValueError("too many brackets")
    parts: list[Any] = []
    while True:
        if word == "or":
            part, at = _joined(tokens, at, depth, "and")
        else:
            part, at = _comparison(tokens, at, depth)
        parts.append(part)
        if at >= len(tokens) or tokens[at] != ("word", word):
            return (parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))), at
        at += 1


def _comparison(tokens: list[tuple[str, Any]], at: int, depth: int) -> tuple[Any, int]:
    if at < len(tokens) and tokens[at][0] == "open":
        tree, at = _joined(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at][0] != "close":
            raise ValueError("a bracket is not closed")
        return tree, at + 1
    left = _operand(tokens, at)
    if at + 1 >= len(tokens) or tokens[at + 1][0] != "sign":
        raise ValueError("expected a comparison such as new > 100")
    return _Comparison(left, tokens[at + 1][1], _operand(tokens, at + 2)), at + 3


def _operand(tokens: list[tuple[str, Any]], at: int) -> _Literal | _Name:
    if at >= len(tokens):
        raise ValueError("it ends too early")
    sort, value = tokens[at]
    if sort == "value":
        return _Literal(value)
    if sort != "word" or value not in _WORDS:
        raise ValueError(f"did not expect {value!r}; there are {', '.join(_WORDS)}")
    constants = {"none": None, "true": True, "false": False}
    return _Literal(constants[value]) if value in constants else _Name(value)


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, _Joined):
        for part in tree.parts:
            yield from _names(part)
    else:
        yield from (one.word for one in (tree.left, tree.right) if isinstance(one, _Name))


def _truth(tree: Any, facts: dict[str, Any]) -> bool | None:
    if isinstance(tree, _Joined):
        found = [_truth(part, facts) for part in tree.parts]
        deciding = tree.word == "or"
        if deciding in found:
            return deciding
        return None if None in found else not deciding
    return _compared(tree, _value(tree.left, facts), _value(tree.right, facts))


def _value(operand: _Literal | _Name, facts: dict[str, Any]) -> Any:
    if isinstance(operand, _Literal):
        return operand.value
    if operand.word in facts:
        return _plain(facts[operand.word])
    old, new = (_plain(facts[name]) for name in ("old", "new"))
    if operand.word == "change":
        return _difference(old, new)
    return _percent(old, new)


def _plain(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    value = getattr(value, "value", value)
    return value if value is None or isinstance(value, bool | Decimal | Money | str) else str(value)


def _difference(old: Any, new: Any) -> Any:
    if isinstance(old, Decimal) and isinstance(new, Decimal):
        return EXACT.subtract(new, old)
    if isinstance(old, Money) and isinstance(new, Money) and old.currency == new.currency:
        return new - old
    return None


def _percent(old: Any, new: Any) -> Decimal | None:
    change = _difference(old, new)
    if change is None or not old:
        return None
    part, whole = (Decimal(one.units) if isinstance(one, Money) else one for one in (change, old))
    return EXACT.divide(EXACT.multiply(part, Decimal(100)), abs(whole))


def _compared(tree: _Comparison, left: Any, right: Any) -> bool | None:
    is_equality = tree.sign in ("=", "!=")
    for one, other in ((tree.left, right), (tree.right, left)):
        if is_equality and isinstance(one, _Literal) and one.value is None:
            return (other is None) == (tree.sign == "=")
    if left is None or right is None or type(left) is not type(right):
        return None
    if isinstance(left, Money) and left.currency != right.currency:
        return None
    if isinstance(left, bool) and not is_equality:
        return None
    return bool(_SIGNS[tree.sign](left, right))
