"""The short way of changing a record: fields whose change is writing and noting them, in all of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.declare.derive import triggers
from pycrm.declare.field import Spec
from pycrm.declare.generate import json_text
from pycrm.declare.policy import Through
from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import NotReadError
from pycrm.revision.add import author, checked
from pycrm.revision.guard import consulted, update_plan, write_planned
from pycrm.revision.latest import is_kept
from pycrm.revision.log import jsonable, note_text
from pycrm.revision.telling import tell
from pycrm.scope.fields import limits
from pycrm.scope.predicate import Scope, scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Short", "plain", "short_way"]

_STAMPS = ("updated_at", "updated_by", "version")


@per_class
def plain(cls: Any) -> frozenset[str]:
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


def short_way(tx: Transaction, cls: Any, names: tuple[str, ...]) -> Short | None:
    """What changing these fields takes, where it is no more than writing and noting them; else None."""
    if tx.whole:
        return None
    memo = ("short way", cls, names)
    if memo not in tx.memo or tx.memo[memo][0] is not tx.actor:
        tx.memo[memo] = (tx.actor, _found(tx, cls, names))
    return tx.memo[memo][1]  # type: ignore[no-any-return]


def _found(tx: Transaction, cls: Any, names: tuple[str, ...]) -> Short | None:
    is_plain = bool(names) and plain(cls).issuperset(names) and not any(limits(tx, cls))
    if not is_plain or is_kept(tx, cls, names):
        return None
    specs = tuple(cls.__specs__[name] for name in names)
    scope = scope_of(tx, cls, Action.UPDATE, True)
    return None if scope.nothing or not all(spec.init for spec in specs) else Short(tx, cls, specs, scope)


class Short:
    """A change of these fields of records of one class, worked out once a session: most changes are alike."""

    __slots__ = ("_copy", "_is_heard", "_key", "_marks", "_names", "_plan", "_specs")

    def __init__(self, tx: Transaction, cls: Any, specs: tuple[Spec, ...], scope: Scope) -> None:
        names = self._names = tuple(spec.name for spec in specs)
        self._specs = specs
        self._marks = tuple(f"{json_text(name)}:" for name in names)
        self._copy, self._key = layout(cls).copier((*names, *_STAMPS)), layout(cls).keys[tx.dialect]
        self._plan = update_plan(tx, cls, names, scope)
        self._is_heard = any(tx.crm.hooks.has(hook, cls) for hook in ("before_change", "record_changed"))

    def apply(self, tx: Transaction, record: Any, values: dict[str, Any], act: str) -> Any:
        """The record as it is written, or None where the long way has to be gone: it also says what is wrong."""
        given, before, text = [], [], ""
        try:
            for spec, mark, value in zip(self._specs, self._marks, values.values(), strict=True):
                new, old = spec.clean(value), getattr(record, spec.name)
                if new == old:
                    return None
                given.append(new)
                before.append(old)
                text += f",{mark}[{json_text(jsonable(spec, old))},{json_text(jsonable(spec, new))}]"
            stamps = author(tx)
            made = self._copy(record, *given, stamps["updated_at"], stamps["updated_by"], record.version + 1)
            checked(made, tx, self._names)
        except (ValueError, TypeError, NotReadError):
            return None
        wanted, changes = dict(zip(self._names, given, strict=True)), None
        if self._is_heard:
            changes = consulted(tx, record, dict(zip(self._names, before, strict=True)), wanted)
        identity = self._key(record)[0]
        write_planned(tx, self._plan, record, made, identity, wanted)
        note_text(tx, made, act, identity, f"{{{text[1:]}}}")
        return made if changes is None else tell(tx, "record_changed", made, changes=changes)
