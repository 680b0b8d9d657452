"""What of a record its reader is shown: fields that are hidden, masked, or not the reader's to write.

A role says it by rules, field by field; where a role is silent the field's own declaration counts.
Several roles unite: a field is shown as far as any role that gives rows of its class shows it. A
hidden field is not selected, and naming it is refused as an unknown field is, before SQL is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from pycrm.declare.field import REQUIRED, Spec
from pycrm.declare.policy import PARENT_PAIR, Administered, Reference, UsedBy
from pycrm.declare.raw import Masked
from pycrm.declare.record import Child, child_class
from pycrm.declare.reference import per_class
from pycrm.declare.row import Layout, View, layout
from pycrm.entities.org import Action, FieldReading, Reach
from pycrm.errors import ForbiddenError, InvalidError, Problem, StoreError
from pycrm.scope.actor import Actor, Held, bounds

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "FieldRights",
    "copies_of",
    "field_rights",
    "limits",
    "refuse_unwritable",
    "refuse_written",
    "shown",
    "view_of",
    "whole",
]

_NONE: frozenset[str] = frozenset()


@attrs.frozen(eq=False)
class FieldRights:
    """What an actor may do with the fields of one class.

    `hidden` ones are not read, of `masked` ones a mask is, `locked` ones are not written; `revealed`
    are those that `session.reveal` shows. `closed` are the columns that no condition may name.
    """

    hidden: frozenset[str] = _NONE
    masked: frozenset[str] = _NONE
    locked: frozenset[str] = _NONE
    revealed: frozenset[str] = _NONE
    closed: frozenset[str] = _NONE

    @property
    def covered(self) -> frozenset[str]:
        """The fields that are not shown as they are."""
        return self.hidden | self.masked

    @property
    def shape(self) -> tuple[frozenset[str], frozenset[str]]:
        """Equal for two readers who are shown the same columns."""
        return self.hidden, self.masked


_OPEN = FieldRights()


class Limits(NamedTuple):
    """Whether some field of a class or of its rows is not shown, and whether some is not written."""

    closed: bool
    locked: bool


_UNLIMITED = Limits(False, False)


@contextmanager
def whole(tx: Transaction) -> Iterator[None]:
    """Within, records are read with all their fields: for the product's own work, never to hand out."""
    tx.whole += 1
    try:
        yield
    finally:
        tx.whole -= 1


def field_rights(tx: Transaction, cls: Any) -> FieldRights:
    """What the actor of the transaction may do with the fields of a record, facet or child class."""
    if tx.whole:
        return _OPEN
    actor: Actor | None = tx.actor
    if actor is None:
        raise StoreError("use the session in a with block")
    memo = ("fields", tx.crm, cls)
    found: FieldRights | None = actor._bounds.get(memo)
    if found is None:
        found = actor._bounds[memo] = _rights(tx, actor, cls)
    return found


@per_class
def copies_of(cls: Any) -> frozenset[str]:
    """What a row repeats of its parent's owner, for the speed of its lists.

    Nobody is shown it: whoever sees the row as its own owner alone would learn whose the parent is.
    """
    return frozenset(name for name in PARENT_PAIR if name in cls.__specs__)


@per_class
def _open(cls: Any) -> FieldRights:
    """The rights of whoever is limited in no field of the class."""
    copies = frozenset(column for name in copies_of(cls) for column in cls.__specs__[name].columns)
    return FieldRights(closed=copies) if copies else _OPEN


def view_of(tx: Transaction, cls: Any) -> Layout | View:
    """The columns of a class that the actor is shown, and what makes records of them."""
    rights = field_rights(tx, cls)
    made = layout(cls)
    copies = _NONE if tx.whole else copies_of(cls)
    if not (rights.hidden or rights.masked or copies):
        return made
    return made.view(rights.hidden | copies, rights.masked)


def shown(tx: Transaction, record: Any) -> Any:
    """The record without what its reader may not see; for records that were not read by a view."""
    cls = type(record)
    copies = _NONE if tx.whole else copies_of(cls)
    if not (copies or limits(tx, cls).closed):
        return record
    rights = field_rights(tx, cls)
    if rights.hidden or rights.masked or copies:
        record = layout(cls).shown(record, rights.hidden | copies, rights.masked)
    for spec in cls.__specs__.values():
        if spec.child is None or spec.name in rights.hidden:
            continue
        inner = field_rights(tx, child_class(cls, spec))
        rows = getattr(record, f"_raw_{spec.name}", None)
        if rows and (inner.hidden or inner.masked):
            record = layout(cls).copy(record, {spec.name: tuple(shown(tx, row) for row in rows)})
    return record


