"""One verb that writes, whole or not at all."""

from __future__ import annotations

from typing import Any

from pycrm.entities.org import Action
from pycrm.errors import InvalidError, NotFoundError, Problem, RefusedError, StoreError
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.sharing import giver_of
from pycrm.values import clean_text

__all__ = ["Act"]


class Act:
    """One verb that writes: refused whole, and refused to who cannot see the record as missing.

    Statements of a verb that failed half-way would be committed with the rest if its caller went
    on; such a session is spoiled: each further verb, and its end, is that same refusal.
    """

    def __init__(self, session: Any, record: Any = None, because: str | None = None) -> None:
        self._session, self._record, self._because = session, record, because

    def __enter__(self) -> None:
        tx = self._tx = self._session.transaction
        if not tx.write:
            raise StoreError("this session only reads: open it with crm.session")
        if tx.is_over:
            raise StoreError("the session has ended")
        if tx.spoiled is not None:
            raise tx.spoiled
        self._outer, self._written = tx.memo.get("reason"), tx.written
        self._noted = len(tx.changes)
        if self._because is not None:
            tx.memo["reason"] = reason_text(self._because)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        tx = self._tx
        tx.memo["reason"] = self._outer
        if error is None:
            if self._record is not None and tx.actor.is_given_more and tx.written != self._written:
                self._note_giver()
            return
        if tx.written != self._written:
            tx.spoiled = tx.spoiled or error
        del tx.changes[self._noted :]
        hidden = isinstance(error, RefusedError) and not isinstance(error, NotFoundError)
        if hidden and self._record is not None and tx.spoiled is None:
            self._refuse_hidden(error)

    def _note_giver(self) -> None:
        """Keep on whose behalf this was done, where the actor's own reach does not cover it."""
        tx = self._session.transaction
        giver = giver_of(tx, type(self._record), self._record.id, Action.UPDATE)
        if giver is not None:
            tx.memo["on_behalf"] = giver

    def _refuse_hidden(self, error: BaseException) -> None:
        cls = type(self._record)
        if fetch_one(self._session.transaction, cls, self._record.id) is None:
            raise not_found(cls) from None


def reason_text(because: Any) -> str:
    """The reason of an act as it is kept; `InvalidError` where it is no text."""
    try:
        if not isinstance(because, str):
            raise ValueError("expected text")
        return clean_text(because)
    except ValueError as error:
        wrong = Problem("because", "type", str(error))
        raise InvalidError(f"because: {error}", fields=[wrong]) from None
