"""Searching texts: how they are folded, by which grams they are found, and the table that keeps both.

What is stored is derived: of each searchable field its folded text, and of the record the numbers of
its grams. It has no version and no history, and can be made again from the records at any time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID
from zlib import crc32

import sqlalchemy as sa

from pycrm.declare.field import Spec
from pycrm.declare.raw import RawKey
from pycrm.declare.reference import per_class

__all__ = ["fold", "grams", "number", "search_table", "search_table_name", "searched", "term_grams", "token"]


def fold(text: str) -> str:
    """The form in which texts are compared: compatibility forms and cases made equal.

    By the Unicode standard, section 3.13, so that both databases and every locale agree.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def grams(texts: Iterable[str]) -> list[int]:
    """The numbers of all grams of some folded texts: pairs, ASCII threes, single signs beyond ASCII."""
    found: set[str] = set()
    for word in {word for text in texts for word in text.split()}:
        found.update(map(str.__add__, word, word[1:]))
        if word.isascii():
            found.update(map("".join, zip(word, word[1:], word[2:], strict=False)))
            continue
        found.update(sign for sign in word if not sign.isascii())
        found.update(_threes(word))
    return sorted([_numbered(one) for one in found])


def term_grams(words: Iterable[str]) -> list[int]:
    """The numbers of those grams that a text has to have if it contains all these words."""
    found: set[str] = set()
    for word in words:
        if len(word) == 1:
            # One Latin letter stands in nearly every text: no index would help.
            found.update(sign for sign in word if not sign.isascii())
        elif len(word) > 2 and word.isascii():
            found.update(_threes(word))
        else:
            found.update(map(str.__add__, word, word[1:]))
            found.update(_threes(word))
    return sorted([_numbered(one) for one in found])


def _threes(word: str) -> list[str]:
    return [three for at in range(len(word) - 2) if (three := word[at : at + 3]).isascii()]


# The grams of a language are few; an import meets the same ones again and again.
@lru_cache(maxsize=2**16)
def _numbered(gram: str) -> int:
    # Two grams of one number only lead to a text that is then looked at in vain.
    return crc32(gram.encode()) - 2**31


@lru_cache(maxsize=2**16)
def token(gram: int) -> str:
    """The word for a gram in SQLite's index."""
    return f"{gram + 2**31:x}"


def number(id: UUID) -> int:
    """The number of a record in SQLite's index: 62 bits of its id, which are random."""
    return id.int & 2**62 - 1


@per_class
def searched(cls: Any) -> tuple[Spec, ...]:
    """The fields of a class in which words are looked for."""
    return tuple(spec for spec in cls.__specs__.values() if spec.search)


def search_table_name(cls: Any) -> str:
    """The table that keeps the folded texts of a class."""
    return f"{cls.__tablename__}_search"


@per_class
def search_table(cls: Any) -> sa.Table:
    """That table as statements name it."""
    texts = [sa.Column(spec.columns[0], sa.Text()) for spec in searched(cls)]
    columns = [sa.Column("of_id", RawKey()), *texts, sa.Column("grams", sa.Text())]
    return sa.Table(search_table_name(cls), sa.MetaData(), *columns)
