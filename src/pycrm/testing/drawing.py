"""A Hypothesis strategy of small enterprises with records of declared classes, each of somebody."""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import attrs
from hypothesis import strategies as st

from pycrm.app.core import Core
from pycrm.declare.field import Spec
from pycrm.declare.policy import Administered, Owned, Reference, Through, UsedBy
from pycrm.declare.record import child_class
from pycrm.entities import Contact, Customer, Department, OrgUnit, Party, PartyKind, User
from pycrm.plugin import Registry, load
from pycrm.testing.databases import NOW
from pycrm.testing.enterprise import Colleague, Lent, Pair, Planned, World
from pycrm.testing.strategy import records
from pycrm.testing.values import value_of

__all__ = ["worlds"]

# What people are called by: some alike, so that words meet.
_NAMES = ("Ningbo Pump 宁波泵业", "Ningbo Valve 宁波阀门", "Hidden Works 隐山机械", "Li Wei 李伟")
_MOMENT = datetime.fromisoformat(NOW)
_REACHES = ("own", "own", "unit", "subtree", "all")


def worlds(
    plugin: Any,
    *,
    beside: tuple[Any, ...] = (),
    classes: Iterable[type[Any]] | None = None,
    values: Mapping[type[Any], Mapping[str, Any]] | None = None,
    most: int = 3,
) -> st.SearchStrategy[World]:
    """A strategy for small enterprises in which records of a plugin are somebody's.

    Each has two to four units in a tree, two to five people whose roles reach their own records, a unit, a
    unit and all below it, or everything, records with values as of `records` that belong to one of them, what
    these link to, and shares. `World.differences` says what somebody learns of what is out of reach.

    Args:
        plugin: its class, an instance, or the name that it is installed by.
        beside: the plugins that it requires, likewise.
        classes: the records and facets that there are; those of the plugin, where nothing is said.
        values: what declarations cannot tell, for each class, as of the contract; strategies too.
        most: how many records of each class at most.

    Raises:
        UnfitError: in the test, where all records of a class are refused; `values` help.
    """
    home = _Home((*beside, plugin), classes, dict(values or {}))
    return st.composite(lambda draw: _Drawing(draw, home).world(most))()


class _Home:
    """What all worlds of one strategy share."""

    def __init__(
        self, plugins: tuple[Any, ...], classes: Iterable[type[Any]] | None, values: dict[Any, Any]
    ) -> None:
        self._plugins, self._classes, self.values = plugins, classes, values

    @cached_property
    def pair(self) -> Pair:
        """The two CRMs; made when the first world is entered, for that takes longer than to draw it."""
        made = Pair(self._plugins)
        atexit.register(made.close)
        return made

    @cached_property
    def registry(self) -> Registry:
        """What the plugins declare: known long before there is a database."""
        return load([Core(), *self._plugins])

    @cached_property
    def classes(self) -> tuple[type[Any], ...]:
        """Of what there are records; what only administrators see is nobody's secret from anybody."""
        if self._classes is not None:
            return tuple(self._classes)
        wanted = self._plugins[-1]
        plugin = self.registry.plugin(wanted if isinstance(wanted, str) else wanted.name)
        every = (*plugin.records, *plugin.facets)
        return tuple(one for one in every if not isinstance(one.__scope__, Administered))


