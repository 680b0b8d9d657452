"""Digests of rows and the hash of a link: pure functions over what a driver gives.

A digest covers the salt of its row, so that it tells nothing of the values once the salt is gone.
Both databases give the same digest for the same row. What there are millions of is taken column by column:
for each row by itself the interpreter would take longer than the hashing.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from json import encoder
from operator import methodcaller
from typing import Any

__all__ = [
    "FIRST",
    "MARK",
    "Columns",
    "change_digest",
    "change_digests",
    "encoded",
    "link",
    "links",
    "marks",
    "marks_of",
    "revision_digests",
    "row_digest",
]

#: What the first link follows.
FIRST = "0" * 64
#: Characters of one mark: six bytes of a digest name a row within its revision.
MARK = 8
_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
# What `encode` makes anew for every row, where the interpreter has it in C.
_c: Any = getattr(encoder, "c_make_encoder", None)
_made = _c and _c(None, _json.default, encoder.encode_basestring_ascii, None, ":", ",", False, False, True)


def _encode(row: list[Any]) -> str:
    return "".join(_made(row, 0)) if _made else _json.encode(row)


# Rows turned on their side: of each column the values of all rows.
Columns = Iterable[Iterable[Any]]
_SIZE, _MARKED = 32, 6
# A copy of an empty state takes less time than a new one.
_fresh = blake2b(digest_size=_SIZE).copy
#: A text as it is hashed.
encoded: Callable[[str], bytes] = methodcaller("encode", "utf-8", "surrogatepass")


def _hashed(inputs: Iterable[bytes]) -> list[bytes]:
    made: list[bytes] = []
    fresh, add = _fresh, made.append
    for one in inputs:
        state = fresh()
        state.update(one)
        add(state.digest())
    return made


def change_digest(
    salt: bytes,
    record: bytes,
    revision: bytes,
    version: int,
    entity: str,
    act: str,
    reason: str | None,
    changes: str,
) -> bytes:
    """The digest of a change row."""
    row = (salt, record, revision, version, entity, act, reason, encoded(changes))
    return change_digests([(value,) for value in row])[0]


def change_digests(columns: Columns) -> list[bytes]:
    """The digests of change rows, of which the columns are those that `change_digest` takes, in their order.

    The values come as bytes: what is read and hashed need not become a text between.
    """
    salts, records, revisions, versions, entities, acts, reasons, changes = columns
    beginnings = map(_beginning, versions, entities, acts, reasons)
    parts = zip(salts, records, revisions, beginnings, changes, strict=True)
    return _hashed(map(b"".join, parts))


# Of many rows all but the values is alike. What is equal and not the same, as 1 and true, no column holds.
@lru_cache(maxsize=1024)
def _beginning(version: int, entity: str, act: str, reason: str | None) -> bytes:
    """What stands before the values; the lengths keep one text from passing into the next."""
    why, length = ("", -1) if reason is None else (reason, len(reason))
    return encoded(f"{version} {len(entity)} {len(act)} {length} {entity}{act}{why}")


def row_digest(kind: str, values: Sequence[Any]) -> bytes:
    """The digest of a row of another book: over its columns as JSON, empty ones at the end left out.

    So a book may get a further column that is empty in the rows that are there.
    """
    plain = [kind, *map(_plain, values)]
    while plain[-1] is None:
        plain.pop()
    return _hashed([_encode(plain).encode()])[0]


def revision_digests(columns: Columns) -> list[bytes]:
    """`row_digest` of revisions, of which there are more than of all the rest, from their columns."""
    ids, moments, *rest = map(tuple, columns)
    if {*map(type, ids)} != {bytes} or {*map(type, moments)} != {int}:
        # Whoever wrote one was not pycrm, and nothing is taken for granted.
        return [row_digest("revision", row) for row in zip(ids, moments, *rest, strict=True)]
    return _hashed(
        [
            f'["revision","{id.hex()}",{at}{ending}'.encode()
            for id, at, ending in zip(ids, moments, map(_ending, *rest), strict=True)
        ]
    )


# Who did something, and from where, is the same in many revisions.
@lru_cache(maxsize=1024)
def _ending(*values: Any) -> str:
    """The end of the JSON of a row from these columns on."""
    plain = [*map(_plain, values)]
    while plain and plain[-1] is None:
        plain.pop()
    return f",{_encode(plain)[1:]}" if plain else "]"


def _plain(value: Any) -> Any:
    return value.hex() if value.__class__ is bytes else value


def link(before: str, number: int, kind: str, item: bytes, digests: Iterable[bytes]) -> str:
    """The hash of a link: over its predecessor, its number, what it seals and the digests of its rows."""
    return links([before], [number], [kind], [item], [b"".join(digests)])[0]


def links(
    before: Iterable[str],
    numbers: Iterable[int],
    kinds: Iterable[str],
    items: Iterable[bytes],
    digests: Iterable[bytes],
) -> list[str]:
    """The hashes of many links; `digests` are those of the rows of each, one after another."""
    made: list[str] = []
    fresh, join, add = _fresh, b"".join, made.append
    for last, number, kind, item, covered in zip(before, numbers, kinds, items, digests, strict=True):
        state = fresh()
        state.update(join((f"{last} {number} {kind} ".encode(), item, covered)))
        add(state.hexdigest())
    return made


def marks(digests: Iterable[bytes]) -> str:
    """The first six bytes of each digest."""
    return b2a_base64(b"".join([digest[:_MARKED] for digest in digests]), newline=False).decode()


def marks_of(digests: bytes) -> str:
    """`marks` of digests that stand one after another."""
    made = bytearray(len(digests) // _SIZE * _MARKED)
    for at in range(_MARKED):
        made[at::_MARKED] = digests[at::_SIZE]
    return b2a_base64(made, newline=False).decode()
