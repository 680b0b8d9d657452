"""What a value of a field must be: each says so when called, and tells its bound to whoever makes values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

__all__ = [
    "AtLeast",
    "AtMost",
    "LongEnough",
    "OneOf",
    "SomeOf",
    "Validator",
    "ge",
    "le",
    "minimum_length",
    "one_of",
    "some_of",
]

Validator = Callable[[Any], None]


@attrs.frozen
class AtLeast:
    """A value is not below `least`."""

    least: Any

    def __call__(self, value: Any) -> None:
        if not value >= self.least:
            raise ValueError(f"must be at least {self.least}")


@attrs.frozen
class AtMost:
    """A value is not above `most`."""

    most: Any

    def __call__(self, value: Any) -> None:
        if not value <= self.most:
            raise ValueError(f"must be at most {self.most}")


@attrs.frozen
class LongEnough:
    """A text has so many characters, white space at the ends aside."""

    characters: int

    def __call__(self, value: str) -> None:
        if len(value.strip()) < self.characters:
            raise ValueError(f"at least {self.characters} characters")


@attrs.frozen
class OneOf:
    """A value is one of `options`."""

    options: tuple[Any, ...]

    def __call__(self, value: Any) -> None:
        if value not in self.options:
            raise ValueError(f"must be one of {', '.join(map(str, self.options))}")


@attrs.frozen
class SomeOf:
    """Each of several values is one of `options`."""

    options: tuple[Any, ...]

    def __call__(self, value: Any) -> None:
        if any(one not in self.options for one in value):
            raise ValueError(f"each must be one of {', '.join(map(str, self.options))}")


def ge(least: Any) -> Validator:
    """At least `least`."""
    return AtLeast(least)


def le(most: Any) -> Validator:
    """At most `most`."""
    return AtMost(most)


def minimum_length(characters: int) -> Validator:
    """At least so many characters, white space at the ends aside."""
    return LongEnough(characters)


def one_of(*options: Any) -> Validator:
    """One of these values."""
    return OneOf(options)


def some_of(*options: Any) -> Validator:
    """Of a list: each one of these values."""
    return SomeOf(options)