def refuse_unwritable(tx: Transaction, cls: Any, values: Mapping[str, Any]) -> None:
    """Refuse to write fields that are hidden, locked, or given as the mask that was shown.

    Raises:
        InvalidError: a hidden field, as if there were none of that name; or a mask.
        ForbiddenError: a field that the actor sees but may not write.
    """
    rights = field_rights(tx, cls)
    if not (rights.locked or rights.masked):
        return
    locked = [name for name in values if name in rights.locked]
    hidden = [Problem(name, "unknown", "unknown field") for name in locked if name in rights.hidden]
    if hidden:
        raise InvalidError(f"{cls.__name__}: {hidden[0].path}: unknown field", fields=hidden)
    if locked:
        problems = [Problem(name, "forbidden", "is not yours to write") for name in locked]
        raise ForbiddenError(f"writing {', '.join(locked)} is not granted", fields=problems)
    covers = [name for name in values if name in rights.masked and "****" in str(values[name])]
    if covers:
        problems = [Problem(name, "format", "this is the mask, not the value") for name in covers]
        raise InvalidError(f"{covers[0]}: this is the mask, not the value", fields=problems)


def refuse_written(tx: Transaction, record: Any) -> None:
    """Refuse a new record that gives a value to a field which its author may not write.

    Raises:
        InvalidError, ForbiddenError: as `refuse_unwritable`.
    """
    cls = type(record)
    if not limits(tx, cls).locked:
        return
    given = field_rights(tx, cls).locked
    refuse_unwritable(tx, cls, {name: None for name in given if _is_given(record, cls.__specs__[name])})
    for spec in cls.__specs__.values():
        if spec.child is not None and field_rights(tx, child_class(cls, spec)).locked:
            for row in getattr(record, f"_raw_{spec.name}", None) or ():
                refuse_written(tx, row)


def limits(tx: Transaction, cls: Any) -> Limits:
    """Whether the actor is limited at all in a class or its rows: most are not, and that is told fast."""
    if tx.whole:
        return _UNLIMITED
    memo = ("limits", tx.crm, cls)
    found: Limits | None = tx.actor._bounds.get(memo)
    if found is None:
        parts = [cls, *(child_class(cls, spec) for spec in cls.__specs__.values() if spec.child is not None)]
        rights = [field_rights(tx, part) for part in parts]
        closed = any(one.hidden or one.masked for one in rights)
        found = tx.actor._bounds[memo] = Limits(closed, any(one.locked for one in rights))
    return found


def _is_given(record: Any, spec: Spec) -> bool:
    value = getattr(record, f"_raw_{spec.name}", None)
    default = None if spec.default is REQUIRED else spec.default
    return bool(spec.init and value is not None and value != default and value.__class__ is not Masked)


def _rights(tx: Transaction, actor: Actor, cls: Any) -> FieldRights:
    reads: dict[str, FieldReading] = {}
    locked: set[str] = set()
    roles = [] if actor.is_system else _roles(tx, actor, cls)
    for name, spec in cls.__specs__.items():
        if spec.derived:
            continue
        reads[name], writes = (
            _of_system(actor, cls, spec) if actor.is_system else _of(actor, cls, spec, roles)
        )
        if not writes and spec.init:
            locked.add(name)
    _follow_mirrors(tx, cls, reads)
    _follow_latest(tx, actor, cls, reads)
    _follow_inputs(tx, cls, reads)
    return _made(tx, actor, cls, reads, locked)


def _made(
    tx: Transaction, actor: Actor, cls: Any, reads: dict[str, FieldReading], locked: set[str]
) -> FieldRights:
    specs = cls.__specs__
    may_reveal = any(not bounds(actor, host, Action.REVEAL).nothing for host in _hosts(tx, cls))
    hidden: set[str] = set()
    masked: set[str] = set()
    revealed: set[str] = set()
    for name, read in reads.items():
        spec = specs[name]
        if read is FieldReading.PLAIN and not spec.special:
            continue
        can_cover = spec.kind is not None and spec.kind.name == "text"
        (masked if read is not FieldReading.HIDDEN and can_cover else hidden).add(name)
        if read is FieldReading.PLAIN or (read is FieldReading.MASKED and may_reveal):
            revealed.add(name)
    if not (hidden or masked or locked):
        return _open(cls)
    closed = frozenset(column for name in hidden | masked | copies_of(cls) for column in specs[name].columns)
    return FieldRights(frozenset(hidden), frozenset(masked), frozenset(locked), frozenset(revealed), closed)


def _of_system(actor: Actor, cls: Any, spec: Spec) -> tuple[FieldReading, bool]:
    """A job reads all but special-category fields, unless its grants name the field itself."""
    named = f"{cls.__name__}.{spec.name}" in actor.grants
    return (FieldReading.HIDDEN if spec.special and not named else FieldReading.PLAIN), True


_RANK = {FieldReading.HIDDEN: 0, FieldReading.MASKED: 1, FieldReading.PLAIN: 2}


def _of(actor: Actor, cls: Any, spec: Spec, givers: Iterable[list[str]]) -> tuple[FieldReading, bool]:
    """What the roles of each giver show of a field, and of several givers the least."""
    found = [_of_one(actor, cls, spec, roles) for roles in givers]
    return min((read for read, _ in found), key=_RANK.__getitem__), all(writes for _, writes in found)


