"""Passing records from one person to another at the command line."""

from __future__ import annotations

from typing import Any

import pytest
from house import enterprise
from revision.world import differing, tables

from pycrm import CRM, Customer

from .conftest import Pycrm


@pytest.fixture
def cast(crm: CRM) -> Any:
    """The catalogue's people with the 40 customers of SCO-S1: 12 are rep_a's."""
    return enterprise(crm, customers=True)


def held(crm: CRM, *logins: str) -> list[int]:
    """How many customers these people see."""
    found = []
    for login in logins:
        with crm.view(login) as session:
            found.append(session.count(Customer))
    return found


def test_a_leader_hands_over_after_a_look(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """A dry run counts and changes nothing; then two share by number, and it is undone (SUP-11, SUP-14)."""
    words = ("user", "hand-over", "rep_a", "--to", "rep_b", "--to", "rep_c", "--because", "leaves us")
    before = tables(crm)
    said = pycrm(*words, "--dry-run", "--as", "lead_e")
    assert "12 records would move; nothing was changed" in said.out
    data = pycrm(*words, "--dry-run", "--as", "lead_e", "--json").data
    assert ([line["count"] for line in data["lines"]], data["possible"]) == ([6, 6], True)
    assert differing(before, tables(crm)) == []
    said = pycrm(*words, "--as", "lead_e")
    assert said.code == 0
    assert "handed over 12 records of rep_a" in said.out
    assert held(crm, "rep_a", "rep_b", "rep_c") == [0, 14, 11]
    which = said.out.split()[-1]
    undone = pycrm("user", "undo-handover", which, "--because", "stays with us", "--as", "lead_e", "--json")
    assert undone.data == {"returned": {"Customer": 12}, "kept": []}
    assert held(crm, "rep_a", "rep_b", "rep_c") == [12, 8, 5]


def test_what_stays_is_listed(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """An undo lists what was changed since."""
    made = pycrm(
        *("user", "hand-over", "rep_a", "--to", "rep_b", "--because", "leaves us"),
        *("--as", "lead_e", "--json"),
    )
    with crm.session("rep_b") as session:
        changed = session.change(session.find(Customer, Customer.name == "rep_a 3")[0], channel="fair")
    which = made.data["record"]["id"]
    said = pycrm("user", "undo-handover", which, "--because", "stays with us", "--as", "lead_e")
    assert "returned: 11 records" in said.out
    assert str(changed.id) in said.out


@pytest.mark.parametrize(
    ("words", "login", "code"),
    [
        (("user", "hand-over", "rep_a", "--to", "rep_b", "--because", "leaves us"), "rep_b", 3),
        (("user", "hand-over", "rep_a", "--to", "rep_w", "--because", "leaves us"), "lead_e", 3),
        (("user", "hand-over", "rep_a", "--to", "rep_b", "--because", "so"), "lead_e", 2),
        (("user", "hand-over", "nobody", "--to", "rep_b", "--because", "leaves us"), "lead_e", 4),
        (("user", "hand-over", "fin_1", "--to", "rep_b", "--because", "leaves us"), "dir", 5),
    ],
)
def test_a_refusal_is_an_exit_code(
    crm: CRM, pycrm: Pycrm, cast: Any, words: tuple[str, ...], login: str, code: int
) -> None:
    """Who may not, or says nonsense, gets the code of the refusal, and nothing changes."""
    before = tables(crm)
    assert pycrm(*words, "--as", login).code == code
    assert differing(before, tables(crm)) == []


def test_one_record_is_assigned(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """A leader hands one customer on by its code; staff may not."""
    with crm.view("rep_a") as session:
        customer = session.find(Customer)[0]
    assert pycrm("assign", "customer", customer.code, "rep_b", "--as", "rep_a").code == 3
    said = pycrm("assign", "customer", customer.code, "rep_b", "--because", "nearer", "--as", "lead_e")
    assert (said.code, said.out.endswith("belongs to rep_b\n")) == (0, True)
    assert held(crm, "rep_a", "rep_b") == [11, 9]
