"""A list of the past is the list that was there, whatever has happened since."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import attrs
import pytest

from pycrm import (
    CRM,
    Contact,
    Customer,
    FieldRule,
    FixedClock,
    Identifiers,
    InvalidError,
    Money,
    Opportunity,
    Organization,
    Party,
    Product,
    Role,
    Source,
)
from pycrm.entities.customer import SigningGrade
from pycrm.entities.org import FieldReading
from pycrm.revision import part, touched, undo
from pycrm.revision.conditions import Conditions
from pycrm.scope.predicate import Scope
from pycrm.values import first_after
from revision.world import CLOSE, World, line, world

# What is asked of customers, and of opportunities, now and later as of now.
CUSTOMERS: dict[str, tuple[Any, ...]] = {
    "all": (),
    "named": (Customer.name.contains("u"),),
    "graded": (Customer.signing_grade.in_([SigningGrade.A, SigningGrade.B]),),
    "no channel": (Customer.channel.is_(None),),
    "fair or strategic": ((Customer.channel == "fair") | Customer.strategic,),
}
PAGES: dict[str, Any] = {
    "all": Customer.name,
    "named": [Customer.updated_at.desc(), Customer.name],
    "graded": Customer.updated_at,
    "no channel": Customer.name.desc(),
    "fair or strategic": (),
}
PARTIES: dict[str, tuple[Any, ...]] = {
    "of an industry": (Organization.industry == "pumps",),
    "of no industry": (Organization.industry.is_(None), Party.name >= "N"),
}
DEALS: dict[str, tuple[Any, ...]] = {
    "all": (),
    "in contact": (Opportunity.stage == "contacted",),
    "dear": (Opportunity.amount >= Money("10", "CNY"),),
    "needed": (Opportunity.need.is_not(None),),
    "of customers from a fair": (Customer.channel == "fair",),
    "of customers of no channel": (Customer.channel.is_(None), Opportunity.need.is_(None)),
    "of customers put away or pumps": (Customer.archived_at.is_not(None) | (Customer.name == "Pump"),),
}
# What is sorted by what stands beside, and by what of the records themselves after that.
BESIDE: dict[str, tuple[Any, int | None]] = {
    "by the name of the customer": ([Customer.name.desc(), Opportunity.name], 1),
    "by the channel of the customer": ([Customer.channel, Opportunity.need], None),
    "by the last change of the customer": (Customer.updated_at.desc(), 2),
}


def lists(session: Any, **asked: Any) -> dict[str, Any]:
    """Every list with what its records hold, and the numbers and sums of each."""
    found: dict[str, Any] = {}
    for name, conditions in CUSTOMERS.items():
        some = session.find(Customer, *conditions, order=[Customer.name.desc()], **asked)
        found[f"customers {name}"] = [
            (one.id, one.version, one.name, one.channel, one.signing_grade, one.updated_at, one.updated_by)
            for one in some
        ]
        found[f"number {name}"] = session.count(Customer, *conditions, **asked)
    for name, conditions in PARTIES.items():
        found[f"parties {name}"] = [
            (one.id, one.version, one.name) for one in session.find(Party, *conditions, **asked)
        ]
    found["first two"] = [one.id for one in session.find(Customer, order=Customer.channel, limit=2, **asked)]
    for name, order in PAGES.items():
        some = session.find(Customer, *CUSTOMERS[name], order=order, limit=2, **asked)
        found[f"page {name}"] = [(one.id, one.version, one.name, one.channel) for one in some]
    found["channels"] = session.count(Customer, distinct=Customer.channel, **asked)
    found["put away"] = [(one.id, one.archived_at) for one in session.find(Customer, archived=True, **asked)]
    for name, conditions in DEALS.items():
        some = session.find(Opportunity, *conditions, order=Opportunity.amount, children=True, **asked)
        found[f"deals {name}"] = [
            (one.id, one.version, one.stage, one.stage_at, one.amount, one.need, lines(one)) for one in some
        ]
        found[f"sum {name}"] = session.sum(Opportunity.amount, *conditions, **asked)
    for name, (order, limit) in BESIDE.items():
        some = session.find(Opportunity, order=order, limit=limit, **asked)
        found[f"deals {name}"] = [(one.id, one.version) for one in some]
    of_persons = session.find(Contact, Party.name > "M", order=Party.version, **asked)
    found["contacts"] = [(one.id, one.name) for one in of_persons]
    found["names of customers"] = session.count(Opportunity, distinct=Customer.name, **asked)
    return found


def lines(deal: Opportunity) -> list[Any]:
    """The rows of a deal as they stand in order."""
    return [(one.id, one.position, one.qty, one.unit_price) for one in deal.lines]


def act(session: Any, made: World, draw: random.Random) -> None:
    """One thing that somebody does to a customer or a deal."""
    customers = session.find(Customer, archived=True)
    one = draw.choice(customers)
    deal = session.get(draw.choice([made.deal, made.second]).ref)
    kind = draw.randrange(11)
    if kind == 0:
        name = f"Added {draw.random()}"
        session.add(
            Customer.organization(name, mobile=f"136{draw.randrange(10**8):08d}", source="exhibition")
        )
    elif kind == 1:
        session.change(one, channel=draw.choice([None, "fair", "mail"]))
    elif kind == 2:
        session.change(one, signing_grade=draw.choice([None, *SigningGrade]))
    elif kind == 3:
        names = [name for name in ("Pump", "Valve", "Nut") if name != one.name]
        session.amend(one, name=draw.choice(names), because="as agreed")
    elif kind == 4:
        (session.archive if one.archived_at is None else session.restore)(one)
    elif kind == 5:
        facet = session.facet(one.party, Organization)
        if facet is not None:
            session.change(facet, industry=draw.choice([None, "pumps", "food"]))
    elif kind == 6:
        fresh = [line(made.product, str(draw.randrange(1, 4)), "7")]
        session.change(deal, lines=[*fresh, *deal.lines[: draw.randrange(2)]])
    elif kind == 7:
        session.move(deal, to="contacted" if deal.stage == "filed" else "filed")
    elif kind == 8:
        session.change(deal, customer=one)
    elif kind == 9:
        person = session.get(made.contact.person)
        session.amend(person, name="Li Si" if person.name == "Mo Li" else "Mo Li", because="as agreed")
    else:
        session.change(deal, need=draw.choice([None, "flow"]))


def differing(crm: CRM, clock: FixedClock, seed: int, acts: int) -> list[str]:
    """Which lists of the past are not the lists that were there, after so many acts."""
    made, draw = world(crm), random.Random(seed)
    kept: list[tuple[datetime, dict[str, Any]]] = []
    for _ in range(acts):
        with crm.view("rep_a") as session:
            kept.append((clock.now(), lists(session)))
        clock.advance(minutes=1)
        with crm.session("rep_a") as session:
            act(session, made, draw)
    with crm.view("rep_a") as session:
        return [
            f"{name} at {at}: {now[name]} instead of {then[name]}"
            for at, then in kept
            for now in [lists(session, as_of=at)]
            for name in then
            if now[name] != then[name]
        ]


@pytest.mark.parametrize(("seed", "few"), [(1, 5000), (2, 3)])
def test_a_list_of_the_past_is_the_list_that_was_there(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    """Lists as of each moment are what they were, whether few acts have to be looked through or many."""
    monkeypatch.setattr(touched, "FEW", few)
    assert differing(crm, clock, seed, 14) == []


def test_revisions_are_numbered_by_their_moments(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a revision lies between those of the moments beside its own, to the microsecond."""
    made = world(crm)

    def off() -> list[Any]:
        with crm.view("rep_a") as session:
            found = [one for record in (made.pump, made.deal) for one in session.history(record)]
        assert found
        instant = timedelta(microseconds=1)
        return [one for one in found if not first_after(one.at - instant) <= one.id < first_after(one.at)]

    assert off() == []
    # Were revisions numbered by chance, what was changed since a moment would not be found.
    monkeypatch.setattr(Identifiers, "at", lambda source, moment: uuid4())
    clock.advance(minutes=1)
    with crm.session("rep_a") as session:
        session.change(session.get(made.pump.ref), channel="mail")
    assert len(off()) == 1


