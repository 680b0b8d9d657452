"""Every way in which a person may come to see a record, each tried by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any

from pycrm.declare.search import searched
from pycrm.errors import ForbiddenError, NotFoundError
from pycrm.exchange import export_csv
from pycrm.session import Session

__all__ = ["WAYS", "seen"]

Way = Callable[[Session, Any], bool]


def _get(session: Session, record: Any) -> bool:
    if record.__facet_of__ is None:
        return bool(session.get(type(record), record.id) is not None)
    return session.facet(record.of, type(record)) is not None


def _find(session: Session, record: Any) -> bool:
    return any(one.id == record.id for one in session.find(type(record)))


def _count(session: Session, record: Any) -> bool:
    return session.count(type(record), _is(record)) > 0


def _page(session: Session, record: Any) -> bool:
    return any(one.id == record.id for one in session.page(type(record), _is(record)))


def _search(session: Session, record: Any) -> bool:
    word = _words(record)[0]
    return any(one.id == record.id for one in session.search(type(record), word[:200]))


def _words(record: Any) -> list[str]:
    return [value for spec in searched(type(record)) if (value := getattr(record, spec.name))]


def _export(session: Session, record: Any) -> bool:
    out = BytesIO()
    key = "id" if record.__facet_of__ is None else "of"
    export_csv(session, type(record), out, columns=[key])
    return str(record.id).encode() in out.getvalue()


def _history(session: Session, record: Any) -> bool:
    return bool(session.history(record))


def _is(record: Any) -> Any:
    cls: Any = type(record)
    return (cls.id if record.__facet_of__ is None else cls.of) == record.id


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "get": _get,
        "find": _find,
        "count": _count,
        "page": _page,
        "search": _search,
        "export": _export,
        "history": _history,
    }
)


def seen(session: Session, record: Any) -> dict[str, bool]:
    """Whether the session's actor comes to see the record, by each way that its class has.

    Args:
        record: as somebody has it who sees it.
    """
    found = {}
    for name, way in WAYS.items():
        if name == "search" and not _words(record):
            continue
        try:
            found[name] = way(session, record)
        except (NotFoundError, ForbiddenError):
            found[name] = False
    return found
