"""What is kept of a person as such: the party, or what keeps somebody who is no party yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pycrm.declare.policy import Administered, Owned
from pycrm.entities.party import Party, PartyKind
from pycrm.errors import InvalidError
from pycrm.revision.erase.graph import belongs, is_about_people
from pycrm.scope.children import any_record

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["above", "is_root", "party_link", "root_of"]


def party_link(cls: Any) -> Any | None:
    """The link by which a record names the person that it is about; None where it names none."""
    if isinstance(cls.__scope__, Administered):
        return None
    return next((spec for spec in cls.__specs__.values() if spec.target == Party.__name__), None)


def is_root(cls: Any) -> bool:
    """Whether records of the class keep people who are no parties: a lead, say."""
    alone = isinstance(cls.__scope__, Owned) and cls.__facet_of__ is None
    return bool(cls is not Party and alone and party_link(cls) is None and is_about_people(cls))


def above(tx: Transaction, cls: Any) -> Iterator[tuple[Any, Any, Any]]:
    """How such a record may name somebody who is more to us: a lead its customer.

    Yields:
        its link, the class it leads to, and the link of that to the party.
    """
    for spec in cls.__specs__.values():
        target = tx.crm.record(spec.target) if spec.target else None
        link = party_link(target) if target is not None else None
        if link is not None and belongs(cls, spec):
            yield spec, target, link


def root_of(tx: Transaction, record: Any) -> Any:
    """The party behind a record, or the record itself where it keeps a person alone.

    Raises:
        InvalidError: it is about no person.
    """
    cls: Any = type(record)
    if cls is not Party and party_link(cls) is None and not is_root(cls):
        raise InvalidError(f"a {cls.__name__.lower()} is no person: name a customer, a contact or a lead")
    found = _root(tx, record)
    if isinstance(found, Party) and found.kind is not PartyKind.PERSON:
        raise InvalidError("only people are erased; an organisation is archived")
    return found


def _root(tx: Transaction, record: Any) -> Any:
    cls: Any = type(record)
    link = party_link(cls)
    if link is not None:
        return any_record(tx, Party, getattr(record, link.name).id)
    for spec, target, further in above(tx, cls) if is_root(cls) else ():
        ref = getattr(record, spec.name)
        found = None if ref is None else any_record(tx, target, ref.id)
        party = None if found is None else any_record(tx, Party, getattr(found, further.name).id)
        if party is not None and party.kind is PartyKind.PERSON:
            return party
    return any_record(tx, cls, record.id)
