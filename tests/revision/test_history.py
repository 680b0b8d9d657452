"""What is kept of every change, and how a record was at a moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pycrm import (
    CRM,
    AmendmentRequiredError,
    ConflictError,
    Contact,
    ContactPoint,
    Customer,
    FixedClock,
    InvalidError,
    Money,
    NotFoundError,
    Opportunity,
    Organization,
    Party,
    Region,
    Revision,
)
from pycrm.entities.party import ContactPointKind
from revision.world import CLOSE, line, organization, world


def paths(revision: Revision) -> dict[str, tuple[Any, Any]]:
    """Old and new of each path."""
    return {change.path: (change.old, change.new) for change in revision.changes}


def test_a_key_field_is_refused_with_its_current_value(crm: CRM) -> None:
    """Whoever writes T2 over the tax id T1 is told that it takes an amendment, and of T1 (REV-S1)."""
    made = world(crm)
    with crm.session("rep_a") as session:
        facet = organization(session, made.pump)
        with pytest.raises(AmendmentRequiredError) as refused:
            session.change(facet, tax_id="T2", industry="pumps")
        assert refused.value.data["current"] == {"tax_id": "T-PUMP"}
        assert [(one.path, one.code) for one in refused.value.fields] == [("tax_id", "key")]
    with crm.view("rep_a") as session:
        now = organization(session, made.pump)
        assert (now.tax_id, now.industry, now.version) == ("T-PUMP", None, 1)


@pytest.mark.parametrize(
    "field", ["name", "tax_id", "legal_representative", "id_no", "strategic", "parent_group"]
)
def test_the_default_key_fields_are_key_fields(field: str) -> None:
    """The names that identify a customer are changed by amendment only, unless configured (REV-1)."""
    from pycrm import Person

    owners = [cls for cls in (Party, Organization, Person, Customer) if field in cls.__specs__]
    assert any(cls.__specs__[field].key for cls in owners)


def test_an_amendment_applies_at_once_and_keeps_its_reason(crm: CRM) -> None:
    """An amendment of customer, party and company at once keeps reason and both values (REV-4, REV-5)."""
    made = world(crm)
    with crm.session("rep_a") as session:
        changed = session.amend(
            made.pump, strategic=True, name="Ningbo Pumps", tax_id="T-2", because="licence renewed"
        )
        assert (changed.strategic, changed.name) == (True, "Ningbo Pumps")
        assert organization(session, changed).tax_id == "T-2"
    with crm.view("rep_a") as session:
        history = session.history(made.pump)
    amended = {one.entity: paths(one) for one in history if one.act == "amend"}
    assert amended == {
        "Customer": {"strategic": (False, True)},
        "Party": {"name": ("Ningbo Pump", "Ningbo Pumps")},
        "Organization": {"tax_id": ("T-PUMP", "T-2")},
    }
    assert {one.reason for one in history if one.act == "amend"} == {"licence renewed"}
    assert {one.actor for one in history} == {"rep_a"}
    assert {one.by for one in history} == {made.cast.people["rep_a"].ref}


def test_two_amendments_of_a_session_keep_both_reasons(crm: CRM) -> None:
    """Two amendments in one unit of work share its revision, and each keeps its own reason."""
    made = world(crm)
    with crm.session("rep_a") as session:
        one = session.amend(made.pump, strategic=True, because="first reason")
        session.change(one, channel="fair")
        session.amend(session.get(made.pump.ref), strategic=False, because="second reason")
        session.amend(made.other, strategic=True, because="third reason")
    with crm.view("rep_a") as session:
        mine = [one for one in session.history(made.pump) if one.entity == "Customer"]
        others = session.history(made.other)
    assert [(one.version, one.act, one.reason) for one in mine] == [
        (4, "amend", "second reason"),
        (3, "change", None),
        (2, "amend", "first reason"),
        (1, "add", None),
    ]
    assert others[0].reason == "third reason"
    assert len({one.id for one in mine[:3]} | {others[0].id}) == 1


def test_one_act_writes_one_row_per_record(crm: CRM) -> None:
    """A change of three fields and two rows is one revision with one version (REV-19)."""
    made = world(crm)
    first, second = made.deal.lines
    with crm.session("rep_a") as session:
        session.change(
            made.deal, name="Pumps 2027", need="flow", next_step="call", lines=[second, line(made.product)]
        )
    with crm.view("rep_a") as session:
        now = session.get(made.deal.ref)
        change, add = session.history(now)
    assert (add.act, add.version, change.act, change.version) == ("add", 1, "change", 2)
    found = paths(change)
    assert found["name"] == ("Pumps", "Pumps 2027")
    # 2 x 10.00 + 1 x 5.00 before, 1 x 5.00 + 2 x 10.00 after: the amount did not change.
    assert "amount" not in found
    assert found[f"lines/{first.id}/qty"] == ("2.000", None)
    assert found[f"lines/{second.id}/position"] == (1, 0)
    assert found[f"lines/{now.lines[1].id}/unit_price"] == (None, {"amount": "10.00", "currency": "CNY"})


def test_nothing_changed_is_no_revision(crm: CRM) -> None:
    """Writing the values that are there makes neither a version nor a revision."""
    made = world(crm)
    with crm.session("rep_a") as session:
        same = session.change(made.deal, name=made.deal.name, lines=made.deal.lines)
        assert same.version == made.deal.version
        assert len(session.history(made.deal)) == 1


def test_an_amount_typed_over_its_rows_is_no_revision(crm: CRM) -> None:
    """Whoever types another amount while rows say what it is changes nothing, and leaves no version (REV-19)."""
    made = world(crm)
    with crm.session("rep_a") as session:
        same = session.change(made.deal, amount=Money("1.00", "CNY"))
        assert (same.version, same.amount) == (made.deal.version, Money("25.00", "CNY"))
        assert len(session.history(made.deal)) == 1
        named = session.change(same, amount=Money("1.00", "CNY"), need="flow")
        assert [one.path for one in session.history(named)[0].changes] == ["need"]


def test_as_of_reads_the_past(crm: CRM, clock: FixedClock) -> None:
    """Read as of mid-April the industry is B and the region Y, whatever came after (REV-S5)."""
    clock.set("2026-01-05T09:00:00+08:00")
    made = world(crm)
    with crm.session(crm.system("regions")) as session:
        east, west = (session.add(Region(name=name)) for name in "XY")
    steps = [
        ("2026-01-10", "industry", "A"),
        ("2026-03-05", "industry", "B"),
        ("2026-04-01", "region", west),
        ("2026-06-02", "industry", "C"),
    ]
    with crm.session("rep_a") as session:
        session.change(session.get(made.pump.party), region=east)
    for day, name, value in steps:
        clock.set(f"{day}T09:00:00+08:00")
        with crm.session("rep_a") as session:
            target = organization(session, made.pump) if name == "industry" else session.get(made.pump.party)
            session.change(target, **{name: value})
    asked = {
        "2026-01-09": (None, east),
        "2026-02-01": ("A", east),
        "2026-03-31": ("B", east),
        "2026-04-15": ("B", west),
        "2026-06-30": ("C", west),
    }
    with crm.view("rep_a") as session:
        for day, (industry, region) in asked.items():
            moment = FixedClock(f"{day}T12:00:00+08:00").now()
            company = session.as_of(organization(session, made.pump), moment)
            party = session.as_of(session.get(made.pump.party), moment)
            assert company is not None
            assert party is not None
            assert (company.industry, party.region) == (industry, region.ref)
        before = session.as_of(session.get(made.pump.ref), clock.now() - timedelta(days=400))
        assert before is None


def test_as_of_includes_rows_name_stage_and_archive(crm: CRM, clock: FixedClock) -> None:
    """The past holds the rows, the stage, the old name and whether the record was put away (REV-10)."""
    made = world(crm)
    begun = clock.now()
    clock.advance(hours=1)
    with crm.session("rep_a") as session:
        deal = session.change(made.deal, lines=[line(made.product, "7")])
        session.move(deal, to="contacted")
        session.amend(made.other, name="Wang Li", because="married")
    clock.advance(hours=1)
    with crm.session("rep_a") as session:
        session.archive(session.get(made.other.ref))
    with crm.view("rep_a") as session:
        deal, other = session.get(made.deal.ref), session.get(made.other.ref)
        old = session.as_of(deal, begun)
        assert old is not None
        assert (old.stage, old.stage_at, old.version) == ("filed", begun, 1)
        assert [(one.id, one.qty) for one in old.lines] == [(one.id, one.qty) for one in made.deal.lines]
        assert old == made.deal
        then = session.as_of(other, begun)
        assert then is not None
        assert (then.name, then.archived_at, then.version) == ("Wang", None, 1)
        later = session.as_of(other, begun + timedelta(hours=1))
        assert later is not None
        assert (later.name, later.archived_at, other.archived_at) == ("Wang Li", None, clock.now())


def test_the_past_is_as_hidden_as_the_present(crm: CRM) -> None:
    """Nobody reads the history of a record that is out of sight (REV-12)."""
    made = world(crm)
    with crm.view("rep_a") as session:
        for ask in (
            lambda: session.history(made.hidden),
            lambda: session.as_of(made.hidden, session.now),
            lambda: session.owners(made.hidden),
            lambda: session.stages(made.hidden_deal),
        ):
            with pytest.raises(NotFoundError):
                ask()


def test_archiving_and_restoring_are_kept(crm: CRM) -> None:
    """A record that was put away is not found, can be brought back, and both acts are in its history."""
    made = world(crm)
    with crm.session("rep_a") as session:
        away = session.archive(made.other, because="moved away")
        assert session.find(Customer, Customer.name == "Wang") == []
        assert session.find(Customer, Customer.name == "Wang", archived=True) == [away]
    with crm.session("rep_a") as session:
        back = session.restore(away)
        assert session.find(Customer, Customer.name == "Wang") == [back]
        acts = [(one.act, one.reason) for one in session.history(back) if one.entity == "Customer"]
    assert acts == [("restore", None), ("archive", "moved away"), ("add", None)]


def test_a_value_held_elsewhere_is_refused_without_a_name(crm: CRM) -> None:
    """A mobile that a colleague's customer has is held elsewhere; one's own is named (COR-S4)."""
    made = world(crm)
    answers: dict[str, Any] = {}
    for login in ("rep_a", "rep_w"):
        with pytest.raises(ConflictError) as refused, crm.session(login) as session:
            session.add(Customer.organization("X", mobile="+86-138-0013-8000", source="exhibition"))
        answers[login] = refused.value.as_dict()
    with crm.view("rep_w") as session:
        party = session.get(made.hidden.ref).party
    problem = {"path": "contact_points/0/value", "code": "unique", "message": "already held elsewhere"}
    assert answers["rep_a"] == {
        "code": "conflict",
        "message": "already held elsewhere",
        "fields": [problem],
        "data": {},
    }
    assert answers["rep_w"]["data"] == {"record": str(party.id), "entity": "Party"}


@pytest.mark.parametrize("typed", ["t-pump", "T-PUMP ", "Ｔ－ＰＵＭＰ", "T - PUMP"])
def test_claims_compare_normal_forms(crm: CRM, typed: str) -> None:
    """A tax id is the same in capitals, with spaces or in full-width letters (COR-5)."""
    made = world(crm)
    with pytest.raises(ConflictError), crm.session("rep_a") as session:
        session.amend(made.archived, tax_id=typed, because="found the licence")


def test_a_claim_on_the_bare_text_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above goes red when claims are made on the text as it was typed."""
    monkeypatch.setattr("pycrm.revision.claim.folded", lambda value: value)
    with pytest.raises(pytest.fail.Exception):
        test_claims_compare_normal_forms(crm, "t-pump")


