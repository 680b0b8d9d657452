"""What the two-world test has found, each as an example of its own."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm import CRM, Customer, NotFoundError, Party
from pycrm.declare.row import layout


def test_an_old_copy_does_not_show_the_rows_of_a_record_out_of_sight(crm: CRM, cast: Any) -> None:
    """Who read a customer's party before it was handed on reads no telephone number entered since."""
    with crm.session("rep_a") as session:
        customer = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
        party = session.get(customer.party)
        assert [point.value for point in session.children(party).contact_points] == ["13900000001"]
    with crm.session("lead_e") as session:
        session.assign(customer, cast.people["rep_b"])
    with crm.view("rep_a") as session:
        for reading in (lambda: session.get(Party, party.id), lambda: session.children(party)):
            with pytest.raises(NotFoundError, match="no such party"):
                reading()


def test_a_party_is_not_amended_through_a_customer_out_of_sight(crm: CRM, cast: Any) -> None:
    """Who reads a party through one customer amends it through no other, which is hidden or missing."""
    with crm.session("rep_a") as session:
        mine = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
    with crm.session("rep_w") as session:
        hidden = session.add(Customer.organization("Valve", mobile="13900000002", source="exhibition"))
    forged = layout(Customer).copy(mine, {"id": hidden.id})
    with crm.session("rep_a") as session, pytest.raises(NotFoundError, match="no such customer"):
        session.amend(forged, legal_representative="Li", because="as they told me")
