"""What people may do in a random enterprise, from which rights are taken one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import attrs

from pycrm import (
    CRM,
    Customer,
    Delegation,
    FieldReading,
    FieldRule,
    Grant,
    Role,
    RoleAssignment,
    Share,
    ShareMode,
)
from pycrm.entities.org import Action, Reach
from pycrm.scope import FieldAccess
from pycrm.scope.actor import Bounds, bounds
from pycrm.scope.children import derived_write
from pycrm.scope.gateway import Query

from .worlds import CLASSES, Settled, World, settle

ACTIONS = ("read", "update", "delete", "assign", "export")
RULED = ("Customer.channel", "Opportunity.next_step", "Opportunity.amount")
Powers = frozenset[tuple[str, ...]]


@attrs.define
class Enterprise:
    """A settled world whose roles hold further actions and field rules, drawn from a number."""

    settled: Settled
    roles: list[Any] = attrs.field(factory=list)
    shares: list[Any] = attrs.field(factory=list)
    delegations: list[Any] = attrs.field(factory=list)
    assignments: list[Any] = attrs.field(factory=list)

    @property
    def crm(self) -> CRM:
        """Where it stands."""
        return self.settled.crm


def enterprise(crm: CRM, world: World, chance: int) -> Enterprise:
    """Enter a world; rules on fields come where nothing is lent, see `powers`."""
    made, draw = settle(crm, world), random.Random(chance)
    names = list(made.users.values())
    with crm.session(crm.system("test monotony")) as session:
        held = session.find(RoleAssignment, RoleAssignment.user.in_([one.id for one in names]))
        ids = {one.role.id for one in held}
        roles = [_drawn(session, draw, session.children(session.get(Role, id)), world) for id in sorted(ids)]
        records = [one.id for one in made.records.values()]
        shares = session.find(Share, Share.record.in_(records))
        for one in shares:
            derived_write(session.transaction, Share, one.id, mode=draw.choice(list(ShareMode)))
        delegations = session.find(Delegation, Delegation.receiver.in_([one.id for one in names]))
        users = {one.id for one in names}
        delegations = [one for one in delegations if one.owner and one.owner.id in users]
    return Enterprise(made, roles, shares, delegations, held)


def _drawn(session: Any, draw: random.Random, role: Any, world: World) -> Any:
    grants = list(role.grants)
    for entity in ("*", "Customer", "Opportunity"):
        for action in ACTIONS[1:]:
            if draw.random() < 0.3:
                reach = draw.choice(list(Reach))
                grants.append(Grant(entity=entity, action=Action(action), reach=reach))
    rules = []
    if not world.shares and not world.delegations:
        for name in draw.sample(RULED, draw.randrange(3)):
            entity, _, field = name.partition(".")
            rules.append(FieldRule(entity=entity, field_name=field, read=FieldReading.HIDDEN))
    return session.change(role, grants=grants, rules=rules)


def powers(made: Enterprise) -> dict[str, Powers]:
    """Of each person: every row by every action, every field that is read of a row, and what may be added."""
    return {name: _powers(made, user) for name, user in made.settled.users.items()}


def _powers(made: Enterprise, user: Any) -> Powers:
    found: set[tuple[str, ...]] = set()
    with made.crm.view(user) as session:
        for entity, cls in CLASSES.items():
            names = {id: name for name, id in made.settled.ids(entity).items()}
            here = cls.id.in_(list(names))
            shown = [name for name, one in session.fields(cls).items() if _is_read(one)]
            for action in ACTIONS:
                query = Query(session.transaction, cls, (here,), True, action)
                for record in query.records():
                    found.add(("row", action, names[record.id]))
                    if action == "read":
                        found |= {("field", names[record.id], field) for field in shown}
    return frozenset(found)


def _is_read(access: FieldAccess) -> bool:
    return access.read is not FieldReading.HIDDEN


def removals(made: Enterprise, chance: int) -> Iterator[str]:
    """Take one right after the other, in random order, until there is none; each is said in words."""
    rights: list[tuple[str, Any]] = [
        *(("share", one) for one in made.shares),
        *(("delegation", one) for one in made.delegations),
        *(("assignment", one) for one in made.assignments),
        *(("grant", role.id) for role in made.roles for _ in role.grants),
    ]
    draw = random.Random(chance)
    draw.shuffle(rights)
    for kind, what in rights[:MOST]:
        with made.crm.session(made.crm.system("test monotony")) as session:
            if kind != "grant":
                session.archive(what)
                words = f"a {kind} is ended"
            else:
                role = session.children(session.get(Role, what))
                gone = draw.choice(role.grants)
                session.change(role, grants=[one for one in role.grants if one is not gone])
                words = f"a grant is taken: {gone.entity} {gone.action.value} {gone.reach.value}"
        yield words


# So many rights are taken of one enterprise, to see many enterprises instead.
MOST = 12


def gains(made: Enterprise, chance: int) -> Iterator[tuple[str, Powers]]:
    """For each person and each right that is taken: what somebody gained by it, which is to be nothing."""
    before, reached = powers(made), reaches(made)
    for words in removals(made, chance):
        after, reach = powers(made), reaches(made)
        for name, now in after.items():
            gained = now - before[name]
            if reach[name] != reached[name]:
                gained = frozenset(one for one in gained if one[-1] not in KEPT)
            yield f"{words}: {name}", gained
        before, reached = after, reach


# What a customer keeps of others is read by whoever reads all those of every customer in reach: a question
# of two reaches, which a narrower reach on customers alone may answer better. It tells nothing new: all that
# it is made of was in sight before. So it is compared where the reach on customers stays as it was.
KEPT = frozenset(Customer.keeps_latest)


def reaches(made: Enterprise) -> dict[str, tuple[Bounds, ...]]:
    """Of each person: how far customers are read, by grants of the person and of everyone who lends records."""
    found = {}
    for name, user in made.settled.users.items():
        with made.crm.view(user) as session:
            reader = session.transaction.actor
            people = (reader, *(attrs.evolve(reader, held=held) for held in reader.lenders))
            found[name] = tuple(bounds(one, Customer, Action.READ) for one in people)
    return found


def moved_apart(made: Enterprise) -> Iterator[tuple[str, Powers]]:
    """For each person: in what a moved unit differs from an enterprise entered with the tree as it is then."""
    settled = made.settled
    if settled.world.moved is None:
        return
    unit, parent = settled.world.moved
    if settled.world.units[unit] == parent:
        return
    with made.crm.session(made.crm.system("reorganisation")) as session:
        stored = session.get(settled.units[unit].ref)
        session.amend(stored, parent=settled.units[parent] if parent else None, because="reorganised")
    tree = settled.world.units | {unit: parent}
    anew = attrs.evolve(settled.world, units=_parents_first(tree))
    other = Enterprise(settle(made.crm, anew))
    mine, theirs = powers(made), powers(other)
    for name, held in mine.items():
        reads = {one for one in held if one[:2] == ("row", "read")}
        yield (
            f"{unit} under {parent}: {name}",
            frozenset(reads ^ {o for o in theirs[name] if o[:2] == ("row", "read")}),
        )


def _parents_first(tree: dict[str, str | None]) -> dict[str, str | None]:
    placed: dict[str, str | None] = {}
    while len(placed) < len(tree):
        placed |= {
            name: parent
            for name, parent in tree.items()
            if name not in placed and (parent is None or parent in placed)
        }
    return placed
