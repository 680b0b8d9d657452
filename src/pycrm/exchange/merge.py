"""Comparing a row with the record it was imported as before, and writing what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.entities.customer import Customer
from pycrm.entities.party import ContactPoint, ContactPointKind, Organization, Person
from pycrm.errors import InvalidError, Problem
from pycrm.revision.change import amendment_required

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["update"]

_POINTS = {
    "mobile": ContactPointKind.MOBILE,
    "email": ContactPointKind.EMAIL,
    "phone": ContactPointKind.PHONE,
}


def update(session: Session, record: Any, values: dict[str, Any], with_party: bool) -> bool:
    """Change what the row says otherwise; tells whether anything did.

    Raises:
        AmendmentRequiredError: a key field differs; it is not changed by an import.
    """
    targets: list[Any] = [session.children(record)]
    rest = dict(values)
    if with_party:
        targets += _party(session, record, rest)
    changed = False
    plans: list[tuple[Any, dict[str, Any]]] = []
    for target in targets:
        specs = type(target).__specs__
        part = {name: rest.pop(name) for name in list(rest) if name in specs and specs[name].init}
        differing = {name: value for name, value in part.items() if _differs(session, target, name, value)}
        keys = [name for name in differing if specs[name].key]
        if keys:
            raise amendment_required(target, keys)
        if differing:
            plans.append((target, differing))
    if any(value not in (None, (), []) for value in rest.values()):
        name = next(iter(rest))
        raise InvalidError(f"unknown field: {name}", fields=[Problem(name, "unknown", "unknown field")])
    for target, differing in plans:
        session.change(target, **differing)
        changed = True
    return changed


def _differs(session: Session, target: Any, name: str, value: Any) -> bool:
    spec = type(target).__specs__[name]
    if spec.target is not None and isinstance(value, str):
        value = session.named(session.crm.record(spec.target), value)
    if spec.child is not None:
        return tuple(getattr(target, name)) != tuple(value)
    return bool(getattr(target, name) != spec.clean(value))


def _party(session: Session, record: Customer, values: dict[str, Any]) -> list[Any]:
    """Party and facet of a customer; ways of contact that are known already are taken out."""
    party = session.get(record.party)
    known = list(party.contact_points)
    wanted = [
        ContactPoint(kind=kind, value=values.pop(name)) for name, kind in _POINTS.items() if name in values
    ]
    wanted += values.pop("contacts", [])
    fresh = [point for point in wanted if point not in known]
    if fresh:
        values["contact_points"] = [*known, *fresh]
    facets = [session.facet(party, facet) for facet in (Organization, Person)]
    return [party, *(facet for facet in facets if facet is not None)]
