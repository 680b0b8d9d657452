"""What a setting may be: each kind reads what a file or the environment says, or refuses it with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

__all__ = ["FLAG", "PATH", "TEXT", "WORDS", "Kind", "number", "one_of", "whole"]

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@attrs.frozen
class Kind:
    """One kind of value: what documents call it, and what reads it; `read` raises ValueError with a sentence."""

    word: str
    read: Callable[[Any], Any]


def _text(said: Any) -> str:
    if not isinstance(said, str) or not said.strip() or not said.isprintable():
        raise ValueError("expected text")
    return said.strip()


def _words(said: Any) -> tuple[str, ...]:
    # In the environment people part names by commas as well as by spaces.
    found = said.replace(",", " ").split() if isinstance(said, str) else said
    if not isinstance(found, list | tuple):
        raise ValueError("expected a list of words")
    return tuple(_text(one) for one in found)


def _flag(said: Any) -> bool:
    found = said if isinstance(said, bool) else _FLAGS.get(str(said).lower())
    if found is None:
        raise ValueError("expected true or false")
    return found


TEXT = Kind("text", _text)
WORDS = Kind("list of words", _words)
FLAG = Kind("true or false", _flag)
#: In a file it is taken from the folder of that file.
PATH = Kind("path", lambda said: Path(_text(said)))


def whole(least: int, most: int) -> Kind:
    """A whole number within bounds."""

    def read(said: Any) -> int:
        try:
            found = int(said) if isinstance(said, str) else said
        except ValueError:
            found = None
        if type(found) is not int or not least <= found <= most:
            raise ValueError(f"expected a whole number of {least} to {most}")
        return found

    return Kind(f"whole number, {least} to {most}", read)


def number(least: float, most: float) -> Kind:
    """A number within bounds."""

    def read(said: Any) -> float:
        try:
            found = float(said) if isinstance(said, str | int) and not isinstance(said, bool) else said
        except ValueError:
            found = None
        if not isinstance(found, float) or not least <= found <= most:
            raise ValueError(f"expected a number of {least:g} to {most:g}")
        return found

    return Kind(f"number, {least:g} to {most:g}", read)


def one_of(*words: str) -> Kind:
    """One of a few words."""

    def read(said: Any) -> str:
        if said not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return str(said)

    return Kind(" or ".join(f"`{one}`" for one in words), read)
