"""Pages of a list by keyset: no offset, and a cursor that is good for one list only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.codec import from_json
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.errors import InvalidError, Problem
from pycrm.scope.actor import key
from pycrm.scope.condition import direction
from pycrm.scope.gateway import Query, fetch_one, listing, query
from pycrm.scope.listing import Listing
from pycrm.scope.narrowed import narrowed
from pycrm.scope.predicate import require_record
from pycrm.scope.search import Search
from pycrm.scope.sought import Sought
from pycrm.scope.streams import Order

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Page", "described", "page"]

T = TypeVar("T")
_LARGEST = 500
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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
    tx: Transaction,
    cls: Any,
    conditions: Sequence[Any],
    order: Any,
    size: int,
    after: str | None,
    wanted: Sought | None = None,
) -> Page[Any]:
    """See `Session.page`, and with words that are wanted `Session.search`."""
    if type(size) is not int or not 1 <= size <= _LARGEST:
        raise InvalidError(f"a page holds 1 to {_LARGEST} records")
    if not conditions and wanted is None:
        known = _known(tx, cls, order)
        if known is not None:
            return _turned(tx, known, size, after)
    require_record(tx, cls)
    spec, column, falling = _order(cls, order)
    facet = column.table.info["record"] if column.table is not cls.__table__ else None
    if facet is not None and wanted is not None:
        raise InvalidError("what is found by words is not sorted by a facet")
    asked = query(tx, cls, conditions)
    asked.column(column)
    fingerprint = _fingerprint(tx, cls, conditions, spec.name, falling, wanted)
    at = _at(tx, spec, after, fingerprint)
    if facet is not None:
        found = _by_facet(asked, spec, column, falling, at, size + 1)
    else:
        found = _records(asked, spec, column, falling, at, size + 1, wanted)
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    del found[size:]
    told = last if facet is None else fetch_one(tx, facet, last.id)
    return Page(found, _next(tx, spec, told, last, fingerprint))


@attrs.frozen(eq=False)
class _Known:
    """A list without conditions as one reader turns its pages: its field, its rows, the seal of its cursors."""

    spec: Any
    column: Any
    listed: Listing
    fingerprint: bytes


def _known(tx: Transaction, cls: Any, order: Any) -> _Known | None:
    """That list, found out once for a reader; None where it is in the order of a facet."""
    plain, falling = direction(order)
    # By its identity: a column compares as an expression, and what is none of the class's is refused below.
    memo = ("pages", tx.crm, cls, id(plain), falling, tx.whole > 0)
    plans: dict[Any, Any] = tx.actor._bounds if tx.actor is not None else {}
    found: _Known | None = plans.get(memo)
    if found is None:
        require_record(tx, cls)
        spec, column, falling = _order(cls, order)
        if column.table is not cls.__table__:
            return None
        listed = listing(tx, cls, column, falling)
        found = _Known(spec, column, listed, _fingerprint(tx, cls, (), spec.name, falling, None))
        if plain is column or plain is None:
            # A column of a class is kept as long as the class, and so nothing else ever has its identity.
            plans[memo] = found
    return found


def _turned(tx: Transaction, known: _Known, size: int, after: str | None) -> Page[Any]:
    """A page of a list without conditions."""
    spec, listed, fingerprint = known.spec, known.listed, known.fingerprint
    at = _at(tx, spec, after, fingerprint)
    if at is None:
        found = listed.records(tx, size + 1)
    else:
        id, falling = listed.order.columns[-1], listed.order.falling
        place = _place(tx, spec, at)
        found = listed.records(tx, size + 1, lambda: _beyond(spec, known.column, id, None, falling), place)
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    del found[size:]
    return Page(found, _next(tx, spec, last, last, fingerprint))


def _at(tx: Transaction, spec: Any, after: str | None, fingerprint: bytes) -> tuple[Any, UUID] | None:
    """The place that a cursor of that list stands for, None for its beginning."""
    # A value is at most six bytes of JSON a code point, and base64 makes four of three.
    return None if after is None else _opened(tx, after, fingerprint, 8 * spec.longest + 200)


def _next(tx: Transaction, spec: Any, told: Any, last: Any, fingerprint: bytes) -> str:
    """The cursor of what follows a record, whose place in the list `told` has the value of."""
    value = None if _is_key(spec) else spec.kind.jsonable(getattr(told, spec.name))
    # A facet has no id of its own but that of its record.
    id = getattr(last, "_raw_id", None) or last.id
    return _signed(tx, f'[{_json(value)},"{id.hex if type(id) is UUID else id.hex()}"]', fingerprint)


def _records(
    asked: Query,
    spec: Any,
    column: Any,
    falling: bool,
    at: tuple[Any, UUID] | None,
    limit: int,
    wanted: Sought | None,
) -> list[Any]:
    order = Order.of(asked.cls, column, falling)
    id = order.columns[-1]

    def beyond() -> Any:
        return _beyond(spec, column, id, None, falling)

    if asked.is_plain:
        assert wanted is not None
        place = None if at is None else _place(asked.tx, spec, at)
        return Search(asked, wanted, order, beyond).records(limit, place)
    here = order.beginning(asked.tx.dialect) if at is None else _beyond(spec, column, id, at, falling)
    if wanted is None:
        return narrowed(asked, order, limit, here)
    asked.where.append(here)
    return Search(asked, wanted, order, beyond).conditioned(limit)


def _by_facet(
    asked: Query, spec: Any, column: Any, falling: bool, at: tuple[Any, UUID] | None, limit: int
) -> list[Any]:
    """A page in the order of a facet's field: of the records that have a value of it.

    The key stands as the facet has it, so that both columns are of the one index.
    """
    id = column.table.c.of_id
    asked.where.append(column.is_not(None) if at is None else _beyond(spec, column, id, at, falling))
    return asked.ordered_records([one.desc() if falling else one.asc() for one in (column, id)], limit)


def _place(tx: Transaction, spec: Any, at: tuple[Any, UUID]) -> dict[str, Any]:
    """A place in the list as the driver takes it."""
    typed = None if _is_key(spec) else from_json(spec, at[0])
    dump = spec.dumps[tx.dialect]
    plain = typed is None or dump is None
    return {"at_value": typed if plain else dump(typed), "at_id": key(tx, at[1])}


def _is_key(spec: Any) -> bool:
    """Whether a list is in the order of its keys; of a facet that is the key of its host."""
    return spec.columns in (("id",), ("of_id",))


def _order(cls: Any, order: Any) -> tuple[Any, Any, bool]:
    by_column = _sortable(cls)
    if order is None:
        order = by_column[key_column(cls)][1]
    plain, falling = direction(order)
    name = getattr(plain, "name", "order")
    spec, column = by_column.get(str(name), (None, None))
    if column is not None and column is plain:
        return spec, column, falling
    facet = getattr(getattr(plain, "table", None), "info", {}).get("record")
    if facet is not None and facet.__facet_of__ == cls.__name__:
        spec, column = _sortable(facet).get(str(name), (None, None))
        if column is plain and not _is_key(spec):
            return spec, column, falling
    raise InvalidError(
        f"lists are not ordered by {name}",
        fields=[Problem(str(name), "unknown", "lists are not ordered by it")],
    )


@per_class
def _sortable(cls: Any) -> dict[str, tuple[Any, Any]]:
    """The fields by which a list of the class may be ordered, with their columns, by the columns' names."""
    columns, last = cls.__table__.c, key_column(cls)
    return {
        spec.columns[0]: (spec, columns[spec.columns[0]])
        for spec in cls.__specs__.values()
        if spec.order or spec.columns == (last,)
    }


