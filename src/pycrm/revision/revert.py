"""Taking one change back: a further change, with the values from before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.codec import from_json
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.row import layout
from pycrm.errors import ConflictError, InvalidError, NotFoundError
from pycrm.revision import amendment
from pycrm.revision import history as past
from pycrm.revision.add import child_changes
from pycrm.revision.change import apply
from pycrm.revision.model import ERASED, Revision
from pycrm.revision.redaction import redacted
from pycrm.scope.children import with_children
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import fetch_one, not_found

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["revert"]

# What undoes the acts that are more than a change of fields.
_INSTEAD = {
    "add": "archive the record",
    "archive": "restore the record",
    "restore": "archive the record",
    "move": "move it back",
    "assign": "assign it back",
    "hand_over": "undo the handover",
    "undo_handover": "hand it over again",
}


def revert(tx: Transaction, revision: Revision, because: str) -> Any:
    """See `Session.revert`."""
    cls = tx.crm.record(revision.entity, default=None)
    record = None if cls is None else fetch_one(tx, cls, revision.record)
    if cls is None or record is None:
        raise NotFoundError("no such record") if cls is None else not_found(cls)
    record = with_children(tx, [record])[0]
    done, later = _found(tx, cls, revision)
    begins = done.act == "add" and cls.__facet_of__ is not None
    if done.act in _INSTEAD and not begins:
        raise ConflictError(f"this was no change of fields: {_INSTEAD[done.act]} instead")
    _refuse_touched(cls, done, later)
    values = _empty(tx, record, done) if begins else _values_before(tx, record, done)
    if not values:
        raise InvalidError("this revision changed nothing that could be taken back")
    if amendment.policy.guarded(tx, record, values):
        return amendment.propose.amend(tx, record, values, because, split=True)
    return apply(tx, record, values, "revert")


def _found(tx: Transaction, cls: Any, revision: Revision) -> tuple[Revision, list[Revision]]:
    """The revision as it is kept, and those after it, each as the actor is shown it."""
    kept = redacted(tx, past.history(tx, [(cls.__name__, revision.record)]))
    for at, one in enumerate(kept):
        if one.version == revision.version:
            return one, kept[:at]
    raise NotFoundError("no such revision")


def _refuse_touched(cls: Any, done: Revision, later: list[Revision]) -> None:
    """What was changed again since is not lost by taking back what was before it (REV-13)."""
    mine = {change.path for change in done.changes}
    mine -= _followed(cls, mine)
    touched = [
        {"version": one.version, "at": one.at.isoformat(), "by": one.actor, "paths": paths}
        for one in later
        if (paths := [change.path for change in one.changes if change.path in mine])
    ]
    if touched:
        versions = ", ".join(str(one["version"]) for one in reversed(touched))
        raise ConflictError(f"changed again since, in version {versions}", data={"later": touched})


def _followed(cls: Any, paths: set[str]) -> set[str]:
    """Those of the paths that were computed from others of them: they follow again by themselves."""
    names = {path.partition("/")[0] for path in paths}
    inputs = {name: {path.partition(".")[0] for path in sources} for name, sources in cls.derives.items()}
    return {name for name in names & inputs.keys() if not names.isdisjoint(inputs[name])}


def _empty(tx: Transaction, record: Any, done: Revision) -> dict[str, Any]:
    """The fields with which a facet began, as they are where nothing is known: the row itself stays."""
    cls, rights, values = type(record), field_rights(tx, type(record)), {}
    for name in dict.fromkeys(change.path.partition("/")[0] for change in done.changes):
        spec = cls.__specs__.get(name)
        if spec is None or not spec.init or name == "of" or name in rights.masked:
            continue
        if spec.required:
            raise ConflictError(f"{name} cannot be empty")
        if getattr(record, name) != spec.default:
            values[name] = spec.default
    return values


def _values_before(tx: Transaction, record: Any, done: Revision) -> dict[str, Any]:
    """The fields that the revision changed, as they were before it; what is computed follows by itself."""
    cls = type(record)
    rights = field_rights(tx, cls)
    before = {change.path: change.old for change in done.changes}
    if done.act == "erase" or ERASED in before.values():
        raise ConflictError("what was erased does not come back")
    values: dict[str, Any] = {}
    for name in dict.fromkeys(path.partition("/")[0] for path in before):
        spec = cls.__specs__.get(name)
        if spec is None or not spec.init or name in rights.masked:
            continue
        if spec.child is None:
            values[name] = from_json(spec, before[name])
        else:
            values[name] = _rows_before(record, spec, before)
    return values


def _rows_before(record: Any, spec: Any, before: dict[str, Any]) -> tuple[Any, ...]:
    """The rows of a list with one change taken back; a row that was removed comes back as a new one."""
    cls = type(record)
    now = getattr(record, spec.name)
    state: dict[str, Any] = {}
    for row in now:
        state |= {path: new for path, (_, new) in child_changes(spec.name, None, row).items()}
    state |= {path: old for path, old in before.items() if path.startswith(f"{spec.name}/")}
    known: set[UUID] = {row.id for row in now}
    child = child_class(cls, spec)
    made = []
    for row in past.rows_of(cls, spec, record.id, state):
        if row.id not in known:
            row = layout(child).copy(row, {})
            _descriptor(child, "id").write(row, None)
        made.append(row)
    return tuple(made)
