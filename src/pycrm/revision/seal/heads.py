"""Heads of the chain, kept outside the database: a file that only grows.

Whoever may write the database may write the chain anew. What was exported before says that they did.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import attrs

from pycrm.errors import NoSpaceError, StoreError

__all__ = ["Head", "append", "begin", "last", "load"]

_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64}) (\S{10,40})")
# What an interrupted write may have left of a line.
_TORN = re.compile(r"\d*( [0-9a-f]*( \S*)?)?")
_LONGEST = 200


@attrs.frozen
class Head:
    """The number and hash of the newest link at a moment."""

    number: int
    hash: str
    at: str


def load(path: Path) -> list[Head]:
    """Every head in the file; what an interrupted write left at its end does not count.

    Raises:
        StoreError: it cannot be read, or a line is none of ours.
    """
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the heads in {path} cannot be read: {error}") from error
    return list(_parsed(path, text.split("\n")[:-1]))


def _parsed(path: Path, lines: Iterable[str]) -> Iterable[Head]:
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None:
            if _TORN.fullmatch(line):
                continue
            raise StoreError(f"{path}, line {number}: no head of a chain")
        yield Head(int(found[1]), found[2], found[3])


def last(path: Path) -> Head | None:
    """The newest head in the file, None where it holds none.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * _LONGEST))
            lines = file.read().decode("ascii").split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the heads in {path} cannot be read: {error}") from error
    found = list(_parsed(path, [line for line in lines[-3:] if _LINE.fullmatch(line)]))
    return found[-1] if found else None


def begin(path: Path) -> None:
    """Make the empty file, before the first link is: from then on, a missing file is a lost one.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
        _to_disk(path.parent)
    except OSError as error:
        raise StoreError(f"the heads of the chain cannot be kept in {path}: {error}") from error


def append(path: Path, number: int, hash: str, moment: datetime) -> None:
    """Add a head, durable when this returns.

    Raises:
        NoSpaceError: there is no space for it.
        StoreError: it could not be written.
    """
    line = f"{number} {hash} {moment.isoformat()}\n"
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n":
                line = "\n" + line
        # Opened for appending only, so that the system may forbid anything else.
        with path.open("ab") as file:
            file.write(line.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        kind = NoSpaceError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError
        raise kind(f"head {number} of the chain could not be written to {path}: {error}") from error


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
