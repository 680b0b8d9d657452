"""Forgetting single fields of a record, now and in its past, where they may be kept no longer."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.entities.erasure import Erasure
from pycrm.entities.org import Action
from pycrm.entities.party import Party
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.revision.erase.act import hold_seal, refuse_held
from pycrm.revision.erase.past import Words, erase_changes
from pycrm.revision.erase.write import write
from pycrm.revision.log import flush
from pycrm.revision.model import ERASED
from pycrm.scope.actor import bounds
from pycrm.scope.children import any_record
from pycrm.scope.fields import field_rights, whole

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["forget_fields"]


def forget_fields(tx: Transaction, record: Any, names: Collection[str]) -> Any:
    """Empty fields of a record and of its history; see `Session.forget`. The caller has seen the record."""
    cls = type(record)
    if bounds(tx.actor, Erasure, Action.CREATE).nothing:
        raise ForbiddenError("forgetting is not granted")
    _refuse_unfit(tx, cls, names)
    person = _person(record)
    if person is not None:
        refuse_held(tx, person)
    hold_seal(tx)
    flush(tx)
    with whole(tx):
        row = any_record(tx, cls, record.id)
        filled = [name for name in names if getattr(row, name) is not None]
        if filled:
            write(tx, row, dict.fromkeys(filled), {name: [ERASED, None] for name in filled})
            flush(tx)
        erase_changes(tx, cls, [row.id], Words((), ()), lambda path: path in names)
        return any_record(tx, cls, record.id)


def _refuse_unfit(tx: Transaction, cls: Any, names: Collection[str]) -> None:
    """What can be forgotten alone is personal, may be empty, and is not amended."""
    hidden = field_rights(tx, cls).closed
    wrong = [
        Problem(name, "unknown", "no such field")
        if spec is None or name in hidden
        else Problem(name, "rule", "only what is personal and may be empty is forgotten by itself")
        for name in names
        if (spec := cls.__specs__.get(name)) is None
        or name in hidden
        or not (spec.personal and spec.nullable and spec.init)
        or spec.key
    ]
    if not names:
        wrong = [Problem("names", "required", "name a field")]
    if wrong:
        raise InvalidError(f"{wrong[0].path}: {wrong[0].message}", fields=wrong)


def _person(record: Any) -> UUID | None:
    """The party that a record describes or names, upon which there may be a legal hold."""
    cls: Any = type(record)
    if cls is Party or cls.__facet_of__ == Party.__name__:
        # A facet has the key of what it extends.
        return record.id  # type: ignore[no-any-return]
    links = [spec.name for spec in cls.__specs__.values() if spec.target == Party.__name__]
    found = getattr(record, links[0]) if links else None
    return None if found is None else found.id
