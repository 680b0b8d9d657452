"""Who may take records out as a table, how many, and what a spreadsheet makes of them."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from scope.rights import ruled

from pycrm import (
    CRM,
    Customer,
    ForbiddenError,
    InvalidError,
    Money,
    NotReadError,
    Opportunity,
    Organization,
    Product,
    ProductCategory,
    Role,
)
from pycrm.entities.org import Action, Grant, Reach, RoleAssignment
from pycrm.exchange import beside, export_csv, exporting, read_table
from pycrm.scope import gateway
from pycrm.scope.fields import FieldRights
from pycrm.scope.predicate import scope_of

from .bench import CUSTOMER_HEAD, Bench, counts

CUSTOMERS = ("code", "name", "owner")


def table(session: Any, cls: Any, columns: tuple[str, ...] | None, *conditions: Any) -> list[dict[str, str]]:
    """What the export gives, read as a table."""
    stream = io.BytesIO()
    written = export_csv(session, cls, stream, conditions, columns)
    stream.seek(0)
    with read_table(stream, delimiter=",") as found:
        rows = [dict(zip(found.header, row.values, strict=True)) for row in found]
    assert written == len(rows)
    return rows


def add_customers(crm: CRM, **owners: int) -> None:
    """Give each person so many customers, named after them."""
    for login, number in owners.items():
        with crm.session(login) as session:
            for n in range(number):
                draft = Customer.organization(
                    f"{login} {n}", email=f"{login}{n}@example.com", source="exhibition"
                )
                session.add(draft)


def test_export_is_a_right_of_its_own(bench: Bench) -> None:
    """Staff see their customers but may not take them out; leaders take out those below them, no more."""
    add_customers(bench.crm, rep_a=3, rep_c=2, lead_e=1, rep_w=4)
    with bench.crm.view("rep_a") as session:
        assert session.count(Customer) == 3
        with pytest.raises(ForbiddenError, match="exporting customer records is not granted"):
            table(session, Customer, CUSTOMERS)
    for login, number in (("lead_e", 6), ("lead_e2", 2), ("lead_w", 4), ("dir", 10)):
        with bench.crm.view(login) as session:
            assert (login, len(table(session, Customer, CUSTOMERS))) == (login, number)
    with bench.crm.view("lead_e") as session:
        assert not [row for row in table(session, Customer, ("name",)) if row["name"].startswith("rep_w")]
        (one,) = table(session, Customer, ("name",), Customer.name == "rep_c 1")
        assert one == {"name": "rep_c 1"}


def add_export_right(crm: CRM, login: str, unit: str, cast: Any) -> None:
    """Let a person export everything, whatever may be read."""
    with crm.session(crm.system("set-up")) as session:
        every = [Grant(entity="*", action=Action.EXPORT, reach=Reach.ALL)]
        role = session.add(Role(name="exporter", grants=every))
        person, at = cast.people[login], cast.units[unit]
        session.add(RoleAssignment(user=person, role=role, unit=at, since=date(2026, 1, 1)))


def test_nobody_exports_what_they_may_not_read(
    bench: Bench, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right to export everything, staff still take out their own customers alone."""
    add_customers(bench.crm, rep_a=2, rep_b=3)
    add_export_right(bench.crm, "rep_a", "East", cast)
    with bench.crm.view("rep_a") as session:
        assert {row["name"] for row in table(session, Customer, ("name",))} == {"rep_a 0", "rep_a 1"}
    # Planted: were the right to export taken for a right to read, the export would hold all five.
    with monkeypatch.context() as planted:
        planted.setattr(gateway, "scope_of", lambda tx, cls, *_: scope_of(tx, cls, Action.EXPORT))
        with bench.crm.view("rep_a") as session:
            assert len(table(session, Customer, ("name",))) == 5


