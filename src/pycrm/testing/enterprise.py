"""A small enterprise as plain data, and how it is entered: who works where, and whose which record is."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from pycrm.app import CRM
from pycrm.declare.policy import OWN_PAIR, ClaimPolicy, Private
from pycrm.entities import (
    Action,
    Contact,
    Customer,
    Grant,
    OrgUnit,
    Reach,
    Role,
    RoleAssignment,
    RoleLevel,
    Share,
    Source,
    User,
)
from pycrm.errors import RefusedError
from pycrm.testing.asking import questions
from pycrm.testing.databases import NOW
from pycrm.testing.organisation import Organisation
from pycrm.testing.standing import Standing
from pycrm.testing.told import Act, apart, reseed
from pycrm.testing.values import UnfitError
from pycrm.values import FixedClock

__all__ = ["Colleague", "Entered", "Lent", "Pair", "Planned", "World"]

_ACTIONS = (Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE, Action.COMMENT, Action.EXPORT)
# How people enter what is more than one record.
_MAKERS: dict[type[Any], Callable[..., Any]] = {Customer: Customer.organization, Contact: Contact.named}
_LEVELS = {Reach.SUBTREE: RoleLevel.LEADER, Reach.ALL: RoleLevel.TOP}
# After so many records of a class of which none was taken, its values are at fault and not chance.
_PATIENCE = 30


@attrs.frozen
class Colleague:
    """Somebody of a world: the unit, and how far the one role reaches there."""

    unit: str
    reach: str


@attrs.frozen
class Planned:
    """A record that is entered: its values, its owner, and to which others it links, by their names.

    A link stands under the name of its field; one of a row under its place, ``lines/0/product``.
    """

    name: str
    cls: type[Any]
    values: Mapping[str, Any]
    owner: str
    links: Mapping[str, str]


@attrs.frozen
class Lent:
    """A record that its owner shares with a person or a unit."""

    record: str
    receiver: str


@attrs.frozen
class Entered(Organisation):
    """A world as it stands in a CRM: its people sign in by `as_` and `view`, its records have their names.

    - `made`: each record of the plan that was taken, and each unit and person, by name.
    - `refused`: the error of each that was not: the rules of a plugin may know better.
    """

    made: dict[str, Any] = attrs.field(factory=dict)
    refused: dict[str, RefusedError] = attrs.field(factory=dict)
    _standing: list[Standing] = attrs.field(factory=list, repr=False)

    def seen_by(self, login: str, cls: type[Any]) -> set[Any]:
        """The ids of the records of a class that a person has to be shown, found out without the product.

        Plain Python goes over what stood in the CRM when all was entered: reaches, shares, teams, and what
        is seen through what.
        """
        return {id for name, id in self._standing[0].seen_by(login) if name == cls.__name__}


class Pair:
    """Two CRMs in memory, copies of one, which are brought back to their beginning for each world."""

    def __init__(self, plugins: tuple[Any, ...]) -> None:
        self.tried: Counter[type[Any]] = Counter()
        self.taken: Counter[type[Any]] = Counter()
        self.crms = (_crm(plugins), _crm(plugins))
        self.crms[0].migrate()
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        with self.crms[0].store.connect() as connection:
            connection.connection.driver_connection.backup(self._kept)  # type: ignore[union-attr]

    def begin(self) -> tuple[CRM, CRM]:
        """Both as they were at first."""
        for crm in self.crms:
            with crm.store.connect() as connection:
                self._kept.backup(connection.connection.driver_connection)  # type: ignore[arg-type]
            crm.actors.clear()
            crm.role_grants.clear()
            crm.clock.set(NOW)  # type: ignore[attr-defined]
        return self.crms

    def close(self) -> None:
        """Let go of both."""
        for one in (*self.crms, self._kept):
            one.close()


def _crm(plugins: tuple[Any, ...]) -> CRM:
    # What a writer is told of a hidden record on purpose is no leak, and would hide those that are.
    silent = {"*": ClaimPolicy.SILENT}
    return CRM("sqlite://", plugins=plugins, clock=FixedClock(NOW), random=random.Random(0), claims=silent)


@attrs.frozen
class World:
    """A small enterprise: units, people of one reach each, and records that are somebody's.

    - `units`: each with the one that it is part of; `people`: by login.
    - `records`: in the order in which they are entered; `shares`: which of them are lent.
    - `viewer`: the login of somebody who must not learn of what is out of reach.
    - `further`: records that the viewer may add.
    """

    units: Mapping[str, str | None]
    people: Mapping[str, Colleague]
    records: tuple[Planned, ...]
    shares: tuple[Lent, ...]
    viewer: str
    further: tuple[Planned, ...]
    classes: tuple[type[Any], ...] = attrs.field(repr=False)
    _pair: Callable[[], Pair] = attrs.field(repr=False)

    def entered(self) -> Entered:
        """The whole world in a CRM in memory, which stays as it is until the next world is entered."""
        pair = self._pair()
        found = self._enter(pair, pair.begin()[1], [one.name for one in self.records])
        every = dict.fromkeys((*self.classes, *(one.cls for one in self.records)))
        found._standing.append(Standing(found.crm, every, found.made.values()))
        return found

    def differences(self, asks: Mapping[str, Act] | None = None) -> list[str]:
        """Where the viewer learns something of what is out of reach; none where all is tight.

        The world is entered twice, the first time without what the viewer may not see. Both are asked the
        same, and each answer is compared whole, refusals with their words.

        Args:
            asks: by a name, what the viewer asks or does, in a session of its own, besides lists, counts,
                pages, searches, exports and adding a record of each class. What both worlds hold has one
                id in both.

        Returns:
            for each ask whose answers differ, its name and both answers.
        """
        pair, whole = self._pair(), self.entered()
        seen = whole._standing[0].seen_by(self.viewer)
        names = [one.name for one in self.records if one.name in whole.made]
        common = self._with_ends(name for name in names if _key(whole.made[name]) in seen)
        # Once more, so that what is hidden comes last and cannot be in the way of what is not.
        without, beside = pair.begin()
        self._enter(pair, without, [name for name in names if name in common])
        whole = self._enter(pair, beside, sorted(names, key=lambda name: name not in common))
        hidden = [whole.made[name] for name in names if name in whole.made and name not in common]
        return apart((without, beside), self.viewer, self._asks(whole, hidden) | dict(asks or {}))

    def _with_ends(self, names: Iterable[str]) -> set[str]:
        """These records and all that they link to."""
        found: set[str] = set()
        left, planned = list(names), {one.name: one for one in self.records}
        while left:
            name = left.pop()
            if name not in found and name in planned:
                found.add(name)
                left += planned[name].links.values()
        return found

    def _asks(self, whole: Entered, hidden: list[Any]) -> dict[str, Act]:
        asks: dict[str, Act] = {}
        for cls in self.classes:
            asks |= questions(cls, hidden)
        for one in self.further:
            if all(end in whole.made for end in one.links.values()):
                asks[f"add {one.cls.__name__}"] = _adding(draft_of(one, whole.made))
        return asks

    def _enter(self, pair: Pair, crm: CRM, names: list[str]) -> Entered:
        into = Entered(crm)
        reseed(crm, "enterprise")
        with crm.session(crm.system("test world")) as session:
            self._found(session, into.made)
        planned = {one.name: one for one in self.records}
        for name in names:
            reseed(crm, name)
            _put(into, planned[name])
        with crm.session(crm.system("test world")) as session:
            for one in self.shares:
                if one.record in into.made and one.record in names:
                    reseed(crm, f"{one.record} for {one.receiver}")
                    self._lend(session, into.made, one, planned[one.record].owner)
        self._learn(pair, into, [planned[name] for name in names])
        return into

    def _found(self, session: Any, made: dict[str, Any]) -> None:
        reaches = [Reach(one) for one in sorted({one.reach for one in self.people.values()})]
        roles = {reach.value: session.add(_role(reach)) for reach in reaches}
        for name, above in self.units.items():
            made[name] = session.add(OrgUnit(name=name, code=name, parent=made[above] if above else None))
        since = session.crm.calendar_day(session.now)
        for login, one in self.people.items():
            unit = made[one.unit]
            made[login] = session.add(User(login=login, name=login, home_unit=unit))
            session.add(RoleAssignment(user=made[login], role=roles[one.reach], unit=unit, since=since))
        session.add(Source(name="fair"))

    def _lend(self, session: Any, made: dict[str, Any], lent: Lent, owner: str) -> None:
        receiver = {"user" if lent.receiver in self.people else "unit": made[lent.receiver]}
        record = made[lent.record]
        session.add(Share(entity=type(record).__name__, record=record.id, **receiver), owner=made[owner])

    def _learn(self, pair: Pair, into: Entered, planned: list[Planned]) -> None:
        """Notice a class of which nothing is ever taken: its tests would find nothing, whatever is wrong."""
        for one in planned:
            pair.tried[one.cls] += 1
            pair.taken[one.cls] += one.name in into.made
            error = into.refused.get(one.name)
            if pair.tried[one.cls] >= _PATIENCE and not pair.taken[one.cls] and error is not None:
                raise UnfitError(
                    f"of {pair.tried[one.cls]} records of {one.cls.__name__} none was taken ({error}): "
                    "say in `values` what it takes"
                ) from error


def _role(reach: Reach) -> Role:
    grants = [Grant(entity="*", action=action, reach=reach) for action in _ACTIONS]
    grants += [Grant(entity=name, action=Action.READ, reach=Reach.ALL) for name in ("OrgUnit", "User")]
    return Role(name=f"reaches {reach.value}", level=_LEVELS.get(reach, RoleLevel.STAFF), grants=grants)


def draft_of(planned: Planned, made: Mapping[str, Any]) -> Any:
    """The record as it is added, with what it links to."""
    values = dict(planned.values)
    for place, name in planned.links.items():
        field, _, within = place.partition("/")
        ref = made[name].ref
        if not within:
            values[field] = ref
            continue
        at, _, inner = within.partition("/")
        rows = list(values[field])
        row = rows[int(at)]
        kept = {spec.name: getattr(row, spec.name) for spec in type(row).__specs__.values() if spec.init}
        rows[int(at)] = type(row)(**kept | {inner: ref})
        values[field] = tuple(rows)
    return _MAKERS.get(planned.cls, planned.cls)(**values)


def _put(into: Entered, planned: Planned) -> None:
    if any(name not in into.made for name in planned.links.values()):
        return
    policy = getattr(planned.cls, "__scope__", None)
    owner = into.made[planned.owner] if OWN_PAIR in getattr(policy, "pairs", ()) else None
    try:
        draft = draft_of(planned, into.made)
        if isinstance(policy, Private):
            with into.as_(planned.owner) as session:
                into.made[planned.name] = session.add(draft)
        else:
            with into.system() as session:
                into.made[planned.name] = session.add(draft, owner=owner)
    except RefusedError as error:
        # A hook that breaks is no refusal, and is left to be seen.
        into.refused[planned.name] = error


def _adding(draft: Any) -> Act:
    return lambda session: session.add(draft)


def _key(record: Any) -> tuple[str, Any]:
    return type(record).__name__, record.id
