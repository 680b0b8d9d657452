"""Taking changes of a record back, newest first, as far as a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from pycrm.declare.row import layout
from pycrm.revision.add import child_changes, lists_of
from pycrm.revision.history import rows_of, value_then

__all__ = ["Later", "renamed", "undone"]


@attrs.frozen
class Later:
    """One change after the moment: of which version, by which act, and what was there before."""

    version: int
    act: str
    before: Mapping[str, Any]


def undone(record: Any, later: Sequence[Later], stamp: tuple[Any, Any] | None) -> Any:
    """The record before these changes, newest first; None where they made it."""
    if not later:
        return record
    if later[-1].act == "add" and later[-1].version == 1:
        return None
    cls = type(record)
    state: dict[str, Any] = {}
    for one in later:
        state.update(one.before)
    values: dict[str, Any] = {"version": later[-1].version - 1}
    specs = cls.__specs__
    for name, old in state.items():
        if name in specs:
            values[name] = value_then(specs[name], old)
    for spec in lists_of(cls):
        if spec.name not in state and hasattr(record, f"_raw_{spec.name}"):
            values[spec.name] = _rows_then(cls, spec, record, state)
    if stamp is not None:
        for name, value in zip(("updated_at", "updated_by"), stamp, strict=True):
            values[name] = value
    return layout(cls).copy(record, values)


def _rows_then(cls: Any, spec: Any, record: Any, state: Mapping[str, Any]) -> tuple[Any, ...]:
    rows: dict[str, Any] = {}
    for row in getattr(record, spec.name):
        rows |= {path: new for path, (_, new) in child_changes(spec.name, None, row).items()}
    mine = {path: old for path, old in state.items() if path.startswith(f"{spec.name}/")}
    return rows_of(cls, spec, record.id, rows | mine)


def renamed(record: Any, names: Iterable[tuple[str, Sequence[Later]]]) -> Any:
    """The record with what it repeated of others then: a customer's name is its party's.

    `names` gives, of each link, the later changes of what it leads to.
    """
    values: dict[str, Any] = {}
    for link, later in names:
        for one in later:
            for field, through in type(record).mirrors.items():
                if through == link and field in one.before:
                    values[field] = value_then(type(record).__specs__[field], one.before[field])
    return layout(type(record)).copy(record, values) if values else record
