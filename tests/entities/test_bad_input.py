"""Hostile text and numbers: kept exactly, or refused at their field, the same on both databases."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from realdata.where import realdata
from revision.world import CLOSE, World, differing, tables, world

from pycrm import (
    CRM,
    Address,
    Contact,
    ContactPoint,
    Customer,
    InvalidError,
    Money,
    Note,
    NotFoundError,
    Opportunity,
    Organization,
    Party,
    Person,
    Session,
    Source,
)
from pycrm.declare.codec import load, load_patch
from pycrm.declare.json_text import parse
from pycrm.entities.customer import Department
from pycrm.entities.party import ContactPointKind, PartyKind

FIELDS: dict[Any, tuple[str, ...]] = {
    Customer: ("channel", "needs", "preferences"),
    Party: ("name",),
    Opportunity: (*("name", "need", "competitors", "lost_reason", "next_step", "campaign_code"),),
    Note: ("body",),
    Organization: (
        *("short_name", "tax_id", "legal_representative", "industry", "ownership_kind"),
        *("market_position", "website"),
    ),
    Person: ("gender", "id_type", "id_no", "occupation", "income_band"),
    Address: ("text", "city", "postcode", "country"),
}
LISTS = ("needs", "preferences", "competitors")
REQUIRED = ("body", "name", "text")
# The declared lengths, by hand.
LONGEST = {
    **{"channel": 100, "needs": 500, "preferences": 500, "need": 4000, "competitors": 200},
    **{"lost_reason": 400, "next_step": 400, "campaign_code": 60, "body": 20000},
    **{"short_name": 100, "tax_id": 40, "legal_representative": 100, "industry": 100, "ownership_kind": 60},
    **{"market_position": 200, "website": 300, "gender": 20, "id_type": 40, "id_no": 40, "occupation": 100},
    **{"income_band": 40, "text": 500, "city": 100, "postcode": 20, "country": 60, "name": 300},
}

OWN = [
    "NUL \x00 within",
    "\x00",
    "lone \ud800 surrogate",
    "\udc00\ud800",
    "\u202eright to left override",
    "\u200f\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0010fffd",
    "e\u0301\u0323 \ufb01 \u1e9b\u0323",
    "\ufeffbyte order mark",
    "\r\n\t\x01\x1b\x7f\x85\u2028",
    "'; DROP TABLE crm_customer; --",
    "{{7*7}} ${7*7} %s %(x)s :x ? \\",
    '"><script>alert(1)</script>',
    "=cmd|' /C calc'!A0",
    "%_\\",
    "x" * 20,
    "x" * 5000,
    " ",
    "",
    "null",
    "NaN",
    "True",
    "1e1000000",
]


def expected(name: str, typed: str) -> str | None:
    """What must be read back, or None where the field must refuse it."""
    kept = unicodedata.normalize("NFC", typed)
    bad = "\x00" in kept or any("\ud800" <= sign <= "\udfff" for sign in kept)
    blank = name in REQUIRED and not kept.strip()
    return None if bad or blank or len(kept) > LONGEST[name] else kept


def given(name: str, typed: str) -> Any:
    """The text as the field takes it."""
    return [typed] if name in LISTS else typed


def base(made: World) -> dict[Any, dict[str, Any]]:
    """What each class needs besides its texts."""
    return {
        Customer: {"party": made.pump.party, "source": made.pump.source},
        Party: {"kind": PartyKind.ORGANIZATION, "name": "x"},
        Opportunity: {"customer": made.pump, "name": "x", "expected_close": CLOSE},
        Note: {"customer": made.pump, "body": "x"},
        Organization: {"of": made.pump.party},
        Person: {"of": made.pump.party},
        Address: {"text": "x"},
    }


def accepted(made: World, typed: str, faults: list[str]) -> dict[Any, dict[str, Any]]:
    """The fields of each class that take the text; a wrong verdict is noted."""
    found: dict[Any, dict[str, Any]] = {}
    for cls, names in FIELDS.items():
        found[cls] = {}
        for name in names:
            values = base(made)[cls] | {name: given(name, typed)}
            try:
                cls(**values)
            except InvalidError as refused:
                verdict = [one.path for one in refused.fields] == [name]
                if expected(name, typed) is not None or not verdict:
                    faults.append(f"{cls.__name__}.{name} refused {typed!a:.60}")
            else:
                found[cls][name] = given(name, typed)
                if expected(name, typed) is None:
                    faults.append(f"{cls.__name__}.{name} took {typed!a:.60}")
    return found


def written(session: Session, made: World, fields: dict[Any, dict[str, Any]], number: int) -> list[Any]:
    """Records of every class with the text in each field that takes it."""
    mobile = ContactPoint(kind=ContactPointKind.MOBILE, value=f"132{number:08d}")
    address = [Address(**(base(made)[Address] | fields[Address]))]
    party = session.add(
        Party(**(base(made)[Party] | fields[Party]), contact_points=[mobile], addresses=address)
    )
    unique = {name: value for name, value in fields[Organization].items() if name != "tax_id"}
    facet = session.add(Organization(of=party, **unique))
    own = {name: value for name, value in fields[Person].items() if name != "id_no"}
    human = session.add(Party(kind=PartyKind.PERSON, name="x"))
    person = session.add(Person(of=human, **own))
    customer = session.add(Customer(party=party, source=made.pump.source, **fields[Customer]))
    rest = {"customer": customer}
    deal = session.add(Opportunity(**(base(made)[Opportunity] | fields[Opportunity] | rest)))
    note = session.add(Note(**(base(made)[Note] | fields[Note] | rest)))
    session.add(Contact(person=human, customer=customer, department=Department.USER))
    return [party, facet, person, customer, deal, note]


def lost(crm: CRM, made: World, texts: Iterable[str]) -> list[str]:
    """Every text that a field judged wrongly, or gave back in another form."""
    faults: list[str] = []
    pairs: list[tuple[str, Any, dict[str, Any]]] = []
    with crm.session("rep_a") as session:
        for number, typed in enumerate(texts):
            fields = accepted(made, typed, faults)
            for record in written(session, made, fields, number):
                skipped = ("tax_id", "id_no")
                mine = {n: v for n, v in fields[type(record)].items() if n not in skipped}
                pairs.append((typed, record, mine))
    with crm.view("rep_a") as session:
        for typed, record, values in pairs:
            is_facet = isinstance(record, Organization | Person)
            read = session.facet(record.of, type(record)) if is_facet else session.get(record.ref)
            for name in values:
                found = getattr(read, name)
                if (found[0] if name in LISTS else found) != expected(name, typed):
                    faults.append(f"{type(record).__name__}.{name} changed {typed!a:.60}")
            if isinstance(record, Opportunity) and "name" in values:
                wanted = expected("name", typed)
                if record.id not in [one.id for one in session.find(Opportunity, Opportunity.name == wanted)]:
                    faults.append(f"not found again: {typed!a:.60}")
    return faults


def test_our_own_bad_texts_are_kept_or_refused(crm: CRM) -> None:
    """NUL and lone surrogates are refused at their field, every other text comes back as it was typed."""
    assert lost(crm, world(crm), OWN) == []


@pytest.mark.realdata
def test_naughty_strings_are_kept_or_refused(crm: CRM) -> None:
    """Each of the Big List of Naughty Strings comes back identical, or is refused at its field."""
    texts = json.loads(realdata("blns", "blns.json").read_text("utf-8"))
    assert len(texts) > 400
    assert lost(crm, world(crm), texts) == []


def test_a_store_that_alters_text_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison goes red when text is trimmed, or when a bad one is let in."""
    from pycrm.declare import kind

    made = world(crm)
    monkeypatch.setattr(kind, "clean_text", lambda value, longest: value.strip()[:longest])
    faults = lost(crm, made, ["\r\n\u00e9\r\n", "\u00e9" * 301])
    assert "Note.body changed '\\r\\n\\xe9\\r\\n'" in faults
    assert any(fault.startswith("Party.name took '\\xe9") for fault in faults)


