"""Rights on fields: hidden ones cannot be used in any way, masked ones show a mask, looks are kept."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from house import enterprise

from pycrm import (
    CRM,
    AmendmentRequiredError,
    ContactPoint,
    ContactPointKind,
    Customer,
    FieldReading,
    FieldRule,
    ForbiddenError,
    InvalidError,
    Money,
    NotFoundError,
    NotReadError,
    Opportunity,
    Person,
    Product,
    ProductCategory,
    Ref,
    Role,
    RoleAssignment,
    StaleError,
    StoreError,
)
from pycrm.declare.codec import dump
from pycrm.exchange.exporting import export_csv
from scope.rights import ruled

NUMBER = "110101199003071234"


def hongda(crm: CRM, owner: str = "rep_a") -> Customer:
    """A customer of the salesperson's, with a channel."""
    with crm.session(owner) as session:
        return session.add(
            Customer.organization(
                "Hongda Logistics", mobile="13800008000", source="exhibition", channel="fair"
            )
        )


def test_a_hidden_field_is_not_read(crm: CRM) -> None:
    """Staff whose role hides the channel get the customer without it; their leader gets it."""
    enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    with crm.view("rep_a") as session:
        for found in (session.get(customer.ref), session.find(Customer)[0], session.page(Customer).items[0]):
            assert found.name == "Hongda Logistics"
            with pytest.raises(NotReadError):
                _ = found.channel
            assert "channel" not in dump(found)
        assert "channel" not in session.fields(Customer)
    with crm.view("lead_e") as session:
        assert session.get(customer.ref).channel == "fair"


def test_what_a_writer_gets_back_hides_the_field_too(crm: CRM) -> None:
    """Adding, changing, moving and archiving hand out no more than reading does."""
    enterprise(crm)
    ruled(crm, "staff", ("Customer.channel", "hidden"), ("Opportunity.amount", "hidden"))
    with crm.session("rep_a") as session:
        made = session.add(Customer.organization("Hongda", mobile="13800008000", source="exhibition"))
        changed = session.change(made, needs=("forklifts",))
        deal = session.add(Opportunity(customer=made, name="Forklifts", expected_close=date(2026, 12, 1)))
        moved = session.move(deal, to="contacted")
        away = session.archive(moved)
        back = session.restore(away)
        for record in (made, changed, session.get(made.ref)):
            assert "channel" not in dump(record)
        for record in (deal, moved, away, back, session.get(deal.ref)):
            assert "amount" not in dump(record)


def test_a_change_of_others_leaves_the_hidden_field_as_it_was(crm: CRM) -> None:
    """What staff do not see keeps its value, and the book of changes keeps what was there before."""
    enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    with crm.session("rep_a") as session:
        session.change(session.get(customer.ref), needs=("forklifts",))
    with crm.session("lead_e") as session:
        found = session.get(customer.ref)
        assert (found.channel, found.needs) == ("fair", ("forklifts",))
        before = session.change(found, channel="web")
        assert [(one.path, one.old, one.new) for one in session.history(before)[0].changes] == [
            ("channel", "fair", "web")
        ]


def test_history_and_the_past_leave_a_hidden_field_out(crm: CRM) -> None:
    """Staff learn that the customer changed and when, but not the channel, now or then."""
    enterprise(crm)
    customer = hongda(crm)
    with crm.session("rep_a") as session:
        session.change(session.get(customer.ref), channel="web", needs=("forklifts",))
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    with crm.view("rep_a") as session:
        found = session.get(customer.ref)
        paths = {change.path for one in session.history(found) for change in one.changes}
        assert "channel" not in paths
        assert {"needs", "name"} <= paths
        past = session.as_of(found, session.now)
        assert past is not None
        assert past.needs == ("forklifts",)
        assert "channel" not in dump(past)


def test_a_stale_change_tells_nothing_of_a_hidden_field(crm: CRM) -> None:
    """The conflict of two writers shows the fields that were typed, never one that is hidden."""
    enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    with crm.view("rep_a") as session:
        read = session.get(customer.ref)
    with crm.session("lead_e") as session:
        session.change(session.get(customer.ref), channel="web", needs=("cranes",))
    with crm.session("rep_a") as session:
        with pytest.raises(StaleError) as refused:
            session.change(read, needs=("forklifts",))
        assert set(refused.value.data["fields"]) == {"needs"}
        assert "web" not in str(refused.value.as_dict())


def test_export_has_the_columns_that_its_reader_has(crm: CRM) -> None:
    """A leader whose role hides the channel exports without it, and cannot name it."""
    enterprise(crm)
    hongda(crm)
    ruled(crm, "leader", ("Customer.channel", "hidden"), ("Customer.name", "masked"))
    with crm.view("lead_e") as session:
        stream = io.BytesIO()
        assert export_csv(session, Customer, stream) == 1
        header, row = stream.getvalue().decode().splitlines()
        assert "channel" not in header.split(",")
        assert "fair" not in row
        assert "Hon****tics" in row
        refusals = []
        for name in ("channel", "nothing"):
            with pytest.raises(InvalidError) as refused:
                export_csv(session, Customer, io.BytesIO(), columns=[name])
            refusals.append(str(refused.value.as_dict()).replace(name, "X"))
        assert refusals[0] == refusals[1]


