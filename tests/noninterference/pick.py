"""What the arguments of operations are drawn from: one book for both worlds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import attrs

from pycrm import (
    Activity,
    Contact,
    Customer,
    Money,
    Note,
    Opportunity,
    Organization,
    OrgUnit,
    Party,
    Ref,
    Role,
    Share,
    Task,
    User,
)
from pycrm.declare.row import layout

T = TypeVar("T")

OWNED = (Customer, Opportunity)
HANGING = (Contact, Activity, Task, Note)
# What is reached by itself, through a parent, or through those that use it.
REACHED = (*OWNED, *OWNED, Contact, Activity, Party)
ASKED = (*OWNED, *OWNED, *OWNED, *HANGING, Party, Organization, Share)
NAMES = ("Ningbo Pump", "Suzhou Valve", "Hidden Works", "Shown Works")
# The planned customers hold different ones of these, since both are unique; the viewer enters any.
MOBILES = tuple(f"139000000{at:02}" for at in range(24))
CHANNELS = ("fair", "mail", "web", "friend")
TAX_IDS = tuple(f"TAX-{at}" for at in range(24))
# The one batch of which each world holds some amendments.
BATCH = UUID(int=15)
WORDS = ("call again", "send a sample", "wait for spring")


@attrs.define
class Book:
    """Everything that the viewer may have heard of, by whatever way: ids, old copies, people, texts.

    It is one for both worlds. A record that only one of them holds is here too: as its id, and as a
    copy such as a person keeps who saw it once.
    """

    users: list[Any] = attrs.field(factory=list)
    units: list[Any] = attrs.field(factory=list)
    roles: list[Any] = attrs.field(factory=list)
    sources: list[str] = attrs.field(factory=list)
    ids: dict[str, list[UUID]] = attrs.field(factory=dict)
    copies: dict[tuple[str, UUID], Any] = attrs.field(factory=dict)
    cursors: list[list[str | None]] = attrs.field(factory=lambda: [[], []])
    moments: list[datetime] = attrs.field(factory=list)

    def learn(self, record: Any) -> None:
        """Keep a record's id and a copy of it, unless it is known."""
        known = self.ids.setdefault(type(record).__name__, [])
        if record.id not in known:
            known.append(record.id)
            self.copies[type(record).__name__, record.id] = record


@attrs.define
class Pick:
    """Draws arguments; two with the same seed draw the same, whatever their world answers."""

    book: Book
    world: int
    random: random.Random

    def one(self, items: Sequence[T]) -> T:
        """One of several."""
        return items[self.random.randrange(len(items))]

    def chance(self, part: float) -> bool:
        """Whether something happens in that part of all cases."""
        return self.random.random() < part

    def noise(self) -> UUID:
        """An id that nobody has."""
        return UUID(int=self.random.getrandbits(128))

    def cls(self) -> Any:
        """A class to ask about, those with an owner more often."""
        return self.one(ASKED)

    def id(self, cls: Any) -> UUID:
        """An id of a record in sight, of a hidden one, of one that only the other world has, or of none."""
        known = self.book.ids.get(cls.__name__, [])
        nobody, at = self.noise(), self.random.random()
        return nobody if not known or at < 0.1 else known[int(at * 997) % len(known)]

    def record(self, session: Any, cls: Any) -> Any:
        """A record as the viewer reads it now, or else an old copy of it, or one with an id of nobody."""
        known = self.book.ids.get(cls.__name__, [])
        id, old, nobody = self.id(cls), self.chance(0.3), self.noise()
        found = None if old else session.find_one(cls, id)
        if found is not None:
            return found
        name = cls.__name__
        copy = self.book.copies.get((name, id)) or (self.book.copies[name, known[0]] if known else None)
        if copy is None:
            return layout(User).copy(self.book.users[0], {"id": nobody})
        if copy.id == id:
            return copy
        # A facet has the id of the record that it extends.
        other = {"of": Ref.to(Party, id)} if cls is Organization else {"id": id}
        return layout(type(copy)).copy(copy, other)

    def user(self) -> Any:
        """One of the people."""
        return self.one(self.book.users)

    def unit(self) -> Any:
        """One of the units."""
        return self.one(self.book.units)

    def day(self) -> date:
        """A day around today."""
        return date(2026, 6, 30) + timedelta(days=self.random.randint(-3, 3))

    def moment(self) -> datetime:
        """An instant at which something was written, or close by."""
        return self.one(self.book.moments) + timedelta(seconds=self.random.randint(-1, 1))

    def money(self) -> Money:
        """An amount in yuan."""
        return Money.minor(self.random.choice((100, 200, 10**6)), "CNY")

    def entity(self) -> Any:
        """A class by which people ask on the command line."""
        return self.one((Customer, Customer, Opportunity, Opportunity, Contact, Task, User, OrgUnit, Role))

    def values(self, cls: Any) -> dict[str, Any]:
        """Some fields of a record with values to write, or a field that there is not."""
        if cls is Customer:
            some: list[dict[str, Any]] = [
                *({"channel": self.one(CHANNELS)}, {"needs": (self.one(WORDS),)}, {"colour": "red"}),
            ]
        elif cls is Opportunity:
            some = [
                *({"next_step": self.one(WORDS)}, {"amount": self.money()}, {"need": self.one(WORDS)}),
                *({"expected_close": self.day()}, {"customer": self.link(Customer)}, {"colour": "red"}),
            ]
        elif cls is Party:
            some = [{"name": self.one(NAMES)}, {"contact_points": []}]
        elif cls is Task:
            some = [{"title": self.one(WORDS)}, {"opportunity": self.link(Opportunity)}]
        else:
            some = [{"next_step": self.one(WORDS)}, {"short_name": self.one(WORDS)}, {"job_title": "boss"}]
        return self.one(some)

    def link(self, cls: Any) -> Any:
        """A reference to a record of that class, in sight or not."""
        return Ref.to(cls, self.id(cls))
