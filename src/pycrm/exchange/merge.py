"""Comparing a row with the record it was imported as before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.entities.party import ContactPoint, ContactPointKind, Party
from pycrm.errors import InvalidError, Problem
from pycrm.revision.amendment.difference import PathChange, differences
from pycrm.revision.amendment.policy import Rule, rule_of, rules_over
from pycrm.revision.amendment.propose import Proposal
from pycrm.scope.fields import whole
from pycrm.scope.sight import is_shown
from pycrm.store.pieces import pieces
from pycrm.values import plain_phone

if TYPE_CHECKING:
    from pycrm.exchange.shape import Shape
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["Held", "held", "update"]

Ruled = tuple[tuple[PathChange, Rule], ...]

_POINTS = {
    "mobile": ContactPointKind.MOBILE,
    "email": ContactPointKind.EMAIL,
    "phone": ContactPointKind.PHONE,
}
_NUMBERS = (ContactPointKind.MOBILE, ContactPointKind.PHONE, ContactPointKind.FAX)


@attrs.frozen
class Held:
    """A record that an import has made before, with its child rows; a customer with its party."""

    record: Any
    party: Party | None = None
    facet: Any = None


def held(session: Session, shape: Shape, ids: Iterable[UUID]) -> dict[UUID, Held]:
    """Those of the records that are in sight, read in a few statements for all of them."""
    # Compared and never shown: a cell that repeats what a masked field holds changes nothing.
    with whole(session.transaction):
        return _held(session, shape, list(ids))


def _held(session: Session, shape: Shape, wanted: list[UUID]) -> dict[UUID, Held]:
    found: dict[UUID, Held] = {}
    for some in pieces(wanted):
        records = session.find(shape.cls, shape.cls.id.in_(some), children=True, archived=True)
        if shape.facet is None:
            found |= {record.id: Held(record) for record in records}
        elif records:
            keys = [record.party.id for record in records]
            parties = session.find(Party, Party.id.in_(keys), children=True, archived=True)
            by_id = {party.id: party for party in parties}
            facets = {facet.id: facet for facet in session.find(shape.facet, shape.facet.of.in_(keys))}
            for record in records:
                party = record.party.id
                found[record.id] = Held(record, by_id[party], facets.get(party))
    return found


def update(session: Session, shape: Shape, one: Held, values: dict[str, Any]) -> Proposal | None:
    """The differences between a row and its record, with the rule for each; None where there are none.

    Child rows become those of the file; ways of contact are only added, since others may have been
    learnt of meanwhile. Fields that the importer is not shown stay as they are, whatever the row says:
    that a value is there already, or is not, would confirm a guess.

    Raises:
        InvalidError: a value is wrong by itself.
    """
    rest, tx = dict(values), session.transaction
    targets = [one.record]
    if one.party is not None:
        _only_new_points(tx, one.party, rest)
        targets += [one.party, one.facet or shape.facet(of=one.party)]
    plans: list[tuple[Any, dict[str, Any]]] = []
    for target in targets:
        specs = type(target).__specs__
        part = {name: rest.pop(name) for name in list(rest) if name in specs and specs[name].init}
        part = {name: value for name, value in part.items() if is_shown(tx, type(target), name)}
        differing = dict(_differing(target, part))
        if differing:
            # A facet that holds nothing has no row yet.
            is_new = one.party is not None and one.facet is None and target is targets[-1]
            plans.append((type(target) if is_new else target, differing))
    return Proposal(one.record, tuple(plans), _ruled(tx, one, plans)) if plans else None


def _ruled(tx: Transaction, one: Held, plans: list[tuple[Any, dict[str, Any]]]) -> Ruled:
    """The rule for each difference; nothing where none of them needs more than to be written."""
    if not any(_is_guarded(tx, target, differing) for target, differing in plans):
        return ()
    of = None if one.party is None else one.party.id
    found = [pair for target, differing in plans for pair in differences(tx, target, differing, of)]
    return tuple((each, rule_of(tx, each)) for each in found)


def _is_guarded(tx: Transaction, target: Any, names: Collection[str]) -> bool:
    cls = target if isinstance(target, type) else type(target)
    specs: Any = cls.__specs__  # type: ignore[attr-defined]
    return any(specs[name].key for name in names) or rules_over(tx, cls, names)


def _differing(target: Any, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    specs = type(target).__specs__
    problems: list[Problem] = []
    for name, value in values.items():
        spec, current = specs[name], getattr(target, name)
        try:
            wanted = spec.clean(value)
        except (ValueError, TypeError) as error:
            problems.append(Problem(name, "required" if value is None else "type", str(error)))
            continue
        if spec.child is not None:
            wanted = _kept_rows(current, wanted)
        if current != wanted:
            yield name, wanted
    if problems:
        raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)


def _kept_rows(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """The new rows, each of them the old one where an equal one stands there: so it keeps its id."""
    pool: dict[Any, list[Any]] = {}
    for row in reversed(old):
        pool.setdefault(row, []).append(row)
    return tuple(pool[row].pop() if pool.get(row) else row for row in new)


def _only_new_points(tx: Transaction, party: Party, values: dict[str, Any]) -> None:
    """Put the ways of contact that the party does not have yet behind those that it has."""
    known = list(party.contact_points)
    seen = {_comparable(point) for point in known}
    wanted = [
        ContactPoint(kind=kind, value=values.pop(name)) for name, kind in _POINTS.items() if name in values
    ]
    wanted += values.pop("contacts", [])
    fresh = []
    for point in wanted:
        if _comparable(point) not in seen:
            seen.add(_comparable(point))
            fresh.append(point)
    if fresh and is_shown(tx, Party, "contact_points"):
        values["contact_points"] = [*known, *fresh]


def _comparable(point: ContactPoint) -> tuple[ContactPointKind, str]:
    is_number = point.kind in _NUMBERS
    return point.kind, plain_phone(point.value) if is_number else point.value.strip().casefold()
