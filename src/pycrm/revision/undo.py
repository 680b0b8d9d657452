"""Taking changes of records back, newest first, as far as a moment.

From what is there, not from the beginning: of a long history mostly the last part is asked for, and a
list and a record of the past are read in one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pycrm.declare.row import layout
from pycrm.revision.add import child_changes, lists_of
from pycrm.revision.history import rows_of, value_then
from pycrm.revision.log import flush
from pycrm.revision.part import Part, led_to, repeated
from pycrm.revision.since import Changes, Later, later
from pycrm.scope.children import with_children
from pycrm.scope.fields import whole

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["as_of", "kinds_of", "renamed", "taken_back", "undone"]


def kinds_of(tx: Transaction, cls: Any) -> list[str]:
    """The kinds of records whose changes change what records of a class are shown with."""
    return list(dict.fromkeys([cls.__name__, *(part.entity for part in repeated(tx, cls))]))


def as_of(tx: Transaction, record: Any, moment: datetime) -> Any:
    """A record with its children as it was at a moment, or None before it was added.

    Args:
        record: as it is, with all its fields; what comes back has them too.
    """
    if tx.write:
        flush(tx)
    with whole(tx):
        now = with_children(tx, [record])
    return next((then for _, then in taken_back(tx, now, moment)), None)


def taken_back(
    tx: Transaction,
    records: Sequence[Any],
    moment: datetime,
    known: Changes | None = None,
) -> Iterator[tuple[Any, Any]]:
    """The records of one class as they were by their keys, without those that were not there yet.

    Args:
        known: the changes since of some kinds, all of them, where they have been read.
    """
    if not records:
        return
    cls = type(records[0])
    key_of = layout(cls).keys[tx.dialect]
    keys = [key_of(one)[0] for one in records]
    found = dict(known or {})
    parts = [part for part in repeated(tx, cls) if found.get(part.entity) != {}]
    lead = [(part, _lead(tx, part, keys, records)) for part in parts]
    wanted: dict[str, list[Any]] = {cls.__name__: keys}
    for part, to in lead:
        wanted.setdefault(part.entity, []).extend(to.values())
    found |= later(tx, {kind: some for kind, some in wanted.items() if kind not in found}, moment)
    changes = found[cls.__name__]
    for key, record in zip(keys, records, strict=True):
        then = undone(record, changes[key]) if key in changes else record
        if then is not None and lead:
            names = ((part, found[part.entity].get(to.get(key), ())) for part, to in lead)
            then = renamed(then, [one for one in names if one[1]])
        if then is not None:
            yield key, then


def _lead(tx: Transaction, part: Part, keys: Sequence[Any], records: Sequence[Any]) -> dict[Any, Any]:
    """By the keys of records what they repeat the fields of a part of."""
    cls, column = part.path[0]
    name = next(spec.name for spec in cls.__specs__.values() if column in spec.columns)
    dump = layout(cls).dump_of((name,), tx.dialect)
    return led_to(tx, part.path, {key: dump(one)[0] for key, one in zip(keys, records, strict=True)})


def undone(record: Any, later: Sequence[Later]) -> Any:
    """The record before these changes, newest first; None where they made it."""
    if not later:
        return record
    first = later[-1]
    if first.act == "add" and first.version == 1:
        return None
    cls = type(record)
    state: Mapping[str, Any] = first.before
    if len(later) > 1:
        state = {path: old for one in later for path, old in one.before.items()}
    values: dict[str, Any] = {"version": first.version - 1}
    specs = cls.__specs__
    for name, old in state.items():
        if name in specs:
            values[name] = value_then(specs[name], old)
    for spec in lists_of(cls):
        if spec.name not in state and hasattr(record, f"_raw_{spec.name}"):
            values[spec.name] = _rows_then(cls, spec, record, state)
    if first.stamp is not None:
        values["updated_at"], values["updated_by"] = first.stamp
    return layout(cls).copy(record, values)


def _rows_then(cls: Any, spec: Any, record: Any, state: Mapping[str, Any]) -> tuple[Any, ...]:
    rows: dict[str, Any] = {}
    for row in getattr(record, spec.name):
        rows |= {path: new for path, (_, new) in child_changes(spec.name, None, row).items()}
    mine = {path: old for path, old in state.items() if path.startswith(f"{spec.name}/")}
    return rows_of(cls, spec, record.id, rows | mine)


def renamed(record: Any, names: Iterable[tuple[Part, Sequence[Later]]]) -> Any:
    """The record with what it repeated of others then: a customer's name is its party's.

    `names` gives, with the fields that are repeated, the later changes of what they stand in.
    """
    specs = type(record).__specs__
    values = {
        field: value_then(specs[field], one.before[field])
        for part, later in names
        for one in later
        for field in part.fields
        if field in one.before
    }
    return layout(type(record)).copy(record, values) if values else record
