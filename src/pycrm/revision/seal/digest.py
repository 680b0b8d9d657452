"""Digests of rows and the hash of a link: pure functions over what a driver gives.

A digest covers the salt of its row, so that it tells nothing of the values once the salt is gone.
Both databases give the same digest for the same row.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

__all__ = ["FIRST", "MARK", "change_digest", "link", "marks", "row_digest"]

#: What the first link follows.
FIRST = "0" * 64
#: Characters of one mark: six bytes of a digest name a row within its revision.
MARK = 8
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


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
    """The digest of a change row; the lengths keep one text from passing into the next."""
    why = reason or ""
    sizes = b"%d %d %d %d " % (version, len(entity), len(act), -1 if reason is None else len(why))
    text = f"{entity}{act}{why}{changes}".encode("utf-8", "surrogatepass")
    return blake2b(b"".join((salt, record, revision, sizes, text)), digest_size=32).digest()


def row_digest(kind: str, values: Sequence[Any]) -> bytes:
    """The digest of a row of another book: over its columns as JSON, empty ones at the end left out.

    So a book may get a further column that is empty in the rows that are there.
    """
    plain = [value.hex() if value.__class__ is bytes else value for value in values]
    while plain and plain[-1] is None:
        plain.pop()
    return blake2b(_encode([kind, *plain]).encode(), digest_size=32).digest()


def link(before: str, number: int, kind: str, item: bytes, digests: Iterable[bytes]) -> str:
    """The hash of a link: over its predecessor, its number, what it seals and the digests of its rows."""
    made = blake2b(digest_size=32)
    made.update(f"{before} {number} {kind} ".encode())
    made.update(item)
    made.update(b"".join(digests))
    return made.hexdigest()


def marks(digests: Iterable[bytes]) -> str:
    """The first six bytes of each digest."""
    return b64encode(b"".join([digest[:6] for digest in digests])).decode()
