"""The association: what donors promise and give, and who helps on which day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import association
import pytest
from association import Association, Helper, Pledge, Receipt, Shift, Volunteer, owed
from house import enterprise

from pycrm import CRM, ConflictError, Customer, InvalidError, Money
from pycrm.testing import PluginContract

JULY = date(2026, 7, 15)


class TestAssociation(PluginContract):
    """The example keeps what every plugin keeps."""

    plugin = Association
    kinds = ("sqlite",)
    values = {
        Pledge: {"amount": Money("100", "CNY")},
        Receipt: {"amount": Money("5", "CNY"), "pledge": None},
        Shift: {"places": 3, "helpers": []},
    }


@pytest.fixture
def donor(sqlite_database: str, clock: Any) -> Any:
    """A CRM with the association, and a donor of rep_a."""
    crm = CRM(sqlite_database, plugins=[Association], clock=clock)
    crm.migrate()
    enterprise(crm)
    with crm.session("rep_a") as session:
        lin = session.add(Customer.person("Lin Mei", source="exhibition", mobile="13800000001"))
    yield crm, lin
    crm.close()


def yuan(amount: int) -> Money:
    return Money(str(amount), "CNY")


def test_a_pledge_is_kept_when_all_of_it_has_come(donor: tuple[CRM, Customer]) -> None:
    """A donor who promised 500 and gave 200 owes 300, and has kept the promise with these."""
    crm, lin = donor
    with crm.session("rep_a") as session:
        pledge = session.add(Pledge(donor=lin, purpose="A new roof", amount=yuan(500), due_on=JULY))
        session.add(Receipt(donor=lin, pledge=pledge, number="1", amount=yuan(200), received_on=JULY))
        (left,) = owed(session)
        assert (left.donor, left.purpose, left.left) == ("Lin Mei", "A new roof", yuan(300))
        session.add(Receipt(donor=lin, pledge=pledge, number="2", amount=yuan(300), received_on=JULY))
        assert session.get(pledge.ref).stage == "kept"
        assert owed(session) == []
    with crm.view("rep_b") as session:
        assert (session.find(Pledge), session.find(Receipt)) == ([], [])


def test_receipts_that_cannot_be_are_refused(donor: tuple[CRM, Customer]) -> None:
    """No receipt pays another's pledge, or more than is left of it, or has the number of another."""
    crm, lin = donor
    with crm.session("rep_a") as session:
        wang = session.add(Customer.person("Wang", source="exhibition", mobile="13800000002"))
        pledge = session.add(Pledge(donor=lin, purpose="Roof", amount=yuan(500), due_on=JULY))
        session.add(Receipt(donor=lin, pledge=pledge, number="1", amount=yuan(400), received_on=JULY))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"donor": wang, "pledge": pledge, "number": "2", "amount": yuan(1)}, "of another donor"),
        ({"donor": lin, "pledge": pledge, "number": "2", "amount": yuan(101)}, "more than is left"),
        ({"donor": lin, "number": "1", "amount": yuan(1)}, "already held"),
    ]
    for given, said in wrong:
        with pytest.raises(ConflictError, match=said), crm.session("rep_a") as session:
            session.add(Receipt(**given, received_on=JULY))
    with pytest.raises(InvalidError, match="above nought"), crm.session("rep_a") as session:
        session.add(Pledge(donor=lin, purpose="Nothing", amount=yuan(0), due_on=JULY))


def test_a_shift_takes_as_many_as_it_has_places(donor: tuple[CRM, Customer]) -> None:
    """Whoever runs a shift puts volunteers on it, nobody twice and no more than there are places."""
    crm, lin = donor
    with crm.session("rep_a") as session:
        session.add(Volunteer(of=lin, skills=("roofing",), hours=8))
        others = [
            session.add(Customer.person(f"V{at}", source="exhibition", mobile=f"1390000000{at}"))
            for at in (1, 2)
        ]
        shift = session.add(Shift(title="Carry tiles", on=JULY, places=2, helpers=[Helper(volunteer=lin)]))
        shift = session.change(shift, helpers=[*shift.helpers, Helper(volunteer=others[0])])
        for one, said in ((others[1], "the shift is full"), (lin, "full")):
            with pytest.raises(InvalidError, match=said):
                session.change(shift, helpers=[*shift.helpers, Helper(volunteer=one)])
    with pytest.raises(InvalidError, match="stands there twice"), crm.session("rep_a") as session:
        session.add(Shift(title="Paint", on=JULY, places=9, helpers=[Helper(volunteer=lin)] * 2))
    with crm.view("lead_e") as session:
        (found,) = session.find(Shift, children=True)
        assert len(found.helpers) == 2
        assert [one.name for one in session.page(Customer, order=Volunteer.hours)] == ["Lin Mei"]


def test_it_is_written_in_less_than_150_lines() -> None:
    """A whole vertical, with its rules, fits on three screens."""
    assert len(Path(association.__file__).read_text("utf-8").splitlines()) < 150