def unheard(session: Session) -> Iterator[Any]:
    """Questions with hostile text in them: each is answered with nothing or refused."""
    for typed in OWN:
        yield lambda t=typed: session.get(Customer, t)
        yield lambda t=typed: session.named(Source, t)
        yield lambda t=typed: session.find(Customer, Customer.name == t)
        yield lambda t=typed: session.count(Opportunity, Opportunity.need.contains(t))
        yield lambda t=typed: session.page(Customer, after=t)


def test_questions_with_bad_text_get_an_answer(crm: CRM) -> None:
    """Whoever asks with hostile text gets nothing or a refusal, and the session goes on."""
    world(crm)
    with crm.view("rep_a") as session:
        number = session.count(Customer)
        for ask in unheard(session):
            try:
                found = ask()
            except (InvalidError, NotFoundError):
                found = 0
            assert not isinstance(found, list) or found == []
        assert session.count(Customer) == number
    for typed in OWN:
        with pytest.raises(NotFoundError), crm.view(typed):
            pass


NUMBERS = [10**5000, -(10**5000), 2**63, 1.5, float("nan"), float("inf"), True, "5", None, [], {}]


def test_numbers_out_of_bounds_are_refused(crm: CRM) -> None:
    """A number of 5,000 digits, a float or a text is no whole number and no amount, and nothing is kept."""
    made = world(crm)
    before = tables(crm)
    for value in NUMBERS:
        with crm.session("rep_a") as session:
            company = session.facet(made.pump.party, Organization)
            assert company is not None
            with pytest.raises(InvalidError):
                session.change(made.deal, amount=value if value is not None else "x")
            if value is not None:
                with pytest.raises(InvalidError) as refused:
                    session.change(company, employees=value)
                assert [one.path for one in refused.value.fields] == ["employees"]
    for typed in ("1e1000000", "NaN", "-Infinity", "9" * 5000, "1_000"):
        with pytest.raises(ValueError, match=r"."):
            Money(typed, "CNY")
        with pytest.raises(InvalidError):
            load_patch(Opportunity, {"amount": {"amount": typed, "currency": "CNY"}})
    assert differing(before, tables(crm)) == []


