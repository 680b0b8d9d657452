"""The enterprise itself: its units, its people, and what their roles let them do."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pycrm.declare import Child, Children, Field, Link, Record, administered, children, field, link
from pycrm.declare.record import Row

__all__ = [
    "Action",
    "FieldReading",
    "FieldRule",
    "Grant",
    "OrgUnit",
    "Reach",
    "Role",
    "RoleAssignment",
    "UnitClosure",
    "UnitKind",
    "User",
    "UserState",
    "default_roles",
]


class UnitKind(StrEnum):
    """What an organisational unit is."""

    COMPANY = "company"
    REGION = "region"
    BRANCH = "branch"
    DEPARTMENT = "department"
    TEAM = "team"
    OVERSEAS_OFFICE = "overseas_office"


class UserState(StrEnum):
    """Whether a person may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class Reach(StrEnum):
    """How far a grant goes, from nothing to everything."""

    NONE = "none"
    OWN = "own"
    UNIT = "unit"
    SUBTREE = "subtree"
    ALL = "all"


class Action(StrEnum):
    """What a grant permits."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ASSIGN = "assign"
    EXPORT = "export"
    APPROVE = "approve"
    COMMENT = "comment"
    REVEAL = "reveal"


class FieldReading(StrEnum):
    """How much of a field a role is shown."""

    PLAIN = "plain"
    MASKED = "masked"
    HIDDEN = "hidden"


class RoleLevel(StrEnum):
    """The rank that a role belongs to."""

    STAFF = "staff"
    LEADER = "leader"
    TOP = "top"
    SERVICE = "service"
    EXTERNAL = "external"


class OrgUnit(Record, table="crm_unit", scope=administered()):
    """A unit of the enterprise (组织单元); units form a tree."""

    name: Field[str] = field("Name", zh="名称", longest=200, order=True)
    code: Field[str] = field("Code", zh="编码", unique=True, longest=40)
    parent: Link[OrgUnit | None] = link("Parent unit", zh="上级单位", default=None, key=True)
    kind: Field[UnitKind] = field("Kind", zh="类型", default=UnitKind.DEPARTMENT)
    active: Field[bool] = field("Active", zh="启用", default=True)


class User(Record, table="crm_user", scope=administered()):
    """A person who signs in (用户)."""

    login: Field[str] = field("Login", zh="登录名", unique=True, longest=100)
    name: Field[str] = field("Name", zh="姓名", longest=200, order=True)
    home_unit: Link[OrgUnit] = link("Home unit", zh="所属单位", key=True)
    employee_no: Field[str | None] = field("Employee number", zh="工号", default=None, longest=40)
    mobile: Field[str | None] = field("Mobile", zh="手机", default=None, personal=True, longest=40)
    email: Field[str | None] = field("Email", zh="邮箱", default=None, personal=True, longest=254)
    hired_on: Field[date | None] = field("Hired on", zh="入职日期", default=None)
    left_on: Field[date | None] = field("Left on", zh="离职日期", default=None)
    state: Field[UserState] = field("State", zh="状态", default=UserState.ACTIVE)

    def check(self, moment: datetime) -> None:
        """A person cannot leave before being hired."""
        if self.hired_on and self.left_on and self.left_on < self.hired_on:
            raise ValueError("left_on lies before hired_on")


class Grant(Child, table="crm_grant"):
    """One right of a role: an action on an entity, as far as its reach goes.

    `entity` is a class name, or ``*`` for every record that has an owner, its own or its parent's.
    """

    entity: Field[str] = field("Entity", zh="对象", longest=100)
    action: Field[Action] = field("Action", zh="操作")
    reach: Field[Reach] = field("Reach", zh="范围")


class FieldRule(Child, table="crm_field_rule"):
    """What a role reads and writes of one field, where that differs from the field's own default.

    `entity` is the class that declares the field: ``Person``, ``Product``, or a child class such as
    ``ContactPoint``.
    """

    entity: Field[str] = field("Entity", zh="对象", longest=100)
    field_name: Field[str] = field("Field", zh="字段", longest=100, column="field")
    read: Field[FieldReading] = field("Read", zh="读", default=FieldReading.PLAIN)
    write: Field[bool] = field("Write", zh="写", default=False)


class Role(Record, table="crm_role", scope=administered()):
    """A set of grants that people can hold (角色)."""

    name: Field[str] = field("Name", zh="名称", unique=True, longest=100, order=True)
    level: Field[RoleLevel] = field("Level", zh="级别", default=RoleLevel.STAFF)
    grants: Children[Grant] = children("Grants", zh="授权", default=())
    rules: Children[FieldRule] = children("Fields", zh="字段授权", default=())


class RoleAssignment(Record, table="crm_role_assignment", scope=administered()):
    """A role held by a person at a unit, from a date and perhaps to one."""

    user: Link[User] = link("User", zh="用户")
    role: Link[Role] = link("Role", zh="角色")
    unit: Link[OrgUnit] = link("Unit", zh="单位")
    since: Field[date] = field("Since", zh="开始")
    until: Field[date | None] = field("Until", zh="结束", default=None)

    def check(self, moment: datetime) -> None:
        """An assignment ends after it begins."""
        if self.until is not None and self.until < self.since:
            raise ValueError("until lies before since")


class UnitClosure(
    Row,
    table="crm_unit_closure",
    primary=("ancestor_id", "descendant_id"),
    indexes=(("descendant_id", "ancestor_id"),),
):
    """Every unit with every unit below it and itself; derived from `OrgUnit.parent`."""

    ancestor: Link[OrgUnit] = link("Ancestor")
    descendant: Link[OrgUnit] = link("Descendant")
    depth: Field[int] = field("Depth")


_WORK = (Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE, Action.COMMENT)
_LEAD = (*_WORK, Action.ASSIGN, Action.EXPORT, Action.APPROVE)
_ORGANISATION = ("OrgUnit", "User")
_AMENDING = ("ApprovalFlow", "AmendmentPolicy", "Holiday")
_CATALOGUE = ("Region", "Source", "Product", "ProductCategory")


def _grants(entities: tuple[str, ...], actions: tuple[Action, ...], reach: Reach) -> list[Grant]:
    return [Grant(entity=entity, action=action, reach=reach) for entity in entities for action in actions]


def default_roles() -> tuple[Role, ...]:
    """The roles that a new database starts with; each enterprise changes them as data.

    Staff see their own, leaders the unit of their assignment and all below, top management everything,
    and what customers are scored by; the administrator keeps users, units, roles, added fields and pipelines and sees
    no business data. Identity
    numbers can be entered, and are shown masked; what a product costs is for top management.
    """
    identity = FieldRule(entity="Person", field_name="id_no", read=FieldReading.MASKED, write=True)
    cost = FieldRule(entity="Product", field_name="standard_cost", write=True)
    margin = FieldRule(entity="Product", field_name="margin_class", write=True)
    seen = _grants(_ORGANISATION, (Action.READ,), Reach.ALL)
    writing = (Action.CREATE, Action.UPDATE, Action.DELETE)
    return (
        Role(
            name="staff",
            level=RoleLevel.STAFF,
            grants=[*_grants(("*",), _WORK, Reach.OWN), *seen],
            rules=[identity],
        ),
        Role(
            name="leader",
            level=RoleLevel.LEADER,
            grants=[*_grants(("*",), _LEAD, Reach.SUBTREE), *seen],
            rules=[identity],
        ),
        Role(
            name="top",
            level=RoleLevel.TOP,
            grants=[
                *_grants(("*",), _LEAD, Reach.ALL),
                *seen,
                *_grants(_CATALOGUE, writing, Reach.ALL),
                *_grants(("scores",), (Action.READ, Action.UPDATE), Reach.ALL),
            ],
            rules=[identity, cost, margin],
        ),
        Role(
            name="administrator",
            level=RoleLevel.SERVICE,
            grants=[
                *_grants(
                    (*_ORGANISATION, "Role", "RoleAssignment", "CustomField", *_CATALOGUE, *_AMENDING),
                    (Action.READ, *writing),
                    Reach.ALL,
                ),
                *_grants(("pipelines",), (Action.READ, Action.UPDATE), Reach.ALL),
            ],
            rules=[cost, margin],
        ),
    )
