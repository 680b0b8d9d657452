"""The language in which customers are chosen: its tree, how text becomes one, and text again.

    grade = A and last_contact_at older than 30 days and not in segment hospital_chain

It is read by hand and never run. Each part knows where it stands, so that a mistake can be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import attrs

from pycrm.errors import InvalidError, Problem

__all__ = ["Amount", "Joined", "Member", "Node", "Not", "Trait", "mistake", "parse", "text_of", "walk"]

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
ONE_OF, NONE_OF, CONTAINS, EMPTY, FILLED = "in", "not in", "contains", "is empty", "is not empty"
OLDER, NEWER = "older than", "newer than"

_WORDS = frozenset(
    {"and", "or", "not", "in", "is", "empty", "contains", "older", "newer", "than", "days", "segment"}
    | {"true", "false"}
)
_LONGEST = 4000
_MOST_TESTS = 100
# Deeper than anybody writes, and shallow enough for the stack.
_DEEPEST = 20
_PLACES = 6
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign><=|>=|!=|[<>=(),])
    |(?P<date>\d{4}-\d\d-\d\d)(?![\w.-])
    |(?P<number>-?\d{1,15}(?:\.\d+)?)(?![\w.])(?:\s+(?P<currency>[A-Z]{3})\b)?
    |"(?P<text>(?:[^"]|"")*)"
    |(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*))""",
    re.VERBOSE,
)


@attrs.frozen
class Amount:
    """A number with its currency, ``100000 CNY``."""

    number: Decimal
    currency: str


@attrs.frozen
class Trait:
    """One thing that is asked of a customer: a name, how it is compared, and with what.

    Args:
        name: of a field, an indicator, ``grade`` or ``score``.
        sign: ``=``, ``in``, ``older than`` and so on; ``""`` where the name alone is a truth.
        value: a text, a number, a date, a truth, an `Amount` or a tuple of texts; days for ages.
        at: where the name begins, and `value_at` where the value does, from 1.
    """

    name: str
    sign: str = ""
    value: Any = None
    at: int = attrs.field(default=1, eq=False)
    value_at: int = attrs.field(default=1, eq=False)


@attrs.frozen
class Member:
    """Whether a customer is in a segment."""

    code: str
    at: int = attrs.field(default=1, eq=False)


@attrs.frozen
class Not:
    """The opposite of a part."""

    part: Node


@attrs.frozen
class Joined:
    """Two parts or more, joined by ``and`` or by ``or``."""

    word: str
    parts: tuple[Node, ...]


Node = Trait | Member | Not | Joined


class _Token(NamedTuple):
    sort: str
    value: Any
    at: int


def mistake(at: int, code: str, message: str) -> Problem:
    """Something wrong at a place of the text."""
    return Problem(f"expression/{at}", code, f"position {at}: {message}")


def parse(text: str) -> Node:
    """The tree of a text.

    >>> parse('grade = A and not score < 50').word
    'and'

    Raises:
        InvalidError: it is none; ``data["position"]`` says where, counted from 1.
    """
    return _Reader(text).whole()


