"""Entering a planned enterprise into a CRM, so that what both worlds hold has one id in both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
from scope.worlds import Assigned, Kept, Lent, StandIn, World

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    Contact,
    ContactPoint,
    ContactPointKind,
    Customer,
    Delegation,
    Department,
    FieldReading,
    FieldRule,
    Grant,
    Money,
    Note,
    Opportunity,
    Organization,
    OrgUnit,
    Party,
    PartyKind,
    Role,
    RoleAssignment,
    Share,
    Source,
    Task,
    User,
)
from pycrm.entities.org import Action, Reach
from pycrm.exchange import book
from pycrm.scope.children import derived_write
from pycrm.testing.told import reseed

from .adding import TWIN
from .pick import Book
from .twins import RULES, Details, Twins

SOURCES = ("exhibition", "referral")


@attrs.define
class Entered:
    """What each name of the plan became in one world."""

    crm: CRM
    made: dict[str, Any] = attrs.field(factory=dict)

    def add(self, session: Any, name: str, record: Any, owner: Any = None) -> Any:
        """Add a record under a name that alone decides its id."""
        reseed(self.crm, name)
        self.made[name] = session.add(record, owner=owner)
        return self.made[name]


def enter(crm: CRM, plan: Twins, side: int) -> Entered:
    """Enter one of the two worlds."""
    into, world = Entered(crm), plan.worlds[side]
    with crm.session(crm.system("test world")) as session:
        _organisation(session, into, plan, world)
        for name in SOURCES:
            into.add(session, name, Source(name=name))
        # Customers first: an opportunity belongs to one.
        for name, kept in world.records.items():
            _record(session, into, name, kept, plan.details[side][name])
        for name, kept in world.records.items():
            if kept.archived:
                into.made[name] = session.archive(into.made[name])
        _lend(session, into, world)
        reseed(crm, "revision")
    return into


def _organisation(session: Any, into: Entered, plan: Twins, world: World) -> None:
    for name, parent in world.units.items():
        into.add(
            *(session, f"unit {name}"),
            OrgUnit(name=name, code=name, parent=into.made.get(f"unit {parent}")),
        )
    for name, home in world.users.items():
        into.add(session, f"user {name}", User(login=name, name=name, home_unit=into.made[f"unit {home}"]))
    for name, grants in world.roles.items():
        into.add(session, f"role {name}", _role(plan, name, grants))
    for at, one in enumerate(world.assignments):
        into.add(
            session,
            f"assignment {at}",
            RoleAssignment(
                user=into.made[f"user {one.user}"], role=into.made[f"role {one.role}"],
                unit=into.made[f"unit {one.unit}"], since=one.since, until=one.until,
            ),
        )  # fmt: skip


def _role(plan: Twins, name: str, grants: Any) -> Role:
    actions = [Action.READ, *map(Action, sorted(plan.powers[name]))]
    given = [
        Grant(entity=entity, action=action, reach=Reach(reach))
        for entity, reach in grants
        for action in actions
    ]
    given += [Grant(entity=entity, action=Action.READ, reach=Reach.ALL) for entity in ("OrgUnit", "User")]
    if "export" in plan.powers[name]:
        given.append(Grant(entity="sql", action=Action.READ, reach=Reach.ALL))
    rules = [
        FieldRule(
            entity=field.partition(".")[0],
            field_name=field.partition(".")[2],
            read=FieldReading(RULES[field]),
            write=RULES[field] == "masked" or field in plan.blind,
        )
        for field in plan.rules
    ]
    rules += [
        FieldRule(
            entity=twin.partition(".")[0],
            field_name=twin.partition(".")[2],
            read=FieldReading(RULES[field]),
            write=field in plan.blind,
        )
        for field, twin in TWIN.items()
        if field in plan.rules
    ]
    return Role(name=name, grants=given, rules=rules)


def _record(session: Any, into: Entered, name: str, kept: Kept, known: Details) -> None:
    owner = into.made[f"user {kept.owner}"] if kept.owner else None
    if kept.entity == "Opportunity":
        amount = None if kept.fen is None else Money.minor(kept.fen, "CNY")
        deal = Opportunity(
            customer=into.made[kept.customer or ""],
            name=known.title,
            amount=amount,
            expected_close=kept.close,
            next_step=known.word,
            need=known.need,
        )
        into.add(session, name, deal, owner)
        return
    points = [
        ContactPoint(kind=ContactPointKind.PHONE, value=f"0574 8712 {name}"),
        ContactPoint(kind=ContactPointKind.MOBILE, value=known.mobile),
    ]
    party = into.add(
        *(session, f"party of {name}"),
        Party(kind=PartyKind.ORGANIZATION, name=known.title, contact_points=points),
    )
    facet = Organization(of=party, tax_id=known.tax_id, industry=known.industry)
    into.add(session, f"facet of {name}", facet)
    needs = (known.word,) if known.word else ()
    customer = Customer(party=party, source=into.made[SOURCES[0]], channel=known.channel, needs=needs)
    made = into.add(session, name, customer, owner)
    fields = session.custom(Customer)
    into.add(session, f"fields of {name}", fields(of=made, nick=name, trade=known.industry))
    if known.key:
        book.enter(session.transaction, "Customer", [(f"old:{known.key}", made.id)])
    _hang(session, into, name, made, owner)


def _hang(session: Any, into: Entered, name: str, customer: Any, owner: Any) -> None:
    """A contact, an activity, a task and a note of each customer."""
    person = Party(kind=PartyKind.PERSON, name=f"Li of {name}")
    party = into.add(session, f"person at {name}", person)
    contact = Contact(person=party, customer=customer, department=Department.USER, is_primary=True)
    into.add(session, f"contact at {name}", contact)
    since = session.now - timedelta(hours=1)
    call = Activity(kind=ActivityKind.CALL, customer=customer, started_at=since, summary="Asked for a price")
    into.add(session, f"call at {name}", call, owner)
    into.add(session, f"task at {name}", Task(title="call", due_at=session.now, customer=customer), owner)
    into.add(session, f"note at {name}", Note(body="likes tea", customer=customer))


def _lend(session: Any, into: Entered, world: World) -> None:
    for at, one in enumerate(world.shares):
        kind = "user" if one.receiver in world.users else "unit"
        receiver = {kind: into.made[f"{kind} {one.receiver}"]}
        record = into.made[one.record]
        share = Share(entity=type(record).__name__, record=record.id, **receiver)
        # Named after what it is, since the worlds may hold different numbers of shares.
        name = f"share {one.record} {one.giver} {one.receiver} {one.until} {at if at < 3 else ''}"
        made = into.add(session, name, share, into.made[f"user {one.giver}"])
        if one.until is not None:
            derived_write(session.transaction, Share, made.id, until=one.until)
    for at, given in enumerate(world.delegations):
        terms = {"since": given.since, "until": given.until, "reason": "absent"}
        delegation = Delegation(receiver=into.made[f"user {given.receiver}"], actions=("read",), **terms)
        into.add(session, f"delegation {at}", delegation, into.made[f"user {given.giver}"])


def book_of(both: tuple[Entered, Entered], plan: Twins) -> Book:
    """What the viewer may have heard of: everything that stands in either world."""
    book = Book(sources=list(SOURCES), moments=[both[0].crm.clock.now()])
    one, other = both[0].made, both[1].made
    for name in sorted(one.keys() | other.keys()):
        book.learn(one.get(name) or other[name])
    book.users = [one[f"user {name}"] for name in plan.worlds[0].users]
    book.units = [one[f"unit {name}"] for name in plan.worlds[0].units]
    book.roles = [one[f"role {name}"] for name in plan.worlds[0].roles]
    return book


def standing(crm: CRM, roles: dict[str, Any]) -> World:
    """Who owns what, sits where and has which role now, with ids for names, as the reference reads it."""
    with crm.view(crm.system("test: as it stands")) as session:
        units = {str(one.id): _id(one.parent) for one in session.find(OrgUnit)}
        active = {one.id for one in session.find(User) if one.state.value == "active"}
        users = {str(one.id): str(one.home_unit.id) for one in session.find(User)}
        held = tuple(
            Assigned(str(one.user.id), str(one.role.id), str(one.unit.id), one.since, one.until)
            for one in session.find(RoleAssignment)
            if one.user.id in active
        )
        shares = tuple(
            Lent(str(one.record), str(one.owner.id), str((one.user or one.unit).id), one.until)
            for one in session.find(Share)
            if one.owner is not None
        )
        absences = tuple(
            StandIn(str(one.owner.id), str(one.receiver.id), one.since, one.until)
            for one in session.find(Delegation)
            if one.owner is not None
        )
        customers = {str(one.id): _kept(one) for one in session.find(Customer, archived=True)}
        deals = {str(one.id): _kept(one) for one in session.find(Opportunity, archived=True)}
    shares = tuple(one for one in shares if one.record in customers or one.record in deals)
    return World(
        *(units, users, roles, held, customers, deals),
        moved=None,
        transferred=("", ""),
        redirected=("", ""),
        size=1,
        falling=False,
        shares=shares,
        delegations=absences,
    )


def _id(ref: Any) -> str | None:
    return None if ref is None else str(ref.id)


def _kept(record: Any) -> Kept:
    customer = _id(record.customer) if isinstance(record, Opportunity) else None
    return Kept(type(record).__name__, _id(record.owner), False, str(record.id), customer)
