"""Lists, single records, moves and history at the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, Money, Opportunity, Organization, Person, Source

from .conftest import Pycrm


@pytest.fixture
def deals(crm: CRM, cast: Any) -> dict[str, Any]:
    """Two customers of rep_a with an opportunity each, and one of rep_b."""
    found: dict[str, Any] = {}
    for login, name, amount in (
        ("rep_a", "宁波泵业", "10000"),
        ("rep_a", "Hongda", "25000.50"),
        ("rep_b", "Other", "7"),
    ):
        with crm.session(login) as session:
            customer = session.add(
                Customer.organization(name, email=f"{amount}@example.com", source="exhibition")
            )
            found[name] = session.add(
                Opportunity(
                    customer=customer,
                    name=f"Deal {name}",
                    amount=Money(amount, "CNY"),
                    expected_close=date(2026, 9, 1),
                )
            )
    return found


def items(said: Any, field: str) -> list[Any]:
    return [one[field] for one in said.data["items"]]


def test_each_person_lists_what_the_organisation_shows_them(crm: CRM, pycrm: Pycrm) -> None:
    """Staff list their own, leaders their unit and below, the director all, engineers none (SCO-S1)."""
    enterprise(crm, customers=True)
    expected = {"rep_a": 12, "rep_b": 8, "lead_e": 30, "lead_e2": 7, "lead_w": 10, "dir": 40, "tech_1": 0}
    for login, number in expected.items():
        said = pycrm("list", "customers", "--json", "--as", login)
        assert (login, said.code, len(said.data["items"])) == (login, 0, number)


def test_records_are_added_by_their_fields(pycrm: Pycrm, cast: Any) -> None:
    """The administrator enters a source; who may not is refused, and what is wrong is said at once."""
    said = pycrm("add", "source", "--set", "name=Fair 2026", "--as", "admin")
    assert (said.code, said.out) == (0, "added the source Fair 2026\n")
    assert "Fair 2026" in pycrm("list", "sources", "--as", "rep_a").out
    assert pycrm("add", "source", "--set", "name=Web", "--as", "rep_a").code == 3
    assert pycrm("add", "source", "--as", "admin").code == 2
    wrong = ("--set", "nam=x", "--set", "parent=nowhere", "--set", "version=3")
    told = pycrm("add", "region", *wrong, "--as", "admin", "--json").refusal["fields"]
    assert [one["path"] for one in told] == ["nam", "parent", "name", "version"]


def test_lists_are_narrowed_and_sorted_by_fields(pycrm: Pycrm, deals: Any) -> None:
    """A salesperson narrows a list by equality, bounds, contained text and links, and sorts it."""

    def names(*arguments: str) -> list[str]:
        return items(pycrm("list", "Opportunities", "--json", "--as", "rep_a", *arguments), "name")

    assert names("--order", "-amount") == ["Deal Hongda", "Deal 宁波泵业"]
    assert names("--where", "amount>=25000.50CNY") == ["Deal Hongda"]
    assert names("--where", "amount<=10000", "--where", "stage=filed") == ["Deal 宁波泵业"]
    assert names("--where", "name~HONGDA") == ["Deal Hongda"]
    assert names("--where", "name!=Deal Hongda") == ["Deal 宁波泵业"]
    assert names("--where", "customer.name=宁波泵业") == ["Deal 宁波泵业"]
    assert names("--where", "owner=rep_b") == []
    assert names("--where", "closed_on=", "--where", "expected_close>=2026-09-02") == []
    assert len(names("--where", "created_at>=2026-06-30", "--where", "closed_on=")) == 2
    assert names("--where", "name~%") == []
    codes = items(pycrm("list", "customer", "--json", "--as", "rep_a", "--order", "name"), "code")
    assert names("--where", f"customer={codes[0].lower()}") == ["Deal Hongda"]


def test_a_list_says_where_it_was_cut(pycrm: Pycrm, deals: Any) -> None:
    """A reader of a cut list is told so, and sees the fields that were asked for."""
    said = pycrm("list", "opportunity", "--limit", "1", "--columns", "name,amount", "--as", "rep_a", "--json")
    assert said.data["more"] is True
    assert [sorted(one) for one in said.data["items"]] == [["amount", "name"]]
    said = pycrm("list", "opportunity", "--limit", "1", "--as", "rep_a")
    assert "the first 1 are shown" in said.err


def test_a_list_shows_fields_beside_the_record(crm: CRM, pycrm: Pycrm, deals: Any) -> None:
    """A reader sees fields of facets and of what is linked, by the names under which lists are narrowed."""
    with crm.session("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Hongda")
        session.add(Organization(of=customer.party, employees=70))
    columns = ("--columns", "customer.name,amount", "--order", "name", "--as", "rep_a")
    said = pycrm("list", "opportunities", *columns, "--json").data["items"]
    assert [one["customer.name"] for one in said] == ["Hongda", "宁波泵业"]
    assert "Hongda" in pycrm("list", "opportunities", *columns).out
    columns = ("--columns", "name,organization.employees", "--order", "name", "--as", "rep_a")
    assert [
        one.get("organization.employees")
        for one in pycrm("list", "parties", *columns, "--json").data["items"]
    ] == [
        70,
        None,
    ]
    assert pycrm("list", "parties", *columns).out.splitlines()[2].split() == ["Hongda", "70"]


def test_a_list_by_what_there_is_not_is_invalid(pycrm: Pycrm, deals: Any) -> None:
    """Nobody filters, sorts or shows by a field that is unknown or has no such comparison."""
    for arguments in (
        ("--where", "nothing=1"),
        ("--where", "name"),
        ("--where", "amount>=much"),
        ("--where", "customer~Hong"),
        ("--where", "customer>=Hong"),
        ("--where", "lines=1"),
        ("--where", "customer.party.name=x"),
        ("--order", "nothing"),
        ("--columns", "nothing"),
        ("--columns", "customer.nothing"),
        ("--columns", "nothing.name"),
    ):
        said = pycrm("list", "opportunities", *arguments, "--as", "rep_a", "--json")
        assert (arguments, said.code, said.refusal["code"], said.out) == (arguments, 2, "invalid", "")


def test_identity_numbers_are_neither_shown_nor_searched(crm: CRM, cast: Any, pycrm: Pycrm) -> None:
    """Nobody finds a special-category field but masked in a record, a list, a filter or a history."""
    with crm.session("rep_a") as session:
        customer = session.add(
            Customer.person("李雷", mobile="13800138000", source="exhibition", id_no="110101199003071234")
        )
        assert session.facet(customer.party, Person) is not None
    for command in (("show",), ("history",)):
        for form in ((), ("--json",)):
            said = pycrm(*command, "customer", customer.code, "--as", "rep_a", *form)
            assert (said.code, "110101199003071234" in said.out) == (0, False)
            assert "110****1234" in said.out
    refused = pycrm("list", "customer", "--where", "person.id_no=110101199003071234", "--as", "dir")
    assert (refused.code, "110101" in refused.err) == (2, False)


def test_records_answer_to_id_code_and_beginning(pycrm: Pycrm, deals: Any) -> None:
    """A salesperson names a record by its id, by its customer code, or by how its id begins."""
    deal = deals["Hongda"]
    shared = str(deal.id)[:6]
    assert str(deals["宁波泵业"].id).startswith(shared)
    for text in (str(deal.id), deal.id.hex, str(deal.id)[:24]):
        assert pycrm("show", "opportunity", text, "--as", "rep_a", "--json").data["record"]["id"] == str(
            deal.id
        )
    several = pycrm("show", "opportunity", shared, "--as", "rep_a", "--json")
    assert several.code == 2
    assert set(several.refusal["data"]["candidates"]) == {str(deal.id), str(deals["宁波泵业"].id)}
    assert pycrm("show", "opportunity", str(deal.id)[:5], "--as", "rep_a").code == 2
    (code,) = items(pycrm("list", "customer", "--where", "name=Hongda", "--as", "rep_a", "--json"), "code")
    shown = pycrm("show", "customers", code.lower(), "--as", "lead_e", "--json").data
    assert shown["record"]["name"] == "Hongda"
    assert shown["parts"]["Party"]["contact_points"][0]["value"] == "25000.50@example.com"


def test_a_beginning_is_ambiguous_only_within_what_one_sees(pycrm: Pycrm, deals: Any) -> None:
    """A colleague's records neither answer to a beginning nor make it ambiguous."""
    deal = deals["Other"]
    begins = str(deal.id)[:6]
    assert pycrm("show", "opportunity", begins, "--as", "rep_b", "--json").data["record"]["id"] == str(
        deal.id
    )


