"""What was touched since a moment of what may stand on a page of the past: read in one statement.

A page of now ends somewhere. What stands behind its end now, and was not moved since, cannot have stood
before it then. Of all the others there comes no more than decides about the page: the keys, the fields
that it is filtered and sorted by, and the changes of these.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.generate import json_text
from pycrm.declare.record import _descriptor
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.revision.history import value_then
from pycrm.revision.model import ChangeRow
from pycrm.revision.part import Part, where_in
from pycrm.revision.since import beginning
from pycrm.scope.actor import key
from pycrm.scope.predicate import scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["FEW", "End", "Touched", "touched"]

#: So many changes are gathered at once; of more the records are read some at a time.
FEW = 5000


@attrs.frozen
class End:
    """Where a page of now ends: a column of the class that is never empty, its field, and its last value."""

    column: str
    field: str
    falling: bool
    value: Any


@attrs.frozen
class Touched:
    """Records in reach that were touched, by their keys as the driver has them, and what else was, by kind.

    Of each record there is what it was then, with those fields alone that decide about it; None where it
    was not there yet.
    """

    records: dict[Any, Any]
    others: dict[str, set[Any]]


def touched(
    tx: Transaction,
    cls: Any,
    parts: Sequence[Part],
    fields: frozenset[str],
    moment: datetime,
    end: End | None,
) -> Touched | None:
    """What was done since that counts, None where too much was to look through it one by one.

    Args:
        parts: what decides about the list, first of all what changes of its class.
        fields: those of the class that it is filtered and sorted by.
        end: the end of the page of now; None where that is all of the list.
    """
    made = _view(cls, fields)
    scope = scope_of(tx, cls)
    shape = tuple((len(part.marks), part.every) for part in parts)
    bounded = None if end is None else (end.column, end.falling)
    cached = ("touched", cls, scope.shape, made.names, shape, bounded)
    text, names, constants = tx.store.prepared(
        cached, lambda: _statement(tx, cls, parts, made.names, scope, end)
    )
    given: dict[str, Any] = {**constants, "first": beginning(tx, moment), "more": FEW + 1}
    given |= {name: key(tx, value) for name, value in scope.values.items()}
    for number, part in enumerate(parts):
        given[f"entity_{number}"] = part.entity
        given |= {f"mark_{number}_{at}": mark for at, mark in enumerate(part.marks)}
    if end is not None:
        given |= {"end": end.value, "end_mark": f"{json_text(end.field)}:["}
    rows = tx.run(text, [given[name] for name in names]).fetchall()
    return None if len(rows) > FEW else _gathered(cls, fields, made, rows)


@lru_cache(maxsize=1024)
def _view(cls: Any, fields: frozenset[str]) -> Any:
    """The class with its key, its version and these fields alone."""
    column = key_column(cls)
    key_field = next(spec.name for spec in cls.__specs__.values() if column in spec.columns)
    hidden = {spec.name for spec in layout(cls).specs} - fields - {"version", key_field}
    return layout(cls).view(frozenset(hidden), frozenset())


def _statement(
    tx: Transaction, cls: Any, parts: Sequence[Part], names: Sequence[str], scope: Any, end: End | None
) -> Any:
    change, table = ChangeRow.__table__.c, cls.__table__

    def named(name: str, column: Any) -> Any:
        return sa.bindparam(name, type_=column.type)

    def holds(name: str) -> Any:
        return where_in(tx, change.changes, sa.bindparam(name, type_=sa.Text())) > 0

    options = []
    for number, part in enumerate(parts):
        marks = [holds(f"mark_{number}_{at}") for at in range(len(part.marks))]
        of = change.entity == named(f"entity_{number}", change.entity)
        options.append(sa.and_(of, part.counts(change, marks)))
    mine = [change.entity == named("entity_0", change.entity), change.record_id == table.c[key_column(cls)]]
    mine += [] if scope.where is None else [scope.where]
    counts = table.c[key_column(cls)].is_not(None)
    if end is not None:
        column = table.c[end.column]
        ends = named("end", column)
        before = column >= ends if end.falling else column <= ends
        counts = sa.and_(counts, sa.or_(before, holds("end_mark")))
    wanted = [change.entity, change.record_id, change.version, change.act, change.changes]
    wanted += [table.c[name] for name in names]
    return (
        sa.select(*wanted)
        .select_from(ChangeRow.__table__.outerjoin(table, sa.and_(*mine)))
        .where(change.revision_id >= named("first", change.revision_id), sa.or_(*options))
        .where(sa.or_(change.entity != named("entity_0", change.entity), counts))
        .limit(sa.bindparam("more", type_=sa.Integer()))
    )


def _gathered(cls: Any, fields: frozenset[str], made: Any, rows: Sequence[Any]) -> Touched:
    changes: dict[Any, list[tuple[int, str, str]]] = {}
    now: dict[Any, Any] = {}
    others: dict[str, set[Any]] = {}
    for kind, id, version, act, text, *values in rows:
        if kind == cls.__name__:
            changes.setdefault(id, []).append((version, act, text))
            now[id] = values
        else:
            others.setdefault(kind, set()).add(id)
    # The same is done to many: of equal texts one is read.
    read = cache(json.loads)
    specs = [(cls.__specs__[name], _descriptor(cls, name).write) for name in fields]
    records: dict[Any, Any] = {}
    for (id, some), record in zip(changes.items(), made.build(now.values()), strict=True):
        some.sort(reverse=True)
        version, act, _ = some[-1]
        if act == "add" and version == 1:
            records[id] = None
            continue
        for _, _, text in some:
            known = read(text)
            for spec, write in specs:
                if spec.name in known:
                    # Nobody has been given the record yet.
                    write(record, value_then(spec, known[spec.name][0]))
        records[id] = record
    return Touched(records, others)
