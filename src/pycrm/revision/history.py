"""Reading the past: what changed, and what stood there then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.codec import from_json
from pycrm.declare.raw import RawKey
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.row import layout
from pycrm.revision.log import flush
from pycrm.revision.model import ERASED, ChangeRow, FieldChange, Revision, RevisionRow
from pycrm.scope.actor import key, unkey

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Asked", "history", "rows_of", "value_then"]


@attrs.frozen
class Asked:
    """Which revisions are asked for: of what time, by whom, older than which, and how many."""

    since: datetime | None = None
    until: datetime | None = None
    by: UUID | None = None
    before: Revision | None = None
    limit: int | None = None


_EVERYTHING = Asked()
# Of so many records the newest revisions are asked for by a statement that is kept.
_ALIKE = 32


def history(
    tx: Transaction, entities: Iterable[tuple[str, UUID]], asked: Asked = _EVERYTHING
) -> list[Revision]:
    """The revisions of these (entity, id) pairs, newest first; the caller has checked the scope."""
    if tx.write:
        flush(tx)
    pairs = list(entities)
    if len(pairs) > _ALIKE or attrs.evolve(asked, limit=None) != _EVERYTHING:
        kin = [(sa.literal(id, RawKey()), sa.literal(name, sa.Text())) for name, id in pairs]
        return [_revision(row) for row in tx.fetch(_newest(kin, asked, asked.limit))]

    def statement() -> Any:
        kin = [
            (sa.bindparam(f"of_{at}", type_=RawKey()), sa.bindparam(f"entity_{at}", type_=sa.Text()))
            for at in range(len(pairs))
        ]
        limit = None if asked.limit is None else sa.bindparam("row_limit", type_=sa.Integer())
        return _newest(kin, _EVERYTHING, limit)

    cached = ("history", len(pairs), asked.limit is None)
    text, names, constants = tx.store.prepared(cached, statement)
    given: dict[str, Any] = {**constants, "row_limit": asked.limit}
    for at, (name, id) in enumerate(pairs):
        given |= {f"of_{at}": key(tx, id), f"entity_{at}": name}
    return [_revision(row) for row in tx.run(text, [given[name] for name in names]).fetchall()]


def _newest(kin: Iterable[tuple[Any, Any]], asked: Asked, limit: Any) -> Any:
    """The statement for the revisions of records, newest first."""
    change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
    mine = sa.or_(*(sa.and_(change.record_id == id, change.entity == name) for id, name in kin))
    # Within a record the version is the order, across records the time of writing.
    place = (revision.at, change.version, revision.id, change.record_id, change.entity)
    return (
        sa.select(
            *(revision.id, change.entity, change.record_id, change.version, change.act, revision.at),
            *(revision.by_id, revision.actor, revision.on_behalf_id, revision.source),
            *(sa.func.coalesce(change.reason, revision.purpose), revision.operation, change.changes),
        )
        .select_from(ChangeRow.__table__.join(RevisionRow.__table__, change.revision_id == revision.id))
        .where(mine, *_bounds(asked, revision, place))
        .order_by(*(column.desc() for column in place))
        .limit(limit)
    )


def _bounds(asked: Asked, revision: Any, place: Sequence[Any]) -> Iterator[Any]:
    if asked.since is not None:
        yield revision.at > asked.since
    if asked.until is not None:
        yield revision.at <= asked.until
    if asked.by is not None:
        yield revision.by_id == asked.by
    if asked.before is not None:
        last = asked.before
        values = (last.at, last.version, last.id, last.record, last.entity)
        bound = (sa.bindparam(None, one, type_=of.type) for one, of in zip(values, place, strict=True))
        yield sa.tuple_(*place) < sa.tuple_(*bound)


def _revision(row: Any) -> Revision:
    identity, entity, record, version, act, at, by, actor, behalf, source, reason, operation, changes = row
    moment = at if isinstance(at, datetime) else _descriptor(RevisionRow, "at")._decode(at)
    return Revision(
        unkey(identity),  # type: ignore[arg-type]
        entity,
        unkey(record),  # type: ignore[arg-type]
        version,
        act,
        moment,
        Ref("User", unkey(by)) if by else None,  # type: ignore[arg-type]
        actor,
        Ref("User", unkey(behalf)) if behalf else None,  # type: ignore[arg-type]
        source,
        reason,
        operation,
        tuple(FieldChange(path, *pair) for path, pair in json.loads(changes).items()),
    )


def value_then(spec: Any, value: Any) -> Any:
    """A value of the past; of what was erased the tombstone, or nothing where no text may stand."""
    if value == ERASED and spec.kind.name != "text":
        return () if _is_list(spec) else None
    return from_json(spec, value)


def _is_list(spec: Any) -> bool:
    return spec.kind is not None and spec.kind.name == "texts" and not spec.nullable


def _empty(spec: Any) -> Any:
    """What a field holds of which no change says anything: of a list of texts no text."""
    return [] if _is_list(spec) else None


def rows_of(cls: Any, spec: Any, parent: UUID, state: Mapping[str, Any]) -> tuple[Any, ...]:
    """The rows of a list, from the value of each path."""
    child = child_class(cls, spec)
    rows: dict[str, dict[str, Any]] = {}
    for path, value in state.items():
        name, _, rest = path.partition("/")
        if name == spec.name and rest:
            identity, _, field = rest.partition("/")
            rows.setdefault(identity, {})[field] = value
    made: list[Any] = []
    for identity, values in rows.items():
        if values.get("position") is None:
            continue
        row = object.__new__(child)
        for inner in layout(child).specs:
            if not inner.derived:
                value = values.get(inner.name, _empty(inner))
                _descriptor(child, inner.name).write(row, value_then(inner, value))
        for name, value in (("id", UUID(identity)), ("parent", parent), ("position", values["position"])):
            _descriptor(child, name).write(row, value)
        made.append(row)
    return tuple(sorted(made, key=lambda row: row.position))