def test_a_masked_telephone_shows_its_ends(crm: CRM) -> None:
    """Staff see 138****8000, keep the number when they add another, and cannot send the mask back."""
    enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("ContactPoint.value", "masked", True))
    with crm.session("rep_a") as session:
        party = session.get(customer.party)
        (point,) = party.contact_points
        with pytest.raises(NotReadError):
            _ = point.value
        assert dump(party)["contact_points"][0]["value"] == "138****8000"
        further = ContactPoint(kind=ContactPointKind.EMAIL, value="office@hongda.example")
        changed = session.change(party, contact_points=[point, further])
        assert [row["value"] for row in dump(changed)["contact_points"]] == ["138****8000", "off****mple"]
    with crm.session("rep_a") as session:
        mask = ContactPoint(kind=ContactPointKind.MOBILE, value="138****8000")
        with pytest.raises(InvalidError):
            session.change(session.get(customer.party), contact_points=[mask])
    with crm.view("lead_e") as session:
        values = [point.value for point in session.get(customer.party).contact_points]
        assert values == ["13800008000", "office@hongda.example"]


def test_a_locked_field_is_seen_and_not_written(crm: CRM) -> None:
    """Staff read the channel but may neither change it nor give one to a new customer."""
    enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("Customer.channel", "plain", False))
    with crm.session("rep_a") as session:
        found = session.get(customer.ref)
        assert found.channel == "fair"
        with pytest.raises(ForbiddenError):
            session.change(found, channel="web")
    draft = Customer.organization("Ningbo", mobile="13900008000", source="exhibition", channel="web")
    with pytest.raises(ForbiddenError), crm.session("rep_a") as session:
        session.add(draft)
    with crm.view("rep_a") as session:
        assert session.count(Customer) == 1


def test_what_a_product_costs_is_for_those_whose_role_names_it(crm: CRM) -> None:
    """A restricted field is closed to staff without any rule, and open to the director."""
    enterprise(crm)
    with crm.session("dir") as session:
        category = session.add(ProductCategory(name="Lifting"))
        product = session.add(
            Product(
                code="F1",
                name="Forklift",
                category=category,
                unit="piece",
                standard_cost=Money("90000", "CNY"),
            )
        )
        assert product.standard_cost == Money("90000", "CNY")
    with crm.view("rep_a") as session:
        found = session.get(product.ref)
        assert found.name == "Forklift"
        assert "standard_cost" not in dump(found)
        with pytest.raises(InvalidError):
            session.sum(Product.standard_cost)
    with crm.view("dir") as session:
        assert session.sum(Product.standard_cost) == Money("90000", "CNY")


def test_several_roles_show_as_much_as_the_most_open_of_them(crm: CRM) -> None:
    """A second role that gives customers opens what the first hides; one that gives none does not."""
    cast = enterprise(crm)
    customer = hongda(crm)
    ruled(crm, "staff", ("Customer.channel", "hidden"))

    def sees(*extra: str) -> bool:
        with crm.session(crm.system("test")) as session:
            for role in extra:
                session.add(
                    RoleAssignment(
                        user=cast.people["rep_a"],
                        role=cast.roles[role],
                        unit=cast.units["East"],
                        since=crm.calendar_day(session.now),
                    )
                )
        with crm.view("rep_a") as session:
            return "channel" in dump(session.get(customer.ref))

    assert [sees(), sees("administrator"), sees("leader")] == [False, False, True]


def test_a_name_that_is_repeated_is_hidden_with_its_source(crm: CRM) -> None:
    """Whoever may not read the party's name reads no customer's name, and can still add a customer."""
    enterprise(crm)
    ruled(crm, "staff", ("Party.name", "hidden", True))
    with crm.session("rep_a") as session:
        made = session.add(Customer.organization("Hongda", mobile="13800008000", source="exhibition"))
        assert "name" not in dump(made)
        with pytest.raises(InvalidError):
            session.count(Customer, Customer.name == "Hongda")
        with pytest.raises(InvalidError):
            session.page(Customer, order=Customer.name)
    with crm.view("lead_e") as session:
        assert session.get(made.ref).name == "Hongda"


def person(crm: CRM) -> Person:
    """A person with an identity number, entered by a salesperson."""
    with crm.session("rep_a") as session:
        customer = session.add(
            Customer.person("李雷", mobile="13800138000", source="exhibition", id_no=NUMBER)
        )
        found = session.facet(customer.party, Person)
        assert found is not None
        return found


def reception(crm: CRM, *, plain: bool = True) -> None:
    """Let staff look at identity numbers, each time with a purpose."""
    ruled(crm, "staff", ("Person.id_no", "plain" if plain else "masked", True))


