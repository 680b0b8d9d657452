"""Records completed for pycrm's own work by what their reader was not shown, or did not ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycrm.declare.record import child_class
from pycrm.declare.row import layout
from pycrm.errors import NotReadError
from pycrm.scope.children import with_children
from pycrm.scope.fields import field_rights, limits, refuse_unwritable, refuse_written, whole
from pycrm.scope.gateway import fetch_one, not_found

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["all_with_lists", "completed", "unseen", "value_of", "with_lists"]


def completed(tx: Transaction, record: Any, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The record, and the values that it is to have, with the fields that their reader is not shown.

    Rules look at a record whole, and the book of changes keeps what was there before.
    """
    cls = type(record)
    if not any(limits(tx, cls)):
        return record, values
    closed = field_rights(tx, cls).covered
    fields = [name for name in closed if cls.__specs__[name].child is None]
    lists = [
        spec.name
        for spec in cls.__specs__.values()
        if spec.child is not None and (spec.name in closed or _is_limited(tx, child_class(cls, spec)))
    ]
    if not fields and not lists:
        return record, values
    with whole(tx):
        now = fetch_one(tx, cls, record.id)
        if now is None:
            raise not_found(cls)
        now = with_children(tx, [now], lists)[0] if lists else now
    given = {name: _rows(tx, cls, name, values[name], getattr(now, name)) for name in lists if name in values}
    return layout(cls).copy(record, {name: getattr(now, name) for name in (*fields, *lists)}), values | given


def unseen(tx: Transaction, cls: Any, values: Mapping[str, Any]) -> frozenset[str]:
    """The paths of the values given to fields that their writer is not shown, rows of lists included.

    They count as differing whatever is stored: an answer that depended on it would confirm a guess.
    """
    if not limits(tx, cls).closed:
        return frozenset()
    closed = field_rights(tx, cls).covered
    found = {name for name in values if name in closed}
    for name, rows in values.items():
        spec = cls.__specs__[name]
        if spec.child is None:
            continue
        child = child_class(cls, spec)
        inner = [one for one in field_rights(tx, child).covered if child.__specs__[one].init]
        found |= {
            f"{name}/{row.id}/{one}" for row in rows if not row.is_new for one in inner if _has(row, one)
        }
    return frozenset(found)


def _is_limited(tx: Transaction, child: Any) -> bool:
    rights = field_rights(tx, child)
    return bool(rights.covered or rights.locked)


def _rows(tx: Transaction, cls: Any, name: str, rows: Any, stored: Any) -> tuple[Any, ...]:
    """Rows to be written: what was shown masked, or not at all, stays as it is stored.

    Raises:
        InvalidError, ForbiddenError: a row gives another value to a field that is not to be written.
    """
    child = child_class(cls, cls.__specs__[name])
    rights, known = field_rights(tx, child), {row.id: row for row in stored}
    closed = rights.covered
    guarded = [one for one in (*closed, *rights.locked) if child.__specs__[one].init]
    made: list[Any] = []
    for row in rows:
        old = None if row.is_new else known.get(row.id)
        if old is None:
            refuse_written(tx, row)
        else:
            kept = {one: getattr(old, one) for one in closed if not _has(row, one)}
            row = layout(child).copy(row, kept)
            given = {one: getattr(row, one) for one in guarded if one not in kept}
            # Whether what was not shown is given as it is stored must not be told.
            asked = {one for one, value in given.items() if one in closed or value != getattr(old, one)}
            refuse_unwritable(tx, child, {one: given[one] for one in asked})
        made.append(row)
    return tuple(made)


def value_of(tx: Transaction, record: Any, name: str) -> Any:
    """The value of a field, reading its rows where it is a list that was not asked for."""
    try:
        return getattr(record, name)
    except NotReadError:
        if type(record).__specs__[name].child is None:
            raise
        return getattr(with_children(tx, [record], (name,))[0], name)


def with_lists(tx: Transaction, record: Any) -> Any:
    """The record with every list of rows that was not asked for; itself where there is none."""
    return all_with_lists(tx, [record])[0]


def all_with_lists(tx: Transaction, records: Sequence[Any]) -> list[Any]:
    """The records, each with every list that was not asked for, in one statement for each list and class."""
    found = list(records)
    lacking: dict[tuple[Any, ...], list[int]] = {}
    for place, record in enumerate(found):
        lists = (spec.name for spec in type(record).__specs__.values() if spec.child is not None)
        missing = [name for name in lists if not _has(record, name)]
        if missing:
            lacking.setdefault((type(record), *missing), []).append(place)
    for (cls, *names), places in lacking.items():
        loaded = with_children(tx, [found[place] for place in places], names)
        for place, one in zip(places, loaded, strict=True):
            found[place] = layout(cls).copy(found[place], {name: getattr(one, name) for name in names})
    return found


def _has(record: Any, name: str) -> bool:
    try:
        getattr(record, name)
    except NotReadError:
        return False
    return True
