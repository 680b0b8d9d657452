"""What the core keeps of contacts, promises and owners, entered through its own verbs, comes out measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from house import enterprise

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    Commitment,
    Contact,
    Customer,
    Department,
    Direction,
    FixedClock,
    Holiday,
    Outcome,
)
from pycrm.plugins.customer_value import CustomerValue

from .cases import enter, fact_plugin, write
from .test_indicators import FEEDS, TODAY

CONTACT = ("S01", "S02", "S03", "S04", "S05", "S06", "S07", "S08", "S09", "S12", "S13", "S14")


def filled(crm: Any) -> Any:
    """The people of the catalogue, and tables of facts of what other plugins offer."""
    crm.migrate()
    enter(crm, FEEDS, [])
    enterprise(crm, since=date(2025, 1, 1))
    return crm


@pytest.fixture
def room(open_crm: Callable[..., CRM]) -> Any:
    """A CRM in which nobody has been filed yet."""
    return filled(open_crm(plugins=(CustomerValue, fact_plugin((), FEEDS.values()))))


def told(crm: CRM, customer: Any, *codes: str, day: date = TODAY) -> list[tuple[Any, Any]]:
    """Value and points of each indicator of one customer."""
    with crm.view(crm.system("measuring")) as session:
        found = session.measure(*codes, customers=[customer], as_of=day)[customer.ref]
    return [(found[code].value, found[code].points) for code in codes]


def at(text: str) -> datetime:
    """The instant of a time in Shanghai."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


def filed(crm: CRM, *drafts: Any) -> list[Any]:
    """Customers of rep_a."""
    with crm.session("rep_a") as session:
        return [session.add(draft) for draft in drafts]


def company(name: str, phone: str) -> Any:
    """A company with a telephone."""
    return Customer.organization(name, source="exhibition", phone=phone)


def met(customer: Any, kind: ActivityKind, when: str, way: Direction, **said: Any) -> Activity:
    """A contact, or an attempt at one."""
    summary = "spoke about the order"
    return Activity(customer=customer, kind=kind, started_at=at(when), direction=way, summary=summary, **said)


def promised(session: Any, customer: Any, due: str) -> Commitment:
    """A promise that falls due on a day of 2026."""
    due_on = date.fromisoformat(f"2026-{due}")
    made: Commitment = session.add(Commitment(customer=customer, text="a new offer", due_on=due_on))
    return made


def a_month(crm: CRM, clock: FixedClock) -> Any:
    """Fill in a June of Hongda and us: holidays on Thursday 18 and Friday 19, a make-up Saturday 27."""
    clock.set("2025-01-15T10:00:00+08:00")
    hongda, other = filed(crm, company("Hongda", "0755-1"), company("Other", "0755-2"))
    with crm.session(crm.system("calendar")) as session:
        session.add(Holiday(on=date(2026, 6, 18)))
        session.add(Holiday(on=date(2026, 6, 19)))
        session.add(Holiday(on=date(2026, 6, 27), is_working=True))
    clock.set("2026-06-24T09:00:00+08:00")
    with crm.session("rep_a") as session:
        user = session.add(
            Contact.named("Wu", customer=hongda, department=Department.USER, phone="0755-8", level=3)
        )
        head = session.add(
            Contact.named("Qi", customer=hongda, department=Department.DECISION, phone="0755-9", level=5)
        )
        call, visit, message = ActivityKind.CALL, ActivityKind.VISIT, ActivityKind.MESSAGE
        good, bad, silent = Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.NO_ANSWER
        came, went = Direction.IN, Direction.OUT
        session.add(met(hongda, call, "06-17T17:00", came, channel="phone", contact=user, outcome=good))
        session.add(met(hongda, visit, "06-22T10:00", went, contact=head, outcome=good))
        session.add(met(hongda, call, "06-23T10:00", went, channel="phone", contact=user, outcome=silent))
        session.add(met(other, call, "06-23T11:00", went, channel="fax", outcome=good))
        mistaken = session.add(met(hongda, visit, "06-23T12:00", went, channel="fax", outcome=bad))
        session.archive(mistaken, because="another company")
    clock.set("2026-06-25T10:00:00+08:00")
    with crm.session("lead_e") as session:
        session.assign(session.get(hongda.ref), "rep_b", because="rep_a goes abroad")
    clock.set("2026-06-30T09:00:00+08:00")
    with crm.session("rep_b") as session:
        session.add(met(hongda, message, "06-26T17:00", came, channel="wechat", contact=user))
        session.add(met(hongda, message, "06-29T10:00", went, channel="wechat", outcome=bad))
        session.move(promised(session, hongda, "06-29"), "kept", kept_on=date(2026, 6, 28))
        session.move(promised(session, hongda, "06-27"), "withdrawn", because="no longer wanted")
        promised(session, hongda, "06-28")
        promised(session, hongda, "07-09")
    return hongda


