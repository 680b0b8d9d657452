"""What a request would change, path by path: fields, and the rows of lists."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare.field import Spec
from pycrm.declare.record import child_class
from pycrm.declare.row import layout
from pycrm.revision.amendment.model import LineAct
from pycrm.revision.change import cleaned
from pycrm.revision.log import jsonable
from pycrm.revision.whole import completed, unseen, value_of
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["STAGE", "PathChange", "differences", "row_json", "stage_change"]

STAGE = "stage"
"""The path of a move that waits for consent; its new value is what names the move."""


@attrs.frozen
class PathChange:
    """One path of one record: its value before and after, as Python and as JSON have it."""

    entity: str
    record: UUID
    path: str
    act: LineAct
    before: Any
    after: Any
    base: Any
    new: Any
    is_key: bool
    # The record's amount, once changed, for conditions.
    amount: Any = None

    @property
    def name(self) -> str:
        """The field of the record, whatever row of it."""
        return self.path.partition("/")[0]

    @property
    def declared_paths(self) -> tuple[str, ...]:
        """The path as policies name it: without the row's id, and then the list alone."""
        parts = self.path.split("/")
        return (f"{parts[0]}/{parts[2]}", parts[0]) if len(parts) == 3 else (parts[0],)

    @property
    def claimed_path(self) -> str:
        """What of the record no other amendment may have open: rows count as one path each."""
        return "/".join(self.path.split("/")[:2])


def differences(tx: Transaction, target: Any, values: Mapping[str, Any], of: Any = None) -> list[PathChange]:
    """What these values would change of a record, or of a facet that has no row yet.

    Raises:
        InvalidError: unknown or computed fields, wrong values, all at once.
    """
    cls: Any = target if isinstance(target, type) else type(target)
    wanted = cleaned(cls, dict(values))
    if isinstance(target, type):
        return [
            _field(cls, of, cls.__specs__[name], (None, value), None)
            for name, value in wanted.items()
            if value is not None
        ]
    guessed = unseen(tx, cls, wanted)
    record, wanted = completed(tx, target, wanted)
    amount = wanted.get("amount", getattr(record, "_raw_amount", None) and record.amount)
    amount = amount if isinstance(amount, Money) else None
    found: list[PathChange] = []
    for name, value in wanted.items():
        before, spec = value_of(tx, record, name), cls.__specs__[name]
        if spec.child is not None:
            found += _rows(cls, record.id, spec, (before, value), amount, guessed)
        elif before != value or name in guessed:
            found.append(_field(cls, record.id, spec, (before, value), amount))
    return found


def stage_change(record: Any, to: str) -> PathChange:
    """A move of a record, named by a stage or by its key."""
    pair = (record.stage, to)
    return PathChange(type(record).__name__, record.id, STAGE, LineAct.CHANGE, *pair, *pair, True)


def _field(cls: Any, id: UUID, spec: Spec, pair: tuple[Any, Any], amount: Any) -> PathChange:
    base, new = (jsonable(spec, one) for one in pair)
    act = LineAct.CHANGE
    return PathChange(cls.__name__, id, spec.name, act, *pair, base, new, spec.key, amount)


def _rows(
    cls: Any, id: UUID, spec: Spec, lists: tuple[Any, Any], amount: Any, guessed: Container[str]
) -> Iterator[PathChange]:
    known = {row.id: row for row in lists[0]}
    child = child_class(cls, spec)
    for number, row in enumerate(lists[1]):
        old = None if row.is_new else known.pop(row.id, None)
        if old is None:
            new = row_json(row)
            path, act = f"{spec.name}/+{number}", LineAct.ADD
            yield PathChange(cls.__name__, id, path, act, None, None, None, new, spec.key, amount)
            continue
        for inner in layout(child).specs:
            pair: tuple[Any, Any] = (
                (getattr(old, inner.name), getattr(row, inner.name)) if not inner.derived else (0, 0)
            )
            path, act = f"{spec.name}/{old.id}/{inner.name}", LineAct.CHANGE
            if pair[0] != pair[1] or path in guessed:
                base, new = (jsonable(inner, one) for one in pair)
                is_key = spec.key or inner.key
                yield PathChange(cls.__name__, id, path, act, *pair, base, new, is_key, amount)
    for gone in known.values():
        path, act = f"{spec.name}/{gone.id}", LineAct.REMOVE
        yield PathChange(cls.__name__, id, path, act, None, None, row_json(gone), None, spec.key, amount)


def row_json(row: Any) -> dict[str, Any]:
    """A row as JSON has it, by its declared fields."""
    return {
        spec.name: jsonable(spec, getattr(row, spec.name))
        for spec in layout(type(row)).specs
        if not spec.derived
    }
