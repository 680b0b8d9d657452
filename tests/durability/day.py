"""A business day on a SQLite file: acts in a fixed order, each acknowledged when its session has ended.

python tests/durability/day.py DATABASE HEADS SEED ACTS [JOURNAL SYNCHRONOUS]

An acknowledgement is a line on the standard output, written past every buffer. It is a program of its
own, so that what it asks of the system can be recorded. With a journal and a synchronous setting it
runs with these instead of those that pycrm ships.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from typing import Any

from pycrm import CRM, Customer, FixedClock, Note, Opportunity, Session
from pycrm.store import engine

NOW = "2026-06-30T09:00:00+08:00"


def weaken(journal: str, synchronous: str) -> None:
    """Let every connection have other settings than pycrm's, and let nobody refuse them."""
    prepare = engine._prepare_sqlite

    def weaker(driver: Any, record: Any) -> None:
        prepare(driver, record)
        driver.execute(f"PRAGMA journal_mode={journal}")
        driver.execute(f"PRAGMA synchronous={synchronous}")

    engine._prepare_sqlite = weaker  # type: ignore[assignment]
    engine.Store._check = lambda self, connection: None  # type: ignore[method-assign]


def _add(session: Session, chance: random.Random, number: int) -> None:
    mobile = f"137{number:08d}"
    draft = Customer.organization(f"Firm {number}", mobile=mobile, source="exhibition", tax_id=f"T{number}")
    customer = session.add(draft)
    if chance.random() < 0.5:
        session.add(
            Opportunity(customer=customer, name="Deal", expected_close=session.crm.calendar_day(session.now))
        )


def _some(session: Session, chance: random.Random) -> Customer:
    return chance.choice(session.find(Customer, limit=50))


def _change(session: Session, chance: random.Random, number: int) -> None:
    customer = _some(session, chance)
    session.change(customer, channel=f"way {number}", needs=["pumps"] * chance.randrange(4))


def _note(session: Session, chance: random.Random, number: int) -> None:
    session.add(Note(customer=_some(session, chance), body=f"{number} " + "said a lot. " * 200))


def _archive(session: Session, chance: random.Random, number: int) -> None:
    found = session.find(Customer, limit=20)
    if len(found) > 4:
        session.archive(chance.choice(found), because="moved away")
    else:
        _add(session, chance, number)


def _many(session: Session, chance: random.Random, number: int) -> None:
    some = [one.id for one in session.find(Customer, limit=10)]
    session.change_where(Customer, Customer.id.in_(some), because="spring fair", channel=f"fair {number}")


ACTS: tuple[Callable[[Session, random.Random, int], None], ...] = (
    _add,
    _add,
    _change,
    _note,
    _archive,
    _many,
)


def one_act(crm: CRM, chance: random.Random, number: int) -> None:
    """One unit of work, with its number as its operation id."""
    with crm.session("rep_a", operation=f"act {number}") as session:
        # Whoever has nothing yet adds something.
        (chance.choice(ACTS) if session.find(Customer, limit=1) else _add)(session, chance, number)


def main(database: str, heads: str, seed: str, acts: str, *settings: str) -> None:
    """Do them all; every tenth time the history is sealed."""
    if settings:
        weaken(*settings)
    chance = random.Random(int(seed))
    with CRM(f"sqlite:///{database}", heads=heads, clock=FixedClock(NOW)) as crm:
        for number in range(1, int(acts) + 1):
            one_act(crm, chance, number)
            os.write(1, f"done {number}\n".encode())
            if number % 10 == 0:
                crm.seal()
                os.write(1, f"done seal {number}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
