"""Values for fields, from what was declared of them: plain ones that a reader recognises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare.field import Spec
from pycrm.declare.validator import AtLeast, AtMost, LongEnough, OneOf, SomeOf
from pycrm.errors import DeclarationError
from pycrm.values import Money

__all__ = ["Bounds", "UnfitError", "bounds_of", "options_of", "value_of"]


class UnfitError(DeclarationError):
    """Of a class no example can be made from its declaration alone."""


@attrs.frozen
class Bounds:
    """How small and how large a value may be, as far as ready validators say so; and how short a text."""

    least: Any = None
    most: Any = None
    shortest: int = 0


def bounds_of(spec: Spec) -> Bounds:
    """The bounds of a field; other validators than those of pycrm say nothing of them."""
    least = [one.least for one in spec.validators if isinstance(one, AtLeast)]
    most = [one.most for one in spec.validators if isinstance(one, AtMost)]
    short = [one.characters for one in spec.validators if isinstance(one, LongEnough)]
    return Bounds(max(least, default=None), min(most, default=None), max(short, default=0))


def options_of(spec: Spec) -> tuple[Any, ...]:
    """The values of which a field takes one, or each of several, where a ready validator names them."""
    named = [one.options for one in spec.validators if isinstance(one, OneOf | SomeOf)]
    return tuple(one for one in named[0] if all(one in each for each in named)) if named else ()


def value_of(owner: str, spec: Spec, number: int, now: datetime, text: str | None = None) -> Any:
    """A value that the field takes, another for each number where there are several.

    Args:
        owner: the name of the class, for the message.
        number: counted by whoever asks, so that unique values differ.
        now: the moment of which days and instants are.
        text: what texts say, instead of the field's label.

    Raises:
        UnfitError: none of those tried pass its validators.
    """
    for value in _tried(spec, number, now, text):
        try:
            return spec.clean(value)
        except ValueError:
            continue
    raise UnfitError(
        f"{owner}.{spec.name}: its validators refuse all that was tried: say in `values` what it takes, "
        f'as in {{{owner}: {{"{spec.name}": …}}}}'
    )


def _tried(spec: Spec, number: int, now: datetime, text: str | None) -> Iterator[Any]:
    kind, bounds, options = spec.kind, bounds_of(spec), options_of(spec)
    name = "" if kind is None else kind.name
    if options:
        # Another for each number, as far as there are others.
        chosen = [options[(number + step) % len(options)] for step in range(len(options))]
        yield from ([(one,) for one in chosen] if name == "texts" else chosen)
    elif name in ("int", "decimal", "money"):
        yield from _numbers(name, bounds, number)
    elif name == "text":
        said = (text or f"{spec.label} {number}").ljust(bounds.shortest, ".")
        # The number must not be cut off: unique texts differ by it.
        yield said if len(said) <= spec.longest else str(number).rjust(min(spec.longest, 4), "0")
        yield f"{number}"
        yield f"a{number}"
    elif name == "texts":
        yield ((text or spec.label)[: spec.longest],)
    elif name == "date":
        yield from (now.date(), bounds.least, bounds.most)
    elif name == "instant":
        yield from (now, bounds.least, bounds.most)
    elif name == "bool":
        yield True
    elif name == "key":
        yield UUID(int=number)
    elif name == "enum" and kind is not None:
        yield next(iter(kind.python))  # type: ignore[call-overload]


def _numbers(name: str, bounds: Bounds, number: int) -> Iterator[Any]:
    make: Any = {"int": int, "decimal": Decimal, "money": lambda whole: Money(str(whole), "CNY")}[name]
    yield make(number)
    yield make(1)
    yield from (bound for bound in (bounds.least, bounds.most) if bound is not None)
