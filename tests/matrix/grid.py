"""One enterprise that holds a record of every kind in every relation to every person who asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    Amendment,
    AmendmentMode,
    AmendmentPolicy,
    ApprovalFlow,
    ApprovalStep,
    Approver,
    Commitment,
    Contact,
    ContactPoint,
    ContactPointKind,
    Customer,
    CustomField,
    CustomKind,
    Delegation,
    Department,
    GradeOverride,
    Grant,
    Holiday,
    Lead,
    LeadContactPoint,
    LegalHold,
    LossReason,
    Money,
    Note,
    Opportunity,
    Organization,
    OrgUnit,
    Party,
    PartyKind,
    Person,
    Product,
    ProductCategory,
    Ref,
    Region,
    RetentionPeriod,
    Role,
    RoleAssignment,
    Share,
    ShareMode,
    Source,
    Target,
    Task,
    User,
)
from pycrm.declare.policy import Administered, Reference
from pycrm.declare.row import layout
from pycrm.entities.opportunity import OpportunityLine
from pycrm.entities.org import Action, Reach
from pycrm.scope.children import derived_write
from pycrm.scoring.model import ScoreModel
from pycrm.scoring.shelf import keep_model

# role, the reach of its grants, the unit at which it is held
ROLES = (
    ("staff", Reach.OWN, "East"),
    ("leader", Reach.SUBTREE, "East"),
    ("top", Reach.ALL, "HQ"),
    ("none", Reach.NONE, "East"),
)
ACTIONS = ("read", "create", "update", "delete", "assign", "export", "reveal")
UNITS = (("HQ", None), ("East", "HQ"), ("East-2", "East"), ("West", "HQ"))
# Whose record it is, and where that person sits, as seen from somebody in East. "own" is each asker's.
OWNERS = {
    "peer": "East",
    "below": "East-2",
    "beside": "West",
    "above": "HQ",
    "shared": "West",
    "lent": "West",
    "delegated": "West",
}
RELATIONS = ("own", *OWNERS, "nobody", "missing")
PLACES = ("there", "missing")
_DAY = date(2026, 1, 1)


@attrs.frozen
class Asker:
    """Somebody who tries every operation: with all grants of the role's reach, or reading alone."""

    role: str
    is_granted: bool

    @property
    def login(self) -> str:
        """The name to sign in with."""
        return f"{self.role} {'granted' if self.is_granted else 'bare'}"


ASKERS = tuple(Asker(role, granted) for role, _, _ in ROLES for granted in (True, False))


@attrs.define
class Grid:
    """The enterprise as it stands: people, units, and each record by class, relation and asker."""

    crm: CRM
    units: dict[str, Any] = attrs.field(factory=dict)
    people: dict[str, Any] = attrs.field(factory=dict)
    common: dict[str, Any] = attrs.field(factory=dict)
    # by owner: a relation, or "own <login>"
    sets: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    # A revision, to name others by.
    revision: Any = None

    def record(self, asker: Asker, entity: str, relation: str) -> Any:
        """The record as it lies in the database, with its rows; of none, one with an id of nobody."""
        if relation == "missing":
            found = self.record(asker, entity, "there" if entity in self.sets["there"] else "above")
            host = type(found).__facet_of__
            key = {"id": NOBODY} if host is None else {"of": Ref(host, NOBODY)}
            return layout(type(found)).copy(found, key)
        return self.sets[f"own {asker.login}" if relation == "own" else relation][entity]

    def relations(self, entity: str) -> tuple[str, ...]:
        """The relations in which there is a record of that kind."""
        if entity in self.sets["there"]:
            return PLACES
        return tuple(
            one
            for one in RELATIONS
            if one == "missing" or entity in self.sets.get(one, self.sets[f"own {ASKERS[0].login}"])
        )


# Nothing is measured here; it is the model whose grades people set.
GRADED = ScoreModel("graded", 1, "Graded", {"T": 1}, "T01:1")
NOBODY = UUID("01900000-0000-7000-8000-00000000dead")


def _role(crm: CRM, asker: Asker, reach: Reach) -> Role:
    actions = ACTIONS if asker.is_granted else ("read",)
    given = [Grant(entity="*", action=Action(action), reach=reach) for action in actions]
    if asker.is_granted:
        named = [cls for cls in crm.records() if isinstance(cls.__scope__, Reference | Administered)]
        # Whoever keeps the roles may ask about anybody's access: that is for the top alone here.
        named = [cls for cls in named if cls is not RoleAssignment or asker.role == "top"]
        given += [
            Grant(entity=cls.__name__, action=Action(action), reach=reach)
            for cls in named
            for action in actions
        ]
        functions = ("sql", "duplicates", "pipelines", "scores")
        given += [Grant(entity=name, action=Action.READ, reach=reach) for name in functions]
        if asker.role == "top":
            given += [Grant(entity=one, action=Action.UPDATE, reach=reach) for one in ("pipelines", "scores")]
    return Role(name=asker.login, grants=given)


