"""The people of a customer by department, and how a record's people are reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.codec import mask_of
from pycrm.errors import NotReadError
from pycrm.web.catalog import path_of, reads
from pycrm.web.show import Show

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Contacts", "Person", "Point", "contacts_of", "reach_of"]

_SCHEMES = {"mobile": "tel:", "phone": "tel:", "email": "mailto:"}


@attrs.frozen
class Point:
    """A way to reach somebody: its kind, its text, and what a telephone makes of it."""

    kind: str
    text: str
    href: str | None


@attrs.frozen
class Person:
    """A contact of a customer."""

    name: str
    role: str
    path: str | None
    points: tuple[Point, ...]
    is_primary: bool = False


@attrs.frozen
class Contacts:
    """The contacts of a customer by department, and the departments in which nobody is known."""

    groups: tuple[tuple[str, tuple[Person, ...]], ...]
    missing: tuple[str, ...]
    count: int


def _points(party: Any) -> tuple[Point, ...]:
    try:
        rows = party.contact_points
    except NotReadError:
        return ()
    found = []
    for row in rows:
        try:
            found.append(Point(row.kind.value, row.value, _href(row.kind.value, row.value)))
        except NotReadError:
            mask = mask_of(row, "value")
            found += [Point("", mask, None)] if mask else []
    return tuple(found)


def _href(kind: str, text: str) -> str | None:
    scheme = _SCHEMES.get(kind)
    if scheme is None:
        return None
    plain = "".join(one for one in text if one.isdigit() or one == "+") if scheme == "tel:" else text
    return f"{scheme}{plain}" if plain and "?" not in plain else None


def reach_of(session: Session, one: Any, parts: Iterable[Any]) -> tuple[Point, ...]:
    """How the party of a record, which may be one of its parts, or whoever stands behind a lead, is reached."""
    for each in (one, *parts):
        if "contact_points" in type(each).__specs__:
            return _points(each)
    for name in ("party", "person"):
        spec = type(one).__specs__.get(name)
        if spec is not None and spec.target == "Party":
            try:
                return _points(session.get(getattr(one, name)))
            except NotReadError:
                return ()
    return ()


def contacts_of(show: Show, customer: Any) -> Contacts | None:
    """The contacts of a customer who have not left, by department; None where contacts are not the reader's."""
    session = show.session
    contact, party = show.crm.record("Contact"), show.crm.record("Party")
    if not reads(session, contact):
        return None
    some = session.find(contact, contact.customer == customer.id, contact.left_on.is_(None), limit=100)
    people = session.find(party, party.id.in_([one.person.id for one in some]), children=True) if some else []
    reach = {one.id: _points(one) for one in people}
    groups: dict[Any, list[Person]] = {}
    for one in sorted(some, key=lambda each: (not each.is_primary, each.name)):
        role = " · ".join(text for text in (one.job_title, *one.roles) if text)
        made = Person(one.name, role, path_of(show.crm, one), reach.get(one.person.id, ()), one.is_primary)
        groups.setdefault(one.department, []).append(made)
    members: Any = contact.__specs__["department"].kind.python
    said = {one: show.words.value(one) for one in members}
    shown = tuple((said[one], tuple(groups[one])) for one in members if one in groups)
    wanted = ("user", "technical", "procurement", "decision")
    missing = tuple(said[one] for one in members if one.value in wanted and one not in groups)
    return Contacts(shown, missing if some else (), len(some))
