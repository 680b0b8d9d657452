"""A CRM with segments, whose customers are graded by how many employees they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Any

import attrs
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Action, Customer, Grant, Plugin, Reach, Region, Role
from pycrm.plugins.customer_value import CustomerValue
from pycrm.plugins.segments import Segments
from pycrm.scoring import Indicator, Linear, Supply, one, zero
from pycrm.scoring.feeds import profile, transactions
from pycrm.scoring.model import ScoreModel

__all__ = ["PLUGINS", "World", "customers", "enter", "sell"]

STAFF = Indicator("XE01", "Employees", "员工", "C", "count", zero(one(profile.employees)), Linear(0, 100))
SOLD = sa.table("facts_sold", *(sa.column(part.name, part.type) for part in transactions.table.c))


class Facts(Plugin):
    """Facts

    Customers are graded by their employees: from 80 on A, 60 B, 40 C.
    """

    name = "facts"
    indicators = (STAFF,)
    models = (ScoreModel("size", 1, "Size", {"C": 1}, "XE01:1"),)
    supplies = (Supply(transactions, partial(sa.select, *SOLD.c)),)


PLUGINS = (CustomerValue, Facts, Segments)


@attrs.define
class World:
    """The CRM, in which the top level keeps segments and treatments, and leaders fill segments."""

    crm: CRM

    def score(self) -> None:
        """Grade everybody as of today."""
        self.crm.run_scores(self.crm.system("scoring"), "size")

    def act(self, function: Callable[[Any], Any], who: Any = "dir") -> Any:
        """Do it in a session of somebody."""
        return self.crm.run(who, function)


def enter(crm: CRM) -> None:
    """Make the tables, units and people, and the rights to segments."""
    crm.migrate()
    enterprise(crm)
    with crm.session(crm.system("rights")) as session:
        for name in ("East", "West"):
            session.add(Region(name=name))
        session.add(Region(name="East coast", parent=session.named(Region, "East")))
        keeping = [Action.CREATE, Action.UPDATE, Action.DELETE]
        _grant(session, "top", ("Segment", "Treatment"), keeping)
        _grant(session, "leader", ("Segment",), [Action.UPDATE])
    is_sqlite = crm.store.dialect == "sqlite"
    types = {"customer": "BLOB" if is_sqlite else "UUID", "on": "TEXT" if is_sqlite else "DATE"}
    types |= dict.fromkeys(("net", "gross", "cost", "list_value"), "BIGINT")
    types |= {"qty": "DOUBLE PRECISION", "is_return": "BOOLEAN"}
    said = ", ".join(f'"{one.name}" {types.get(one.name, "TEXT")}' for one in SOLD.c)
    with crm.store.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLE facts_sold ({said})")


def _grant(session: Any, name: str, entities: Iterable[str], actions: list[Action]) -> None:
    role = session.find(Role, Role.name == name, children=True)[0]
    new = [Grant(entity=one, action=action, reach=Reach.ALL) for one in entities for action in actions]
    session.change(role, grants=[*role.grants, *new])


def customers(world: World, who: str, employees: Iterable[int], **details: Any) -> list[Customer]:
    """Customers of somebody with so many employees each, all of one region unless said otherwise."""
    drafts = [
        Customer.organization(
            f"{who} {at} of {number}", phone="1", source="exhibition", employees=number, **details
        )
        for at, number in enumerate(employees)
    ]
    return list(world.act(lambda session: session.add_all(drafts), who))


def sell(world: World, rows: Iterable[dict[str, Any]]) -> None:
    """Enter lines of what was sold; amounts are in cents."""
    nothing = {"is_return": False, "origin": "a", "on": date(2026, 6, 1), "qty": 1.0}
    found = [dict.fromkeys(one.name for one in SOLD.c) | nothing | row for row in rows]
    with world.crm.store.connect() as connection:
        connection.execute(sa.insert(SOLD), found)