def build(crm: CRM) -> Grid:
    """Enter the enterprise."""
    grid = Grid(crm)
    with crm.session(crm.system("test matrix")) as session:
        _organisation(session, grid)
        _catalogue(session, grid)
        owners = dict(OWNERS) | {"nobody": None} | {f"own {one.login}": "East" for one in ASKERS}
        for at, (name, unit) in enumerate(owners.items()):
            owner = grid.people.get(name.removeprefix("own ")) if unit else None
            grid.sets[name] = {}
            for entity, make in MAKERS.items():
                made = make(session, grid, name, at)
                if made is not None:
                    grid.sets[name][entity] = session.add(made, owner=owner)
    _handovers(crm, grid)
    _grades(crm, grid)
    _amendments(crm, grid)
    _lend(crm, grid)
    with crm.view(crm.system("test matrix", grants=("*", "Person.id_no"))) as session:
        grid.revision = session.history(grid.common["Source"])[0]
        for held in grid.sets.values():
            for entity, record in held.items():
                held[entity] = session.children(session.get(crm.record(entity), record.id))
    return grid


def _organisation(session: Any, grid: Grid) -> None:
    for name, parent in UNITS:
        unit = OrgUnit(name=name, code=name.lower(), parent=grid.units.get(parent or ""))
        grid.units[name] = session.add(unit)
    homes = OWNERS | {f"{one.role} {word}": "East" for one in ASKERS for word in ("granted", "bare")}
    homes |= {"clerk": "HQ", "spare": "HQ"}
    for name, unit in homes.items():
        grid.people[name] = session.add(User(login=name, name=name, home_unit=grid.units[unit]))
    keeper = [
        Grant(entity="*", action=Action(action), reach=Reach.OWN) for action in ("read", "update", "assign")
    ]
    roles = {"keeper": session.add(Role(name="keeper", grants=keeper))}
    held = [(name, "keeper", unit) for name, unit in OWNERS.items()]
    for role, reach, unit in ROLES:
        for asker in (one for one in ASKERS if one.role == role):
            if asker.is_granted or reach is not Reach.NONE:
                roles[asker.login] = session.add(_role(grid.crm, asker, reach))
                held.append((asker.login, asker.login, unit))
    for name, role, unit in held:
        given = RoleAssignment(user=grid.people[name], role=roles[role], unit=grid.units[unit], since=_DAY)
        session.add(given)
    spare = session.add(Role(name="spare"))
    spared = RoleAssignment(user=grid.people["spare"], role=spare, unit=grid.units["West"], since=_DAY)
    grid.common |= {"Role": spare, "RoleAssignment": session.add(spared)}


def _catalogue(session: Any, grid: Grid) -> None:
    source = session.add(Source(name="exhibition"))
    category = session.add(ProductCategory(name="Pumps"))
    grid.common |= {
        "Source": source,
        "LossReason": session.add(LossReason(code="price")),
        "ProductCategory": category,
        "Region": session.add(Region(name="Ningbo")),
        "Product": session.add(Product(code="P1", name="Pump", category=category, unit="piece")),
        "OrgUnit": session.add(OrgUnit(name="Spare", code="spare", parent=grid.units["HQ"])),
        "User": grid.people["spare"],
        "ApprovalFlow": session.add(
            ApprovalFlow(name="spare", steps=[ApprovalStep(approver=Approver.UNIT_LEADER)])
        ),
        "AmendmentPolicy": session.add(
            AmendmentPolicy(entity="OrgUnit", path="code", mode=AmendmentMode.FREE)
        ),
        "Holiday": session.add(Holiday(on=date(2026, 12, 25))),
        "CustomField": session.add(
            CustomField(entity="Customer", name="nick", label="Nickname", kind=CustomKind.TEXT)
        ),
        "LegalHold": session.add(LegalHold(party=_nobody(session, "Held"), reason="a suit is pending")),
        "RetentionPeriod": session.add(RetentionPeriod(entity="Lead", months=24, reason="minimisation")),
        "Erasure": session.erase(_nobody(session, "Gone"), because="asked for it in writing"),
    }
    grid.sets["there"] = dict(grid.common)


def _nobody(session: Any, name: str) -> Any:
    """A person whom no record uses."""
    return session.add(Party(kind=PartyKind.PERSON, name=name))


def _handovers(crm: CRM, grid: Grid) -> None:
    """A handover of each owner, who received all that a colleague of the same unit had owned."""
    with crm.session(crm.system("test matrix")) as session:
        for name, held in list(grid.sets.items()):
            owner = grid.people.get(name.removeprefix("own "))
            if owner is None:
                continue
            leaver = session.add(User(login=f"left {name}", name="Left", home_unit=owner.home_unit))
            session.add(_lead(session, grid, "left", 0), owner=leaver)
            held["Handover"] = session.hand_over(leaver, owner, because="left the company")


def _grades(crm: CRM, grid: Grid) -> None:
    """A grade of each customer that somebody set."""
    until = crm.calendar_day(crm.clock.now()) + timedelta(days=9)
    with crm.session(crm.system("test matrix")) as session:
        keep_model(session.transaction, GRADED, None)
        for held in grid.sets.values():
            if "Customer" in held:
                values = {"grade": "A", "until": until, "reason": "as agreed"}
                session.amend(held["Customer"], because="as they told me", **values)
                held["GradeOverride"] = session.facet(held["Customer"], GradeOverride)