def test_a_claim_ends_with_the_value(crm: CRM) -> None:
    """A number that a customer no longer has is free, a shared mailbox never was taken."""
    made = world(crm)

    def points(mobile: str) -> list[ContactPoint]:
        office = ContactPoint(kind=ContactPointKind.EMAIL, value="office@example.com", shared=True)
        return [ContactPoint(kind=ContactPointKind.MOBILE, value=mobile), office]

    with crm.session("rep_a") as session:
        party = session.get(made.pump.party)
        session.change(party, contact_points=points("13911111111"))
    with crm.session("rep_a") as session:
        other = session.change(session.get(made.other.party), contact_points=points("139 0000 0001"))
        assert other.contact_points[0].value == "139 0000 0001"
    with pytest.raises(ConflictError), crm.session("rep_a") as session:
        session.change(session.get(made.archived.party), contact_points=points("13911111111"))


def test_the_owner_is_no_field(crm: CRM) -> None:
    """Who owns a record is told by its intervals, and no change or amendment writes it (REV-1)."""
    made = world(crm)
    rep_b = made.cast.people["rep_b"]
    with crm.session("rep_a") as session:
        for act in (
            lambda: session.change(made.pump, owner=rep_b),
            lambda: session.amend(made.pump, owner=rep_b, because="he knows them"),
            lambda: session.change(made.pump, owner_unit=made.cast.units["West"]),
        ):
            with pytest.raises(InvalidError):
                act()
        (interval,) = session.owners(made.pump)
    assert (interval.user, interval.until) == (made.cast.people["rep_a"].ref, None)
    assert interval.since == made.pump.created_at


