"""Changing records: guarded by the version that was read, kept field by field."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from pycrm.declare.derive import triggers
from pycrm.declare.policy import PARENT_PAIR, Through
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.row import layout
from pycrm.errors import InvalidError, NotReadError, Problem
from pycrm.revision import claim
from pycrm.revision.add import _Batch, checked, child_changes, parent_place, placed
from pycrm.revision.guard import consulted, guarded_update, stamp
from pycrm.revision.latest import is_kept, renew_latest
from pycrm.revision.log import jsonable, note
from pycrm.revision.place import check_links
from pycrm.revision.short import plain, short_way
from pycrm.revision.sql import delete_text
from pycrm.revision.telling import tell
from pycrm.revision.whole import completed, unseen, value_of, with_lists
from pycrm.scope import organisation
from pycrm.scope.actor import key
from pycrm.scope.fields import refuse_unwritable, whole
from pycrm.scope.text import refresh

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["apply", "cleaned"]


def apply(tx: Transaction, record: Any, values: dict[str, Any], act: str, **system: Any) -> Any:
    """Write changed fields of one record, its children and its claims, and note them.

    `values` are fields that people may write, `system` those that only pycrm writes (the stage).

    Raises:
        InvalidError: unknown or computed fields, wrong values, all at once.
        StaleError: the record moved on since it was read.
        NotFoundError: it is gone or out of sight.
        ForbiddenError: it is visible, but changing it is not granted.
    """
    cls = type(record)
    short = None if system else short_way(tx, cls, (*values,))
    made = None if short is None else short.apply(tx, record, values, act)
    if made is not None:
        return made
    refuse_unwritable(tx, cls, values)
    given = cleaned(cls, values)
    guessed = unseen(tx, cls, given)
    told_nothing = {path.partition("/")[0] for path in guessed}
    record, wanted = completed(tx, record, given)
    before = {name: value_of(tx, record, name) for name in wanted}
    differing = {
        name: value for name, value in wanted.items() if value != before[name] or name in told_nothing
    }
    if not differing and not system:
        return record
    made = layout(cls).copy(record, differing | system | stamp(tx, record))
    if not system and differing.keys() <= plain(cls) and not is_kept(tx, cls, differing):
        return _apply_plain(tx, record, made, before, differing, act)
    check_links(tx, made, differing)
    _check_rows(cls, differing, before)
    place = _new_place(tx, made, differing)
    made = layout(cls).copy(made, place) if place else made
    made, derived = _derived(tx, made, differing)
    for name, value in (derived | system).items():
        before[name] = getattr(record, name)
        differing[name] = value
    # What was typed over a computed value is computed again, and may be what it was.
    for name in [one for one in derived if one not in told_nothing and derived[one] == before[one]]:
        del differing[name]
    if not differing:
        return record
    changes = consulted(tx, record, before, differing)
    specs = cls.__specs__
    written = {name: value for name, value in differing.items() if specs[name].kind is not None}
    guarded_update(tx, record, made, written | place, asked=differing)
    if any(specs[name].search for name in written):
        refresh(tx, cls, made.id)
    if place:
        organisation.carry(tx, cls.__name__, made.id, tuple(place.values()))
    kept: dict[str, Any] = {}
    for name, value in differing.items():
        if specs[name].child is not None:
            kept |= _change_children(tx, made, specs[name], before[name], guessed)
        else:
            kept[name] = [jsonable(specs[name], before[name]), jsonable(specs[name], value)]
    _change_claims(tx, record, made, differing)
    renew_latest(tx, record, made, differing)
    note(tx, made, act, kept)
    return made if changes is None else tell(tx, "record_changed", made, changes=changes)


def _apply_plain(
    tx: Transaction, record: Any, made: Any, before: dict[str, Any], differing: dict[str, Any], act: str
) -> Any:
    """The end of `apply` where nothing but the columns themselves changes."""
    made, _ = _derived(tx, made, differing)
    specs = type(record).__specs__
    pairs = {name: (before[name], value) for name, value in differing.items()}
    kept = {n: [jsonable(specs[n], one) for one in pair] for n, pair in pairs.items()}
    changes = consulted(tx, record, before, differing)
    guarded_update(tx, record, made, differing)
    note(tx, made, act, kept)
    return made if changes is None else tell(tx, "record_changed", made, changes=changes)


def _new_place(tx: Transaction, made: Any, differing: dict[str, Any]) -> dict[str, Any]:
    """Owner and unit at the root, where the record goes to another parent."""
    policy = type(made).__scope__
    if not isinstance(policy, Through) or differing.keys().isdisjoint(policy.links):
        return {}
    return dict(zip(PARENT_PAIR, parent_place(tx, made, policy), strict=True))


def _derived(tx: Transaction, made: Any, differing: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The record with what follows from its changed fields, its rules checked.

    A record from a list has no child rows; they are read only where a rule asks for them.
    """
    cls = type(made)
    try:
        derived: dict[str, Any] = {}
        if not differing.keys().isdisjoint(triggers(cls)):
            with whole(tx):
                follows = made.derive(tx.session)
            derived = {name: value for name, value in follows.items() if getattr(made, name) != value}
        made = layout(cls).copy(made, derived) if derived else made
        checked(made, tx, differing)
    except NotReadError:
        complete = with_lists(tx, made)
        if complete is made:
            raise
        return _derived(tx, complete, differing)
    return made, derived


