"""Digests of rows and the hash of a link: pure functions over what a driver gives.

A digest covers the salt of its row, so that it tells nothing of the values once the salt is gone.
Both databases give the same digest for the same row.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from json import encoder
from typing import Any

__all__ = ["FIRST", "MARK", "change_digest", "link", "marks", "revision_digest", "row_digest"]

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
    why, length = ("", -1) if reason is None else (reason, len(reason))
    text = f"{version} {len(entity)} {len(act)} {length} {entity}{act}{why}{changes}"
    known = b"".join((salt, record, revision, text.encode("utf-8", "surrogatepass")))
    return blake2b(known, digest_size=32).digest()


def row_digest(kind: str, values: Sequence[Any]) -> bytes:
    """The digest of a row of another book: over its columns as JSON, empty ones at the end left out.

    So a book may get a further column that is empty in the rows that are there.
    """
    plain = [kind, *map(_plain, values)]
    while plain[-1] is None:
        plain.pop()
    return blake2b(_encode(plain).encode(), digest_size=32).digest()


def revision_digest(values: Sequence[Any]) -> bytes:
    """`row_digest` of a revision, of which there are more than of all the rest."""
    id, at, *rest = values
    if id.__class__ is not bytes or at.__class__ is not int:
        # Whoever wrote it was not pycrm, and nothing is taken for granted.
        return row_digest("revision", values)
    text = f'["revision","{id.hex()}",{at}{_ending(*rest)}'
    return blake2b(text.encode(), digest_size=32).digest()


# Who did something, and from where, is the same in many revisions; 1 and true are not the same.
@lru_cache(maxsize=1024, typed=True)
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
    head = f"{before} {number} {kind} ".encode()
    return blake2b(b"".join((head, item, *digests)), digest_size=32).hexdigest()


def marks(digests: Iterable[bytes]) -> str:
    """The first six bytes of each digest."""
    return b2a_base64(b"".join([digest[:6] for digest in digests]), newline=False).decode()
