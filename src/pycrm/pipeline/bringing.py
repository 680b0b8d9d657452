"""Bringing about what moves declare besides the stage: in the mover's session, after the chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pycrm.declare.codec import from_json
from pycrm.entities.activity import Task, TaskPriority
from pycrm.entities.amendment import Amendment
from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.effect import TODAY, AddTask, Effect, Emit, SetField, StartAmendment
from pycrm.pipeline.settable import settable
from pycrm.revision import amendment
from pycrm.revision.add import add_all
from pycrm.revision.owner import assignable

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["bring_about", "fields_set", "told"]


def told(effects: Sequence[Effect]) -> tuple[str, ...]:
    """The events among effects."""
    return tuple(one.event for one in effects if isinstance(one, Emit))


def fields_set(tx: Transaction, record: Any, effects: Sequence[Effect]) -> dict[str, Any]:
    """The values that effects give to fields of the record, written with the stage.

    Raises:
        InvalidError: a field that there is not, a key field, or a value that it does not take.
    """
    found: dict[str, Any] = {}
    for one in effects:
        if isinstance(one, SetField):
            found[one.field] = _value(tx, type(record), one.field, one.value)
    return {name: value for name, value in found.items() if getattr(record, name) != value}


def _value(tx: Transaction, cls: Any, name: str, value: Any) -> Any:
    spec = cls.__specs__.get(name)
    if spec is None or name not in settable(cls):
        wrong = Problem(name, "unknown", "no move sets this field")
        raise InvalidError(f"{cls.__name__}: {name}: no move sets this field", fields=[wrong])
    if value == TODAY and spec.kind.name == "date":
        return tx.crm.calendar_day(tx.moment)
    return None if value is None else from_json(spec, value)


def bring_about(tx: Transaction, record: Any, effects: Sequence[Effect]) -> Any:
    """Apply what is no field of the record, tasks and amendments, and return the record as it is then.

    Raises:
        RefusedError: whatever refuses the same act of the mover's own.
    """
    for one in effects:
        if isinstance(one, AddTask):
            _add_task(tx, record, one)
        elif isinstance(one, StartAmendment):
            record = _amended(tx, record, one)
    return record


def _amended(tx: Transaction, record: Any, effect: StartAmendment) -> Any:
    specs = type(record).__specs__
    values = {
        name: from_json(specs[name], value) if name in specs else value
        for name, value in effect.values.items()
    }
    outer = tx.memo.get("reason")
    # What is changed at once is kept with its own reason, and not with that of the move.
    tx.memo["reason"] = effect.because
    try:
        made = amendment.propose.amend(tx, record, values, effect.because)
    finally:
        tx.memo["reason"] = outer
    if not isinstance(made, Amendment):
        return made
    amendment.decide.finish(tx, made)
    return record


def _add_task(tx: Transaction, record: Any, effect: AddTask) -> None:
    own = type(record).__specs__
    links: dict[str, Any] = {}
    for name in ("customer", "lead", "opportunity"):
        target = Task.__specs__[name].target
        if target == type(record).__name__:
            links[name] = record.ref
        elif name in own and own[name].target == target:
            links[name] = getattr(record, name)
    task = Task(
        title=effect.title,
        due_at=tx.moment + timedelta(days=effect.days),
        priority=TaskPriority(effect.priority),
        **links,
    )
    owner = record.owner if "owner" in own else None
    add_all(tx, [task], [owner if owner is not None and assignable(tx, Task, owner) else None])