def test_hidden_and_missing_are_one_answer(pycrm: Pycrm, deals: Any) -> None:
    """A colleague's record is refused in the same words as one that does not exist (SCO-S2)."""
    hidden = pycrm("show", "opportunity", str(deals["Other"].id), "--as", "rep_a", "--json")
    missing = pycrm("show", "opportunity", "01a20099-0688-7adb-88e3-085001b028b2", "--as", "rep_a", "--json")
    assert (hidden.code, hidden.err) == (missing.code, missing.err)
    assert (hidden.code, hidden.refusal["code"]) == (4, "not_found")


def test_a_refused_move_says_what_is_missing_and_takes_it(pycrm: Pycrm, deals: Any) -> None:
    """A salesperson who moves too early is told each missing thing, and gives it in the same act."""
    which = ("opportunity", str(deals["Hongda"].id))
    refused = pycrm("move", *which, "need_confirmed", "--as", "rep_a")
    assert refused.code == 6
    assert refused.err.splitlines()[1:] == ["  need: give it with --set need=…"]
    gate = pycrm("move", *which, "need_confirmed", "--as", "rep_a", "--json").refusal
    need = {"kind": "field", "name": "need", "type": "text", "label": "Need"}
    assert (gate["code"], gate["data"]["missing"]) == ("gate", [need])
    said = pycrm(
        *("move", *which, "need_confirmed", "--as", "rep_a"),
        *("--set", "need=体检 for 40", "--set", "amount=86000CNY", "--because", "they called"),
    )
    assert (said.code, said.out.strip().endswith("Filed → Need confirmed")) == (0, True)
    record = pycrm("show", *which, "--as", "rep_a", "--json").data["record"]
    assert (record["stage"], record["need"]) == ("need_confirmed", "体检 for 40")
    assert record["amount"] == {"amount": "86000.00", "currency": "CNY"}