def _moves_nobody(*given: Any) -> Any:
    return touched.Touched({}, {})


def _forgets_conditions(one: part.Part) -> list[str]:
    return [f'"{field}":[' for field in one.fields & {"archived_at", "name"}]


def _ends_early(*given: Any) -> Any:
    *most, end = given
    # Nothing stands at or before the empty word, nor before the beginning of time.
    before = {str: "", int: 0, datetime: datetime.min.replace(tzinfo=UTC)}
    if end is not None and not end.falling:
        end = attrs.evolve(end, value=before[type(end.value)])
    plain: Any = touched.touched
    return plain(*most, end)


def _forgets_names(record: Any, names: Any) -> Any:
    return record


_UNDONE = undo.undone


def _keeps_new_ones(record: Any, later: Any) -> Any:
    return record if later and later[-1].act == "add" else _UNDONE(record, later)


def _takes_back_one_change(record: Any, later: Any) -> Any:
    return _UNDONE(record, later[:1])


@pytest.mark.parametrize(
    ("place", "fault", "seed"),
    [
        ("former.touched", _moves_nobody, 7),
        ("former.touched", _ends_early, 7),
        ("part.Part.marks", property(_forgets_conditions), 7),
        ("undo.renamed", _forgets_names, 3),
        ("undo.undone", _keeps_new_ones, 7),
        ("undo.undone", _takes_back_one_change, 7),
    ],
)
def test_a_list_taken_back_wrongly_is_seen(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, place: str, fault: Any, seed: int
) -> None:
    """Were what moved not found, names not taken back, new records kept or one change undone, lists would differ."""
    monkeypatch.setattr(f"pycrm.revision.{place}", fault)
    assert differing(crm, clock, seed, 12) != []


