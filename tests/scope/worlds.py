"""Random enterprises as plain data, and how one is entered into a CRM."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs
from hypothesis import strategies as st

from pycrm import (
    CRM,
    ContactPoint,
    Customer,
    Delegation,
    Grant,
    Money,
    Opportunity,
    OrgUnit,
    Party,
    Role,
    RoleAssignment,
    Share,
    Source,
    User,
)
from pycrm.entities.org import Action, Reach
from pycrm.entities.party import ContactPointKind, PartyKind
from pycrm.scope.children import derived_write

TODAY = date(2026, 6, 30)
# Reaches that depend on the tree come more often than those that do not.
REACHES = ("none", "own", "own", "unit", "unit", "subtree", "subtree", "subtree", "all")
ENTITIES = ("*", "Customer", "Opportunity")
CLASSES: dict[str, Any] = {"Customer": Customer, "Opportunity": Opportunity}


@attrs.frozen
class Assigned:
    """A role that somebody holds at a unit, from a day and perhaps to one."""

    user: str
    role: str
    unit: str
    since: date
    until: date | None


@attrs.frozen
class Kept:
    """A customer, or an opportunity of one, and whose it is."""

    entity: str
    owner: str | None
    archived: bool
    name: str
    customer: str | None = None
    fen: int | None = None
    close: date | None = None


@attrs.frozen
class Lent:
    """A record that somebody shares with a person or a unit, perhaps until a day."""

    record: str
    giver: str
    receiver: str
    until: date | None


@attrs.frozen
class StandIn:
    """One person's reach for another, from a day to a day."""

    giver: str
    receiver: str
    since: date
    until: date


@attrs.define
class World:
    """Units with their parents, people with their home units, roles with their grants, and records."""

    units: dict[str, str | None]
    users: dict[str, str]
    roles: dict[str, tuple[tuple[str, str], ...]]
    assignments: tuple[Assigned, ...]
    customers: dict[str, Kept]
    opportunities: dict[str, Kept]
    moved: tuple[str, str | None] | None
    transferred: tuple[str, str]
    redirected: tuple[str, str]
    size: int
    falling: bool
    shares: tuple[Lent, ...] = ()
    delegations: tuple[StandIn, ...] = ()

    @property
    def records(self) -> dict[str, Kept]:
        """Customers and opportunities."""
        return self.customers | self.opportunities


def _names(letter: str, number: int) -> list[str]:
    return [f"{letter}{index}" for index in range(number)]


_PHONE = [ContactPoint(kind=ContactPointKind.PHONE, value="0574 8712 3456")]


def _day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


@st.composite
def _units(draw: st.DrawFn) -> dict[str, str | None]:
    names = _names("u", draw(st.integers(2, 8)))
    return {
        name: draw(st.sampled_from([names[at - 1], names[at - 1], *names[:at], None])) if at else None
        for at, name in enumerate(names)
    }


@st.composite
def _assigned(draw: st.DrawFn, users: list[str], roles: list[str], units: list[str]) -> Assigned:
    since = draw(st.sampled_from([-9, -9, -9, -1, 0, 1]))
    until = draw(st.sampled_from([None, None, None, since, -1, 0, 1]))
    return Assigned(
        draw(st.sampled_from(users)),
        draw(st.sampled_from(roles)),
        draw(st.sampled_from(units)),
        _day(since),
        None if until is None else _day(max(since, until)),
    )


@st.composite
def _lent(draw: st.DrawFn, users: list[str], units: list[str], records: dict[str, Kept]) -> Lent:
    name = draw(st.sampled_from(list(records)))
    giver = draw(st.sampled_from([records[name].owner or users[0], *users]))
    until = draw(st.sampled_from([None, None, 0, 1, -1]))
    receiver = draw(st.sampled_from([*users, *users, *units]))
    return Lent(name, giver, receiver, None if until is None else _day(until))


@st.composite
def _stand_in(draw: st.DrawFn, users: list[str]) -> StandIn:
    giver, receiver = draw(st.permutations(users))[:2]
    since, until = sorted(draw(st.sampled_from([-9, -1, 0, 1])) for _ in range(2))
    return StandIn(giver, receiver, _day(since), _day(until))


