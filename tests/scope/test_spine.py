"""The scenarios of the catalogue on who sees what."""

from __future__ import annotations

from uuid import uuid4

import pytest
from house import enterprise

from pycrm import CRM, Customer, NotFoundError, Opportunity, OrgUnit


@pytest.mark.parametrize("only", ["count", "find"])
def test_sco_s1_counts_follow_the_organisation(crm: CRM, only: str) -> None:
    """Staff see their own, leaders their unit and below, the director all, engineers none (SCO-S1)."""
    enterprise(crm, customers=True)
    expected = {"rep_a": 12, "rep_b": 8, "lead_e": 30, "lead_e2": 7, "lead_w": 10, "dir": 40, "tech_1": 0}
    for login, number in expected.items():
        with crm.view(login) as session:
            found = session.count(Customer) if only == "count" else len(session.find(Customer))
        assert (login, found) == (login, number)


def test_sco_s2_hidden_and_missing_are_one_answer(crm: CRM) -> None:
    """A colleague's customer and one that does not exist are refused in the same words (SCO-S2)."""
    enterprise(crm, customers=True)
    with crm.view("rep_b") as session:
        theirs = session.find(Customer)[0]
    answers = []
    with crm.view("rep_a") as session:
        for id in (theirs.id, uuid4()):
            with pytest.raises(NotFoundError) as refused:
                session.get(Customer, id)
            answers.append(refused.value.as_dict())
        assert session.find(Customer, Customer.name == theirs.name) == []
    assert answers[0] == answers[1]


def test_sco_s6_moving_a_unit_moves_what_its_leaders_see(crm: CRM) -> None:
    """When East-2 moves from East to West, both leaders' counts follow with the next session (SCO-S6)."""
    cast = enterprise(crm, customers=True)
    with crm.session(crm.system("reorganisation")) as session:
        unit = session.get(OrgUnit, cast.units["East-2"].id)
        session.amend(unit, parent=cast.units["West"], because="reorganisation")
    counts = {}
    for login in ("lead_e", "lead_w", "dir"):
        with crm.view(login) as session:
            counts[login] = session.count(Customer)
    assert counts == {"lead_e": 23, "lead_w": 17, "dir": 40}


def test_sco_s10_reasons_name_the_path(crm: CRM) -> None:
    """The leader of East is told by which units a customer of East-2 is in reach (SCO-S10)."""
    enterprise(crm, customers=True)
    with crm.view("rep_c") as session:
        customer = session.find(Customer)[0]
    with crm.view("lead_e") as session:
        (reason,) = session.explain("read", customer)
    assert str(reason) == "leader of East; East-2 lies below East; owner rep_c in East-2"
    with crm.view("rep_a") as session:
        assert session.explain("read", customer) == ()
        assert session.find(Opportunity) == []
