"""What of the past its reader is shown: as the rules on fields are now and as they were then, the stricter.

Whoever is shown a salary today was perhaps not when it was written, and the other way round. So each
value of the past passes two gates: the field rights of the reader now, and those that the same roles
gave at the moment it was written. The rules of a role are child rows of it, so the history of the
role tells them for every moment; a role that was not there yet counts as it is now.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import masked
from pycrm.declare.record import _descriptor
from pycrm.declare.row import forget
from pycrm.entities.org import FieldReading, Role
from pycrm.revision.model import ChangeRow, FieldChange, Revision, RevisionRow
from pycrm.scope.actor import Actor, Ruled
from pycrm.scope.fields import copies_of, limits, shown
from pycrm.scope.sight import reading

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["is_ruled_otherwise", "redacted", "ruled_then", "shown_then"]

_Rules = tuple[Ruled, ...]


def redacted(tx: Transaction, revisions: Iterable[Revision]) -> list[Revision]:
    """The revisions without the values that their reader may not see.

    That a record changed, when and by whom, is told all the same: its version says so too.
    """
    return [attrs.evolve(one, changes=tuple(_redacted(tx, one))) for one in revisions]


def _redacted(tx: Transaction, revision: Revision) -> Iterator[FieldChange]:
    cls = tx.crm.record(revision.entity, default=None)
    for change in revision.changes if cls is not None else ():
        how = _shown_as(tx, cls, change.path, revision.at)
        if how is FieldReading.MASKED:
            yield FieldChange(change.path, *(_mask(value) for value in (change.old, change.new)))
        elif how is FieldReading.PLAIN:
            yield change


def _shown_as(tx: Transaction, cls: Any, path: str, moment: datetime) -> FieldReading:
    """How the actor reads the value of a path that was written at that moment."""
    with ruled_then(tx, moment):
        then = reading(tx, cls, path)
    return min(then, reading(tx, cls, path), key=_OPENNESS.__getitem__)


_OPENNESS = {FieldReading.HIDDEN: 0, FieldReading.MASKED: 1, FieldReading.PLAIN: 2}


def _mask(value: Any) -> Any:
    return masked(value).text if isinstance(value, str) else value


def shown_then(tx: Transaction, records: list[Any], moment: datetime) -> list[Any]:
    """Records of one class, of the past, as their reader is shown them, their rows too.

    What they keep of others by `keeps_latest` has no history, and is not read of the past.
    """
    if not records:
        return records
    for name in type(records[0]).keeps_latest:
        # Nobody has been given them yet.
        forget(records, name)
    if is_ruled_otherwise(tx, moment):
        with ruled_then(tx, moment):
            records = _shown(tx, records)
    return _shown(tx, records)


def _shown(tx: Transaction, records: list[Any]) -> list[Any]:
    """The records as their reader is shown them: of most readers nothing is kept back, which is asked once."""
    cls = type(records[0])
    if not limits(tx, cls).closed and not copies_of(cls):
        return records
    return [shown(tx, one) for one in records]


def is_ruled_otherwise(tx: Transaction, moment: datetime) -> bool:
    """Whether the rules of that moment were other than those of now."""
    return _then(tx, moment) is not None


@contextmanager
def ruled_then(tx: Transaction, moment: datetime) -> Iterator[None]:
    """Within, the actor reads fields by the rules of that moment."""
    then = _then(tx, moment)
    if then is None:
        yield
        return
    with _acting(tx, then):
        yield


@contextmanager
def _acting(tx: Transaction, actor: Actor) -> Iterator[None]:
    """Within, field rights are those of another actor; nothing is read by that actor's reach."""
    real = tx.actor
    tx.actor = actor
    try:
        yield
    finally:
        tx.actor = real


def _then(tx: Transaction, moment: datetime) -> Actor | None:
    """The actor as the same roles ruled at that moment; None where their rules have not changed since."""
    actor: Actor = tx.actor
    if actor.is_system:
        return None
    beginnings, actors = _epochs(tx, actor)
    at = bisect_right(beginnings, moment)
    # Before there was any of its roles, the rules count as they are now.
    return actors[at - 1] if at else None


_Epochs = tuple[list[datetime], list[Actor | None]]


def _epochs(tx: Transaction, actor: Actor) -> _Epochs:
    """Since when which rules have held for the actor; the last are those of now, and stand for None.

    The same actor has roles of the same versions, whose history does not change. What is read after
    writing may be rolled back, and is kept within the transaction alone.
    """
    place = ("rule epochs", tx.crm)
    found: _Epochs | None = tx.memo.get(place) or actor._bounds.get(place)
    if found is None:
        found = tx.memo[place] = _ruled_since(tx, actor)
        if not tx.written:
            actor._bounds[place] = found
    return found


def _ruled_since(tx: Transaction, actor: Actor) -> _Epochs:
    now = (*actor.rules, *actor.lent_rules)
    own = dict.fromkeys([*(one.role for one in actor.held), *(one.role for one in actor.rules)])
    given = [one.role for lender in actor.lenders for one in lender]
    lent = dict.fromkeys([*given, *(one.role for one in actor.lent_rules)])
    past = _past_rules(tx, {**own, **lent})
    moments = sorted({at for rules in past.values() for at, _ in rules})

    def ruled(moment: datetime) -> Actor:
        rules = tuple(rule for name in own for rule in _at(past.get(name, []), moment, name, now))
        lent_rules = tuple(rule for name in lent for rule in _at(past.get(name, []), moment, name, now))
        return attrs.evolve(actor, rules=rules, lent_rules=lent_rules)

    return moments, [*(ruled(at) for at in moments[:-1]), *([None] if moments else [])]


_Past = list[tuple[datetime, _Rules]]


def _at(past: _Past, moment: datetime, role: str, now: _Rules) -> _Rules:
    """The rules of a role at a moment; before there was the role, those of now."""
    found = [rules for at, rules in past if at <= moment]
    return found[-1] if found else tuple(rule for rule in now if rule.role == role)


def _past_rules(tx: Transaction, names: Iterable[str]) -> dict[str, _Past]:
    """Of each role the moments at which its rules changed, oldest first, with what they were from then on."""
    change, revision, held = ChangeRow.__table__.c, RevisionRow.__table__.c, Role.__table__.c
    rows = tx.fetch(
        sa.select(held.name, revision.at, change.changes)
        .select_from(
            ChangeRow.__table__.join(RevisionRow.__table__, change.revision_id == revision.id).join(
                Role.__table__, held.id == change.record_id
            )
        )
        .where(change.entity == Role.__name__, held.name.in_(list(names)))
        .order_by(held.name, change.version)
    )
    decode = _descriptor(RevisionRow, "at")._decode
    rules: dict[str, dict[str, dict[str, Any]]] = {}
    found: dict[str, _Past] = {}
    for name, at, text in rows:
        changes = [(path, new) for path, (_, new) in json.loads(text).items() if path.startswith("rules/")]
        of_role = rules.setdefault(name, {})
        for path, new in changes:
            _, row, field = path.split("/")
            of_role.setdefault(row, {})[field] = new
        if changes or name not in found:
            moment = at if isinstance(at, datetime) else decode(at)
            found.setdefault(name, []).append((moment, tuple(_made(name, of_role.values()))))
    return found


def _made(role: str, rules: Iterable[dict[str, Any]]) -> Iterator[Ruled]:
    for rule in rules:
        # A rule that was removed has no place among the others any more.
        if rule.get("position") is not None:
            read = FieldReading(rule.get("read") or FieldReading.PLAIN)
            yield Ruled(rule["entity"], rule["field_name"], read, bool(rule.get("write")), role)
