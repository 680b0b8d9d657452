"""Waiting for the one writer of a SQLite file, so that everybody's turn comes.

SQLite's own waiting asks ever more rarely, in the end ten times a second, and so whoever has waited for
long loses to whoever just came: under eight busy writers some waited for ten seconds and were refused.
Who asks at even, random intervals has the same chance as all the others each time.
"""

from __future__ import annotations

import random
import time
from typing import Any

__all__ = ["BUSY_MS", "begin_writing"]

#: How long whoever needs a lock waits for it.
BUSY_MS = 10_000
_PAUSE_S = 0.004
# No source that somebody may have seeded: no two processes are to wait in step.
_chance = random.SystemRandom()


def begin_writing(cursor: Any) -> None:
    """Begin a transaction that writes, once nobody else does.

    Raises the driver's error where the lock was not to be had for `BUSY_MS`.
    """
    cursor.execute("PRAGMA busy_timeout=0").fetchall()
    try:
        _begin(cursor)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}").fetchall()


def _begin(cursor: Any) -> None:
    last = 0.0
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
            return
        except Exception as error:
            now = time.monotonic()
            last = last or now + BUSY_MS / 1000
            if not _is_busy(error) or now > last:
                raise
        time.sleep(_PAUSE_S * _chance.random())


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