def test_what_passed_between_a_customer_and_us(room: Any, clock: FixedClock) -> None:
    """Contacts, promises and owners of one customer are measured from the core's own records.

    Four contacts: one in and one out on either side of two holidays (Wednesday 17:00 to Monday 10:00 is 2 h),
    and of the make-up Saturday (Friday 17:00 to Monday 10:00 is 11 h); the mean is 6.5 h.
    """
    hongda = a_month(room, clock)
    assert told(room, hongda, *CONTACT) == [
        (4, pytest.approx(50 / 3)),
        (1, 100),
        (50, 100),
        (1, 12.5),
        (1, 25),
        (2, 50),
        (50, 50),
        (6.5, pytest.approx(1750 / 23)),
        (50, 0),
        (pytest.approx(200 / 3), pytest.approx(550 / 9)),
        (pytest.approx(200 / 3), 100),
        (1, 75),
    ]


def test_what_came_later_was_not_known_then(room: Any, clock: FixedClock) -> None:
    """As of the 24th there were the call and the visit, an answer after 2 h, no promise due and one owner."""
    hongda = a_month(room, clock)
    then = told(room, hongda, *CONTACT, day=date(2026, 6, 24))
    assert [value for value, _ in then] == [2, 2, 50, 1, 1, 1, 50, 2, None, 100, 50, 0]


def test_a_person_has_no_departments(room: Any) -> None:
    """Of a human being no departments are asked for, and of a company none are met."""
    mrs_li, empty = filed(
        room, Customer.person("Li", source="exhibition", mobile="13800000001"), company("Empty", "0755-1")
    )
    assert told(room, mrs_li, "S07") == [(None, None)]
    assert told(room, empty, "S07") == [(0, 0)]


def test_consent_is_of_contacts_who_are_there(room: Any) -> None:
    """Of four contacts who are there two consent to marketing by some channel, by what each said last."""
    (hongda,) = filed(room, company("Hongda", "0755-1"))
    said = (
        ("Wu", None, [("2026-01-01", "mail", "granted"), ("2026-02-01", "phone", "refused")]),
        ("Qi", None, [("2026-01-01", "mail", "granted"), ("2026-06-30", "mail", "withdrawn")]),
        ("An", None, [("2026-03-01", "mail", "granted"), ("2026-03-01", "mail", "refused")]),
        ("Bo", date(2026, 7, 1), [("2026-01-01", "mail", "refused"), ("2026-06-30", "mail", "granted")]),
        ("Gu", date(2026, 6, 30), [("2026-01-01", "mail", "granted")]),
    )
    written: list[dict[str, Any]] = []
    with room.session("rep_a") as session:
        for name, left, words in said:
            draft = Contact.named(
                name, customer=hongda, department=Department.USER, phone="0755-9", left_on=left
            )
            contact = session.add(draft)
            for on, channel, state in words:
                row = {"customer": hongda.id, "on": date.fromisoformat(on), "contact": contact.id}
                written.append(row | {"purpose": "marketing", "channel": channel, "state": state})
    write(room, FEEDS["consents"], *written)
    assert told(room, hongda, "S38") == [(50, 50)]


def test_what_a_brought_customer_buys_in_its_first_year(room: Any) -> None:
    """A customer has to its credit what those it brought bought within 365 days of their first purchase."""
    hongda, brought, stranger = filed(
        room, company("Hongda", "0755-1"), company("Brought", "0755-2"), company("Stranger", "0755-3")
    )
    twice = [date(2023, 12, 1), date(2024, 3, 1)]
    write(
        room,
        FEEDS["referrals"],
        *({"customer": hongda.id, "on": on, "referred": brought.id} for on in twice),
    )
    # 2025-01-08 is 364 days after the first purchase, for 2024 has 366.
    lines = (
        (brought, "2024-01-10", 1000),
        (brought, "2024-05-01", -200),
        (brought, "2025-01-08", 500),
        (brought, "2025-01-09", 7000),
        (stranger, "2024-01-10", 90),
        (hongda, "2024-01-10", 60),
    )
    write(
        room,
        FEEDS["transactions"],
        *(
            {"customer": who.id, "on": date.fromisoformat(on), "origin": on, "net": net}
            for who, on, net in lines
        ),
    )
    assert told(room, hongda, "S40") == [(1300, pytest.approx(250 / 3))]
    assert told(room, brought, "S40")[0][0] == 0
