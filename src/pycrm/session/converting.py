"""Leads that become customers, with all that was written of them (COR-11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pycrm import pipeline as pipelines
from pycrm.declare import Ref
from pycrm.declare.policy import Through
from pycrm.entities.customer import Contact, ContactDraft, Customer, CustomerDraft, Department
from pycrm.entities.lead import Lead, LeadContactPoint
from pycrm.entities.opportunity import Opportunity
from pycrm.entities.org import FieldReading
from pycrm.entities.party import ContactPoint, ContactPointKind, Party, PartyKind
from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.revision.acting import acting
from pycrm.revision.change import apply
from pycrm.scope.gateway import query
from pycrm.session.naming import readable

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Conversion", "convert"]

# What of a lead goes into a customer that is made from it.
_TOLD = ("name", "company", "contact_points", "source")
# What a person answers by; the rest is where an organisation is reached.
_PERSONAL = (ContactPointKind.MOBILE, ContactPointKind.EMAIL, ContactPointKind.WECHAT)


class Conversion(NamedTuple):
    """What became of a lead.

    Args:
        lead: as it is now, in the stage ``converted``.
        customer: the one it became, or to whom it was added.
        contact: the person at an organisation; None where the customer is the person.
        opportunity: None where none was asked for.
        carried: how many activities, commitments, tasks, notes and records of plugins came along.
    """

    lead: Lead
    customer: Customer
    contact: Contact | None
    opportunity: Opportunity | None
    carried: int


def convert(
    session: Any,
    lead: Lead,
    customer: Any,
    contact: Any,
    department: Any,
    opportunity: Any,
) -> Conversion:
    """See `Session.convert`."""
    tx = session.transaction
    _refuse_converted(lead)
    lead = session.children(lead)
    owner = None if lead.owner is None or lead.owner.id == tx.actor.id else lead.owner
    made_customer = _customer(session, lead, customer, owner)
    made_contact = _contact(session, lead, made_customer, contact, department)
    made_deal = _opportunity(session, lead, made_customer, opportunity, owner)
    carried = _carry(tx, lead, made_customer)
    moved = pipelines.execute.move(
        tx, lead, "convert", {}, tx.memo.get("reason"), kept={"converted_to": made_customer.ref}
    )
    return Conversion(moved, made_customer, made_contact, made_deal, carried)


def _refuse_converted(lead: Lead) -> None:
    if lead.converted_to is not None:
        raise ConflictError("the lead was converted before", data={"customer": str(lead.converted_to.id)})


def _refuse_untold(session: Any) -> None:
    """Refuse to make a customer of what its maker is not shown: it would be shown then."""
    plain = readable(session, Lead, FieldReading.PLAIN)
    wanting = [name for name in _TOLD if name not in plain]
    if "value" not in readable(session, LeadContactPoint, FieldReading.PLAIN):
        wanting.append("contact_points")
    if wanting:
        names = ", ".join(dict.fromkeys(wanting))
        wrong = Problem("customer", "required", f"name the customer: you are not shown {names} of the lead")
        raise InvalidError(wrong.message, fields=[wrong])


def _customer(session: Any, lead: Lead, given: Any, owner: Any) -> Customer:
    if given is None:
        _refuse_untold(session)
        given = _drafted(lead)
    if isinstance(given, CustomerDraft):
        made: Customer = session.add(given, owner=owner)
        return made
    found: Customer = session.get(given.ref if isinstance(given, Customer) else _ref(given, Customer))
    return found


def _ref(given: Any, cls: Any) -> Ref[Any]:
    """A reference to a record of that class, from one, or from an id."""
    if isinstance(given, Ref) and given.entity != cls.__name__:
        wrong = Problem(cls.__name__.lower(), "type", f"is a {given.entity.lower()}")
        raise InvalidError(wrong.message, fields=[wrong])
    return given if isinstance(given, Ref) else Ref(cls.__name__, given)


def _points(lead: Lead) -> list[ContactPoint]:
    """The ways of contact of a lead, as a party has them."""
    return [ContactPoint(kind=one.kind, value=one.value) for one in lead.contact_points]


def _parted(lead: Lead) -> tuple[list[ContactPoint], list[ContactPoint]]:
    """The ways of contact of an organisation and those of the person there; an organisation has one at least."""
    points = _points(lead)
    person = [one for one in points if one.kind in _PERSONAL]
    house = [one for one in points if one.kind not in _PERSONAL]
    # One party alone claims a number: the organisation is reached through the person's.
    return house or [ContactPoint(kind=points[0].kind, value=points[0].value, shared=True)], person


def _drafted(lead: Lead) -> CustomerDraft:
    """The company of a lead as a customer, or else the person."""
    if lead.company:
        return Customer.organization(lead.company, source=lead.source, contacts=_parted(lead)[0])
    return Customer.person(lead.name, source=lead.source, contacts=_points(lead))


def _contact(session: Any, lead: Lead, customer: Customer, given: Any, department: Any) -> Contact | None:
    if given is None:
        if customer.kind is PartyKind.PERSON:
            return None
        _refuse_untold(session)
        party = Party(kind=PartyKind.PERSON, name=lead.name, contact_points=_parted(lead)[1])
        made: Contact = session.add(
            Contact(person=session.add(party), customer=customer, department=_department(department))
        )
        return made
    found: Contact
    if isinstance(given, ContactDraft):
        found = session.add(given)
    else:
        found = session.get(given.ref if isinstance(given, Contact) else _ref(given, Contact))
    _refuse_other(found.customer, customer, "contact")
    return found


def _department(given: Any) -> Department:
    try:
        return Department(given)
    except ValueError:
        wrong = Problem("department", "type", f"expected one of {', '.join(Department)}")
        raise InvalidError(f"department: {wrong.message}", fields=[wrong]) from None


def _refuse_other(of: Any, customer: Customer, path: str) -> None:
    if of.id != customer.id:
        wrong = Problem(path, "rule", "belongs to another customer")
        raise InvalidError(wrong.message, fields=[wrong])


def _opportunity(session: Any, lead: Lead, customer: Customer, given: Any, owner: Any) -> Opportunity | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        plain = readable(session, Lead, FieldReading.PLAIN)
        told = {
            name: getattr(lead, own)
            for name, own in (("need", "need_text"), ("campaign_code", "campaign_code"))
            if own in plain
        }
        made = Opportunity(**{**told, **given, "customer": customer, "source_lead": lead})
        found: Opportunity = session.add(made, owner=owner)
        return found
    found = session.get(given.ref if isinstance(given, Opportunity) else _ref(given, Opportunity))
    _refuse_other(found.customer, customer, "opportunity")
    found = session.change(found, source_lead=lead)
    return found


def _carry(tx: Transaction, lead: Lead, customer: Customer) -> int:
    """Hang all that hangs on the lead on the customer too, whoever wrote it; the lead keeps it as well."""
    rights, number = tx.crm.system("conversion"), 0
    with acting(tx, rights, tx.memo.get("reason")):
        for cls, own, other in _carried(tx):
            conditions = [getattr(cls, own) == lead.id, getattr(cls, other).is_(None)]
            for record in query(tx, cls, conditions, archived=True).records(()):
                apply(tx, record, {other: customer.ref}, "change")
                number += 1
    return number


def _carried(tx: Transaction) -> Iterator[tuple[Any, str, str]]:
    """The classes whose records are seen through a lead and may be through a customer, with both links."""
    for cls in tx.crm.records():
        if isinstance(cls.__scope__, Through):
            links = {cls.__specs__[name].target: name for name in cls.__scope__.links}
            if links.keys() >= {Lead.__name__, Customer.__name__}:
                yield cls, links[Lead.__name__], links[Customer.__name__]
