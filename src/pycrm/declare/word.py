"""The words by which faces name kinds of record: from the name of the table, without the plugin's prefix."""

from __future__ import annotations

from typing import Any

__all__ = ["plural", "word_of"]

_HISSING = ("s", "x", "ch", "sh")


def word_of(cls: Any) -> str:
    """The word by which people name a kind of record: ``customer``, ``unit``."""
    return str(cls.__tablename__).partition("_")[2] or str(cls.__tablename__)


def plural(word: str) -> str:
    """Several of them.

    >>> [plural(word) for word in ("unit", "opportunity", "holiday", "process", "limits")]
    ['units', 'opportunities', 'holidays', 'processes', 'limits']
    """
    if word.endswith("s") and word[-2:-1] not in "sui":
        # It names several already.
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(_HISSING) else f"{word}s"