def test_a_move_that_cannot_be_writes_nothing(pycrm: Pycrm, deals: Any) -> None:
    """A move that does not exist, or with a wrong value, leaves the record where it stood."""
    which = ("opportunity", str(deals["Hongda"].id))
    for arguments, code in (
        (("nowhere",), 5),
        (("contacted", "--set", "amount=much"), 2),
        (("contacted", "--set", "nothing=1"), 2),
        (("contacted", "--set", "need"), 2),
        (("reopen",), 5),
    ):
        assert (arguments, pycrm("move", *which, *arguments, "--as", "rep_a").code) == (arguments, code)
    record = pycrm("show", *which, "--as", "rep_a", "--json").data["record"]
    assert (record["stage"], record["version"]) == ("filed", 1)


def test_only_who_may_change_a_record_moves_it(pycrm: Pycrm, deals: Any) -> None:
    """A colleague's move finds no such record, the leader's is done."""
    which = ("opportunity", str(deals["Hongda"].id), "contacted")
    assert pycrm("move", *which, "--as", "rep_b").code == 4
    assert pycrm("move", *which, "--as", "lead_e").code == 0


def test_history_tells_who_when_and_what(crm: CRM, clock: Any, pycrm: Pycrm, deals: Any) -> None:
    """The leader reads the newest change first, at business time, each field before and after."""
    clock.set("2026-07-01T23:30:00+00:00")
    with crm.session("rep_a") as session:
        deal = session.get(Opportunity, deals["Hongda"].id)
        session.change(deal, amount=Money("30000", "CNY"), because="a larger hall")
    said = pycrm("history", "opportunity", str(deal.id), "--as", "lead_e").out.splitlines()
    assert said[0] == "2026-07-02 07:30  rep_a  change: a larger hall"
    assert said[1].split("  ")[0] == "Amount"
    assert "25,000.50 CNY → 30,000.00 CNY" in said[1]
    assert said[3].startswith("2026-06-30 09:00  rep_a  add")
    newest, first = pycrm("history", "opportunity", str(deal.id), "--as", "lead_e", "--json").data
    assert (newest["act"], newest["by"], newest["reason"]) == ("change", "rep_a", "a larger hall")
    assert newest["changes"] == [
        {
            "path": "amount",
            "old": {"amount": "25000.50", "currency": "CNY"},
            "new": {"amount": "30000.00", "currency": "CNY"},
        }
    ]
    assert first["act"] == "add"
    assert (
        len(pycrm("history", "opportunity", str(deal.id), "--limit", "1", "--as", "dir", "--json").data) == 1
    )
    assert pycrm("history", "opportunity", str(deal.id), "--as", "rep_b").code == 4


def test_acts_at_the_command_line_are_known_as_such(crm: CRM, pycrm: Pycrm, deals: Any) -> None:
    """Whoever reads the history sees that a move came from the command line (ALL-5)."""
    pycrm("move", "opportunity", str(deals["Hongda"].id), "contacted", "--as", "rep_a")
    with crm.view("rep_a") as session:
        assert [one.source for one in session.history(deals["Hongda"])] == ["cli", "python"]


def test_words_for_kinds_of_record(pycrm: Pycrm, cast: Any) -> None:
    """People name a kind of record in singular or plural, in any case, by its table or how it begins."""
    for word in ("orgunit", "OrgUnits", "org-unit", "units", "UNIT", "crm_unit"):
        assert pycrm("list", word, "--as", "rep_a", "--json").data["entity"] == "OrgUnit"
    for word in ("categories", "product-categories", "product_category"):
        said = pycrm("list", word, "--as", "rep_a", "--json")
        assert (word, said.code) == (word, 2 if word == "categories" else 0)
    assert pycrm("list", "opp", "--as", "rep_a", "--json").data["entity"] == "Opportunity"
    refused = pycrm("list", "costumers", "--as", "rep_a")
    assert (refused.code, "customers?" in refused.err) == (2, True)


def test_reference_data_answer_to_their_names(crm: CRM, cast: Any, pycrm: Pycrm) -> None:
    """A source is shown by its name to everybody who signs in."""
    with crm.session("admin") as session:
        session.add(Source(name="展会"))
    assert pycrm("show", "source", "展会", "--as", "tech_1", "--json").data["record"]["name"] == "展会"
