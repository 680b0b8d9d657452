"""The guarded UPDATE of one record, and what plugins are asked before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pycrm.declare.codec import dump
from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, StaleError
from pycrm.hooks import Change
from pycrm.plugin.frozen import frozen
from pycrm.revision.add import author
from pycrm.revision.log import jsonable
from pycrm.revision.sql import update_text
from pycrm.revision.telling import noted_later
from pycrm.revision.whole import value_of
from pycrm.scope.actor import key
from pycrm.scope.fields import field_rights, shown
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.predicate import Scope, scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["UpdatePlan", "consulted", "guarded_update", "stamp", "update_plan", "why_not", "write_planned"]


def stamp(tx: Transaction, record: Any) -> dict[str, Any]:
    """The next version, and who made it when."""
    return {**author(tx), "version": record.version + 1}


def guarded_update(
    tx: Transaction,
    record: Any,
    made: Any,
    values: dict[str, Any],
    action: str = Action.UPDATE,
    asked: dict[str, Any] | None = None,
) -> None:
    """UPDATE … WHERE id AND version AND scope: exactly one row, or the reason why not.

    `asked` are the fields that the actor wants to write, lists too, where they are more than `values`.
    """
    cls = type(record)
    scope = scope_of(tx, cls, action, True)
    if scope.nothing:
        # A condition that is never true swallows the others, and their parameters with them.
        raise why_not(tx, record, asked or values)
    plan = update_plan(tx, cls, (*values,), scope)
    write_planned(tx, plan, record, made, layout(cls).key(record, tx.dialect), asked or values)


class UpdatePlan(NamedTuple):
    """What updating some fields takes: the text, what dumps their values, the scope's parameters."""

    text: str
    dump: Callable[[Any], tuple[Any, ...]]
    tail: tuple[Any, ...]


def update_plan(tx: Transaction, cls: Any, names: tuple[str, ...], scope: Scope) -> UpdatePlan:
    """The plan of updating these fields within a scope, made once for it."""
    found: UpdatePlan | None = scope.plans.get((cls, *names))
    if found is None:
        fields = (*names, "version", "updated_at", "updated_by")
        columns = tuple(column for name in fields for column in cls.__specs__[name].columns)
        text, order = update_text(tx, cls, columns, scope)
        tail = tuple(key(tx, scope.values[name]) for name in order[len(columns) + 2 :])
        found = scope.plans[(cls, *names)] = UpdatePlan(text, layout(cls).dump_of(fields, tx.dialect), tail)
    return found


def write_planned(
    tx: Transaction, plan: UpdatePlan, record: Any, made: Any, identity: Any, asked: dict[str, Any]
) -> None:
    """Carry out a plan for one record, whose key is given as the driver takes it; raises as `guarded_update`."""
    text, dump, tail = plan
    if tx.write_one(text, (*dump(made), identity, record.version, *tail)).rowcount != 1:
        # It changed no row, so the caller may read again and go on in the same session.
        tx.written -= 1
        raise why_not(tx, record, asked)
    noted_later(tx, made)


def why_not(tx: Transaction, record: Any, values: dict[str, Any]) -> Exception:
    """What refuses a record whose row did not change: gone or out of sight, not granted, or moved on since."""
    cls = type(record)
    current = fetch_one(tx, cls, record.id)
    if current is None:
        return not_found(cls)
    rights = field_rights(tx, cls)
    if current.version == record.version:
        return ForbiddenError(f"changing this {cls.__name__.lower()} is not granted")
    conflicts = {
        name: {
            "base": _told(tx, record, name, value_of(tx, record, name)),
            "theirs": _told(tx, record, name, value_of(tx, current, name)),
            "yours": _told(tx, record, name, value),
        }
        for name, value in values.items()
        if name not in rights.covered
    }
    return StaleError(
        f"the {cls.__name__.lower()} was changed by somebody else in the meantime",
        data={"read": record.version, "current": current.version, "fields": conflicts},
    )


def _told(tx: Transaction, record: Any, name: str, value: Any) -> Any:
    """The value of a field as JSON has it, rows of a list as their reader is shown them."""
    spec = type(record).__specs__[name]
    if spec.child is None:
        return jsonable(spec, value)
    return [dump(row if row.is_new else shown(tx, row)) for row in value]


def consulted(
    tx: Transaction, record: Any, before: dict[str, Any], differing: dict[str, Any]
) -> Mapping[str, Change] | None:
    """What plugins have been asked about and are to be told of; None where none of them wants to know."""
    cls, hooks = type(record), tx.crm.hooks
    is_asked = hooks.has("before_change", cls)
    if not is_asked and not hooks.has("record_changed", cls):
        return None
    # Frozen once for both.
    told = {name: Change(before[name], value) for name, value in differing.items()}
    changes: Mapping[str, Change] = frozen(told)
    if is_asked:
        hooks.before("before_change", session=tx.session, record=record, changes=changes)
    return changes
