"""Whether an expression makes sense to its reader: every mistake at once, each with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import Reference
from pycrm.errors import InvalidError, Problem
from pycrm.scope.actor import unkey
from pycrm.scope.natural import named
from pycrm.scoring.choice.reading import in_words
from pycrm.scoring.choice.syntax import (
    CONTAINS,
    EMPTY,
    FILLED,
    NEWER,
    NONE_OF,
    OLDER,
    ONE_OF,
    Amount,
    Member,
    Node,
    Trait,
    mistake,
    parse,
    text_of,
    walk,
)
from pycrm.scoring.choice.terms import Sort, Term, Terms, UnusableError

if TYPE_CHECKING:
    from uuid import UUID

    from pycrm.store import Transaction

__all__ = ["Checked", "checked"]

_EQUAL = ("=", "!=")
_ORDERED = ("<", "<=", ">", ">=")
_OF_ALL = (EMPTY, FILLED)
_SIGNS: dict[Sort, tuple[str, ...]] = {
    Sort.TEXT: (*_EQUAL, ONE_OF, NONE_OF, CONTAINS),
    Sort.CHOICE: (*_EQUAL, ONE_OF, NONE_OF),
    Sort.LINK: (*_EQUAL, ONE_OF, NONE_OF),
    Sort.NUMBER: (*_EQUAL, *_ORDERED),
    Sort.MONEY: (*_EQUAL, *_ORDERED),
    Sort.DATE: (*_EQUAL, *_ORDERED, OLDER, NEWER),
    Sort.INSTANT: (*_ORDERED, OLDER, NEWER),
    Sort.TRUTH: ("", *_EQUAL),
    Sort.OTHER: (),
}
_WANTED: dict[Sort, tuple[type, ...]] = {
    Sort.TEXT: (str,),
    Sort.CHOICE: (str,),
    Sort.LINK: (str,),
    Sort.NUMBER: (Decimal,),
    Sort.MONEY: (Decimal, Amount),
    Sort.DATE: (date,),
    Sort.INSTANT: (date,),
    Sort.TRUTH: (bool,),
}


@attrs.frozen
class Checked:
    """An expression that makes sense, with what its names stand for.

    Args:
        terms: by the names that are written.
        links: by a name, whether what is part of it counts, and a text: the records that the text names.
    """

    node: Node
    terms: dict[str, Term]
    links: dict[tuple[str, bool, str], tuple[UUID, ...]]

    @property
    def text(self) -> str:
        """The expression as it is best written."""
        return text_of(self.node)

    @property
    def segments(self) -> frozenset[str]:
        """The codes of the segments that it names."""
        return frozenset(one.code for one in walk(self.node) if isinstance(one, Member))

    def in_words(self, language: str = "en") -> str:
        """The expression as a sentence, in ``en`` or ``zh``."""
        return in_words(self.node, self.terms, language)


def checked(
    tx: Transaction, expression: str | Node, segments: Collection[str] = (), *, for_all: bool = False
) -> Checked:
    """The expression with its names looked up.

    Args:
        segments: the codes that there are.
        for_all: whether all who see a customer will see whether it is chosen.

    Raises:
        InvalidError: with every mistake; ``data["position"]`` is that of the first.
    """
    node = parse(expression) if isinstance(expression, str) else expression
    found = Checked(node, {}, {})
    terms = Terms(tx, for_all=for_all)
    problems = [wrong for one in walk(node) for wrong in _problems(tx, terms, one, segments, found)]
    if problems:
        position = int(problems[0].path.rpartition("/")[2])
        raise InvalidError(problems[0].message, fields=problems, data={"position": position})
    return found


def _problems(
    tx: Transaction, terms: Terms, one: Trait | Member, segments: Collection[str], found: Checked
) -> Iterator[Problem]:
    if isinstance(one, Member):
        if one.code not in segments:
            yield mistake(one.at, "unknown", f"there is no segment {one.code}")
        elif ("segments", "customer") not in tx.crm.catalog.offered:
            yield mistake(one.at, "unavailable", "nobody keeps segments here")
        return
    try:
        term = found.terms[one.name] = terms.term(one.name)
    except UnusableError as wrong:
        yield mistake(one.at, wrong.code, wrong.message)
        return
    if one.sign in _OF_ALL:
        return
    if one.sign not in _SIGNS[term.sort]:
        said = (
            f"is a {term.sort} and is not compared by {one.sign}" if one.sign else "stands for no condition"
        )
        yield mistake(one.at, "type", f"{one.name} {said}")
    elif one.sign not in ("", OLDER, NEWER):
        for value in one.value if isinstance(one.value, tuple) else (one.value,):
            yield from _value_problems(tx, one, term, value, found)


def _value_problems(tx: Transaction, one: Trait, term: Term, value: Any, found: Checked) -> Iterator[Problem]:
    if type(value) not in _WANTED[term.sort]:
        yield mistake(one.value_at, "type", f"{one.name} is a {term.sort}, and is compared with one")
    elif term.sort is Sort.CHOICE and value not in term.choices:
        said = f"{one.name} is never {value}: it is {', '.join(term.choices)}"
        yield mistake(one.value_at, "unknown", said)
    elif term.sort is Sort.LINK:
        try:
            whole = one.sign in (ONE_OF, NONE_OF)
            found.links[one.name, whole, value] = _named(tx, term, value, whole=whole)
        except InvalidError as wrong:
            yield mistake(one.value_at, "unknown", wrong.message)


def _named(tx: Transaction, term: Term, name: str, *, whole: bool) -> tuple[UUID, ...]:
    """The record that a text names; where it is `whole`, with all that is part of it."""
    cls = tx.crm.record(term.spec.target)
    ref: Ref[Any] = named(tx, cls, name)
    parent = next((spec for spec in cls.__specs__.values() if spec.target == cls.__name__), None)
    if not whole or parent is None or not isinstance(cls.__scope__, Reference):
        return (ref.id,)
    table = cls.__table__.c
    above: dict[UUID, UUID | None] = {}
    for id, up in tx.fetch(sa.select(table.id, table[parent.columns[0]])):
        key = unkey(id)
        assert key is not None
        above[key] = unkey(up)
    return tuple(one for one in above if _is_within(one, ref.id, above))


def _is_within(one: UUID, top: UUID, above: dict[UUID, UUID | None]) -> bool:
    seen: set[UUID] = set()
    at: UUID | None = one
    while at is not None and at not in seen:
        if at == top:
            return True
        seen.add(at)
        at = above.get(at)
    return False
