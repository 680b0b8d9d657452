"""What a plugin lets the roles of a database do with its records."""

from __future__ import annotations

from typing import Any

import pytest
from house import enterprise

from pycrm import (
    CRM,
    Action,
    CRMError,
    Field,
    ForbiddenError,
    Grant,
    InvalidError,
    Plugin,
    Reach,
    Record,
    Role,
    field,
    reference,
)

from .samples import message


class Machine(Record, table="hire_machine", scope=reference()):
    """A machine that is hired out."""

    name: Field[str] = field("Name", unique=True, order=True)


class Hire(Plugin):
    """Hire"""

    name = "hire"
    records = (Machine,)
    grants = {
        "leader": (Grant(entity="Machine", action=Action.CREATE, reach=Reach.ALL),),
        "stockkeeper": (Grant(entity="Machine", action=Action.UPDATE, reach=Reach.ALL),),
    }


LINE = "added the grants of hire to the roles leader, stockkeeper"


def enter(crm: CRM, login: str, name: str) -> Any:
    with crm.session(login) as session:
        return session.add(Machine(name=name))


def grants(crm: CRM, name: str) -> list[tuple[str, str, str]]:
    """What a role may do with machines."""
    with crm.view(crm.system("test")) as session:
        role: Any = session.children(session.find(Role, Role.name == name)[0])
    return [(one.entity, one.action, one.reach) for one in role.grants if one.entity == "Machine"]


def test_the_roles_of_a_plugin_work_from_the_start(sqlite_database: str, clock: Any) -> None:
    """A leader enters machines as the plugin says, and staff, of whom it says nothing, may not."""
    crm = CRM(sqlite_database, plugins=[Hire], clock=clock)
    assert LINE in crm.migrate()
    enterprise(crm)
    assert enter(crm, "lead_e", "Excavator").name == "Excavator"
    with pytest.raises(ForbiddenError):
        enter(crm, "rep_a", "Crane")
    assert grants(crm, "leader") == [("Machine", "create", "all")]
    crm.close()


def test_what_administrators_took_away_stays_away(sqlite_database: str, clock: Any) -> None:
    """A grant that an administrator took from a role is not given again, by no later start or version."""

    class Later(Plugin):
        """Hire, a version later"""

        name = "hire"
        records = (Machine,)
        more = Grant(entity="Machine", action=Action.DELETE, reach=Reach.ALL)
        grants = {"leader": (*Hire.grants["leader"], more)}
        del more

    crm = CRM(sqlite_database, plugins=[Hire], clock=clock)
    crm.migrate()
    enterprise(crm)
    with crm.session("admin") as session:
        leader: Any = session.children(session.find(Role, Role.name == "leader")[0])
        session.change(leader, grants=[one for one in leader.grants if one.entity != "Machine"])
    assert (crm.pending(), crm.migrate()) == ([], [])
    assert grants(crm, "leader") == []
    crm.close()
    crm = CRM(sqlite_database, plugins=[Later], clock=clock)
    assert crm.migrate() == ["added the grants of hire to the roles leader"]
    assert grants(crm, "leader") == [("Machine", "delete", "all")]
    crm.close()


def test_a_role_is_changed_while_the_plugin_is_away(sqlite_database: str, clock: Any) -> None:
    """An administrator changes a role that speaks of records of a plugin which is not loaded, and adds none such."""
    crm = CRM(sqlite_database, plugins=[Hire], clock=clock)
    crm.migrate()
    enterprise(crm)
    crm.close()
    crm = CRM(sqlite_database, clock=clock)
    with crm.session("admin") as session:
        leader: Any = session.children(session.find(Role, Role.name == "leader")[0])
        more = Grant(entity="Product", action=Action.EXPORT, reach=Reach.ALL)
        session.change(leader, grants=[*leader.grants, more])
    with crm.session("admin") as session:
        staff: Any = session.children(session.find(Role, Role.name == "staff")[0])
        foreign = Grant(entity="Machine", action=Action.CREATE, reach=Reach.ALL)
        with pytest.raises(InvalidError, match="there is no record Machine"):
            session.change(staff, grants=[*staff.grants, foreign])
    assert ("Machine", "create", "all") in grants(crm, "leader")
    crm.close()


def test_a_plugin_grants_nothing_that_is_not_its_own() -> None:
    """An author who grants what belongs to others is refused, with the entity and the role."""

    def declare() -> None:
        class Greedy(Plugin):
            """Greedy"""

            name = "greedy"
            grants = {"staff": (Grant(entity="Customer", action=Action.READ, reach=Reach.ALL),)}

    assert "may be over its own records, and Customer of the role staff is none" in message(declare)


def test_a_level_given_as_text_is_refused_with_the_name_to_use() -> None:
    """Who names a level by its text is told the name that Python has for it."""
    given: Any = "staff"
    with pytest.raises(CRMError, match=r"expected one of RoleLevel\.STAFF, RoleLevel\.LEADER"):
        Role(name="clerk", level=given)
