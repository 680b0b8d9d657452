"""Statements compiled once in a process, however many databases of one kind it serves.

SQLAlchemy keeps what it has compiled with each engine. A process that serves many houses would compile
every statement once a house, and a statement over a scope takes longer to compile than to run.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

__all__ = ["Compiled"]

_MOST = 4000
_KEPT: LRUCache[Any, Any] = LRUCache(_MOST)


class Compiled(dict[Any, Any]):
    """What an engine looks in for a compiled statement (``compiled_cache``), and all others of its kind with it.

    SQLAlchemy's keys begin with the engine's own dialect, in whose place stands here all that statements
    depend on: the kind of database, its version, and how it reads a backslash.
    """

    def __init__(self, dialect: sa.Dialect) -> None:
        super().__init__()
        self._dialect: Any = dialect

    def _key(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        one = self._dialect
        assert key[0] is one
        kind = (one.name, one.server_version_info, getattr(one, "_backslash_escapes", None))
        return (kind, *key[1:])

    def get(self, key: Any, default: Any = None) -> Any:
        """The statement compiled for this key, whichever engine had it compiled."""
        return _KEPT.get(self._key(key), default)

    def __setitem__(self, key: Any, made: Any) -> None:
        _KEPT[self._key(key)] = made