def test_at_most_5000_rows_leave_in_one_act(bench: Bench) -> None:
    """The 5,001st customer makes the export a refusal that writes nothing; narrowed, it goes (SCO-9)."""
    drafts = [
        Customer.organization(f"Firm {n:04}", phone=f"+49 {n}", source="exhibition") for n in range(5001)
    ]
    with bench.crm.session("lead_w") as session:
        session.add_all(drafts)
    with bench.crm.view("lead_w") as session:
        stream = io.BytesIO()
        with pytest.raises(InvalidError, match="more than 5,000 rows") as refused:
            export_csv(session, Customer, stream, columns=["name"])
        assert refused.value.data == {"most": 5000}
        assert stream.getvalue() == b""
        assert exporting.MOST_ROWS == 5000
        assert len(table(session, Customer, ("name",), Customer.name != "Firm 5000")) == 5000


def test_formulas_are_neutralised_and_come_back(bench: Bench) -> None:
    """What a spreadsheet would run leaves with an apostrophe, and is imported again as it was typed."""
    setup = bench.crm.system("set-up")
    wicked = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "'=quoted", "\tx", "＝1", "plain", "'quoted'"]
    with bench.crm.session(setup) as session:
        food = session.add(ProductCategory(name="Food"))
        session.add_all(
            [Product(code=f"P{n}", name=name, category=food, unit="box") for n, name in enumerate(wicked)]
        )
    stream = io.BytesIO()
    with bench.crm.view(setup) as session:
        export_csv(session, Product, stream, columns=["code", "name"])
    with read_table(io.BytesIO(stream.getvalue())) as found:
        cells = dict(row.values for row in found)
    assert [cells[f"P{n}"] for n in range(9)] == [
        *("'=1+1", "'+cmd|' /C calc'!A0", "'-2", "'@SUM(A1)", "''=quoted", "'\tx", "'＝1"),
        *("plain", "'quoted'"),
    ]
    mapping = (
        'entity = "Product"\nsource = "round"\nkey = "code"\nneutralised = true\n[columns]\n'
        'code = { text = "again {code}" }\nname = "name"\nunit = { value = "box" }\n'
        'category = { value = "Food", lookup = "ProductCategory.name" }\n'
    )
    for told, expected in (
        (mapping, wicked),
        (mapping.replace("again", "raw").replace("true", "false"), None),
    ):
        source = told if expected else told.replace('"round"', '"raw"')
        assert counts(bench.load(setup, source, stream.getvalue())) == (9, 0, 0, 0)
    with bench.crm.view(setup) as session:
        names = {one.code: one.name for one in session.find(Product)}
    assert [names[f"again P{n}"] for n in range(9)] == wicked
    # Planted: a mapping that does not say so keeps the apostrophes, and the comparison is red.
    assert [names[f"raw P{n}"] for n in range(9)] != wicked


def test_columns_are_those_asked_for(bench: Bench) -> None:
    """Money becomes amount and currency, an unknown column or a list of rows is refused by name."""
    add_customers(bench.crm, lead_e=1)
    with bench.crm.session("lead_e") as session:
        customer = session.find(Customer)[0]
        deal = session.add(
            Opportunity(
                customer=customer,
                name="Deal",
                amount=Money("86000", "CNY"),
                expected_close=date(2026, 9, 1),
                competitors=("Acme", "Bolt"),
            )
        )
    with bench.crm.view("lead_e") as session:
        (row,) = table(
            session, Opportunity, ("name", "amount", "stage", "customer", "expected_close", "competitors")
        )
        assert row == {
            "name": "Deal",
            "amount": "86000.00",
            "amount_currency": "CNY",
            "stage": "filed",
            "customer": str(customer.id),
            "expected_close": "2026-09-01",
            "competitors": "Acme;Bolt",
        }
        (whole,) = table(session, Opportunity, None)
        assert whole["id"] == str(deal.id)
        assert {"owner", "version", "created_at", "amount_currency"} <= whole.keys()
        assert "lines" not in whole
        for name in ("lines", "colour", "parent_secret"):
            with pytest.raises(InvalidError, match=f"unknown field: {name}"):
                table(session, Opportunity, (name,))