def _moves(units: dict[str, str | None]) -> list[tuple[str, str | None]]:
    """Every way to hang a unit elsewhere that makes no circle."""
    found: list[tuple[str, str | None]] = []
    for unit, target in itertools.product(units, [*units, None]):
        above: str | None = target
        while above is not None and above != unit:
            above = units[above]
        if above is None and target != units[unit]:
            found.append((unit, target))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """An enterprise of at most 8 units, 5 people, 4 roles and 12 records."""
    units = draw(_units())
    users = {name: draw(st.sampled_from(list(units))) for name in _names("p", draw(st.integers(2, 5)))}
    grant = st.tuples(st.sampled_from(ENTITIES), st.sampled_from(REACHES))
    roles = {name: tuple(draw(st.lists(grant, min_size=1, max_size=3))) for name in _names("r", 4)}
    held = draw(st.lists(_assigned(list(users), list(roles), list(units)), min_size=1, max_size=8))
    # Most records have an owner; those without are for people who see everything.
    owner = st.sampled_from([*users, *users, *users, None])
    archived = st.sampled_from([False, False, False, True])
    name = st.sampled_from(["same", "same", "other"])
    customers = {
        key: Kept("Customer", draw(owner), draw(archived), draw(name))
        for key in _names("c", draw(st.integers(2, 6)))
    }
    amount = st.one_of(st.none(), st.integers(0, 10**9))
    opportunities = {
        key: Kept(
            *("Opportunity", draw(owner), draw(archived), draw(name)),
            customer=draw(st.sampled_from(list(customers))),
            fen=draw(amount),
            close=_day(draw(st.integers(1, 2))),
        )
        for key in _names("o", draw(st.integers(2, 6)))
    }
    moves = _moves(units)
    return World(
        *(units, users, roles, tuple(held), customers, opportunities),
        moved=draw(st.sampled_from(moves)) if moves else None,
        transferred=(draw(st.sampled_from(list(users))), draw(st.sampled_from(list(units)))),
        redirected=(draw(st.sampled_from(list(opportunities))), draw(st.sampled_from(list(customers)))),
        size=draw(st.integers(1, 4)),
        falling=draw(st.booleans()),
        shares=tuple(draw(st.lists(_lent(list(users), list(units), customers | opportunities), max_size=3))),
        delegations=tuple(
            draw(
                st.lists(_stand_in(list(users)), max_size=2, unique_by=lambda one: (one.giver, one.receiver))
            )
        ),
    )


@attrs.define
class Settled:
    """A world as it stands in a database: what each name became, and what was compared there."""

    crm: CRM
    world: World
    units: dict[str, Any] = attrs.field(factory=dict)
    users: dict[str, Any] = attrs.field(factory=dict)
    records: dict[str, Any] = attrs.field(factory=dict)
    compared: list[str] = attrs.field(factory=list)

    def ids(self, entity: str) -> dict[str, UUID]:
        """The ids of the records of one class, by their names."""
        return {
            name: self.records[name].id for name, kept in self.world.records.items() if kept.entity == entity
        }


