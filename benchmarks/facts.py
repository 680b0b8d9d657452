"""Facts of every feed for the customers of a loaded database: made up, seeded and skewed, by the database itself.

Each customer has 20 lines of sales and 10 contacts in the mean (one in a hundred has two hundred lines and
a hundred contacts), and one in ten has a fact of each other feed. They stand in raw tables, one a feed, which
a plugin offers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from benchmarks.database import Server
from pycrm import Plugin
from pycrm.scoring import Feed, Supply, feeds

__all__ = ["TODAY", "Facts", "enter"]

TODAY = date(2026, 6, 30)
_OWN = ("profile",)
FEEDS = [
    one
    for one in (getattr(feeds, name) for name in feeds.__all__)
    if isinstance(one, Feed) and one.rows is None and one.twin is None and one.name not in _OWN
]
# Of a feed how many facts have one, nine and ninety of a hundred customers.
_MANY = {"transactions": (200, 60, 14), "contact_acts": (100, 30, 7)}
_WORDS = {
    ("transactions", "margin_class"): ("high", "standard", "low"),
    ("transactions", "channel"): ("shop", "portal", "sales"),
    ("costs", "kind"): ("contact", "service", "freight", "marketing", "gift", "acquisition"),
    ("contact_acts", "outcome"): ("positive", "negative", "no_answer"),
    "kind": ("call", "visit", "purchase", "goods", "complaint"),
    "direction": ("in", "out"),
    "state": ("kept", "open", "granted"),
    "outcome": ("success", "none"),
    "tone": ("good", "bad"),
}
_TYPES: dict[type, tuple[str, str]] = {
    str: ("TEXT", "TEXT"),
    int: ("INTEGER", "BIGINT"),
    float: ("REAL", "DOUBLE PRECISION"),
    bool: ("INTEGER", "BOOLEAN"),
    date: ("TEXT", "DATE"),
    datetime: ("INTEGER", "TIMESTAMPTZ"),
    UUID: ("BLOB", "UUID"),
}


def _table(feed: Feed) -> sa.TableClause:
    return sa.table(f"facts_{feed.name}", *(sa.column(one.name, one.type) for one in feed.table.c))


class Facts(Plugin):
    """Facts

    What benchmarks reckon with.
    """

    name = "facts"
    supplies = tuple(Supply(feed, partial(sa.select, *_table(feed).c)) for feed in FEEDS)


def enter(server: Server, url: str) -> None:
    """Make the tables of facts and fill them."""
    with closing(server.connect(url)) as connection:
        is_sqlite = server.name == "sqlite"
        for statement in _statements(is_sqlite):
            connection.execute(statement)
    server.settle(url)


def _statements(is_sqlite: bool) -> Iterator[str]:
    numbered = "SELECT id AS customer, row_number() OVER (ORDER BY id) AS n FROM crm_customer"
    yield f"CREATE TABLE bench_customer AS {numbered}"
    many = "WITH RECURSIVE s (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM s WHERE k < 199) SELECT k FROM s"
    yield f"CREATE TABLE bench_fact AS {many}"
    for feed in FEEDS:
        columns = {} if feed.shared else {"customer": UUID}
        columns |= feed.columns
        said = ", ".join(f'"{name}" {_TYPES[kind][0 if is_sqlite else 1]}' for name, kind in columns.items())
        yield f"CREATE TABLE facts_{feed.name} ({said})"
        values = [_value(feed, name, columns[name], at, is_sqlite) for at, name in enumerate(columns)]
        names = ", ".join(f'"{name}"' for name in columns)
        picked = f"SELECT {', '.join(values)} FROM {_picked(feed)}"
        yield f"INSERT INTO facts_{feed.name} ({names}) {picked}"
        if not feed.shared:
            yield f"CREATE INDEX ix_facts_{feed.name}_customer ON facts_{feed.name} (customer)"


def _picked(feed: Feed) -> str:
    if feed.shared:
        return "bench_fact f CROSS JOIN (SELECT CAST(7 AS BIGINT) AS n) c WHERE f.k < 20"
    if feed.name in _MANY:
        top, upper, rest = _MANY[feed.name]
        number = f"CASE WHEN n % 100 = 0 THEN {top} WHEN n % 100 < 10 THEN {upper} ELSE {rest} END"
        return f"bench_customer c JOIN bench_fact f ON f.k < {number}"
    one_in_ten = "n % 10 = 3" if not feed.single else "n % 10 < 9"
    return f"bench_customer c JOIN bench_fact f ON f.k = 0 WHERE {one_in_ten}"


def _noise(salt: int, place: str = "f.k") -> str:
    """A number below 1,000,003 that looks drawn."""
    once = f"((c.n * 7919 + {place} * 104729 + {salt * 15485 + 77}) % 1000003)"
    return f"({once} * {once} % 1000003)"


def _value(feed: Feed, name: str, kind: type, at: int, is_sqlite: bool) -> str:
    # Three lines make a purchase.
    place = "(f.k / 3)" if feed.name == "transactions" and name in ("on", "origin", "channel") else "f.k"
    noise = _noise(at, place)
    if name == "origin":
        return "'o' || (f.k / 3)"
    if kind is UUID:
        return "c.customer"
    if kind is date:
        days = f"({noise} % 800)"
        return f"date('{TODAY}', '-' || {days} || ' days')" if is_sqlite else f"DATE '{TODAY}' - {days}::int"
    if kind is datetime:
        seconds = f"(1782777600 - {noise} * 60)"
        return f"{seconds} * 1000000" if is_sqlite else f"to_timestamp({seconds})"
    if kind is bool:
        return f"({noise} % 10 = 0)"
    if kind is float:
        return f"({noise} % 1000) / 10.0"
    if name == "contact_days":
        return f"({noise} % 150 + 7)"
    if kind is int:
        return f"({noise} % 100000)"
    words = _WORDS.get((feed.name, name)) or _WORDS.get(name) or tuple(f"{name}{one}" for one in range(8))
    cases = " ".join(f"WHEN {one} THEN '{word}'" for one, word in enumerate(words))
    return f"CASE {noise} % {len(words)} {cases} END"
