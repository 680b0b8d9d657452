"""Customers and the people who speak for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare import (
    Field,
    Link,
    Record,
    Ref,
    field,
    ge,
    le,
    link,
    owned,
    through,
)
from pycrm.declare.alias import Alias
from pycrm.declare.record import Row
from pycrm.entities.org import OrgUnit, User
from pycrm.entities.party import (
    Address,
    ContactPoint,
    Organization,
    Party,
    PartyKind,
    Person,
    Region,
    Source,
    contact_points,
)
from pycrm.errors import InvalidError, Problem

__all__ = [
    "ActivityState",
    "Contact",
    "ContactDraft",
    "Customer",
    "CustomerDraft",
    "Department",
    "Lifecycle",
    "OwnershipInterval",
    "SigningGrade",
    "TradeRole",
]


class Lifecycle(StrEnum):
    """How far a customer has come (潜在/来访未成交/成交); it never moves back."""

    PROSPECT = "prospect"
    VISITOR = "visitor"
    BUYER = "buyer"


class ActivityState(StrEnum):
    """Whether anything happens between us: the stages of the pipeline ``customer``."""

    ACTIVE = "active"
    DORMANT = "dormant"
    LOST = "lost"
    CLOSED = "closed"


class SigningGrade(StrEnum):
    """The chance of signing, which sets how often a prospect is contacted."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class TradeRole(StrEnum):
    """The customer's place in the trade."""

    END_USER = "end_user"
    MIDDLEMAN = "middleman"
    MANUFACTURER = "manufacturer"
    INSTITUTION = "institution"
    INDIVIDUAL = "individual"


class Department(StrEnum):
    """The customer's department that a contact speaks for."""

    USER = "user"
    TECHNICAL = "technical"
    PROCUREMENT = "procurement"
    DECISION = "decision"
    FINANCE = "finance"
    ADMIN = "admin"
    OTHER = "other"


_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


_PAIRS = [second + first for first in _LETTERS for second in _LETTERS]


def random_code(noise: bytes) -> str:
    """Eight letters and digits that cannot be mistaken for each other: 40 random bits."""
    number = int.from_bytes(noise, "big")
    pairs = (number & 1023, number >> 10 & 1023, number >> 20 & 1023, number >> 30)
    return "".join([_PAIRS[pair] for pair in pairs])


class Customer(Record, table="crm_customer", scope=owned(), pipeline="customer"):
    """Somebody we sell to or want to sell to (客户).

    `name` and `kind` are derived from the party, `code` is drawn at random, and the owner moves
    only by assignment or handover. `active_at` is when the latest of its activities began
    (`Activity.started_at`), archived ones left out, and never before the customer was filed.
    `activity_state` is another name of the stage. `lifecycle` follows what happens and never moves back.
    """

    code: Field[str] = field("Code", zh="编号", init=False, search=True, longest=20)
    party: Link[Party] = link("Party", zh="主体", unique=True)
    name: Field[str] = field("Name", zh="名称", init=False, order=True, search=True, longest=300)
    kind: Field[PartyKind] = field("Kind", zh="类型", init=False)
    lifecycle: Field[Lifecycle] = field("Lifecycle", zh="客户阶段", init=False)
    source: Link[Source] = link("Source", zh="来源")
    signing_grade: Field[SigningGrade | None] = field("Signing grade", zh="签约等级", default=None)
    trade_role: Field[TradeRole | None] = field("Trade role", zh="贸易角色", default=None)
    channel: Field[str | None] = field("Channel", zh="渠道", default=None, longest=100)
    strategic: Field[bool] = field("Strategic", zh="战略客户", default=False, key=True)
    parent_group: Link[Customer | None] = link("Group", zh="所属集团", default=None, key=True)
    needs: Field[tuple[str, ...]] = field("Needs", zh="需求", default=(), longest=500)
    preferences: Field[tuple[str, ...]] = field("Preferences", zh="偏好", default=(), longest=500)
    active_at: Field[datetime] = field("Last activity", zh="最近活动", init=False, order=True)
    last_contact_at: Field[datetime | None] = field("Last contact", zh="最近联系", init=False, default=None)
    next_contact_on: Field[date | None] = field("Next contact", zh="下次联系", init=False, default=None)

    activity_state = Alias("stage")
    mirrors = {"name": "party", "kind": "party"}
    keeps_latest = {"active_at": "Activity.customer.started_at"}

    def begin(self, session: Any) -> dict[str, Any]:
        """Name and kind come from the party, the code from the CRM's source of random bytes."""
        party = session.get(self.party)
        if not party.contact_points:
            missing = Problem("contact_points", "required", "at least one way of contact is required")
            raise InvalidError("a customer needs at least one way of contact", fields=[missing])
        return {
            "code": random_code(session.random_bytes(5)),
            "name": party.name,
            "kind": party.kind,
            "lifecycle": Lifecycle.PROSPECT,
            "active_at": session.now,
        }

    @staticmethod
    def organization(
        name: str,
        *,
        source: str | Source | Ref[Source],
        mobile: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        contacts: Iterable[ContactPoint] = (),
        addresses: Iterable[Address] = (),
        region: str | Region | Ref[Region] | None = None,
        **details: Any,
    ) -> CustomerDraft:
        """An organisation as a customer, ready for ``session.add``.

        `source` and `region` may be given by name. `contacts` are ways of contact besides those
        named. `details` are further fields of `Customer` or `Organization`, such as ``tax_id=`` or
        ``signing_grade=``.

        Raises:
            InvalidError: no way of contact, or a field that is wrong by itself.
        """
        points = contact_points(mobile, email, phone, contacts)
        kind = PartyKind.ORGANIZATION
        party = {"kind": kind, "name": name, "contact_points": points, "addresses": tuple(addresses)}
        return CustomerDraft.of(party, Organization, source, region, details)

    @staticmethod
    def person(
        name: str,
        *,
        source: str | Source | Ref[Source],
        mobile: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        contacts: Iterable[ContactPoint] = (),
        addresses: Iterable[Address] = (),
        region: str | Region | Ref[Region] | None = None,
        **details: Any,
    ) -> CustomerDraft:
        """A human being as a customer, ready for ``session.add``; see `Customer.organization`."""
        points = contact_points(mobile, email, phone, contacts)
        kind = PartyKind.PERSON
        party = {"kind": kind, "name": name, "contact_points": points, "addresses": tuple(addresses)}
        return CustomerDraft.of(party, Person, source, region, details)