def _of_one(actor: Actor, cls: Any, spec: Spec, roles: Iterable[str]) -> tuple[FieldReading, bool]:
    is_closed = spec.special or spec.restricted
    read = FieldReading.HIDDEN if is_closed else FieldReading.PLAIN
    found: list[tuple[FieldReading, bool]] = []
    for role in roles:
        ruled = [
            one
            for one in (*actor.rules, *actor.lent_rules)
            if one.role == role and one.entity == cls.__name__ and one.field == spec.name
        ]
        found += [(one.read, one.write) for one in ruled] or [(read, not is_closed)]
    if not found:
        return read, not is_closed
    return max((one for one, _ in found), key=_RANK.__getitem__), any(writes for _, writes in found)


def _roles(tx: Transaction, actor: Actor, cls: Any) -> list[list[str]]:
    """The roles that give rows of the class; only their word on its fields counts.

    Whoever sees such rows through shares alone is shown of them what every giver is shown.
    """
    hosts = _hosts(tx, cls)
    if any(isinstance(host.__scope__, Reference) for host in hosts):
        # Everybody reads these anyway, so that nothing of them is lent.
        own = [one.role for one in actor.held if one.giver is None] + [one.role for one in actor.rules]
        return [list(dict.fromkeys(own))]
    giving = _giving(actor.held, hosts)
    if not giving:
        lent = [[held.role for held in _giving(held, hosts)] for held in actor.lenders]
        return [roles for roles in lent if roles] or [[]]
    # What is delegated is reach over rows; the own roles say what is shown of them, if they say anything.
    counted = [held.role for held in giving if held.giver is None] or [held.role for held in giving]
    return [list(dict.fromkeys(counted))]


def _giving(held: Iterable[Held], hosts: list[Any]) -> list[Held]:
    """The grants that give rows of these classes."""
    return [
        one for one in held for host in hosts if one.reach is not Reach.NONE and one.entity in _names(host)
    ]


def _names(host: Any) -> tuple[str, ...]:
    is_wild = not isinstance(host.__scope__, Reference | Administered)
    return (host.__name__, "*") if is_wild else (host.__name__,)


def _hosts(tx: Transaction, cls: Any) -> list[Any]:
    """The record classes through whose grants rows of this class are reached."""
    crm = tx.crm
    if issubclass(cls, Child):
        parents = [one for one in crm.classes() if _holds(one, cls)]
        return [host for parent in parents for host in _hosts(tx, parent)]
    if cls.__facet_of__ is not None:
        return _hosts(tx, crm.record(cls.__facet_of__))
    if isinstance(cls.__scope__, UsedBy):
        users = [crm.record(path.split(".")[0], default=None) for path in cls.__scope__.links]
        return [user for user in users if user is not None]
    return [cls]


def _holds(parent: Any, child: Any) -> bool:
    return any(spec.child == child.__name__ for spec in parent.__specs__.values())


def _follow_mirrors(tx: Transaction, cls: Any, reads: dict[str, FieldReading]) -> None:
    """What repeats a field of another record is shown no further than that field (S18)."""
    for name, link in getattr(cls, "mirrors", {}).items():
        source = field_rights(tx, tx.crm.record(cls.__specs__[link].target))
        if name in source.hidden:
            reads[name] = FieldReading.HIDDEN
        elif name in source.masked and reads[name] is FieldReading.PLAIN:
            reads[name] = FieldReading.MASKED


def _follow_inputs(tx: Transaction, cls: Any, reads: dict[str, FieldReading]) -> None:
    """What is computed is read by whoever reads all that it is computed from (S18)."""
    for name, inputs in getattr(cls, "derives", {}).items():
        if name in cls.declassified or name not in reads:
            continue
        for path in inputs:
            own, _, inner = path.partition(".")
            closed = reads.get(own, FieldReading.PLAIN) is not FieldReading.PLAIN
            if inner and not closed:
                rows = field_rights(tx, child_class(cls, cls.__specs__[own]))
                closed = inner in rows.hidden | rows.masked
            if closed:
                reads[name] = FieldReading.HIDDEN


def _follow_latest(tx: Transaction, actor: Actor, cls: Any, reads: dict[str, FieldReading]) -> None:
    """What keeps the latest moment of other records is read by whoever reads all those (S18).

    Of a record in sight the reader must see each record that counts. By grants alone that is known where
    the reach on those is at least the reach on this class, for the reader and for whoever lends records.
    """
    for name, path in getattr(cls, "keeps_latest", {}).items():
        entity, _, moment = path.split(".")
        source = tx.crm.record(entity)
        rights = field_rights(tx, source)
        people = [actor, *(attrs.evolve(actor, held=held) for held in actor.lenders)]
        reaches = [(bounds(one, source, Action.READ), bounds(one, cls, Action.READ)) for one in people]
        is_known = all(inner.covers(outer) for inner, outer in reaches)
        if (
            not is_known
            or all(inner.nothing for inner, _ in reaches)
            or moment in rights.hidden | rights.masked
        ):
            reads[name] = FieldReading.HIDDEN
