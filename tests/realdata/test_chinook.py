"""Chinook, imported through mapping files: agents see their customers, managers what lies below them."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from pycrm import CRM, Customer, Opportunity
from pycrm.exchange import Verdict

from . import figures
from .loading import load_chinook, told
from .where import realdata

pytestmark = pytest.mark.realdata

ROWS = {"units": 3, "users": 8, "roles": 8, "customers": 59, "invoices": 412}


def seen_by(crm: CRM, login: str) -> tuple[Decimal, int, int]:
    """Sum and number of the invoices, and the number of customers, that one employee sees."""
    with crm.view(login) as session:
        total = session.sum(Opportunity.amount)
        return total.amount, session.count(Opportunity), session.count(Customer)


def test_each_employee_sees_what_lies_below(crm: CRM, tmp_path: Path) -> None:
    """Agents see 21, 20 and 18 customers, their managers all 59, the IT people none."""
    assert told(load_chinook(crm, tmp_path), Verdict.IMPORTED) == ROWS
    with closing(figures.open_chinook(realdata("chinook", "Chinook_Sqlite.sqlite"))) as database:
        expected = figures.chinook(database)
    assert len(expected) == 8
    # Each of the 59 customers has an invoice, so those with one are all.
    views = {name: seen_by(crm, name.lower()) for name in expected}
    assert views == {name: (one.amount, one.documents, one.customers) for name, one in expected.items()}
    agents = ("Peacock", "Park", "Johnson")
    assert [views[name][2] for name in agents] == [21, 20, 18]
    assert [views[name][0] for name in agents] == [Decimal("833.04"), Decimal("775.40"), Decimal("720.16")]
    assert views["Adams"] == (Decimal("2328.60"), 412, 59)
    assert views["Mitchell"] == (Decimal(0), 0, 0)


def test_an_agent_sees_no_other_agents_customer(crm: CRM, tmp_path: Path) -> None:
    """The customers of the three agents are 59 in all, and no two see the same one."""
    load_chinook(crm, tmp_path)
    found: list[str] = []
    for login in ("peacock", "park", "johnson"):
        with crm.view(login) as session:
            found += [one.name for one in session.find(Customer)]
    assert len(found) == len(set(found)) == 59
    assert told(load_chinook(crm, tmp_path), Verdict.UNCHANGED) == ROWS
