"""The log of a SQLite file, begun anew before it outgrows the data.

SQLite writes its log back into the file as it goes, and begins it anew at a moment at which nobody reads an old
state. Where somebody always does that moment is hard to hit, and the log grows with every write. So once
it is long, whoever has just committed asks for it: new readers need the log no more from then on, and those
of old states are given a moment to end.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from typing import Any

from pycrm.store.waiting import BUSY_MS

__all__ = ["LONG", "Shortening"]

#: From how many bytes on a log is long.
LONG = 64 * 1024 * 1024
# Writers wait meanwhile, so it is little, and no process asks often.
_PATIENCE_MS, _PAUSE_S = 50, 2.0
_chance = random.SystemRandom()


class Shortening:
    """Watches the log of one file, for one process.

    Args:
        path: of the file of data.
        long: from how many bytes on it asks.
    """

    def __init__(self, path: str, long: int = LONG) -> None:
        self._log, self._long = f"{path}-wal", long
        self._next = 0.0

    def after_commit(self, cursor: Any) -> None:
        """Begin the log anew if it is long and nobody needs it; what was committed stays so in any case."""
        try:
            if os.stat(self._log).st_size < self._long:
                return
        except OSError:
            return
        now = time.monotonic()
        if now < self._next:
            return
        # No two processes are to ask in step.
        self._next = now + _PAUSE_S * (0.5 + _chance.random())
        with suppress(Exception):
            cursor.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}").fetchall()
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}").fetchall()