def test_archived_records_stay_behind(bench: Bench) -> None:
    """Archived customers are not in the table, nor those that a condition leaves out."""
    add_customers(bench.crm, lead_e=3)
    with bench.crm.session("lead_e") as session:
        first = session.find(Customer, order=Customer.name)[0]
        session.archive(first, because="closed")
    with bench.crm.view("lead_e") as session:
        names = [row["name"] for row in table(session, Customer, ("name",), Customer.name != "lead_e 2")]
        assert names == ["lead_e 1"]
        with pytest.raises(InvalidError, match="unknown field"):
            table(session, Customer, ("name",), Product.name == "x")


def company_of(crm: CRM, **known: Any) -> Customer:
    """A company of lead_e, of which so much is known, and one of which nothing is."""
    with crm.session("lead_e") as session:
        session.add(Customer.organization("Bare", phone="1", source="exhibition"))
        return session.add(Customer.organization("Known", phone="2", source="exhibition", **known))


FACET = ("name", "organization.tax_id", "organization.annual_revenue")


def test_facets_are_written_beside_their_records(bench: Bench) -> None:
    """Who exports customers takes out what is known of the companies too, nothing where there is nothing."""
    company_of(bench.crm, tax_id="=T1", annual_revenue=Money("5", "EUR"))
    with bench.crm.view("lead_e") as session:
        rows = table(session, Customer, FACET, Customer.name.in_(["Bare", "Known"]))
        assert sorted(rows, key=lambda row: row["name"]) == [
            {
                "name": "Bare",
                "organization.tax_id": "",
                "organization.annual_revenue": "",
                "organization.annual_revenue_currency": "",
            },
            {
                "name": "Known",
                "organization.tax_id": "'=T1",
                "organization.annual_revenue": "5.00",
                "organization.annual_revenue_currency": "EUR",
            },
        ]
        for path in ("organization.colour", "person2.id_no", "organization.", ".tax_id", "build.height"):
            with pytest.raises(InvalidError, match=f"unknown field: {path}"):
                table(session, Customer, (path,))
    with bench.crm.view(bench.crm.system("look")) as session:
        assert [one.columns for one in session.exports()] == [FACET]


def test_an_export_is_imported_as_it_stands(bench: Bench) -> None:
    """What was exported of companies is found again by an import whose mapping names those columns."""
    company_of(bench.crm, tax_id="T-7", industry="logistics")
    stream = io.BytesIO()
    with bench.crm.view("lead_e") as session:
        columns = ("code", "name", "organization.tax_id", "organization.industry")
        export_csv(session, Customer, stream, [Customer.name == "Known"], columns)
        old = session.find(Customer, Customer.name == "Known")[0]
    with bench.crm.session(bench.crm.system("tidy up")) as session:
        session.amend(old, tax_id="T-old", because="another company has it")
    head = CUSTOMER_HEAD.replace('"No"', '"code"').replace('"Name"', '"name"')
    head += 'phone = { value = "3" }\ntax_id = "organization.tax_id"\nindustry = "organization.industry"\n'
    assert counts(bench.load("rep_w", head, stream.getvalue())) == (1, 0, 0, 0)
    with bench.crm.view("rep_w") as session:
        (made,) = session.find(Customer)
        known = session.get(Organization, made.party.id)
    assert (known.tax_id, known.industry) == ("T-7", "logistics")


def test_hidden_fields_of_facets_stay_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tax id that the role hides is an unknown column, a masked industry is written masked."""
    company_of(bench.crm, tax_id="T-7", industry="logistics")
    ruled(bench.crm, "leader", ("Organization.tax_id", "hidden"), ("Organization.industry", "masked"))
    with bench.crm.view("lead_e") as session:
        for path in ("organization.tax_id", "organization.nothing"):
            with pytest.raises(InvalidError, match=f"unknown field: {path}"):
                table(session, Customer, ("name", path))
        (row,) = table(session, Customer, ("organization.industry",), Customer.name == "Known")
        assert "logistics" not in row["organization.industry"]
    # Planted: were the rights over fields not asked, the column would be known.
    with monkeypatch.context() as planted:
        planted.setattr(beside, "field_rights", lambda tx, cls: FieldRights())
        with bench.crm.view("lead_e") as session, pytest.raises(NotReadError):
            table(session, Customer, FACET, Customer.name == "Known")
