"""Whether the time of an answer tells which of two questions was asked: samples, and the area under a curve."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import attrs
import sqlalchemy as sa

from pycrm import (
    CRM,
    ContactPoint,
    ContactPointKind,
    Customer,
    Party,
    PartyKind,
    RefusedError,
    Source,
)
from pycrm.declare.row import layout

OWN, HIDDEN = 300, 900
# So many hidden records bear the name that is asked for.
NAMESAKES = 30


class _UndoneError(Exception):
    """Thrown to undo what was added."""


@attrs.define
class Sight:
    """What rep_a owns, what is hidden from rep_a, and ids that nobody has."""

    crm: CRM
    hidden: list[Any]
    copies: list[Any]
    nobody: list[Any]


def furnish(crm: CRM) -> Sight:
    """Customers of rep_a and of rep_w; each hidden one has its own telephone number, some have one name."""
    hidden, nobody = [], []
    with crm.session(crm.system("test furniture")) as session:
        from pycrm import User

        people = {one.login: one for one in session.find(User)}
        source = session.find(Source)[0]
        for at in range(OWN + HIDDEN):
            owner = "rep_a" if at % 4 == 0 else "rep_w"
            name = "Hidden Works" if owner == "rep_w" and len(hidden) < NAMESAKES else f"Works {at}"
            channel = "fair" if owner == "rep_a" else "quiet"
            points = [ContactPoint(kind=ContactPointKind.MOBILE, value=f"139{at:08}")]
            party = session.add(Party(kind=PartyKind.ORGANIZATION, name=name, contact_points=points))
            made = session.add(Customer(party=party, source=source, channel=channel), owner=people[owner])
            # An id that could have been given out at that moment, so that it lies among the others.
            nobody.append(crm.identifiers.new())
            if owner == "rep_w":
                hidden.append(made)
    copies = [layout(Customer).copy(hidden[0], {"id": id}) for id in nobody]
    with crm.store.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
    return Sight(crm, hidden, copies, nobody)


Ask = Callable[[Any, int], Any]


def questions(sight: Sight) -> dict[str, tuple[bool, Ask, Ask]]:
    """Each verb with whether it writes, asked about what is hidden, and about what there is not."""
    hidden, nobody, copies = sight.hidden, sight.nobody, sight.copies

    def draft(number: str) -> Any:
        return Customer.organization("New Works", mobile=number, source="exhibition")

    def held(at: int) -> str:
        # Of four numbers the first is of rep_a, the others of rep_w.
        place = at % (OWN + HIDDEN)
        return f"139{place + (place % 4 == 0):08}"

    return {
        "get": (
            False,
            lambda s, at: s.get(Customer, hidden[at % len(hidden)].id),
            lambda s, at: s.get(Customer, nobody[at % len(nobody)]),
        ),
        "find": (
            False,
            lambda s, at: s.find(Customer, Customer.channel == "quiet"),
            lambda s, at: s.find(Customer, Customer.channel == "never"),
        ),
        "find by an indexed name": (
            False,
            lambda s, at: s.find(Customer, Customer.name == "Hidden Works"),
            lambda s, at: s.find(Customer, Customer.name == "Absent Works"),
        ),
        "count": (
            False,
            lambda s, at: s.count(Customer, Customer.name == "Hidden Works"),
            lambda s, at: s.count(Customer, Customer.name == "Absent Works"),
        ),
        "change": (
            True,
            lambda s, at: s.change(hidden[at % len(hidden)], channel="web"),
            lambda s, at: s.change(copies[at % len(copies)], channel="web"),
        ),
        "add": (
            True,
            lambda s, at: s.add(draft(held(at))),
            lambda s, at: s.add(draft(f"138{at:08}")),
        ),
    }


def sampled(sight: Sight, name: str, number: int, seed: int) -> tuple[list[int], list[int]]:
    """Nanoseconds of so many answers of each class, in random order."""
    writes, *asks = questions(sight)[name]
    draw = random.Random(seed)
    turns = [0, 1] * (number + 200)
    draw.shuffle(turns)
    found: tuple[list[int], list[int]] = ([], [])
    with _undisturbed():
        for at, turn in enumerate(turns):
            took = _once(sight.crm, writes, asks[turn], at)
            # The first ones warm caches of statements, of pages and of the processor.
            if at >= 400:
                found[turn].append(took)
    return found


def _once(crm: CRM, writes: bool, ask: Ask, at: int) -> int:
    """One request, from its session's beginning to its end: no face can answer in less."""
    began = time.perf_counter_ns()
    with (
        suppress(_UndoneError, RefusedError),
        crm.session("rep_a") if writes else crm.view("rep_a") as session,
    ):
        ask(session, at)
        if writes:
            raise _UndoneError
    return time.perf_counter_ns() - began


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def auc(one: list[int], other: list[int]) -> float:
    """The chance that an answer of one class takes longer than one of the other; 0.5 tells nothing.

    >>> auc([1, 2], [1, 2]), auc([3, 4], [1, 2])
    (0.5, 1.0)
    """
    values = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks, at = 0.0, 0
    while at < len(values):
        end = at
        while end < len(values) and values[end][0] == values[at][0]:
            end += 1
        # Equal values share the mean of their ranks.
        mean = (at + 1 + end) / 2
        ranks += mean * sum(1 for _, side in values[at:end] if side == 0)
        at = end
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))
