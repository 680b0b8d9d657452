"""A house that sells, and the second version of its process (PIP-S7).

18 deals run: 6 filed, 7 contacted, 3 quoted, 2 negotiating; 8 of them are rep_w's, in the West, the
others rep_a's, in the East. 2 more are lost and 1 is won. Of those in contacted 4 have a contact.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
from house import enterprise

from pycrm import (
    CRM,
    Action,
    Contact,
    Customer,
    Grant,
    Money,
    Opportunity,
    OpportunityContact,
    Reach,
    Role,
    RoleAssignment,
)
from pycrm.entities.customer import Department
from pycrm.entities.org import RoleLevel
from pycrm.pipeline import SALES, Move, Pipeline, Stage

CLOSE = date(2026, 12, 1)
# Of rep_a and of rep_w: how many deals stand in which stage.
DEALS = {"filed": (4, 2), "contacted": (4, 3), "quoted": (1, 2), "negotiating": (1, 1)}
# How many of those in contacted have a contact.
WITH_CONTACT = (2, 2)


def second() -> Pipeline:
    """Version 2: "contacted" is no more, and confirming the need asks for a contact."""
    stages = tuple(
        attrs.evolve(stage, required=("contacts",)) if stage.key == "need_confirmed" else stage
        for stage in SALES.stages
        if stage.key != "contacted"
    )
    return attrs.evolve(SALES, version=2, stages=stages, moves=_moves(SALES, without="contacted"))


def _moves(pipeline: Pipeline, without: str) -> tuple[Move, ...]:
    found = []
    for move in pipeline.moves:
        sources = tuple(source for source in move.sources if source != without)
        if move.target != without and sources:
            found.append(attrs.evolve(move, sources=sources))
    return tuple(found)


def with_stage(pipeline: Pipeline, key: str, **values: Any) -> Pipeline:
    """The pipeline with some settings of one stage."""
    stages = tuple(attrs.evolve(stage, **values) if stage.key == key else stage for stage in pipeline.stages)
    return attrs.evolve(pipeline, stages=stages)


@attrs.define
class House:
    """Who sells what: the deals by stage, rep_a's before rep_w's."""

    deals: dict[str, list[Opportunity]]
    lost: list[Opportunity]
    won: Opportunity


def house(crm: CRM) -> House:
    """Make the house; lead_e may see and publish pipelines besides leading the East."""
    cast = enterprise(crm)
    with crm.session(crm.system("roles")) as session:
        grants = [
            Grant(entity="pipelines", action=action, reach=Reach.ALL)
            for action in (Action.READ, Action.UPDATE)
        ]
        role = session.add(Role(name="process owner", level=RoleLevel.STAFF, grants=grants))
        session.add(
            RoleAssignment(
                user=cast.people["lead_e"], role=role, unit=cast.units["East"], since=date(2026, 1, 1)
            )
        )
    made = House({stage: [] for stage in DEALS}, [], None)  # type: ignore[arg-type]
    for side, login in enumerate(("rep_a", "rep_w")):
        with crm.session(login) as session:
            _sell(session, made, side)
    return made


def _sell(session: Any, made: House, side: int) -> None:
    customer = session.add(
        Customer.organization(f"Works {side}", mobile=f"1390000000{side}", source="exhibition")
    )
    contact = session.add(
        Contact.named("Li", customer=customer, department=Department.USER, mobile=f"1380000000{side}")
    )
    for stage, numbers in DEALS.items():
        for place in range(numbers[side]):
            has = stage == "contacted" and place < WITH_CONTACT[side]
            contacts = [OpportunityContact(contact=contact)] if has else []
            deal = _deal(session, customer, contacts=contacts)
            if stage != "filed":
                deal = session.move(deal, to=stage)
            made.deals[stage].append(deal)
    if side:
        return
    for _ in range(2):
        deal = session.move(_deal(session, customer), to="contacted")
        made.lost.append(session.move(deal, to="lost", lost_reason="price"))
    made.won = session.move(_deal(session, customer), to="won", closed_on=date(2026, 6, 30))


def _deal(session: Any, customer: Customer, **values: Any) -> Opportunity:
    found: Opportunity = session.add(
        Opportunity(
            customer=customer, name="Pumps", amount=Money("100", "CNY"), expected_close=CLOSE, **values
        )
    )
    return found


__all__ = ["CLOSE", "House", "Stage", "house", "second", "with_stage"]