def cleaned(cls: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values in their stored form.

    Raises:
        InvalidError: unknown or computed fields, wrong values, all at once.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        spec = cls.__specs__.get(name)
        if spec is None or not spec.init:
            problems.append(Problem(name, "unknown", "unknown field" if spec is None else _instead(name)))
            continue
        try:
            found[name] = spec.clean(value)
        except (ValueError, TypeError) as error:
            problems.append(Problem(name, "required" if value is None else "type", str(error)))
    if problems:
        first = problems[0]
        raise InvalidError(f"{cls.__name__}: {first.path}: {first.message}", fields=problems)
    return found


def _instead(name: str) -> str:
    ways = {"stage": "use a move", "owner": "moves only by assignment", "archived_at": "use archive"}
    return ways.get(name, "is computed")


def _check_rows(cls: Any, differing: dict[str, Any], before: dict[str, Any]) -> None:
    """Refuse rows that are not the record's own, before anything is written."""
    problems: list[Problem] = []
    for name, rows in differing.items():
        if cls.__specs__[name].child is None:
            continue
        known = {row.id for row in before[name]}
        for index, row in enumerate(rows):
            if row.is_new:
                continue
            if row.id not in known:
                problems.append(Problem(f"{name}/{index}/id", "unknown", "no such row"))
            known.discard(row.id)
    if problems:
        raise InvalidError("a row is not one of the record's own, or stands there twice", fields=problems)


def _change_children(
    tx: Transaction, made: Any, spec: Any, old: tuple[Any, ...], guessed: Container[str]
) -> dict[str, Any]:
    cls = type(made)
    kept = {child.id: child for child in old}
    changes: dict[str, Any] = {}
    batch = _Batch()
    rows: list[Any] = []
    for position, child in enumerate(getattr(made, spec.name)):
        row = placed(tx, cls, spec, child, made.id, position)
        rows.append(row)
        before = kept.pop(row.id, None)
        differences = child_changes(spec.name, before, row, guessed)
        if before is not None and differences:
            tx.write_one(delete_text(tx, child_class(cls, spec)), [key(tx, row.id)])
        if differences or before is None:
            batch.put(tx, row)
        changes |= differences
    for gone in kept.values():
        tx.write_one(delete_text(tx, child_class(cls, spec)), [key(tx, gone.id)])
        changes |= child_changes(spec.name, gone, None)
    batch.write(tx)
    _descriptor(cls, spec.name).write(made, tuple(rows))
    return changes


def _change_claims(tx: Transaction, record: Any, made: Any, differing: dict[str, Any]) -> None:
    specs = type(record).__specs__
    if not any(specs[name].unique or specs[name].child for name in differing):
        return
    old = claim.claims_of(tx, with_lists(tx, record))
    new = claim.claims_of(tx, with_lists(tx, made))
    held = {one.digest for one in old}
    wanted = {one.digest for one in new}
    claim.release(tx, [one for one in old if one.digest not in wanted])
    claim.take(tx, [one for one in new if one.digest not in held])