def _beyond(spec: Any, column: Any, id: Any, at: tuple[Any, UUID] | None, falling: bool) -> Any:
    """What comes after a place in the list; without one, after the parameters of that name."""
    typed = None if at is None or _is_key(spec) else from_json(spec, at[0])
    here = None if at is None else at[1]
    value = sa.bindparam("at_value", typed, type_=column.type, required=at is None)
    last = sa.bindparam("at_id", here, type_=id.type, required=at is None)
    if _is_key(spec):
        return id < last if falling else id > last
    place, bound = sa.tuple_(column, id), sa.tuple_(value, last)
    return place < bound if falling else place > bound


def _fingerprint(
    tx: Transaction, cls: Any, where: Sequence[Any], order: str, falling: bool, wanted: Sought | None
) -> bytes:
    words = None if wanted is None else wanted.words
    memo = ("list", cls, order, falling, words)
    found: bytes | None = None if where else tx.actor._bounds.get(memo)
    if found is None:
        parts = described(tx, where)
        actor = str(tx.actor.id or tx.actor.name)
        found = hashlib.sha256(repr((actor, cls.__name__, order, falling, parts, words)).encode()).digest()
        if not where:
            tx.actor._bounds[memo] = found
    return found


def described(tx: Transaction, where: Sequence[Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each condition as the text of its statement, with its values by their names."""
    compiled = [one.compile(dialect=tx.store.engine.dialect) for one in where]
    return [(str(one), sorted((key, _shown(value)) for key, value in one.params.items())) for one in compiled]


def _shown(value: Any) -> str:
    """A value in words that no other value has: the text of a record leaves out what is personal."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(one) for one in value)}]"
    return repr(getattr(value, "id", value))


def _signed(tx: Transaction, content: str, fingerprint: bytes) -> str:
    body = content.encode()
    return _encoded(_seal(tx, fingerprint, body) + body)


def _seal(tx: Transaction, fingerprint: bytes, body: bytes) -> bytes:
    """What only this CRM can make of a list and a place in it."""
    return hashlib.blake2b(fingerprint + body, key=tx.crm.secret, person=b"cursor", digest_size=16).digest()


def _encoded(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def _opened(tx: Transaction, cursor: str, fingerprint: bytes, longest: int) -> tuple[Any, UUID]:
    wrong = InvalidError(
        "this cursor belongs to another list", fields=[Problem("after", "format", "wrong cursor")]
    )
    if not isinstance(cursor, str) or len(cursor) > longest:
        raise wrong
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise wrong from None
    if _encoded(raw) != cursor:
        # The decoder passes over signs that are none of its own.
        raise wrong
    seal, body = raw[:16], raw[16:]
    if not hmac.compare_digest(seal, _seal(tx, fingerprint, body)):
        raise wrong
    value, id = json.loads(body)
    return value, UUID(id)
