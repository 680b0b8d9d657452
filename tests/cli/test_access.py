"""Who sees what and why, and the pipeline within one's scope, at the command line."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from house import enterprise

from pycrm import CRM, Customer, ForbiddenError, Money, NotFoundError, Opportunity

from .conftest import Pycrm


@pytest.fixture
def customer(crm: CRM) -> Any:
    """A customer of rep_c, who is in East-2."""
    enterprise(crm, customers=True)
    with crm.view("rep_c") as session:
        return session.find(Customer)[0]


def test_sco_s10_the_leader_is_told_why(pycrm: Pycrm, customer: Any) -> None:
    """The leader of East learns by which units a customer of East-2 is in reach (SCO-S10)."""
    said = pycrm("access", "why", "lead_e", f"customer/{customer.id}", "--as", "lead_e", "--json").data
    assert said["access"] is True
    assert [one["text"] for one in said["reasons"]] == [
        "leader of East; East-2 lies below East; owner rep_c in East-2"
    ]
    none = pycrm("access", "why", "rep_a", customer.code, "--as", "lead_e")
    assert none.out.splitlines() == [f"rep_a and Customer {customer.name}:", "  no access"]


def test_the_administrator_asks_without_seeing(pycrm: Pycrm, customer: Any) -> None:
    """The administrator learns why rep_c has access, and not what the customer is called (SCO-16, SCO-19)."""
    said = pycrm("access", "why", "rep_c", f"customer/{customer.id}", "--as", "admin")
    assert (said.code, customer.name in said.out, str(customer.id) in said.out) == (0, False, True)
    assert "the owner is rep_c" in said.out
    assert pycrm("show", "customer", str(customer.id), "--as", "admin").code == 4


def test_nobody_else_may_ask(pycrm: Pycrm, customer: Any) -> None:
    """The owner may not ask who sees a record, and to all others there is no such record (SCO-16)."""
    for asker, code in (("rep_c", 3), ("rep_a", 4), ("lead_w", 4), ("fin_1", 4)):
        said = pycrm("access", "why", "lead_e", f"customer/{customer.id}", "--as", asker)
        assert (asker, said.code) == (asker, code)


def test_staff_do_not_ask_about_colleagues(pycrm: Pycrm, customer: Any, crm: CRM) -> None:
    """To read the list of users makes nobody the leader of a user."""
    assert pycrm("access", "why", "dir", "user/rep_b", "--as", "rep_a").code == 3
    assert pycrm("access", "why", "dir", "user/rep_b", "--as", "admin").code == 0


def test_why_refuses_who_and_what_there_is_not(crm: CRM, customer: Any) -> None:
    """A leader who asks about a stranger or a record that is not there gets no answer."""
    with crm.view("lead_e") as session:
        with pytest.raises(NotFoundError):
            session.why("stranger", customer)
        with pytest.raises(NotFoundError):
            session.why("rep_a", type(customer.ref)("Customer", uuid4()))
    with crm.view("rep_c") as session, pytest.raises(ForbiddenError):
        session.why("lead_e", customer)
    with crm.view(crm.system("audit")) as session:
        assert len(session.why("rep_c", customer)) == 1


def test_whoever_is_suspended_has_no_access(pycrm: Pycrm, customer: Any) -> None:
    """A suspended owner is said to have no access any more."""
    pycrm("user", "suspend", "rep_c", "--as", "admin")
    said = pycrm("access", "why", "rep_c", f"customer/{customer.id}", "--as", "lead_e", "--json").data
    assert (said["access"], said["reasons"]) == (False, [])


@pytest.fixture
def deals(crm: CRM) -> None:
    """Amounts by owner: rep_a 100.00 and 0.55 filed, rep_c 7 filed and one without amount contacted."""
    enterprise(crm)
    made = (
        ("rep_a", Money("100", "CNY"), None),
        ("rep_a", Money("0.55", "CNY"), None),
        ("rep_c", Money("7", "CNY"), None),
        ("rep_c", None, "contacted"),
        ("rep_w", Money("9", "EUR"), None),
    )
    for number, (login, amount, stage) in enumerate(made):
        with crm.session(login) as session:
            customer = session.add(
                Customer.organization(f"No. {number}", email=f"{number}@example.com", source="exhibition")
            )
            deal = session.add(
                Opportunity(customer=customer, name="A deal", amount=amount, expected_close=date(2026, 9, 1))
            )
            if stage:
                session.move(deal, to=stage)


# login, scope, filed, contacted, sums
SEEN: tuple[tuple[str, str, int, int, dict[str, str]], ...] = (
    ("rep_a", "your own", 2, 0, {"CNY": "100.55"}),
    ("rep_b", "your own", 0, 0, {}),
    ("lead_e", "East and below", 3, 1, {"CNY": "107.55"}),
    ("lead_e2", "East-2 and below", 1, 1, {"CNY": "7.00"}),
    ("dir", "everything", 4, 1, {"CNY": "107.55", "EUR": "9.00"}),
    ("admin", "nothing", 0, 0, {}),
)


def test_the_pipeline_is_counted_within_ones_scope(pycrm: Pycrm, deals: None) -> None:
    """Each person's report holds what that person sees and says so, sums per currency (SCO-18)."""
    for login, scope, filed, contacted, sums in SEEN:
        said = pycrm("report", "pipeline", "--as", login, "--json").data
        counts = {one["stage"]: one["count"] for one in said["stages"]}
        assert (login, said["scope"], said["count"]) == (login, scope, filed + contacted)
        assert (login, said["sums"]) == (login, sums)
        assert counts == dict.fromkeys(counts, 0) | {"filed": filed, "contacted": contacted}
        assert (next(iter(counts)), len(counts)) == ("filed", 7)


def test_the_report_ends_in_a_total_and_names_the_scope(pycrm: Pycrm, deals: None) -> None:
    """The leader reads a line of totals, and whose scope the figures are."""
    lines = pycrm("report", "pipeline", "--as", "lead_e").out.splitlines()
    assert lines[2].split() == ["Filed", "3", "107.55", "CNY"]
    assert lines[-2].split() == ["Total", "4", "107.55", "CNY"]
    assert lines[-1] == "your scope: East and below, 4 opportunities"
    narrowed = pycrm("report", "pipeline", "--where", "amount>=50", "--as", "lead_e", "--json").data
    assert (narrowed["count"], narrowed["sums"]) == (1, {"CNY": "100.00"})


def test_what_has_no_pipeline_has_no_report(pycrm: Pycrm, deals: None) -> None:
    """Nobody gets a report by stage of records that have no stages."""
    said = pycrm("report", "pipeline", "contacts", "--as", "dir", "--json")
    assert (said.code, said.refusal["message"]) == (2, "a contact has no pipeline")


def test_an_administrator_is_told_who_reaches_a_record(crm: CRM, pycrm: Pycrm, customer: Any) -> None:
    """Of a customer of rep_c: its owner, both leaders above and the director; a colleague may not ask."""
    said = pycrm("access", "who", f"customer/{customer.id}", "--as", "admin", "--json").data
    assert {one["user"]: len(one["reasons"]) for one in said["people"]} == {
        "dir": 1,
        "lead_e": 1,
        "lead_e2": 1,
        "rep_c": 1,
    }
    assert pycrm("access", "who", f"customer/{customer.id}", "--as", "lead_e").code == 0
    assert pycrm("access", "who", f"customer/{customer.id}", "--as", "rep_a").code == 4
    assert pycrm("access", "who", customer.code, "--as", "rep_c").code == 3