@attrs.define
class _Drawing:
    """One world while it is drawn."""

    draw: Any
    home: _Home
    people: dict[str, Colleague] = attrs.field(factory=dict)
    units: dict[str, str | None] = attrs.field(factory=dict)
    records: dict[str, Planned] = attrs.field(factory=dict)
    numbers: int = 0

    def world(self, most: int) -> World:
        """All of it."""
        names = [f"u{at}" for at in range(self.draw(st.integers(2, 4)))]
        for at, name in enumerate(names):
            self.units[name] = self.draw(st.sampled_from(names[:at])) if at else None
        for at in range(self.draw(st.integers(2, 5))):
            unit, reach = self.draw(st.sampled_from(names)), self.draw(st.sampled_from(_REACHES))
            self.people[f"p{at}"] = Colleague(unit, reach)
        for cls in self.home.classes:
            for _ in range(self.draw(st.integers(1, most))):
                self.add(cls, self.someone(), {})
        shares = self._shares()
        viewer = self.someone()
        # What these link to is there as well.
        further = tuple(
            self.records.pop(self.add(cls, viewer, {}))
            for cls in self.home.classes
            if not isinstance(cls.__scope__, Reference)
        )
        standing = tuple(self.records.values())
        whose = (self.units, self.people, standing, shares, viewer, further)
        return World(*whose, self.home.classes, lambda: self.home.pair)

    def someone(self) -> str:
        """A person."""
        return str(self.draw(st.sampled_from(list(self.people))))

    def _shares(self) -> tuple[Lent, ...]:
        kept = self.records.values()
        lendable = [one.name for one in kept if isinstance(one.cls.__scope__, Owned | Through)]
        if not lendable:
            return ()
        receivers = [*self.people, *self.people, *self.units]
        one = st.builds(Lent, st.sampled_from(lendable), st.sampled_from(receivers))
        return tuple(self.draw(st.lists(one, max_size=2, unique=True)))

    def add(self, cls: Any, owner: str, known: dict[str, str]) -> str:
        """Plan a record with all that it links to, and give its name.

        What belongs together does so: the customer of a project is that of its opportunity.
        """
        known = dict(known)
        links = {spec.name: self.end(end, known) for spec, end in self._ends(cls)}
        values = self.values_of(cls, links)
        for spec in cls.__specs__.values():
            if spec.child is not None:
                links |= self._of_rows(child_class(cls, spec), spec, values.get(spec.name, ()), known)
        self.numbers += 1
        name = f"{cls.__name__} {self.numbers}"
        self.records[name] = Planned(name, cls, values, owner, links)
        return name

    def _of_rows(self, child: Any, spec: Spec, rows: Any, known: dict[str, str]) -> dict[str, str]:
        return {
            f"{spec.name}/{at}/{inner.name}": self.end(inner.target or "", known)
            for at, row in enumerate(rows)
            for inner in child.__specs__.values()
            if inner.target and inner.init and getattr(row, inner.name) is not None
        }

    def _ends(self, cls: Any) -> list[tuple[Spec, str]]:
        """The links that a record is given, each with the class it leads to."""
        if cls in (Customer, Party):
            return []
        own = self.home.values.get(cls, {})
        specs = [
            spec for spec in cls.__specs__.values() if spec.target and spec.init and spec.name not in own
        ]
        if cls is Contact:
            specs = [spec for spec in specs if spec.name == "customer"]
        wanted = [one for one in specs if one.required or self._is_chosen(one)]
        scope = cls.__scope__
        parents = () if isinstance(scope, UsedBy) else getattr(scope, "links", ())
        if parents and not {one.name for one in wanted} & set(parents):
            wanted += [one for one in specs if one.name == parents[0]]
        return [
            (one, cls.__facet_of__ if one.name == "of" and cls.__facet_of__ else one.target) for one in wanted
        ]

    def _is_chosen(self, spec: Spec) -> bool:
        """Whether a link that may be empty leads to something that there is."""
        there = spec.target in (User.__name__, OrgUnit.__name__) or any(
            one.cls.__name__ == spec.target for one in self.records.values()
        )
        return there and bool(self.draw(st.booleans()))

    def end(self, target: str, known: dict[str, str]) -> str:
        """What a link leads to: one that there is and that fits what is known, or another."""
        if target == User.__name__:
            return self.someone()
        if target == OrgUnit.__name__:
            return str(self.draw(st.sampled_from(list(self.units))))
        if target in known:
            return known[target]
        cls: Any = Customer if target == "Record" else self.home.registry.records[target]
        there = [one.name for one in self.records.values() if one.cls is cls and self._fits(one, known)]
        if there and self.draw(st.booleans()):
            found = str(self.draw(st.sampled_from(there)))
        else:
            found = self.add(cls, self.someone(), known)
        known[target] = found
        for name in self.records[found].links.values():
            if name in self.records:
                known.setdefault(self.records[name].cls.__name__, name)
        return found

    def _fits(self, one: Planned, known: dict[str, str]) -> bool:
        ends = [name for name in one.links.values() if name in self.records]
        return all(known.get(self.records[name].cls.__name__, name) == name for name in ends)

    def values_of(self, cls: Any, links: Mapping[str, str]) -> dict[str, Any]:
        """The values of a record, with what stands for its links until it is entered."""
        number, name = self.numbers, self.draw(st.sampled_from(_NAMES))
        if cls is Customer:
            return {"name": name, "source": "fair", "email": f"{number}@example.com"}
        if cls is Contact:
            return {"name": name, "department": Department.USER, "email": f"{number}@example.com"}
        if cls is Party:
            return {"kind": PartyKind.PERSON, "name": name}
        if cls not in self.home.classes and cls not in self.home.values:
            # What only has to be there is as plain as may be.
            plain = [spec for spec in cls.__specs__.values() if spec.required and not spec.target]
            return {spec.name: value_of(cls.__name__, spec, number + 1, _MOMENT) for spec in plain}
        given = {field: _strategy(value) for field, value in self.home.values.get(cls, {}).items()}
        closed = {
            spec.name: st.none()
            for spec in cls.__specs__.values()
            if spec.target and spec.init and not spec.required and spec.name not in {*links, *given}
        }
        made = self.draw(records(cls, **closed, **given))
        return {spec.name: getattr(made, spec.name) for spec in cls.__specs__.values() if spec.init}


def _strategy(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, st.SearchStrategy):
        return value
    if isinstance(value, list) and value and all(isinstance(one, type) for one in value):
        return st.tuples(*(records(one) for one in value))
    return st.builds(value) if callable(value) else st.just(value)
