"""Acting with the rights of somebody else within an act, while its own actor is the one who is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pycrm.revision.add import _stamps, author
from pycrm.revision.log import revision_id

if TYPE_CHECKING:
    from pycrm.scope.actor import Actor
    from pycrm.store import Transaction

__all__ = ["acting"]

_SHARED = ("revision", "revision_id", "new", "stamps", "author")


@contextmanager
def acting(tx: Transaction, actor: Actor, reason: str | None) -> Iterator[None]:
    """Within, that actor reads and writes, for this reason; what is written is the session's actor's."""
    # The actor of the session is the author of the revision and of the new versions.
    revision_id(tx)
    _stamps(tx)
    author(tx)
    own, memo = tx.actor, tx.memo
    tx.actor = actor
    tx.memo = {name: value for name, value in memo.items() if _is_shared(name)}
    tx.memo["reason"] = reason
    try:
        yield
    finally:
        memo.update({name: value for name, value in tx.memo.items() if _is_shared(name)})
        tx.actor, tx.memo = own, memo


def _is_shared(name: Any) -> bool:
    return name in _SHARED or (isinstance(name, tuple) and name[0] == "new")