BODIES = {
    "a repeated key": '{"name": "a", "name": "b"}',
    "deep lists": '{"competitors": ' + "[" * 5000 + "]" * 5000 + "}",
    "deep objects": '{"a": ' * 5000 + "1" + "}" * 5000,
    "a huge exponent": '{"name": 1e1000000}',
    "a huge number": '{"name": ' + "9" * 5000 + "}",
    "NaN": '{"name": NaN}',
    "a lone surrogate": '{"name": "\\ud800"}',
    "NUL": '{"name": "\\u0000"}',
    "a surrogate key": '{"\\ud800": 1}',
    "an unknown key": '{"__class__": "User", "name": "a"}',
    "a computed key": '{"owner": "00000000-0000-0000-0000-000000000001", "version": 9}',
    "a wrong type": '{"name": {"$ne": null}}',
    "a list": "[]",
    "nothing": "",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_bad_body_is_refused_and_changes_nothing(crm: CRM, body: str) -> None:
    """A hostile JSON body gets a clear refusal that can be sent back, for adding and for changing."""
    made = world(crm)
    before = tables(crm)
    with crm.session("rep_a") as session:
        with pytest.raises(InvalidError) as added:
            session.add(load(Opportunity, parse(BODIES[body])))
        with pytest.raises(InvalidError) as changed:
            session.change(made.deal, **load_patch(Opportunity, parse(BODIES[body])))
    for refused in (added.value, changed.value):
        assert refused.fields
        assert json.dumps(refused.as_dict()).encode()
    assert differing(before, tables(crm)) == []


def test_a_good_body_is_taken(crm: CRM) -> None:
    """The same way in takes what is right: the refusals above come from the input."""
    made = world(crm)
    body = json.dumps(
        {"customer": str(made.pump.id), "name": "北京 \U0001f600", "expected_close": "2026-12-01"}
    )
    with crm.session("rep_a") as session:
        added = session.add(load(Opportunity, parse(body)))
        patch = load_patch(Opportunity, parse('{"amount": {"amount": "0.10", "currency": "CNY"}}'))
        assert session.change(added, **patch).amount == Money(Decimal("0.10"), "CNY")