def test_a_contact_keeps_its_history_at_both_customers(crm: CRM, clock: FixedClock) -> None:
    """Who changes employer is one person with two contacts, the older one ended (COR-7)."""
    from pycrm.entities.customer import Department

    made = world(crm)
    clock.advance(days=1)
    with crm.session("rep_a") as session:
        left = session.change(made.contact, left_on=crm.calendar_day(session.now))
        again = session.add(
            Contact(person=made.contact.person, customer=made.other, department=Department.DECISION)
        )
        assert again.name == "Li"
        assert len([one for one in session.history(left) if one.entity == "Contact"]) == 2
        both = session.find(Contact, Contact.person == made.contact.person, order=Contact.name)
    assert {one.customer for one in both} == {made.pump.ref, made.other.ref}


def test_history_goes_back_to_the_beginning(crm: CRM) -> None:
    """The first revision of a record holds every value that it began with."""
    made = world(crm)
    with crm.session("rep_a") as session:
        deal = session.add(Opportunity(customer=made.pump, name="New", expected_close=CLOSE))
    with crm.view("rep_a") as session:
        (first,) = session.history(deal)
    found = {path: new for path, (old, new) in paths(first).items() if old is None}
    assert found == {
        "customer": str(made.pump.id),
        "name": "New",
        "expected_close": CLOSE.isoformat(),
        "owner": str(made.cast.people["rep_a"].id),
        "stage": "filed",
    }
