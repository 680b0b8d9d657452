"""What a record is called: one answer on pages and at the command line, by its declaration."""

from __future__ import annotations

from typing import Any

from house import enterprise
from typer.testing import CliRunner

from pycrm import CRM, Customer, Field, FixedClock, Link, Plugin, Record, field, link, reference, through
from pycrm.cli import app

from .conftest import Company


class Machine(Record, table="hire_machine", scope=reference()):
    """A machine that says nothing of what it is called, and has a number of its own."""

    kind: Field[str] = field("Kind")
    number: Field[str] = field("Number", unique=True, order=True)


class Yard(Record, table="hire_yard", scope=reference()):
    """A yard that is called by its street, although it has a name in the books."""

    name: Field[str] = field("Name in the books", unique=True)
    street: Field[str] = field("Street", title=True)


class Rental(Record, table="hire_rental", scope=through("customer", owned=True)):
    """A machine that a customer has."""

    customer: Link[Customer] = link("Customer")
    machine: Link[Machine] = link("Machine")
    yard: Link[Yard] = link("Yard")


class Hire(Plugin):
    """Hire"""

    name = "hire"
    records = (Machine, Yard, Rental)


def test_records_are_called_alike_everywhere(sqlite_database: str, clock: FixedClock) -> None:
    """A salesperson reads the number of a machine and the street of a yard wherever these are named."""
    crm = CRM(sqlite_database, plugins=[Hire], clock=clock)
    crm.migrate()
    company = Company(crm, clock, enterprise(crm), {})
    with crm.session(crm.system("stock")) as session:
        machine = session.add(Machine(kind="excavator", number="EX-1"))
        yard = session.add(Yard(name="Y/1", street="Harbour Road"))
        session.add(Yard(name="Y/2", street="Mill Lane"))
        session.add(Yard(name="Y/3", street="Mill Lane"))
    with crm.session("rep_a") as session:
        hongda = session.add(Customer.organization("Hongda", source="exhibition", email="h@example.com"))
        session.add(Rental(customer=hongda, machine=machine, yard=yard))
    reader = company.reader("rep_a")
    assert "Hongda EX-1 Harbour Road" in reader.see("/rentals").words
    assert "Harbour Road" in reader.see(f"/yards/{yard.id}").words

    def says(*words: str) -> tuple[int, str]:
        options = ("--as", "rep_a", "--database", sqlite_database)
        done: Any = CliRunner().invoke(app, [*words, *options], obj={"plugins": [Hire], "clock": clock})
        return done.exit_code, " ".join((done.stdout or done.stderr).split())

    assert says("list", "rentals", "--columns", "customer,machine,yard")[1].endswith(
        "Hongda EX-1 Harbour Road"
    )
    assert "Harbour Road (Y/1)" in says("show", "yard", "Harbour Road")[1]
    code, several = says("show", "yard", "Mill Lane")
    assert (code, several.count("Mill Lane"), "several yards are called so" in several) == (2, 2, True)
    assert says("show", "yard", "Nowhere Street")[0] == 4
    company.close()