def _ends_for_the_renamed(*given: Any) -> Any:
    *most, end = given
    plain: Any = touched.touched
    return plain(*most, end and attrs.evolve(end, field="no such field"))


def test_a_page_of_the_past_takes_in_what_stands_behind_its_end_now(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deal that came first by its name is on the page of then, though it comes last by its name of now."""
    made = world(crm)

    def named(deal: Opportunity, name: str) -> None:
        with crm.session("rep_a") as session:
            session.change(session.get(deal.ref), name=name)

    def first(**asked: Any) -> list[Opportunity]:
        with crm.view("rep_a") as session:
            return session.find(Opportunity, order=Opportunity.name, limit=1, **asked)

    named(made.deal, "A mill")
    named(made.second, "A lift")
    then = clock.now()
    clock.advance(minutes=1)
    named(made.second, "A saw")
    assert [one.id for one in first()] == [made.deal.id]
    assert [(one.id, one.name) for one in first(as_of=then)] == [(made.second.id, "A lift")]
    # Were the page to end for those as well that have changed their place since, it would be missed.
    monkeypatch.setattr("pycrm.revision.former.touched", _ends_for_the_renamed)
    assert [one.id for one in first(as_of=then)] == [made.deal.id]


def test_a_page_of_the_past_is_sorted_by_who_was_changed_last_then(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two deals the one that had been changed last then comes first, whichever was changed after."""
    made = world(crm)

    def needs(deal: Opportunity, need: str) -> None:
        clock.advance(minutes=1)
        with crm.session("rep_a") as session:
            session.change(session.get(deal.ref), need=need)

    needs(made.second, "flow")
    needs(made.deal, "heat")
    then = clock.now()
    needs(made.second, "less")

    def first() -> list[Opportunity]:
        with crm.view("rep_a") as session:
            return session.find(Opportunity, order=Opportunity.updated_at.desc(), limit=1, as_of=then)

    assert [one.id for one in first()] == [made.deal.id]
    # Were what was read in part taken for the whole, the later change would count.
    monkeypatch.setattr("pycrm.revision.former.STAMPS", frozenset())
    assert [one.id for one in first()] == [made.second.id]


def test_conditions_are_held_against_the_past_by_the_database(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were every changed record taken for one that met the conditions, the lists would differ."""
    monkeypatch.setattr(Conditions, "met", lambda self, records: records)
    assert differing(crm, clock, 1, 12) != []


def test_a_list_of_the_past_is_of_what_the_reader_sees_now(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has been handed a customer finds it in lists of the past; who has handed it on does not."""
    made = world(crm)
    then = clock.now()
    clock.advance(minutes=1)
    with crm.session("lead_e") as session:
        session.assign(made.pump, made.cast.people["rep_b"], because="as agreed")
        session.change(session.get(made.pump.ref), channel="fair")
    nowhere = Customer.channel.is_(None)
    with crm.view("rep_a") as session:
        assert made.pump not in session.find(Customer, as_of=then)
        assert session.count(Customer, as_of=then) == session.count(Customer)
        left = session.count(Customer, nowhere)
        assert session.count(Customer, nowhere, as_of=then) == left
    with crm.view("rep_b") as session:
        (found,) = session.find(Customer, Customer.name == "Ningbo Pump", as_of=then)
        assert (found.id, found.owner) == (made.pump.id, made.cast.people["rep_a"].ref)
    # Were what was changed not asked for by the reader's reach, the one out of sight would count.
    monkeypatch.setattr("pycrm.revision.touched.scope_of", lambda tx, cls: Scope(None, (), {}))
    with crm.view("rep_a") as session:
        assert session.count(Customer, nowhere, as_of=then) == left + 1
        assert made.pump not in session.find(Customer, nowhere, limit=50, as_of=then)


def test_of_what_is_out_of_sight_now_nothing_stands_beside_a_list_of_the_past(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has handed a customer on and kept its deal learns nothing by it of what the customer was."""
    made = world(crm)
    with crm.session("rep_a") as session:
        session.change(session.get(made.pump.ref), channel="fair")
    then = clock.now()
    clock.advance(minutes=1)
    with crm.session("lead_e") as session:
        session.assign(session.get(made.pump.ref), made.cast.people["rep_b"], because="as agreed")
        session.change(session.get(made.pump.ref), channel="mail")
    fair, nothing = Customer.channel == "fair", Customer.channel.is_(None)

    def deals(who: str, condition: Any) -> bool:
        with crm.view(who) as session:
            return made.deal in session.find(Opportunity, condition, as_of=then)

    assert (deals("rep_a", fair), deals("rep_a", nothing)) == (False, True)
    assert (deals("lead_e", fair), deals("lead_e", nothing)) == (True, False)
    itself = Customer.id == made.pump.id
    assert (deals("rep_a", itself), deals("lead_e", itself)) == (False, True)
    # Were it read with anybody else's reach, the deal would tell of it.
    with crm.view("lead_e") as other:
        leader, beside = other.transaction.actor, Conditions._beside

    def as_leader(self: Conditions, *given: Any) -> Any:
        own, self.tx.actor = self.tx.actor, leader
        try:
            return beside(self, *given)
        finally:
            self.tx.actor = own

    monkeypatch.setattr(Conditions, "_beside", as_leader)
    assert (deals("rep_a", fair), deals("rep_a", nothing)) == (True, False)


def test_ten_yuan_and_ten_dollars_are_two_amounts_of_the_past(crm: CRM, clock: FixedClock) -> None:
    """Who counts the different amounts of a list of the past counts those of each currency."""
    made = world(crm)
    with crm.session("rep_a") as session:
        for code in ("CNY", "USD", "USD"):
            values = {"name": f"Ten {code}", "amount": Money("10", code), "expected_close": CLOSE}
            session.add(Opportunity(customer=made.pump, **values))
    of_ten = Opportunity.name.startswith("Ten ")
    with crm.view("rep_a") as session:
        for more in ({}, {"as_of": clock.now()}):
            assert session.count(Opportunity, of_ten, distinct=Opportunity.amount, **more) == 2


def test_fields_without_history_and_wrong_moments_are_refused(crm: CRM, clock: FixedClock) -> None:
    """A list of the past takes no field that has no history, and an instant with a zone."""
    made = world(crm)
    with crm.view("rep_a") as session:
        for cls in (Customer, Opportunity):
            with pytest.raises(InvalidError, match="active_at: unknown field of a list of the past"):
                session.find(cls, Customer.active_at > clock.now(), as_of=clock.now())
            with pytest.raises(InvalidError, match="active_at: unknown field of a list of the past"):
                session.find(cls, order=Customer.active_at, as_of=clock.now())
        with pytest.raises(InvalidError, match=r"unknown field: Product\.code"):
            session.find(Opportunity, Product.code == "P1", as_of=clock.now())
        with pytest.raises(InvalidError, match="as_of: expected an instant with its zone"):
            session.find(Customer, as_of=clock.now().replace(tzinfo=None))
        with pytest.raises(InvalidError, match="moment: expected an instant with its zone"):
            session.as_of(made.pump, CLOSE)  # type: ignore[arg-type]


def test_what_was_hidden_then_selects_nothing_of_the_past(crm: CRM, clock: FixedClock) -> None:
    """A channel that the reader's role hid until today is shown now and in no list of yesterday."""
    made = world(crm)
    rule = FieldRule(entity="Customer", field_name="channel", read=FieldReading.HIDDEN)
    with crm.session(crm.system("rules")) as session:
        staff = next(role for role in session.find(Role, children=True) if role.name == "staff")
        session.change(staff, rules=[*staff.rules, rule])
    clock.advance(hours=1)
    with crm.session("lead_e") as session:
        session.change(session.get(made.pump.ref), channel="fair")
    then = clock.now()
    clock.advance(days=1)
    with crm.session(crm.system("rules")) as session:
        staff = session.get(staff.ref)
        session.change(staff, rules=[one for one in staff.rules if one.entity != "Customer"])
    clock.advance(hours=1)
    with crm.session("rep_a") as session:
        session.change(session.get(made.pump.ref), channel="mail")
    with crm.view("rep_a") as session:
        (found,) = session.find(Customer, Customer.channel == "mail")
        with pytest.raises(InvalidError, match="unknown field: channel"):
            session.find(Customer, Customer.channel == "fair", as_of=then)
        for cls in (Customer, Opportunity):
            with pytest.raises(InvalidError, match="unknown field: channel"):
                session.find(cls, order=Customer.channel, as_of=then)
        with pytest.raises(InvalidError, match="unknown field: channel"):
            session.find(Opportunity, Customer.channel == "fair", as_of=then)
        for past in (session.as_of(found, then), *session.find(Customer, as_of=then)):
            assert not hasattr(past, "channel")
        changed = {one.at: one.changes for one in session.history(found, field="channel")}
        assert [[(c.old, c.new) for c in changes] for changes in changed.values()] == [[("fair", "mail")]]
    with crm.view("lead_e") as session:
        assert len(session.find(Customer, Customer.channel == "fair", as_of=then)) == 2
        assert [len(one.changes) for one in session.history(found, field="channel")] == [1, 1]


def test_a_long_list_of_the_past_tells_how_far_it_is(crm: CRM, clock: FixedClock) -> None:
    """Who reads a long list of the past is told again and again how many of its records are done."""
    world(crm)
    with crm.session(crm.system("many")) as session:
        session.add_all([Source(name=f"fair {number}") for number in range(1100)])
        total = session.count(Source)
    moment = clock.now()
    clock.advance(minutes=1)
    told: list[tuple[int, int]] = []
    with crm.view("rep_a") as session:
        found = session.find(Source, as_of=moment, progress=lambda *how_far: told.append(how_far))
    assert len(found) == total
    assert told[-1] == (total, total)
    assert len(told) > 2
    assert told == sorted(told)
    assert all(of == total for _, of in told)
