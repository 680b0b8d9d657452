"""What anybody asks of a class of records: the questions whose answers may tell of what is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from pycrm.declare.search import searched
from pycrm.exchange import export_csv
from pycrm.session import Session
from pycrm.testing.told import Act

__all__ = ["questions", "words_of"]

_LONGEST_WORD = 200
_FEW = 2


def questions(cls: Any, hidden: Iterable[Any]) -> Iterator[tuple[str, Act]]:
    """What is read of a class, by the name of the question.

    Args:
        hidden: records that the person may not see; looked at when a question is asked, not before.
    """
    name = cls.__name__
    yield f"find {name}", lambda session: session.find(cls)
    yield f"count {name}", lambda session: session.count(cls)
    yield f"page {name}", lambda session: session.page(cls, size=_FEW)
    if searched(cls):
        yield (
            f"search {name}",
            lambda session: [session.search(cls, word) for one in _of(cls, hidden) for word in words_of(one)],
        )
    if cls.__facet_of__ is None:
        yield f"get {name}", lambda session: [session.find_one(cls, one.id) for one in _of(cls, hidden)]
    yield f"export {name}", lambda session: _exported(session, cls)


def _of(cls: Any, hidden: Iterable[Any]) -> Iterator[Any]:
    return (one for one in hidden if type(one) is cls)


def words_of(record: Any) -> list[str]:
    """What a record may be found by."""
    found = (getattr(record, spec.name) for spec in searched(type(record)))
    return [value[:_LONGEST_WORD] for value in found if value]


def _exported(session: Session, cls: Any) -> bytes:
    out = BytesIO()
    export_csv(session, cls, out)
    return out.getvalue()
