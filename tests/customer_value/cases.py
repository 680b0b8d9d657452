"""Hand-computed cases of indicators, one a line: what is known of a customer, and what comes of it.

    T06 | transactions: on=2026-04-10 origin=a net=100 | 81 | 60

is the indicator, the customer's facts (feed after feed, ``;`` between rows, ``&`` between feeds), the
value and the points, ``-`` for none. Amounts are in minor units. Each case is a customer of its own, and
all of them are measured by one statement, so that a case says nothing about the others unless it ranks
among them: the points of percentiles are left out as ``~``. What is not said of a profile is that of an
organisation which was filed today. Values may be fractions, ``100/3``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm import CRM, Customer, Plugin
from pycrm import Source as Origin
from pycrm.scoring import Feed, Indicator, Supply
from pycrm.scoring.engine import Engine

# An organisation of which nothing is known but that it was filed.
FILED = {"is_person": False, "strategic": False, "lifecycle": "prospect", "source": "cases"}

__all__ = ["Case", "cases", "enter", "fact_plugin", "write", "wrong"]

Rows = dict[str, list[dict[str, Any]]]


@attrs.frozen(eq=False)
class Case:
    """One line of a table."""

    code: str
    facts: Rows
    value: str
    points: str
    line: int


def cases(path: Path, feeds: dict[str, Feed]) -> list[Case]:
    """The cases of a table; lines that begin with ``#`` say something to its reader."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            code, facts, value, points = (part.strip() for part in line.split("|"))
            found.append(Case(code, _facts(facts, feeds), value, points, number))
    return found


def _facts(text: str, feeds: dict[str, Feed]) -> Rows:
    found: Rows = {}
    for part in filter(None, (one.strip() for one in text.split("&"))):
        name, _, rows = part.partition(":")
        found[name] = [dict(_typed(feeds[name], pair) for pair in row.split()) for row in rows.split(";")]
    return found


def _typed(feed: Feed, pair: str) -> tuple[str, Any]:
    name, _, text = pair.partition("=")
    kind = feed.columns[name]
    reading: dict[type, Any] = {
        bool: lambda it: it == "yes",
        date: date.fromisoformat,
        datetime: datetime.fromisoformat,
        UUID: lambda it: UUID(int=int(it)),
        str: _text,
    }
    return name, reading.get(kind, kind)(text)


def _text(said: str) -> str:
    """A text as it is written here: a space would end it, so that a line stands for it, and two for a line."""
    return said.replace("__", "\0").replace("_", " ").replace("\0", "_")


_DDL: dict[type, tuple[str, str]] = {
    str: ("TEXT", "TEXT"),
    int: ("INTEGER", "BIGINT"),
    float: ("REAL", "DOUBLE PRECISION"),
    bool: ("INTEGER", "BOOLEAN"),
    date: ("TEXT", "DATE"),
    datetime: ("INTEGER", "TIMESTAMPTZ"),
    UUID: ("BLOB", "UUID"),
}


def _table(feed: Feed) -> sa.TableClause:
    """The table that holds a feed's facts as they are."""
    return sa.table(f"facts_{feed.name}", *(sa.column(one.name, one.type) for one in feed.table.c))


def fact_plugin(indicators: tuple[Indicator, ...], feeds: Iterable[Feed]) -> Plugin:
    """A plugin that has these indicators, and offers each feed from a table of its own."""

    class Facts(Plugin):
        """Facts

        What the cases say.
        """

        name = "facts"

    Facts.indicators = indicators
    Facts.supplies = tuple(Supply(feed, partial(sa.select, *_table(feed).c)) for feed in feeds)
    return Facts()


def enter(crm: CRM, feeds: dict[str, Feed], found: list[Case]) -> list[Any]:
    """Make the tables of facts and a customer for each case; gives the customers."""
    with crm.session(crm.system("cases")) as session:
        session.add(Origin(name="cases"))
        drafts = [
            Customer.organization(f"Case {at}", source="cases", phone="1") for at, _ in enumerate(found)
        ]
        customers = session.add_all(drafts)
    with crm.store.connect() as connection:
        at = 0 if crm.store.dialect == "sqlite" else 1
        for feed in feeds.values():
            columns = {"customer": UUID, **feed.columns}
            said = ", ".join(f'"{name}" {_DDL[kind][at]}' for name, kind in columns.items())
            connection.exec_driver_sql(f"CREATE TABLE facts_{feed.name} ({said})")
            given = {"filed_on": crm.calendar_day(crm.clock.now()), **FILED} if feed.name == "profile" else {}
            rows = [
                dict.fromkeys(columns) | {"customer": customer.id} | given | row
                for case, customer in zip(found, customers, strict=True)
                for row in case.facts.get(feed.name, [{}] if given else [])
            ]
            if rows:
                connection.execute(sa.insert(_table(feed)), rows)
    return list(customers)


def write(crm: CRM, feed: Feed, *rows: dict[str, Any]) -> None:
    """Add facts to the table that `enter` made of a feed; every row says the same columns."""
    with crm.store.connect() as connection:
        connection.execute(sa.insert(_table(feed)), list(rows))


def wrong(
    crm: CRM, found: list[Case], customers: list[Any], day: date, engine: Engine = "database"
) -> Iterator[str]:
    """What comes out otherwise than the cases say, a line each."""
    codes = sorted({case.code for case in found})
    with crm.view(crm.system("measuring")) as session:
        measured = session.measure(*codes, as_of=day, engine=engine)
    for case, customer in zip(found, customers, strict=True):
        one = measured[customer.ref][case.code]
        told = (_same(one.value, case.value), case.points == "~" or _same(one.points, case.points))
        if not all(told):
            yield f"line {case.line}: {case.code} is {one.value!r}, {one.points!r} points"


def _same(value: Any, said: str) -> bool:
    if value is None or said == "-":
        return value is None and said == "-"
    if isinstance(value, str):
        return value == _text(said)
    return abs(float(value) - float(Fraction(said))) <= 1e-9 * max(1.0, abs(float(value)))