@attrs.frozen
class CustomerDraft:
    """A customer with its party, not yet written: ``session.add`` writes the whole."""

    party: dict[str, Any]
    facet: type[Organization] | type[Person]
    source: Any
    region: Any
    facet_fields: dict[str, Any]
    fields: dict[str, Any]

    @classmethod
    def of(cls, party: dict[str, Any], facet: Any, source: Any, region: Any, details: Any) -> CustomerDraft:
        """Sort the details into fields of the facet and fields of the customer."""
        inner = {name: value for name, value in details.items() if name in facet.__specs__}
        rest = {name: value for name, value in details.items() if name not in inner}
        return cls(party, facet, source, region, inner, rest)

    def write(self, session: Any, **options: Any) -> Customer:
        """Add party, facet and customer within the session and return the customer."""
        owner = options.get("owner")
        made: Customer = self.write_all(session, [self], [owner])[0]
        return made

    @staticmethod
    def write_all(session: Any, drafts: Sequence[CustomerDraft], owners: Sequence[Any]) -> list[Customer]:
        """Add many customers at once, table by table; a facet is written only where it holds something."""
        parties = session.add_all([draft._party(session) for draft in drafts])
        facets = [
            draft.facet(of=party, **draft.facet_fields)
            for draft, party in zip(drafts, parties, strict=True)
            if draft.facet_fields
        ]
        if facets:
            session.add_all(facets)
        customers = [
            Customer(party=party, source=session.named(Source, draft.source), **draft.fields)
            for draft, party in zip(drafts, parties, strict=True)
        ]
        made: list[Customer] = session.add_all(customers, owners=owners)
        return made

    def _party(self, session: Any) -> Party:
        region = session.named(Region, self.region) if self.region is not None else None
        return Party(**self.party, region=region)


class Contact(Record, table="crm_contact", scope=through("customer")):
    """A person in a department of a customer (联系人)."""

    person: Link[Party] = link("Person", zh="人员")
    customer: Link[Customer] = link("Customer", zh="客户")
    name: Field[str] = field("Name", zh="姓名", init=False, order=True, search=True, longest=300)
    department: Field[Department] = field("Department", zh="部门")
    job_title: Field[str | None] = field("Job title", zh="职务", default=None, longest=100)
    level: Field[int | None] = field("Level", zh="级别", default=None, validator=(ge(1), le(5)))
    is_primary: Field[bool] = field("Primary", zh="主要联系人", default=False)
    roles: Field[tuple[str, ...]] = field("Roles", zh="角色", default=(), longest=60)
    reports_to: Link[Contact | None] = link("Reports to", zh="上级", default=None)
    since: Field[date | None] = field("Since", zh="开始", default=None)
    left_on: Field[date | None] = field("Left on", zh="离开日期", default=None)
    hobbies: Field[str | None] = field("Hobbies", zh="爱好", default=None, personal=True, longest=500)
    family_notes: Field[str | None] = field("Family", zh="家庭", default=None, personal=True, longest=500)
    preferred_channel: Field[str | None] = field("Preferred channel", zh="首选渠道", default=None, longest=40)

    mirrors = {"name": "person"}

    @staticmethod
    def named(
        name: str,
        *,
        customer: Customer | Ref[Customer],
        department: Department,
        mobile: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        **details: Any,
    ) -> ContactDraft:
        """A person new to us as a contact of a customer, ready for ``session.add``.

        Raises:
            InvalidError: no way of contact, or a field that is wrong by itself.
        """
        party = Party(kind=PartyKind.PERSON, name=name, contact_points=contact_points(mobile, email, phone))
        return ContactDraft(party, {"customer": customer, "department": department, **details})

    def begin(self, session: Any) -> dict[str, Any]:
        """The name comes from the person."""
        return {"name": session.get(self.person).name}

    def check(self, moment: datetime) -> None:
        """A contact leaves after beginning."""
        if self.since and self.left_on and self.left_on < self.since:
            raise ValueError("left_on lies before since")


@attrs.frozen
class ContactDraft:
    """A contact with its person, not yet written."""

    party: Party
    details: dict[str, Any]

    def write(self, session: Any, **options: Any) -> Contact:
        """Add person and contact within the session and return the contact."""
        person = session.add(self.party)
        made: Contact = session.add(Contact(person=person, **self.details), **options)
        return made


class OwnershipInterval(
    Row, table="crm_ownership", primary=("record_id", "since"), indexes=(("user_id", "since"),)
):
    """Who held a record from when to when (归属), without gap or overlap; seen with its record."""

    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")
    user: Link[User] = link("User", zh="用户")
    unit: Link[OrgUnit] = link("Unit", zh="单位")
    since: Field[datetime] = field("Since", zh="开始")
    until: Field[datetime | None] = field("Until", zh="结束", default=None)
    by: Link[User | None] = link("By", zh="经办人", default=None)
    reason: Field[str] = field("Reason", zh="原因", longest=400)
