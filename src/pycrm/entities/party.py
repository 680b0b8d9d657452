"""Everybody the enterprise deals with: persons and organisations, and how to reach them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pycrm.declare import (
    Child,
    Children,
    Facet,
    Field,
    Link,
    Record,
    children,
    field,
    ge,
    link,
    reference,
    used_by,
)
from pycrm.errors import InvalidError, Problem
from pycrm.values import Money, plain_phone

__all__ = [
    "Address",
    "ContactPoint",
    "ContactPointKind",
    "Organization",
    "Party",
    "PartyKind",
    "Person",
    "Region",
    "Source",
]


class PartyKind(StrEnum):
    """A human being or an organisation."""

    PERSON = "person"
    ORGANIZATION = "organization"


class ContactPointKind(StrEnum):
    """A way to reach somebody."""

    PHONE = "phone"
    MOBILE = "mobile"
    EMAIL = "email"
    FAX = "fax"
    WECHAT = "wechat"
    SOCIAL = "social"
    WEB = "web"


class Region(Record, table="crm_region", scope=reference()):
    """A part of the world (地区); regions form a tree."""

    name: Field[str] = field("Name", zh="名称", unique=True, longest=100, order=True)
    code: Field[str | None] = field("Code", zh="编码", default=None, longest=40)
    parent: Link[Region | None] = link("Part of", zh="上级地区", default=None)


class Source(Record, table="crm_source", scope=reference()):
    """Where a customer or a lead came from (来源)."""

    name: Field[str] = field("Name", zh="名称", unique=True, longest=100, order=True)


_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_BY_NUMBER = (ContactPointKind.PHONE, ContactPointKind.FAX)


def check_reachable(kind: ContactPointKind, value: str) -> None:
    """Refuse a number or an address by which nobody can be reached (COR-E2).

    Raises:
        ValueError: a mobile number of a wrong length, an email without domain.
    """
    if kind is ContactPointKind.EMAIL and not _EMAIL.fullmatch(value):
        raise ValueError("expected an email address such as name@example.com")
    if kind is ContactPointKind.MOBILE:
        digits = plain_phone(value)
        typed = value.strip()
        abroad = typed.startswith("+") and not typed.startswith("+86")
        if not 7 <= len(digits) <= 15 or (not abroad and len(digits) != 11):
            raise ValueError("a mobile number has 11 digits, or begins with + and its country")


class ContactPoint(Child, table="crm_contact_point"):
    """A telephone number, mailbox or account; `shared` where several people use it."""

    kind: Field[ContactPointKind] = field("Kind", zh="类型")
    value: Field[str] = field("Value", zh="号码或地址", personal=True, longest=320)
    shared: Field[bool] = field("Shared", zh="共用", default=False)
    verified_on: Field[date | None] = field("Verified on", zh="核实日期", default=None)

    def check(self, moment: datetime) -> None:
        """A mobile number has 7 to 15 digits (11 in mainland China), an email a domain (COR-E2)."""
        check_reachable(self.kind, self.value)

    def claim(self) -> str | None:
        """The form in which two contact points are compared, or None where they may be equal.

        Telephone numbers count by their digits, mailboxes without regard to case.
        """
        if self.shared or self.kind not in (ContactPointKind.MOBILE, ContactPointKind.EMAIL):
            return None
        if self.kind is ContactPointKind.MOBILE:
            return "mobile:" + plain_phone(self.value)
        return "email:" + self.value.strip().lower()


class Address(Child, table="crm_address"):
    """A postal address."""

    text: Field[str] = field("Address", zh="地址", personal=True, longest=500)
    city: Field[str | None] = field("City", zh="城市", default=None, longest=100)
    postcode: Field[str | None] = field("Postcode", zh="邮编", default=None, longest=20)
    country: Field[str | None] = field("Country", zh="国家", default=None, longest=60)


class Party(Record, table="crm_party", scope=used_by("Customer.party", "Contact.person")):
    """A person or an organisation (主体); `Person` and `Organization` hold what is special to each."""

    kind: Field[PartyKind] = field("Kind", zh="类型")
    name: Field[str] = field("Name", zh="名称", key=True, personal=True, longest=300)
    region: Link[Region | None] = link("Region", zh="地区", default=None)
    contact_points: Children[ContactPoint] = children("Ways of contact", zh="联系方式", default=())
    addresses: Children[Address] = children("Addresses", zh="地址", default=())


class Person(Facet, table="crm_person", of=Party):
    """What is known of a human being (个人)."""

    gender: Field[str | None] = field("Gender", zh="性别", default=None, personal=True, longest=20)
    birth_date: Field[date | None] = field("Date of birth", zh="出生日期", default=None, personal=True)
    id_type: Field[str | None] = field("Kind of identity document", zh="证件类型", default=None, longest=40)
    id_no: Field[str | None] = field(
        "Identity number", zh="证件号码", default=None, key=True, special=True, unique=True, longest=40
    )
    occupation: Field[str | None] = field("Occupation", zh="职业", default=None, personal=True, longest=100)
    income_band: Field[str | None] = field("Income", zh="收入", default=None, personal=True, longest=40)

    def begin(self, session: Any) -> dict[str, Any]:
        """Only a party that is a person has it."""
        _of_kind(session, self.of, PartyKind.PERSON)
        return {}


class Organization(Facet, table="crm_organization", of=Party):
    """What is known of a company, authority or association (单位)."""

    short_name: Field[str | None] = field("Short name", zh="简称", default=None, longest=100)
    tax_id: Field[str | None] = field(
        "Tax id", zh="统一社会信用代码", default=None, key=True, unique=True, longest=40
    )
    legal_representative: Field[str | None] = field(
        "Legal representative", zh="法定代表人", default=None, key=True, longest=100
    )
    industry: Field[str | None] = field("Industry", zh="行业", default=None, longest=100)
    ownership_kind: Field[str | None] = field("Ownership", zh="所有制", default=None, longest=60)
    employees: Field[int | None] = field("Employees", zh="员工人数", default=None, validator=ge(0))
    registered_capital: Field[Money | None] = field("Registered capital", zh="注册资本", default=None)
    annual_revenue: Field[Money | None] = field("Annual revenue", zh="年营业额", default=None)
    founded_on: Field[date | None] = field("Founded on", zh="成立日期", default=None)
    listed: Field[bool] = field("Listed", zh="上市", default=False)
    market_position: Field[str | None] = field("Market position", zh="市场地位", default=None, longest=200)
    website: Field[str | None] = field("Website", zh="网站", default=None, longest=300)

    def begin(self, session: Any) -> dict[str, Any]:
        """Only a party that is an organisation has it."""
        _of_kind(session, self.of, PartyKind.ORGANIZATION)
        return {}


def _of_kind(session: Any, party: Any, kind: PartyKind) -> None:
    if session.get(party).kind is not kind:
        wrong = Problem("of", "rule", f"the party is no {kind.value}")
        raise InvalidError(wrong.message, fields=[wrong])


def contact_points(
    mobile: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    further: Iterable[ContactPoint] = (),
) -> list[ContactPoint]:
    """The contact points given by their kind, and further ones; none given is refused (COR-E1).

    Raises:
        InvalidError: no way of contact.
    """
    kinds = (ContactPointKind.MOBILE, ContactPointKind.EMAIL, ContactPointKind.PHONE)
    given = zip(kinds, (mobile, email, phone), strict=True)
    found = [*(ContactPoint(kind=kind, value=value) for kind, value in given if value), *further]
    if not found:
        missing = Problem("contact_points", "required", "at least one way of contact is required")
        raise InvalidError("a customer needs at least one way of contact", fields=[missing])
    return found
