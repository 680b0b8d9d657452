"""A facet is seen with the record that it extends, and never without it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pycrm import CRM, Customer, Organization, Role, RoleAssignment, User


def test_who_reaches_no_record_reaches_no_facet(crm: CRM, cast: Any) -> None:
    """A person whose role gives nothing counts no organisation, and who owns the customer counts one."""
    with crm.session(crm.system("test")) as session:
        guest = session.add(User(login="guest", name="Guest", home_unit=cast.units["West"]))
        role = session.add(Role(name="nothing"))
        session.add(RoleAssignment(user=guest, role=role, unit=cast.units["West"], since=date(2026, 1, 1)))
    with crm.session("rep_a") as session:
        session.add(
            Customer.organization("Pump", mobile="13900000001", industry="pumps", source="exhibition")
        )
    with crm.view("rep_a") as session:
        assert session.count(Organization) == 1
    with crm.view("guest") as session:
        assert session.count(Organization) == 0
        assert session.find(Organization) == []
