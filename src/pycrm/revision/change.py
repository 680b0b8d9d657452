"""Changing records: guarded by the version that was read, kept field by field."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any, NamedTuple

from pycrm.declare.codec import dump
from pycrm.declare.derive import triggers
from pycrm.declare.field import Spec
from pycrm.declare.policy import PARENT_PAIR, Through
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError, NotReadError, Problem, StaleError
from pycrm.hooks import Change
from pycrm.revision import claim
from pycrm.revision.add import _Batch, author, checked, child_changes, parent_place, placed
from pycrm.revision.latest import is_kept, renew_latest
from pycrm.revision.log import jsonable, note
from pycrm.revision.place import check_links
from pycrm.revision.sql import delete_text, update_text
from pycrm.revision.telling import noted_later, tell
from pycrm.revision.whole import completed, unseen, value_of, with_lists
from pycrm.scope import organisation
from pycrm.scope.actor import key
from pycrm.scope.fields import field_rights, limits, refuse_unwritable, shown, whole
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.predicate import Scope, scope_of
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
    plain = None if system else _short_way(tx, cls, (*values,))
    if plain is not None:
        return _apply_short(tx, record, values, plain, act)
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
    if not system and differing.keys() <= _plain(cls) and not is_kept(tx, cls, differing):
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
    changes = _asked(tx, record, before, differing)
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


def _asked(
    tx: Transaction, record: Any, before: dict[str, Any], differing: dict[str, Any]
) -> dict[str, Change] | None:
    """What plugins have been asked about and are to be told of; None where none of them wants to know."""
    cls, hooks = type(record), tx.crm.hooks
    is_asked = hooks.has("before_change", cls)
    if not is_asked and not hooks.has("record_changed", cls):
        return None
    changes = {name: Change(before[name], value) for name, value in differing.items()}
    if is_asked:
        hooks.before("before_change", session=tx.session, record=record, changes=changes)
    return changes


def _end(
    tx: Transaction,
    records: tuple[Any, Any],
    before: dict[str, Any],
    differing: dict[str, Any],
    kept: dict[str, Any],
    act: str,
) -> Any:
    """The end of a change of columns alone: plugins are asked, it is written and noted, plugins are told."""
    record, made = records
    changes = _asked(tx, record, before, differing)
    guarded_update(tx, record, made, differing)
    note(tx, made, act, kept)
    return made if changes is None else tell(tx, "record_changed", made, changes=changes)


@per_class
def _plain(cls: Any) -> frozenset[str]:
    """Fields whose change concerns their own columns alone: no link, list, claim or derivation."""
    policy = cls.__scope__
    entangled = {*triggers(cls), *(policy.links if isinstance(policy, Through) else ())}
    return frozenset(
        spec.name
        for spec in cls.__specs__.values()
        if spec.kind is not None
        and not (spec.target or spec.unique or spec.search)
        and spec.name not in entangled
    )


def _apply_plain(
    tx: Transaction, record: Any, made: Any, before: dict[str, Any], differing: dict[str, Any], act: str
) -> Any:
    """The end of `apply` where nothing but the columns themselves changes."""
    made, _ = _derived(tx, made, differing)
    specs = type(record).__specs__
    pairs = {name: (before[name], value) for name, value in differing.items()}
    kept = {n: [jsonable(specs[n], one) for one in pair] for n, pair in pairs.items()}
    return _end(tx, (record, made), before, differing, kept, act)


class _Short(NamedTuple):
    """The fields of a change that is written and noted, and no more; `is_heard` where plugins want to know."""

    specs: tuple[Spec, ...]
    is_heard: bool


def _short_way(tx: Transaction, cls: Any, names: tuple[str, ...]) -> _Short | None:
    """The fields, where changing them is writing and noting them in all of this session; else None."""
    if tx.whole:
        return None
    memo = ("short way", cls, names)
    if memo not in tx.memo:
        tx.memo[memo] = _plain_specs(tx, cls, names)
    return tx.memo[memo]  # type: ignore[no-any-return]


def _plain_specs(tx: Transaction, cls: Any, names: tuple[str, ...]) -> _Short | None:
    is_plain = bool(names) and _plain(cls).issuperset(names) and not any(limits(tx, cls))
    if not is_plain or is_kept(tx, cls, names):
        return None
    specs = tuple(cls.__specs__[name] for name in names)
    if not all(spec.init for spec in specs):
        return None
    return _Short(specs, any(tx.crm.hooks.has(hook, cls) for hook in ("before_change", "record_changed")))


def _apply_short(tx: Transaction, record: Any, values: dict[str, Any], short: _Short, act: str) -> Any:
    """`apply` for what most changes are."""
    cls, specs = type(record), short.specs
    try:
        given = [spec.clean(value) for spec, value in zip(specs, values.values(), strict=True)]
    except (ValueError, TypeError):
        # Says of all of them what is wrong.
        given = [*cleaned(cls, values).values()]
    before: dict[str, Any] = {}
    differing: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for spec, new in zip(specs, given, strict=True):
        old = getattr(record, spec.name)
        if new != old:
            before[spec.name], differing[spec.name] = old, new
            kept[spec.name] = (jsonable(spec, old), jsonable(spec, new))
    if not differing:
        return record
    made = layout(cls).copy(record, differing | stamp(tx, record))
    try:
        checked(made, tx, differing)
    except NotReadError:
        made, _ = _derived(tx, made, differing)
    if short.is_heard:
        return _end(tx, (record, made), before, differing, kept, act)
    guarded_update(tx, record, made, differing)
    note(tx, made, act, kept)
    return made


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
    plan = scope.plans.get((cls, *values))
    if plan is None:
        plan = scope.plans[(cls, *values)] = _plan(tx, cls, tuple(values), scope)
    text, dump, tail = plan
    given = (*dump(made), layout(cls).key(record, tx.dialect), record.version, *tail)
    if tx.write_one(text, given).rowcount != 1:
        # It changed no row, so the caller may read again and go on in the same session.
        tx.written -= 1
        raise why_not(tx, record, asked or values)
    noted_later(tx, made)


def _plan(tx: Transaction, cls: Any, names: tuple[str, ...], scope: Scope) -> tuple[str, Any, Any]:
    """What updating these fields takes: the text, what dumps their values, the scope's parameters."""
    fields = (*names, "version", "updated_at", "updated_by")
    columns = tuple(column for name in fields for column in cls.__specs__[name].columns)
    text, order = update_text(tx, cls, columns, scope)
    tail = tuple(key(tx, scope.values[name]) for name in order[len(columns) + 2 :])
    return text, layout(cls).dump_of(fields, tx.dialect), tail


def why_not(tx: Transaction, record: Any, values: dict[str, Any]) -> Exception:
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
