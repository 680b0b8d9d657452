"""A small world of policies and flows, in which amendments need approval."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
from house import Cast, enterprise

from pycrm import (
    CRM,
    Amendment,
    AmendmentMode,
    AmendmentPolicy,
    ApprovalFlow,
    ApprovalStep,
    Approver,
    Customer,
    Grant,
    Organization,
    Role,
    RoleAssignment,
)
from pycrm.entities.org import Action, Reach


@attrs.define
class World:
    """Rep_a's and lead_e's customers."""

    crm: CRM
    cast: Cast
    pump: Customer
    own: Customer
    hidden: Customer


def world(crm: CRM, employees: int = 30) -> World:
    """The cast, a role finance that reads every customer, and a customer each of three people."""
    cast = enterprise(crm)
    with crm.session(crm.system("finance")) as session:
        reading = [
            Grant(entity=name, action=Action.READ, reach=Reach.ALL) for name in ("*", "User", "OrgUnit")
        ]
        finance = session.add(Role(name="finance", grants=reading))
        session.add(
            RoleAssignment(
                user=cast.people["fin_1"], role=finance, unit=cast.units["Finance"], since=date(2026, 1, 1)
            )
        )
    made = []
    for login, name, mobile in (("rep_a", "Pump", "1"), ("lead_e", "Own", "2"), ("rep_w", "Far", "3")):
        with crm.session(login) as session:
            draft = Customer.organization(
                name,
                mobile=f"1390000000{mobile}",
                source="exhibition",
                tax_id=f"T{mobile}",
                employees=employees,
            )
            made.append(session.add(draft))
    return World(crm, cast, *made)


def flow(crm: CRM, name: str, *steps: ApprovalStep, **options: Any) -> ApprovalFlow:
    """Enter a flow."""
    with crm.session("admin") as session:
        return session.add(ApprovalFlow(name=name, steps=list(steps), **options))


def step(approver: Approver = Approver.UNIT_LEADER, **options: Any) -> ApprovalStep:
    """One step."""
    return ApprovalStep(approver=approver, **options)


def policy(crm: CRM, path: str, mode: str = "approval", **options: Any) -> AmendmentPolicy:
    """Enter a policy over ``Class.path``."""
    entity, _, rest = path.partition(".")
    with crm.session("admin") as session:
        return session.add(AmendmentPolicy(entity=entity, path=rest, mode=AmendmentMode(mode), **options))


def ask(crm: CRM, login: str, record: Any, because: str = "licence renewed", **values: Any) -> Any:
    """Amend as somebody."""
    with crm.session(login) as session:
        return session.amend(session.get(record.ref), because=because, **values)


def waiting(crm: CRM, login: str) -> list[Amendment]:
    """What waits for somebody."""
    with crm.view(login) as session:
        found = session.inbox()
        assert session.waiting() == len(found)
        return found


def approve(crm: CRM, login: str, amendment: Amendment, **options: Any) -> Amendment:
    """Agree as somebody."""
    with crm.session(login) as session:
        return session.approve(amendment, **options)


def company(crm: CRM, login: str, customer: Customer) -> Organization:
    """The company behind a customer, as somebody reads it."""
    with crm.view(login) as session:
        found = session.facet(customer.party, Organization)
    assert found is not None
    return found