def _amendments(crm: CRM, grid: Grid) -> None:
    """An amendment of each customer, which waits for its day."""
    day = crm.calendar_day(crm.clock.now()) + timedelta(days=9)
    with crm.session(crm.system("test matrix")) as session:
        for held in grid.sets.values():
            if "Customer" in held:
                made = session.amend(
                    held["Customer"], strategic=True, effective_on=day, because="as they told me"
                )
                derived_write(session.transaction, Amendment, made.id, batch=crm.identifiers.new())
                held["Amendment"] = session.get(made.ref)


def _lend(crm: CRM, grid: Grid) -> None:
    today = crm.calendar_day(crm.clock.now())
    with crm.session(crm.system("test matrix")) as session:
        for asker in ASKERS:
            for name, mode in (("shared", ShareMode.READ), ("lent", ShareMode.WORK)):
                for entity in ("Customer", "Lead"):
                    record, user = grid.sets[name][entity], grid.people[asker.login]
                    share = Share(entity=entity, record=record.id, user=user, mode=mode)
                    session.add(share, owner=grid.people[name])
            absence = Delegation(
                receiver=grid.people[asker.login], actions=("read", "update"), since=today,
                until=today + timedelta(days=9), reason="absent",
            )  # fmt: skip
            session.add(absence, owner=grid.people["delegated"])


# --- a record of each kind ----------------------------------------------------------------------------


def _phone(at: int) -> list[ContactPoint]:
    return [ContactPoint(kind=ContactPointKind.PHONE, value=f"0574 8712 {at:04}")]


def _party(session: Any, grid: Grid, name: str, at: int) -> Any:
    mobile = ContactPoint(kind=ContactPointKind.MOBILE, value=f"1380571{at:04}")
    return Party(kind=PartyKind.ORGANIZATION, name=f"Works of {name}", contact_points=[*_phone(at), mobile])


def _organization(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Organization(of=grid.sets[name]["Party"], industry="pumps", tax_id=f"TAX-{name}-{at}")


def _customer(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Customer(party=grid.sets[name]["Party"], source=grid.common["Source"], channel="fair")


def _contact(session: Any, grid: Grid, name: str, at: int) -> Any:
    person = session.add(Party(kind=PartyKind.PERSON, name=f"Li of {name}", contact_points=_phone(at)))
    return Contact(person=person, customer=grid.sets[name]["Customer"], department=Department.USER)


def _person(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Person(of=grid.sets[name]["Contact"].person, occupation="buyer", id_no=f"33020019900101{at:04}")


def _lead(session: Any, grid: Grid, name: str, at: int) -> Any:
    points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value="13700000001")]
    return Lead(name=f"Lead of {name}", source=grid.common["Source"], contact_points=points)


def _opportunity(session: Any, grid: Grid, name: str, at: int) -> Any:
    line = OpportunityLine(product=grid.common["Product"], qty=Decimal(1), unit_price=Money("100", "CNY"))
    customer, close = grid.sets[name]["Customer"], date(2026, 12, 1)
    return Opportunity(customer=customer, name=f"Deal of {name}", expected_close=close, lines=[line])


def _activity(session: Any, grid: Grid, name: str, at: int) -> Any:
    since = session.now - timedelta(hours=1)
    customer = grid.sets[name]["Customer"]
    return Activity(kind=ActivityKind.CALL, customer=customer, started_at=since, summary="Asked for a price")


def _commitment(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Commitment(customer=grid.sets[name]["Customer"], text="call", due_on=date(2026, 12, 1))


def _task(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Task(title="call", due_at=session.now, customer=grid.sets[name]["Customer"])


def _note(session: Any, grid: Grid, name: str, at: int) -> Any:
    return Note(body="likes tea", customer=grid.sets[name]["Customer"])


def _share(session: Any, grid: Grid, name: str, at: int) -> Any:
    if name in ("shared", "lent"):
        return None
    held = grid.sets[name]["Customer"]
    return Share(entity="Customer", record=held.id, user=grid.people["clerk"])


def _delegation(session: Any, grid: Grid, name: str, at: int) -> Any:
    if name in ("shared", "lent", "nobody"):
        return None
    return Delegation(
        receiver=grid.people["clerk"], actions=("read",), since=_DAY, until=_DAY, reason="absent"
    )


def _target(session: Any, grid: Grid, name: str, at: int) -> Any:
    if name in ("shared", "lent"):
        return None
    return Target(since=_DAY, until=date(2026, 12, 31), amount=Money("1000", "CNY"))


Maker = Callable[[Any, Grid, str, int], Any]
# In the order of entering: what hangs on something comes after it.
MAKERS: dict[str, Maker] = {
    "Party": _party,
    "Organization": _organization,
    "Customer": _customer,
    "Contact": _contact,
    "Person": _person,
    "Lead": _lead,
    "Opportunity": _opportunity,
    "Activity": _activity,
    "Commitment": _commitment,
    "Task": _task,
    "Note": _note,
    "Share": _share,
    "Delegation": _delegation,
    "Target": _target,
}
