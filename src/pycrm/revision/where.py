"""Changing all records that meet conditions: as statements over sets where nothing else hangs on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare import Record
from pycrm.declare.derive import triggers
from pycrm.declare.generate import json_text
from pycrm.declare.policy import Through
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.entities.org import Action
from pycrm.errors import AmendmentRequiredError, InvalidError, Problem
from pycrm.revision import amendment
from pycrm.revision.change import cleaned
from pycrm.revision.log import begun, jsonable
from pycrm.revision.rows import change_row, noting, stamps
from pycrm.scope.fields import field_rights, refuse_unwritable, view_of
from pycrm.scope.gateway import Query
from pycrm.scope.predicate import require_record
from pycrm.scope.sharing import giver_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["batches", "change_where", "refuse_single"]

# Kinds of which both databases write the JSON that history keeps.
_WRITTEN = ("text", "int", "bool", "date", "enum")
_BATCH = 500


def change_where(tx: Transaction, cls: Any, conditions: Sequence[Any], values: Mapping[str, Any]) -> int:
    """Change all records that meet the conditions; see `Session.change_where`."""
    require_record(tx, cls)
    wanted = _wanted(tx, cls, values)
    rows = Query(tx, cls, conditions, action=Action.UPDATE)
    if rows.nothing or not wanted:
        return 0
    if not _is_simple(tx, cls, wanted):
        return _one_by_one(tx, rows, wanted)
    write = _at_once if tx.dialect == "postgresql" else _in_turn
    number = write(tx, rows, wanted)
    if number:
        begun(tx)
    return number


def _wanted(tx: Transaction, cls: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their stored form.

    Raises:
        InvalidError, ForbiddenError, AmendmentRequiredError: see `Session.change_where`.
    """
    refuse_unwritable(tx, cls, values)
    rights, specs = field_rights(tx, cls), cls.__specs__
    hidden = [Problem(name, "unknown", "unknown field") for name in values if name in rights.hidden]
    if hidden:
        raise InvalidError(f"{cls.__name__}: {hidden[0].path}: unknown field", fields=hidden)
    keys = [name for name in values if name in specs and specs[name].key]
    if keys:
        problems = [Problem(name, "key", "changes only by an amendment") for name in keys]
        raise AmendmentRequiredError(
            f"{', '.join(keys)}: changes only by an amendment, record by record", fields=problems
        )
    wanted = cleaned(cls, dict(values))
    single = [name for name in wanted if name in rights.masked or name in _single(cls)]
    if single:
        problems = [Problem(name, "rule", "changes record by record") for name in single]
        raise InvalidError(f"{cls.__name__}: {single[0]}: changes record by record", fields=problems)
    return wanted


def refuse_single(tx: Transaction, cls: Any, values: Mapping[str, Any]) -> None:
    """Refuse values that no set of records is given at once; raises as `Session.change_where`."""
    _wanted(tx, cls, values)


@per_class
def _single(cls: Any) -> frozenset[str]:
    """Fields whose change concerns more than their own columns: no set of records is changed in them."""
    links = cls.__scope__.links if isinstance(cls.__scope__, Through) else ()
    held = (spec.name for spec in cls.__specs__.values() if spec.unique or spec.special or spec.kind is None)
    return frozenset((*held, *triggers(cls), *links))