def rich_world() -> World:
    """A small enterprise in which every rule decides something, to look for planted faults in."""
    every = {reach: (("*", reach),) for reach in ("none", "own", "unit", "subtree")}
    roles = every | {"sales": (("Opportunity", "own"),), "desk": (("Customer", "unit"),)}
    rows = (
        *(("top", "subtree", "hq", -9, None), ("east", "subtree", "east", -9, 0)),
        *(("rep", "own", "east", -9, None), ("mate", "sales", "east", -9, None)),
        *(("west", "unit", "hq", -9, None), ("gone", "subtree", "hq", -9, -1)),
        *(("new", "subtree", "hq", 1, None), ("desk", "desk", "east2", 0, None)),
    )
    assignments = tuple(
        Assigned(user, role, unit, _day(since), None if until is None else _day(until))
        for user, role, unit, since, until in rows
    )
    homes = {"top": "hq", "east": "east", "rep": "east2", "mate": "east2", "west": "west"}
    customers = {
        f"c {owner}": Kept("Customer", owner, archived, "same")
        for owner, archived in (
            ("rep", False),
            ("mate", False),
            ("west", False),
            ("top", False),
            ("east", True),
        )
    }
    opportunities = {
        f"o {owner} at {at}": Kept(
            "Opportunity", owner, False, "same", customer=f"c {at}", fen=100, close=_day(1)
        )
        for owner, at in (("rep", "mate"), ("mate", "rep"), ("west", "rep"), ("rep", "west"), ("top", "top"))
    }
    return World(
        {"hq": None, "east": "hq", "east2": "east", "west": "hq"},
        homes | dict.fromkeys(("gone", "new", "desk"), "hq"),
        *(roles, assignments, customers, opportunities),
        moved=("east2", "west"),
        transferred=("rep", "west"),
        redirected=("o west at rep", "c mate"),
        size=2,
        falling=False,
        shares=(
            *(Lent("c rep", "rep", "west", _day(0)), Lent("c mate", "mate", "west", _day(-1))),
            *(Lent("o west at rep", "west", "gone", None), Lent("c west", "mate", "desk", None)),
            Lent("o rep at west", "rep", "hq", None),
        ),
        delegations=(
            *(StandIn("east", "gone", _day(-1), _day(0)), StandIn("gone", "west", _day(-1), _day(1))),
            StandIn("top", "desk", _day(-9), _day(-1)),
        ),
    )


_tags = itertools.count(1)


def settle(crm: CRM, world: World, compared: list[str] | None = None) -> Settled:
    """Enter a world under names of its own, so that many stand in one database."""
    tag = f"w{next(_tags)}"
    made = Settled(crm, world, compared=[] if compared is None else compared)
    with crm.session(crm.system("test world")) as session:
        for name, parent in world.units.items():
            unit = OrgUnit(name=name, code=f"{tag}{name}", parent=made.units.get(parent or ""))
            made.units[name] = session.add(unit)
        for name, home in world.users.items():
            made.users[name] = session.add(User(login=f"{tag}{name}", name=name, home_unit=made.units[home]))
        roles = _roles(session, tag, world)
        session.add_all(
            RoleAssignment(
                user=made.users[one.user], role=roles[one.role], unit=made.units[one.unit],
                since=one.since, until=one.until,
            )
            for one in world.assignments
        )  # fmt: skip
        source = session.add(Source(name=tag))
        for name, kept in world.records.items():
            owner = made.users[kept.owner] if kept.owner else None
            made.records[name] = session.add(_record(session, made, kept, source), owner=owner)
        for name, kept in world.records.items():
            if kept.archived:
                session.archive(made.records[name])
        _lend(session, made)
    return made


def _lend(session: Any, made: Settled) -> None:
    for one in made.world.shares:
        receiver: dict[str, Any] = (
            {"user": made.users[one.receiver]}
            if one.receiver in made.users
            else {"unit": made.units[one.receiver]}
        )
        record = made.records[one.record]
        share = Share(entity=type(record).__name__, record=record.id, **receiver)
        made_of = session.add(share, owner=made.users[one.giver])
        if one.until is not None:
            derived_write(session.transaction, Share, made_of.id, until=one.until)
    for given in made.world.delegations:
        terms = {"since": given.since, "until": given.until, "reason": "absent"}
        session.add(
            Delegation(receiver=made.users[given.receiver], actions=("read",), **terms),
            owner=made.users[given.giver],
        )


def _roles(session: Any, tag: str, world: World) -> dict[str, Any]:
    return {
        name: session.add(
            Role(
                name=f"{tag}{name}",
                grants=[
                    Grant(entity=entity, action=Action.READ, reach=Reach(reach)) for entity, reach in grants
                ],
            )
        )
        for name, grants in world.roles.items()
    }


def _record(session: Any, made: Settled, kept: Kept, source: Any) -> Any:
    if kept.customer is None:
        party = session.add(Party(kind=PartyKind.ORGANIZATION, name=kept.name, contact_points=_PHONE))
        return Customer(party=party, source=source)
    amount = None if kept.fen is None else Money.minor(kept.fen, "CNY")
    return Opportunity(
        customer=made.records[kept.customer], name=kept.name, amount=amount, expected_close=kept.close
    )
