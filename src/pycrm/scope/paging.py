"""Pages of a list by keyset: no offset, and a cursor that is good for one list only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import elements, operators

from pycrm.declare.codec import from_json
from pycrm.declare.field import MoneyColumn
from pycrm.errors import InvalidError, Problem
from pycrm.scope.gateway import query, unknown_field

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Page", "page"]

T = TypeVar("T")
_LARGEST = 500


@attrs.frozen
class Page(Generic[T]):
    """Some records of a list; `next` leads to those that follow, None on the last page."""

    items: list[T]
    next: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def page(
    tx: Transaction, cls: Any, conditions: Sequence[Any], order: Any, size: int, after: str | None
) -> Page[Any]:
    """See `Session.page`."""
    if not isinstance(size, int) or not 1 <= size <= _LARGEST:
        raise InvalidError(f"a page holds 1 to {_LARGEST} records")
    asked = query(tx, cls, conditions)
    spec, column, falling = _order(cls, order)
    key = cls.__table__.c.id
    fingerprint = _fingerprint(tx, cls, asked.where, spec.name, falling)
    if after is not None:
        value, id = _opened(tx, after, fingerprint)
        asked.where.append(_beyond(spec, column, key, (value, id), falling))
    direction = sa.desc if falling else sa.asc
    ordering = [direction(key)] if spec.name == "id" else [direction(column), direction(key)]
    found = _records(asked, ordering, size + 1)
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    value = spec.kind.jsonable(getattr(last, spec.name))
    return Page(found[:size], _signed(tx, [value, str(last.id)], fingerprint))


def _records(asked: Any, ordering: list[Any], limit: int) -> list[Any]:
    from pycrm.declare.row import layout

    if asked.nothing:
        return []
    made, names = layout(asked.cls), asked.table.c
    statement = asked.select(*(names[name] for name in made.names)).order_by(*ordering).limit(limit)
    return made.build(asked.tx.fetch(statement))


def _order(cls: Any, order: Any) -> tuple[Any, Any, bool]:
    falling = isinstance(order, elements.UnaryExpression) and order.modifier is operators.desc_op
    plain = order.element if isinstance(order, elements.UnaryExpression) else order
    if plain is None:
        return cls.__specs__["id"], cls.__table__.c.id, False
    if isinstance(plain, MoneyColumn):
        raise unknown_field("order")
    for spec in cls.__specs__.values():
        if (spec.order or spec.name == "id") and cls.__table__.c[spec.columns[0]] is plain:
            return spec, plain, falling
    name = getattr(plain, "name", "order")
    raise InvalidError(
        f"lists are not ordered by {name}",
        fields=[Problem(str(name), "unknown", "lists are not ordered by it")],
    )


def _beyond(spec: Any, column: Any, key: Any, at: tuple[Any, UUID], falling: bool) -> Any:
    value, id = at
    if spec.name == "id":
        return key < id if falling else key > id
    typed = from_json(spec, value)
    here = sa.tuple_(column, key)
    there = sa.tuple_(sa.bindparam(None, typed, type_=column.type), sa.bindparam(None, id, type_=key.type))
    return here < there if falling else here > there


def _fingerprint(tx: Transaction, cls: Any, where: list[Any], order: str, falling: bool) -> bytes:
    compiled = [one.compile(dialect=tx.store.engine.dialect) for one in where]
    parts = [(str(one), sorted((key, repr(value)) for key, value in one.params.items())) for one in compiled]
    actor = str(tx.actor.id or tx.actor.name)
    return hashlib.sha256(repr((actor, cls.__name__, order, falling, parts)).encode()).digest()


def _signed(tx: Transaction, content: list[Any], fingerprint: bytes) -> str:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    seal = hmac.digest(tx.crm.secret, b"cursor" + fingerprint + body, "sha256")[:16]
    return base64.urlsafe_b64encode(seal + body).rstrip(b"=").decode()


def _opened(tx: Transaction, cursor: str, fingerprint: bytes) -> tuple[Any, UUID]:
    wrong = InvalidError(
        "this cursor belongs to another list", fields=[Problem("after", "format", "wrong cursor")]
    )
    if not isinstance(cursor, str) or len(cursor) > 8000:
        raise wrong
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise wrong from None
    seal, body = raw[:16], raw[16:]
    expected = hmac.digest(tx.crm.secret, b"cursor" + fingerprint + body, "sha256")[:16]
    if not hmac.compare_digest(seal, expected):
        raise wrong
    value, id = json.loads(body)
    return value, UUID(id)
