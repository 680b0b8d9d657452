"""Telling plugins what has been done to a record, and what stands there when they have acted in their turn."""

from __future__ import annotations

from typing import Any

from pycrm.store import Transaction

__all__ = ["noted_later", "tell", "tell_all"]

_LATER = "written while plugins are told"


def tell(tx: Transaction, hook: str, record: Any, **arguments: Any) -> Any:
    """Tell the plugins that implement the hook, and return the record as they leave it.

    A hook may change the record that it is told of. Whoever did the act goes on with the record that is
    returned, and must not be refused for its version.
    """
    hooks = tx.crm.hooks
    if not hooks.has(hook, type(record)) or tx.memo.get("rehearsal"):
        return record
    outer = tx.memo.get(_LATER)
    later = tx.memo[_LATER] = {} if outer is None else outer
    try:
        hooks.observe(hook, session=tx.session, record=_latest(later, record), **arguments)
        return _latest(later, record)
    finally:
        if outer is None:
            del tx.memo[_LATER]


def tell_all(tx: Transaction, hook: str, records: list[Any], **arguments: Any) -> list[Any]:
    """`tell` of several records: each is told of as those before have left it."""
    if not tx.crm.hooks.has(hook):
        return records
    outer = tx.memo.get(_LATER)
    later = tx.memo[_LATER] = {} if outer is None else outer
    try:
        for record in records:
            tell(tx, hook, record, **arguments)
        return [_latest(later, record) for record in records]
    finally:
        if outer is None:
            del tx.memo[_LATER]


def _latest(later: dict[Any, Any], record: Any) -> Any:
    found = later.get((type(record), record.id), record) if later else record
    return found if found.version > record.version else record


def noted_later(tx: Transaction, made: Any) -> None:
    """Keep a record that has been written, where plugins are being told of something."""
    later = tx.memo.get(_LATER)
    if later is not None:
        later[type(made), made.id] = made