def _refused(at: int, message: str, code: str = "format") -> InvalidError:
    wrong = mistake(at, code, message)
    return InvalidError(wrong.message, fields=[wrong], data={"position": at})


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise _refused(1, "say whom to choose", "required")
        if len(text) > _LONGEST:
            raise _refused(_LONGEST, f"it is longer than {_LONGEST} signs", "range")
        self._tokens = list(_tokens(text))
        self._end = _Token("end", "the end", len(text.rstrip()) + 1)
        self._at = 0
        self._tests = 0

    def whole(self) -> Node:
        found = self._joined("or", 0)
        if self._here.sort != "end":
            raise self._unexpected("expected and, or, or the end")
        return found

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else self._end

    def _take(self) -> _Token:
        here = self._here
        self._at += 1
        return here

    def _is(self, value: str, ahead: int = 0) -> bool:
        """Whether this word or sign comes next, or so many further on."""
        at = self._at + ahead
        return at < len(self._tokens) and self._tokens[at][:2] in (("word", value), ("sign", value))

    def _passes(self, *values: str) -> bool:
        """Go past these words or signs where they come next, one after the other."""
        found = all(self._is(value, ahead) for ahead, value in enumerate(values))
        if found:
            self._at += len(values)
        return found

    def _want(self, value: str) -> None:
        if not self._passes(value):
            raise self._unexpected(f"expected {value}")

    def _unexpected(self, wanted: str) -> InvalidError:
        here = self._here
        shown = here.value if here.sort in ("sign", "word", "end") else repr(str(here.value))
        return _refused(here.at, f"{wanted}, not {shown}")

    def _joined(self, word: str, depth: int) -> Node:
        if depth > _DEEPEST:
            raise _refused(self._here.at, "too many brackets", "range")
        parts: list[Node] = []
        while not parts or self._passes(word):
            parts.append(self._joined("and", depth) if word == "or" else self._part(depth))
        return parts[0] if len(parts) == 1 else Joined(word, tuple(_flat(word, parts)))

    def _part(self, depth: int) -> Node:
        if self._is("not"):
            if depth > _DEEPEST:
                raise _refused(self._here.at, "too many brackets", "range")
            self._take()
            return Not(self._part(depth + 1))
        if self._passes("("):
            found = self._joined("or", depth + 1)
            self._want(")")
            return found
        self._tests += 1
        if self._tests > _MOST_TESTS:
            raise _refused(self._here.at, f"more than {_MOST_TESTS} comparisons", "range")
        at = self._here.at
        if self._passes("in", "segment"):
            return Member(self._text("the code of a segment"), at)
        return self._test()

    def _test(self) -> Node:
        name = self._take()
        if name.sort != "word" or name.value in _WORDS:
            self._at -= 1
            raise self._unexpected("expected a field, an indicator, grade or score")
        for sign in COMPARISONS:
            if self._passes(sign):
                return self._ended(name, sign, self._value())
        for sign in (ONE_OF, NONE_OF):
            if self._passes(*sign.split()):
                return self._ended(name, sign, self._list())
        if self._passes("contains"):
            return self._ended(name, CONTAINS, self._value())
        for sign in (EMPTY, FILLED):
            if self._passes(*sign.split()):
                return Trait(name.value, sign, None, name.at, name.at)
        for sign in (OLDER, NEWER):
            if self._passes(*sign.split()):
                return self._ended(name, sign, self._days())
        return Trait(name.value, "", None, name.at, name.at)

    def _ended(self, name: _Token, sign: str, value: tuple[Any, int]) -> Trait:
        return Trait(name.value, sign, value[0], name.at, value[1])

    def _value(self) -> tuple[Any, int]:
        here = self._take()
        if here.sort == "word" and here.value in ("true", "false"):
            return here.value == "true", here.at
        if here.sort in ("end", "sign") or (here.sort == "word" and here.value in _WORDS):
            self._at -= 1
            raise self._unexpected("expected a value")
        return here.value, here.at

    def _list(self) -> tuple[tuple[str, ...], int]:
        at = self._here.at
        if not self._passes("("):
            return (self._text("a value"),), at
        found = [self._text("a value")]
        while self._passes(","):
            found.append(self._text("a value"))
        self._want(")")
        return tuple(found), at

    def _text(self, what: str) -> str:
        here = self._take()
        if here.sort == "text" or (here.sort == "word" and here.value not in _WORDS):
            return str(here.value)
        self._at -= 1
        raise self._unexpected(f"expected {what}")

    def _days(self) -> tuple[int, int]:
        here = self._take()
        number = here.value if here.sort == "number" else None
        if not isinstance(number, Decimal) or number != int(number) or not 0 <= number <= 36_500:
            raise _refused(here.at, "expected a number of days")
        self._want("days")
        return int(number), here.at


def _flat(word: str, parts: list[Node]) -> Iterator[Node]:
    """Brackets around what is joined by the same word say nothing."""
    for part in parts:
        if isinstance(part, Joined) and part.word == word:
            yield from part.parts
        else:
            yield part


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            begin = at + len(text[at:]) - len(text[at:].lstrip())
            raise _refused(begin + 1, f"did not expect {text[begin : begin + 20]!r}")
        begin = next(found.start(name) for name in _SORTS if found[name] is not None) + 1
        at = found.end()
        yield _token(found, begin)


_SORTS = ("sign", "date", "number", "text", "word")


def _token(found: re.Match[str], at: int) -> _Token:
    if found["date"] is not None:
        try:
            return _Token("date", date.fromisoformat(found["date"]), at)
        except ValueError:
            raise _refused(at, f"there is no day {found['date']}") from None
    if found["number"] is not None:
        if len(found["number"].partition(".")[2]) > _PLACES:
            raise _refused(at, f"a number has at most {_PLACES} places", "range")
        number = Decimal(found["number"])
        return _Token("number", Amount(number, found["currency"]) if found["currency"] else number, at)
    if found["text"] is not None:
        return _Token("text", found["text"].replace('""', '"'), at - 1)
    sort = "sign" if found["sign"] is not None else "word"
    return _Token(sort, found[sort], at)


def walk(node: Node) -> Iterator[Trait | Member]:
    """Every test of a tree, in the order of the text."""
    if isinstance(node, Joined):
        for part in node.parts:
            yield from walk(part)
    elif isinstance(node, Not):
        yield from walk(node.part)
    else:
        yield node


def text_of(node: Node) -> str:
    """The text of a tree, which reads as the same tree again.

    >>> text_of(parse("(grade = A or strategic) and T02>=100"))
    '(grade = "A" or strategic) and T02 >= 100'
    """
    if isinstance(node, Joined):
        return f" {node.word} ".join(_bracketed(part, node.word) for part in node.parts)
    if isinstance(node, Not):
        return f"not {_bracketed(node.part, 'not')}"
    if isinstance(node, Member):
        return f"in segment {_said(node.code)}"
    if node.sign in ("", EMPTY, FILLED):
        return f"{node.name} {node.sign}".rstrip()
    value = f"{node.value} days" if node.sign in (OLDER, NEWER) else _said(node.value)
    return f"{node.name} {node.sign} {value}"


def _bracketed(part: Node, within: str) -> str:
    said = text_of(part)
    loose = isinstance(part, Joined) and (within == "not" or part.word == "or" or part.word == within)
    return f"({said})" if loose else said


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_said(one) for one in value)})" if len(value) > 1 else _said(value[0])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Amount):
        return f"{value.number:f} {value.currency}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    doubled = str(value).replace('"', '""')
    return f'"{doubled}"'
