"""Reading the past: what changed, and how a record was at a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.codec import from_json
from pycrm.declare.raw import masked
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.row import layout
from pycrm.revision.log import flush
from pycrm.revision.model import ChangeRow, FieldChange, Revision, RevisionRow
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["as_of", "history", "redacted", "replay"]


def history(tx: Transaction, record: Any, entities: Iterable[tuple[str, UUID]]) -> list[Revision]:
    """The revisions of these (entity, id) pairs, newest first; the caller has checked the scope."""
    if tx.write:
        flush(tx)
    change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
    pairs = list(entities)
    mine = sa.or_(*(sa.and_(change.record_id == id, change.entity == name) for name, id in pairs))
    rows = tx.fetch(
        sa.select(
            *(revision.id, change.entity, change.record_id, change.version, change.act, revision.at),
            *(revision.by_id, revision.actor, revision.on_behalf_id, revision.source),
            *(sa.func.coalesce(change.reason, revision.purpose), revision.operation, change.changes),
        )
        .select_from(ChangeRow.__table__.join(RevisionRow.__table__, change.revision_id == revision.id))
        .where(mine)
        # Within a record the version is the order, across records the time of writing; what one act
        # did to several records has no order of its own, and is told in the same one each time.
        .order_by(
            *(revision.at.desc(), change.version.desc(), revision.id.desc()),
            *(change.entity, change.record_id),
        )
    )
    return [_revision(row) for row in rows]


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


def redacted(tx: Transaction, revisions: Iterable[Revision]) -> list[Revision]:
    """The revisions without the values that their reader may not see.

    That a record changed, when and by whom, is told all the same: its version says so too.
    """
    return [attrs.evolve(one, changes=tuple(_redacted(tx, one))) for one in revisions]


def _redacted(tx: Transaction, revision: Revision) -> Iterator[FieldChange]:
    cls = tx.crm.record(revision.entity, default=None)
    for change in revision.changes if cls is not None else ():
        name, _, rest = change.path.partition("/")
        rights, field = field_rights(tx, cls), name
        if rest and name not in rights.hidden and name in cls.__specs__:
            rights, field = field_rights(tx, child_class(cls, cls.__specs__[name])), rest.rpartition("/")[2]
        if field in rights.hidden:
            continue
        if field in rights.masked:
            change = FieldChange(change.path, *(_mask(value) for value in (change.old, change.new)))
        yield change


def _mask(value: Any) -> Any:
    return masked(value).text if isinstance(value, str) else value


def as_of(tx: Transaction, record: Any, moment: datetime) -> Any:
    """The record with its children as it was at that moment, or None before it was added."""
    past = _until(tx, record, (type(record).__name__, record.id), moment)
    if not past:
        return None
    made = replay(record, past)
    return layout(type(record)).copy(made, _mirrored(tx, made, moment))


def _until(tx: Transaction, record: Any, which: tuple[str, UUID], moment: datetime) -> list[Revision]:
    return [one for one in reversed(history(tx, record, [which])) if one.at <= moment]


def _mirrored(tx: Transaction, record: Any, moment: datetime) -> dict[str, Any]:
    """What the record repeated of others at that moment: a customer's name is its party's."""
    cls = type(record)
    found: dict[str, Any] = {}
    for link in set(cls.mirrors.values()):
        ref = getattr(record, link)
        for revision in _until(tx, record, (ref.entity, ref.id), moment):
            for change in revision.changes:
                if cls.mirrors.get(change.path) == link:
                    found[change.path] = from_json(cls.__specs__[change.path], change.new)
    return found


def replay(record: Any, revisions: Iterable[Revision]) -> Any:
    """The value that these revisions, oldest first, lead to.

    What a record repeats of others (`mirrors`) has no revision of its own and stays as it is now.
    """
    cls = type(record)
    state: dict[str, Any] = {}
    last: Revision | None = None
    for last in revisions:
        for change in last.changes:
            state[change.path] = change.new
    assert last is not None
    values: dict[str, Any] = {"version": last.version, "updated_at": last.at, "updated_by": last.by}
    for spec in cls.__specs__.values():
        if spec.child is not None:
            values[spec.name] = _children(cls, spec, record.id, state)
        elif spec.name in _AT_FIRST and spec.name not in state:
            values[spec.name] = _AT_FIRST[spec.name](record)
        elif spec.name not in cls.mirrors and (not spec.derived or spec.name in state):
            values[spec.name] = from_json(spec, state.get(spec.name, [] if spec.default == () else None))
    return layout(cls).copy(record, values)


# With these a record begins, and no change says so.
_AT_FIRST: dict[str, Callable[[Any], Any]] = {
    "archived_at": lambda record: None,
    "stage_at": lambda record: record.created_at,
}


def _children(cls: Any, spec: Any, parent: UUID, state: dict[str, Any]) -> tuple[Any, ...]:
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
                empty: Any = [] if inner.default == () else None
                _descriptor(child, inner.name).write(row, from_json(inner, values.get(inner.name, empty)))
        for name, value in (("id", UUID(identity)), ("parent", parent), ("position", values["position"])):
            _descriptor(child, name).write(row, value)
        made.append(row)
    return tuple(sorted(made, key=lambda row: row.position))
