"""The card of a customer: what somebody sees of it who sees only something that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare import Ref
from pycrm.declare.codec import seen
from pycrm.entities.customer import Contact, Customer
from pycrm.entities.party import Party
from pycrm.errors import InvalidError, NotReadError, Problem
from pycrm.scope.children import any_record, with_children
from pycrm.scope.fields import shown

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Card", "card"]


@attrs.frozen
class Card:
    """Name and addresses of a customer, and the contact that the record names, with ways to reach them.

    What is hidden from the reader by field rights is None or absent, what is masked shows its mask.
    """

    customer: Ref[Customer]
    name: str | None
    addresses: tuple[str, ...]
    contact: str | None
    contact_points: tuple[str, ...]


def card(tx: Transaction, record: Any) -> Card:
    """The card of the customer that a record in sight belongs to; see `Session.card`."""
    link = next((spec.name for spec in type(record).__specs__.values() if spec.target == "Customer"), None)
    ref: Ref[Customer] | None = None if link is None else getattr(record, link)
    if ref is None:
        wrong = Problem("record", "rule", f"this {type(record).__name__.lower()} belongs to no customer")
        raise InvalidError(wrong.message, fields=[wrong])
    customer = any_record(tx, Customer, ref.id)
    party = _party(tx, customer.party)
    named = _contact(tx, record, ref)
    person = None if named is None else _party(tx, named.person)
    return Card(
        customer=ref,
        name=_value(party, "name"),
        addresses=_texts(party, "addresses", "text"),
        contact=None if person is None else _value(person, "name"),
        contact_points=() if person is None else _texts(person, "contact_points", "value"),
    )


def _party(tx: Transaction, ref: Ref[Party]) -> Any:
    return shown(tx, with_children(tx, [any_record(tx, Party, ref.id)])[0])


def _contact(tx: Transaction, record: Any, customer: Ref[Customer]) -> Any:
    """The contact that the record names, if it speaks for that customer."""
    ref = getattr(record, "contact", None) if "contact" in type(record).__specs__ else None
    found = None if ref is None else any_record(tx, Contact, ref.id)
    return found if found is not None and found.customer.id == customer.id else None


def _value(record: Any, name: str) -> str | None:
    try:
        found: str | None = seen(record, name)
    except NotReadError:
        return None
    return found


def _texts(record: Any, name: str, inner: str) -> tuple[str, ...]:
    try:
        rows = getattr(record, name)
    except NotReadError:
        return ()
    return tuple(text for row in rows if (text := _value(row, inner)) is not None)
