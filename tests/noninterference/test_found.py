"""What the two-world test has found, each as an example of its own."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm import CRM, Customer, NotFoundError, Party


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
