"""A small enterprise to try things in: two branches, leaders, peers, and those who keep it."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from pycrm.app import CRM
from pycrm.entities import Action, Grant, OrgUnit, Reach, Role, RoleAssignment, Source, User
from pycrm.session import Session

__all__ = ["PEOPLE", "Organisation"]

# Unit, and the one that it is part of.
_UNITS = (("HQ", None), ("North", "HQ"), ("South", "HQ"))
#: Login, unit and role of everybody.
PEOPLE = (
    ("lin", "HQ", "top"),
    ("admin", "HQ", "administrator"),
    ("wu", "North", "leader"),
    ("ana", "North", "staff"),
    ("ben", "North", "staff"),
    ("leo", "North", "staff"),
    ("gao", "South", "leader"),
    ("eva", "South", "staff"),
    ("dan", "HQ", "privacy"),
)
_SINCE = date(2026, 1, 1)


@attrs.frozen
class Organisation:
    """The sample organisation in a CRM.

    Ana, Ben and Leo sell in the North, which Wu leads; Eva sells in the South, which Gao leads. Lin is
    the top manager, `admin` keeps users and roles, Dan erases people. Everybody may export what they
    reach, and there is a source of customers called ``fair``.
    """

    crm: CRM

    def as_(self, login: str) -> Session:
        """A session that reads and writes as that person."""
        return self.crm.session(login)

    def view(self, login: str) -> Session:
        """A session that only reads, as that person."""
        return self.crm.view(login)

    def system(self) -> Session:
        """A session of the product itself, which may do everything that plugins may."""
        return self.crm.session(self.crm.system("test"))

    @classmethod
    def found(cls, crm: CRM) -> Organisation:
        """Add units, people, roles and the source to a migrated, empty CRM."""
        units: dict[str, Any] = {}
        with crm.session(crm.system("sample organisation")) as session:
            session.add_all([_privacy(), _exporter()])
            roles = {role.name: role for role in session.find(Role)}
            for name, parent in _UNITS:
                above = units[parent] if parent else None
                units[name] = session.add(OrgUnit(name=name, code=name.lower(), parent=above))
            for login, unit, role in PEOPLE:
                user = session.add(User(login=login, name=login.title(), home_unit=units[unit]))
                held = [role, "exporter"] if role == "staff" else [role]
                session.add_all(
                    [
                        RoleAssignment(user=user, role=roles[each], unit=units[unit], since=_SINCE)
                        for each in held
                    ]
                )
            session.add(Source(name="fair"))
        return cls(crm)


def _exporter() -> Role:
    return Role(name="exporter", grants=[Grant(entity="*", action=Action.EXPORT, reach=Reach.OWN)])


def _privacy() -> Role:
    grants = [
        Grant(entity="*", action=Action.READ, reach=Reach.ALL),
        Grant(entity="Erasure", action=Action.CREATE, reach=Reach.ALL),
        Grant(entity="Erasure", action=Action.READ, reach=Reach.ALL),
    ]
    return Role(name="privacy", grants=grants)