def _is_simple(tx: Transaction, cls: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether nobody looks at each record: no rule of its own, no hook, no policy, no stand-in."""
    hooks, specs = tx.crm.hooks, cls.__specs__
    return (
        all(specs[name].kind.name in _WRITTEN and not specs[name].target for name in wanted)
        and cls.check is Record.check
        and not (hooks.has("before_change", cls) or hooks.has("record_changed", cls))
        and not amendment.policy.rules_over(tx, cls, wanted)
        # What was added in this session is remembered as it was added.
        and "new" not in tx.memo
        and not tx.actor.is_given_more
    )


# --- record by record ------------------------------------------------------------------------------


def _one_by_one(tx: Transaction, rows: Query, wanted: dict[str, Any]) -> int:
    changed = 0
    for record in chain.from_iterable(batches(tx, rows)):
        made = amendment.policy.change(tx, record, dict(wanted))
        if made.version == record.version:
            continue
        changed += 1
        giver = giver_of(tx, rows.cls, record.id, Action.UPDATE) if tx.actor.is_given_more else None
        if giver is not None:
            tx.memo["on_behalf"] = giver
    return changed


def batches(tx: Transaction, rows: Query) -> Iterator[list[Any]]:
    """The records in batches by their keys, so that one that is changed does not come again."""
    made, key, last = view_of(tx, rows.cls), rows.table.c[key_column(rows.cls)], None
    while True:
        found = rows.select(*(rows.table.c[name] for name in made.names)).order_by(key).limit(_BATCH)
        if last is not None:
            found = found.where(key > sa.bindparam(None, last, type_=key.type, unique=True))
        if tx.dialect == "postgresql":
            found = found.with_for_update(of=rows.table)
        batch = made.build(tx.fetch(found))
        yield batch
        if len(batch) < _BATCH:
            return
        last = batch[-1].id


# --- as a set --------------------------------------------------------------------------------------


def _in_turn(tx: Transaction, rows: Query, wanted: Mapping[str, Any]) -> int:
    """On SQLite nobody else writes meanwhile: what changes is noted first, then the rows are changed."""
    cls, table = rows.cls, rows.table
    key, differing = table.c[key_column(cls)], _differing(cls, table.c, wanted)
    text = _noted(tx, cls, table.c, wanted)
    note = change_row(tx, cls, "change", key, table.c.version + 1, text)
    number = tx.execute(noting(rows.select(*note).where(differing)))
    if number:
        held = rows.select(key).where(differing)
        tx.execute(sa.update(table).where(key.in_(held)).values(_columns(cls, wanted) | stamps(tx, cls)))
    return number


def _at_once(tx: Transaction, rows: Query, wanted: Mapping[str, Any]) -> int:
    """On PostgreSQL others write meanwhile: one statement, so that all parts mean the same rows."""
    cls, table = rows.cls, rows.table
    key, names = table.c[key_column(cls)], [cls.__specs__[name].columns[0] for name in wanted]
    before = [table.c[name].label(f"old_{name}") for name in names]
    found = rows.select(key.label("key"), *before).where(_differing(cls, table.c, wanted))
    old = found.with_for_update(of=table).cte("old")
    moved = (
        sa.update(table)
        .where(key == old.c.key)
        .values(_columns(cls, wanted) | stamps(tx, cls))
        .returning(key.label("key"), table.c.version, *(old.c[f"old_{name}"] for name in names))
        .cte("moved")
    )
    text = _noted(tx, cls, {name: moved.c[f"old_{name}"] for name in names}, wanted)
    note = sa.select(*change_row(tx, cls, "change", moved.c.key, moved.c.version, text))
    return tx.execute(noting(note.select_from(moved)))


def _bound(cls: Any, name: str, value: Any) -> Any:
    column = cls.__table__.c[cls.__specs__[name].columns[0]]
    return sa.bindparam(None, value, type_=column.type, unique=True)


def _columns(cls: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {cls.__specs__[name].columns[0]: _bound(cls, name, value) for name, value in wanted.items()}


def _differs(cls: Any, columns: Mapping[str, Any], name: str, value: Any) -> Any:
    column = columns[cls.__specs__[name].columns[0]]
    return column.is_not(None) if value is None else column.is_distinct_from(_bound(cls, name, value))


def _differing(cls: Any, columns: Mapping[str, Any], wanted: Mapping[str, Any]) -> Any:
    return sa.or_(*(_differs(cls, columns, name, value) for name, value in wanted.items()))


def _noted(tx: Transaction, cls: Any, columns: Mapping[str, Any], wanted: Mapping[str, Any]) -> Any:
    """The text of a change row: the fields that differ, each with its value before and after."""
    parts: list[Any] = []
    for name, value in wanted.items():
        spec = cls.__specs__[name]
        before = _json(tx, spec, columns[spec.columns[0]])
        text = _text(f",{json_text(name)}:[") + before + _text(f",{json_text(jsonable(spec, value))}]")
        if len(wanted) > 1:
            text = sa.case((_differs(cls, columns, name, value), text), else_=_text(""))
        parts.append(text)
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part
    return _text("{") + sa.func.substr(joined, 2, type_=sa.Text()) + _text("}")


def _json(tx: Transaction, spec: Any, column: Any) -> Any:
    """A stored value as JSON text."""
    if tx.dialect == "postgresql":
        return sa.func.coalesce(sa.cast(sa.func.to_json(column), sa.Text()), _text("null"))
    if spec.kind.name == "bool":
        truth = sa.cast(column, sa.Integer())
        return sa.case((truth == 1, _text("true")), (truth == 0, _text("false")), else_=_text("null"))
    return sa.func.json_quote(column, type_=sa.Text())


def _text(value: str) -> Any:
    return sa.literal(value, sa.Text())
