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
from pycrm.revision.history import driven, value_then
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.revision.since import Part
from pycrm.scope.actor import key
from pycrm.scope.predicate import scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["FEW", "End", "Touched", "touched"]

#: So many acts are looked through one by one; of more the database makes a plan.
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
    marks = tuple(len(part.marks) for part in parts)
    bounded = None if end is None else (end.column, end.falling)
    cached = ("touched", cls, scope.shape, made.names, marks, bounded)
    text, names, constants = tx.store.prepared(
        cached, lambda: _statement(tx, cls, parts, made.names, scope, end)
    )
    given: dict[str, Any] = {**constants, "moment": driven(tx, moment), "few": FEW, "more": FEW + 1}
    given |= {name: key(tx, value) for name, value in scope.values.items()}
    for number, part in enumerate(parts):
        given[f"entity_{number}"] = part.entity
        given |= {f"mark_{number}_{at}": mark for at, mark in enumerate(part.marks)}
    if end is not None:
        given |= {"end": end.value, "end_mark": f"{json_text(end.field)}:["}
    rows = tx.run(text, [given[name] for name in names]).fetchall()
    if rows and rows[0][0] is None:
        return None
    return _gathered(cls, fields, made, rows)


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
    change, revision, table = ChangeRow.__table__.c, RevisionRow.__table__.c, cls.__table__
    place = sa.func.instr if tx.dialect == "sqlite" else sa.func.strpos

    def named(name: str, part: Any) -> Any:
        return sa.bindparam(name, type_=part.type)

    def holds(name: str) -> Any:
        return place(change.changes, sa.bindparam(name, type_=sa.Text())) > 0

    options = []
    for number, part in enumerate(parts):
        marks = [holds(f"mark_{number}_{at}") for at in range(len(part.marks))]
        of = change.entity == named(f"entity_{number}", change.entity)
        options.append(sa.and_(of, sa.or_(change.act == "add", *marks)) if marks else of)
    mine = [change.entity == named("entity_0", change.entity), change.record_id == table.c[key_column(cls)]]
    mine += [] if scope.where is None else [scope.where]
    counts = table.c[key_column(cls)].is_not(None)
    if end is not None:
        column = table.c[end.column]
        ends = named("end", column)
        before = column >= ends if end.falling else column <= ends
        counts = sa.and_(counts, sa.or_(before, holds("end_mark")))
    # Left to itself, SQLite may begin with the changes, with all of them: with a sign before it the key
    # of a revision is nothing that it could look up.
    of_it = sa.literal_column("+crm_revision.id") if tx.dialect == "sqlite" else revision.id
    source = RevisionRow.__table__.join(ChangeRow.__table__, change.revision_id == of_it)
    wanted = [change.entity, change.record_id, change.version, change.act, change.changes]
    wanted += [table.c[name] for name in names]
    found = (
        sa.select(*wanted)
        .select_from(source.outerjoin(table, sa.and_(*mine)))
        .where(revision.at > named("moment", revision.at), sa.or_(*options))
        .where(sa.or_(change.entity != named("entity_0", change.entity), counts))
    )
    # In one statement: a row of nothing tells that too much was done.
    return sa.union_all(
        found.where(sa.not_(_is_much())), sa.select(*(sa.null() for _ in wanted)).where(_is_much())
    )


def _is_much() -> Any:
    at = RevisionRow.__table__.c.at
    acts = sa.select(at).where(at > sa.bindparam("moment", type_=at.type))
    acts = acts.limit(sa.bindparam("more", type_=sa.Integer()))
    counted = sa.select(sa.func.count()).select_from(acts.subquery()).scalar_subquery()
    return counted > sa.bindparam("few", type_=sa.Integer())


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