def test_an_identity_number_is_typed_in_and_shown_masked(crm: CRM) -> None:
    """Without a grant of its own not even the director gets the number that staff have entered."""
    enterprise(crm)
    entered = person(crm)
    for login in ("rep_a", "lead_e", "dir"):
        with crm.view(login) as session:
            found = session.facet(session.find(Customer)[0].party, Person)
            assert dump(found)["id_no"] == "110****1234"
            with pytest.raises(InvalidError):
                session.find(Person, Person.id_no == NUMBER)
            with pytest.raises(ForbiddenError):
                session.reveal(entered, "id_no", because="curious")
    with crm.view(crm.system("night run")) as session:
        assert "id_no" not in dump(session.find(Person)[0])


def test_a_look_is_recorded_before_the_number_is_shown(crm: CRM) -> None:
    """Reception names a purpose and gets the number; the leader reads who looked, when and what for."""
    enterprise(crm)
    entered = person(crm)
    reception(crm)
    with crm.view("rep_a") as session:
        assert dump(session.facet(entered.of, Person))["id_no"] == "110****1234"
        shown = session.reveal(entered, "id_no", because="check-in")
        assert (shown.id_no, shown.gender) == (NUMBER, None)
    with crm.view("lead_e") as session:
        (look,) = session.accesses(entered)
        assert (look.actor, look.purpose, look.fields, look.entity) == (
            "rep_a",
            "check-in",
            ("id_no",),
            "Person",
        )
    with crm.view("rep_a") as session, pytest.raises(ForbiddenError):
        session.accesses(entered)


def test_a_look_stays_on_record_when_its_session_is_rolled_back(crm: CRM) -> None:
    """Whoever has seen the number has seen it, whatever becomes of the work."""
    enterprise(crm)
    entered = person(crm)
    reception(crm)

    def look_and_fail() -> None:
        with crm.session("rep_a") as session:
            assert session.reveal(entered, "id_no", because="check-in").id_no == NUMBER
            raise RuntimeError

    with pytest.raises(RuntimeError):
        look_and_fail()
    with crm.session("rep_a") as session:
        session.reveal(entered, "id_no", because="print the guide sheet")
    with crm.view("dir") as session:
        assert {one.purpose for one in session.accesses(entered)} == {"check-in", "print the guide sheet"}


def test_no_record_of_the_look_no_number(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the look cannot be written nothing is shown."""
    enterprise(crm)
    entered = person(crm)
    reception(crm)

    def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is full")

    monkeypatch.setattr("pycrm.revision.access.enter", broken)
    with crm.view("rep_a") as session, pytest.raises(StoreError):
        session.reveal(entered, "id_no", because="check-in")


@pytest.mark.parametrize(
    ("names", "because", "error"),
    [
        (("id_no",), " ", InvalidError),
        ((), "check-in", InvalidError),
        (("nothing",), "check-in", InvalidError),
        (("addresses",), "check-in", InvalidError),
    ],
)
def test_a_look_names_fields_and_a_purpose(
    crm: CRM, names: tuple[str, ...], because: str, error: type[Exception]
) -> None:
    """Without a purpose, or with a field that there is not, nothing is shown and nothing recorded."""
    enterprise(crm)
    entered = person(crm)
    reception(crm)
    with crm.view("rep_a") as session:
        with pytest.raises(error):
            session.reveal(entered, *names, because=because)
        with pytest.raises(NotFoundError):
            session.reveal(Ref("Person", uuid4()), "id_no", because="check-in")
    with crm.view("dir") as session:
        assert session.accesses(entered) == []


def test_the_number_is_changed_by_amendment_and_never_told(crm: CRM) -> None:
    """The refusal of a direct change names the masked value, and the amendment keeps both in the book."""
    enterprise(crm)
    entered = person(crm)
    other = "110101199003075678"
    with crm.session("rep_a") as session:
        with pytest.raises(AmendmentRequiredError) as refused:
            session.change(entered, id_no=other)
        assert refused.value.data["current"] == {"id_no": "110****1234"}
        assert dump(session.amend(entered, id_no=other, because="misread"))["id_no"] == "110****5678"
        told = [change for one in session.history(entered) for change in one.changes]
        assert ("id_no", "110****1234", "110****5678") in [(c.path, c.old, c.new) for c in told]
    reception(crm)
    with crm.view("rep_a") as session:
        assert session.reveal(entered, "id_no", because="check-in").id_no == other


@pytest.mark.parametrize(
    ("entity", "field", "read", "path"),
    [
        ("Nobody", "name", "hidden", "rules/0/entity"),
        ("Customer", "nothing", "hidden", "rules/0/field_name"),
        ("Customer", "version", "hidden", "rules/0/field_name"),
        ("Customer", "strategic", "masked", "rules/0/read"),
        ("Product", "name", "hidden", "rules/0/read"),
        ("Customer", "party", "hidden", "rules/0/read"),
        ("Opportunity", "customer", "hidden", "rules/0/read"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(crm: CRM, entity: str, field: str, read: str, path: str) -> None:
    """A rule over something that there is not, or that would tear records apart, names its place."""
    rule = FieldRule(entity=entity, field_name=field, read=FieldReading(read))
    with crm.session(crm.system("test")) as session, pytest.raises(InvalidError) as refused:
        session.add(Role(name="odd", rules=[rule]))
    assert [problem.path for problem in refused.value.fields] == [path]
