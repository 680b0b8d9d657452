"""The same acts of one person in two worlds that differ only in what that person may not see."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import attrs
from scope.worlds import World

from pycrm import CRM, CRMError
from pycrm.testing.told import Answer, answered, reseed

from . import adding as _adding
from . import amending as _amending
from . import commands as _commands
from . import foreseeing as _foreseeing
from . import inquiring as _inquiring
from . import others
from . import reading as _reading
from . import valuing as _valuing
from . import writing as _writing
from .enter import book_of, enter, standing
from .operations import OPERATIONS, Operation
from .pick import Book, Pick
from .told import records_in
from .twins import EVERYWHERE, Focus, Twins, in_hand, ruled, twins, visible
from .witness import Witness, witness

__all__ = ["Difference", "Pair", "Play", "play"]

_ENTERED = (_adding, _amending, _commands, _foreseeing, _inquiring, _reading, _valuing, _writing)
START = "2026-06-30T09:00:00+08:00"
WEIGHTED = [one for one in OPERATIONS.values() for _ in range(one.weight)]


_TAKING_OUT = {"export_csv", "export_scores", "export"}


def _kept(operations: list[Operation]) -> set[str]:
    """What stays on record whatever becomes of the session: who was shown a special field, who took a list out."""
    verbs = {verb for one in operations for verb in one.verbs}
    kept = {"crm_access", "crm_unsealed"} if "reveal" in verbs else set()
    return kept | {"crm_export", "crm_unsealed"} if verbs & _TAKING_OUT else kept


@attrs.frozen
class Difference:
    """Where the two worlds answered differently, or a refused act left something behind."""

    kind: str
    step: int
    acts: str
    first: Any
    second: Any

    def __str__(self) -> str:
        return f"step {self.step}, {self.acts}: {self.kind}\n  A: {self.first}\n  B: {self.second}"


@attrs.define
class Pair:
    """Two databases, and a way to empty them between examples."""

    crms: tuple[CRM, CRM]
    witnesses: tuple[Witness, Witness] = attrs.field(init=False)
    _kept: list[Any] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.witnesses = (witness(self.crms[0]), witness(self.crms[1]))

    def begin(self) -> None:
        """Bring both back to the state in which they were given."""
        known = bool(self._kept)
        for at, crm in enumerate(self.crms):
            if not known:
                self._kept.append(_keep(crm))
            else:
                _restore(crm, self._kept[at])
            crm.actors.clear()
            crm.role_grants.clear()

    def close(self) -> None:
        """Close all connections."""
        for one in (*self.witnesses, *self.crms):
            one.close()


def _keep(crm: CRM) -> Any:
    """A copy of all tables: of SQLite in memory, on PostgreSQL in a schema beside."""
    if crm.store.dialect == "sqlite":
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with crm.store.connect() as connection:
            connection.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
        return copy
    names = [table.name for table in crm.metadata.sorted_tables]
    with crm.store.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA kept")
        for name in names:
            connection.exec_driver_sql(f"CREATE TABLE kept.{name} AS TABLE {name}")
    return names


def _restore(crm: CRM, kept: Any) -> None:
    """Every table as it was, past the session and past the constraints between tables."""
    with crm.store.connect() as connection:
        if crm.store.dialect == "sqlite":
            kept.backup(connection.connection.driver_connection)
            return
        some = [f"DELETE FROM {name}; INSERT INTO {name} SELECT * FROM kept.{name};" for name in kept]
        off = "BEGIN; SET LOCAL session_replication_role = replica;"
        connection.exec_driver_sql(" ".join([off, *some, "COMMIT"]))


@attrs.define
class Play:
    """One example: two worlds, entered, and what happens in them step by step."""

    pair: Pair
    plan: Twins
    seed: int
    focus: Focus = EVERYWHERE
    book: Book = attrs.field(factory=Book)
    tainted: set[str] = attrs.field(factory=set)
    # Those that were hidden from the beginning.
    planned: set[str] = attrs.field(factory=set)
    ever_seen: set[str] = attrs.field(factory=set)
    # The kinds of records of which the roles hide fields from the viewer.
    ruled: set[str] = attrs.field(factory=set)
    viewer: Any = None
    login: str = ""
    roles: dict[str, Any] = attrs.field(factory=dict)
    step: int = 0
    answers: int = 0
    acted: bool = False

    def __attrs_post_init__(self) -> None:
        self.pair.begin()
        self.crms[0].clock.set(START)  # type: ignore[attr-defined]
        one, other = (enter(crm, self.plan, side) for side, crm in enumerate(self.pair.crms))
        if self.seed % 3 == 0:
            for crm in self.crms:
                reseed(crm, f"{self.seed} scores")
                crm.run_scores(crm.system("scores of the example"), "known")
        self.book = book_of((one, other), self.plan)
        made = one.made | other.made
        self.viewer, self.login = made[f"user {self.plan.viewer}"], self.plan.viewer
        self.tainted = {str(made[name].id) for name in self.plan.tainted}
        self.planned = set(self.tainted)
        self.ruled = ruled(self.plan.worlds[0], self.plan.viewer)
        seen = visible(self.plan.worlds[0], self.plan.viewer)
        self.ever_seen = {str(made[name].id) for name in seen}
        self.roles = {
            str(one.made[f"role {name}"].id): grants for name, grants in self.plan.worlds[0].roles.items()
        }

    @property
    def crms(self) -> tuple[CRM, CRM]:
        """The two CRMs."""
        return self.pair.crms

    def draw(self, word: str) -> random.Random:
        """Chance that depends on the example, the step and what it is for."""
        return random.Random(f"{self.seed} {self.step} {word}")

    def differences(self, steps: int) -> Iterator[Difference]:
        """Act so many times and give what differs; end where the worlds may be told apart."""
        asked = [OPERATIONS[name] for name in self.focus.operations] or WEIGHTED
        hidden, common = (0.25, 0.45) if self.focus.events else (0.12, 0.2)
        for self.step in range(1, steps + 1):
            self.crms[0].clock.advance(seconds=1)  # type: ignore[attr-defined]
            self.book.moments.append(self.crms[0].clock.now())
            draw = self.draw("what")
            kind = draw.random()
            if kind < hidden:
                others.hidden_act(self, draw)
            elif kind < common:
                others.common_act(self, draw)
                if self.is_exposed():
                    return
            else:
                yield from self.act([draw.choice(asked) for _ in range(draw.choice((1, 1, 1, 2)))])
                if self.acted and self.is_exposed():
                    return

    def act(self, operations: list[Operation]) -> Iterator[Difference]:
        """Call operations in one session of the viewer, in both worlds."""
        write = any(one.writes for one in operations) or self.draw("session").random() < 0.2
        if any("import_file" in one.verbs for one in operations):
            # It opens sessions of its own, which would wait for one that writes.
            operations, write = [one for one in operations if "import_file" in one.verbs][:1], False
        words = " and ".join(one.name for one in operations)
        found: list[Answer] = []
        for world, crm in enumerate(self.crms):
            reseed(crm, f"{self.seed} {self.step}")
            pick = Pick(self.book, world, self.draw("arguments"))
            if write:
                self.pair.witnesses[world].pin()

            def asked(session: Any, pick: Pick = pick) -> list[Any]:
                return [one.call(session, pick) for one in operations]

            found.append(answered(crm, self.login, asked, write=write))
            if write:
                left = [] if "answer" in found[-1] else self.pair.witnesses[world].changed()
                self.pair.witnesses[world].release()
                if set(left) - _kept(operations):
                    yield Difference("a refused act changed", self.step, words, left, world)
        self.answers += 1
        self.acted = any("answer" in one for one in found) and (
            write or any("import_file" in one.verbs for one in operations)
        )
        if found[0] != found[1]:
            yield Difference("the answers differ", self.step, words, *_apart(*found))
        for name, id in records_in(found[0]):
            self._learn(name, id)

    def _learn(self, name: str, id: UUID) -> None:
        if id in self.book.ids.get(name, ()):
            return
        with self.crms[0].view(self.login) as session:
            try:
                self.book.learn(session.get(self.crms[0].record(name), id))
            except CRMError:
                return

    def is_exposed(self) -> bool:
        """Whether the viewer may see by now what differs: nothing more is to be compared then."""
        crm = self.crms[0]
        today = crm.calendar_day(crm.clock.now())
        worlds = [standing(one, self.roles) for one in self.crms]
        first, second = (in_hand(one, str(self.viewer.id), today) for one in worlds)
        self.ever_seen |= first.keys() | second.keys()
        if any(self.ruled - ruled(one, str(self.viewer.id), today) for one in worlds):
            # No role hides the fields of some kind any more.
            return True
        # What was handed on may stay in sight through its parent, whose owner differs.
        return first != second or bool(self.tainted & first.keys())


def _apart(one: Any, other: Any) -> tuple[Any, Any]:
    """The innermost parts in which two answers differ."""
    while True:
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            names: list[Any] = [name for name in one if one[name] != other[name]]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            names = [at for at in range(len(one)) if one[at] != other[at]]
        else:
            return one, other
        if len(names) != 1:
            return {name: one[name] for name in names}, {name: other[name] for name in names}
        one, other = one[names[0]], other[names[0]]


def play(pair: Pair, world: World, seed: int, focus: Focus = EVERYWHERE) -> Play:
    """An example in two enterprises made of this one."""
    return Play(pair, twins(world, seed, focus), seed, focus)
