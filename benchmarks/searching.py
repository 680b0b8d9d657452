"""Pages of what contains a word: the statements of pycrm beside the best one written by hand.

Both run at the driver, over the same index of texts, for equal readers and with equal keys and columns.
A search sends one to a few statements; their times are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.by_hand import SIZE, Asked, Reader, apart, marked, reached, rows_of
from benchmarks.figure import LIMIT, Figure
from benchmarks.reading import COLUMNS
from benchmarks.scoping import mixed, readers
from benchmarks.timing import paired, timed
from pycrm import Customer
from pycrm.declare.search import term_grams, token

__all__ = ["page_text"]

GOAL = {"sqlite": 1.6, "postgresql": 1.6}
MOST_MS = 11
CONTROL = {"sqlite": 1.0, "postgresql": 1.0}
# One record, a ninth of them, and a fiftieth by two characters.
WORDS = {"rare": "4711", "frequent": "steel", "chinese": "上海"}
_NAME = [one.strip() for one in COLUMNS.split(",")].index("name")
_SHOWN = ", ".join(f"t.{one.strip()}" for one in COLUMNS.split(","))
_LIVE = "t.archived_at IS NULL"


def page_text(bench: Bench) -> Iterator[Figure]:
    """First pages by name of what contains a word, for people of every reach."""
    with bench.opened(bench.url) as (crm, driver):
        for reader in readers(bench):
            yield from _measured(bench, crm, driver, reader)
    with bench.copy() as url:
        reader = mixed(bench, url)
        with bench.opened(url) as (crm, driver):
            yield from _measured(bench, crm, driver, reader)


def _measured(bench: Bench, crm: Any, driver: Any, reader: Reader) -> Iterator[Figure]:
    cursor = driver.cursor()
    cursor.execute(bench.server.begin_read)
    with crm.view(reader.login) as session:
        for name, word in WORDS.items():
            ours = _sent(session, word)
            plain = marked(bench, _left(bench, reader, word))
            rows = rows_of(cursor, plain)
            found = session.search(Customer, word, order=Customer.name, size=SIZE).items
            assert [one.name for one in found] == [row[_NAME] for row in rows][:SIZE], (reader, word)
            by_hand = _fastest(bench, cursor, reader, word, rows)
            turns = bench.pairs(60)
            both = paired(lambda a=ours: _all(cursor, a), lambda a=by_hand: rows_of(cursor, a), turns, warm=8)
            yield attrs.evolve(bench.figure(f"page_text_{reader.name}_{name}", both, GOAL), issue="scope")
            most = Figure(
                *(f"page_text_{reader.name}_{name}", bench.server.name, bench.shape.size),
                *(both[0].wall, LIMIT, MOST_MS, 1.0),
            )
            yield attrs.evolve(most, issue="scope")
            if bench.server.name == "postgresql":
                left = paired(lambda a=ours: _all(cursor, a), lambda a=plain: rows_of(cursor, a), 5, warm=1)
                control = bench.figure(f"page_text_{reader.name}_{name}", left, CONTROL, "planner")
                yield attrs.evolve(control, issue="scope")
    cursor.execute("COMMIT")


def _sent(session: Any, word: str) -> list[Asked]:
    """The statements that a search sends to the driver, each time but the first: what that finds out is remembered."""
    session.search(Customer, word, order=Customer.name, size=SIZE)
    tx, found = session.transaction, []
    run = tx.run

    def watched(text: str, values: Sequence[Any] = ()) -> Any:
        found.append(Asked(text, values))
        return run(text, values)

    tx.run = watched
    try:
        session.search(Customer, word, order=Customer.name, size=SIZE)
    finally:
        del tx.run
    return [one for one in found if "crm_customer" in one.text]


def _all(cursor: Any, asked: Sequence[Asked]) -> list[Any]:
    return [rows_of(cursor, one) for one in asked]


def _contains(bench: Bench, word: str) -> tuple[str, tuple[Any, ...]]:
    place = "instr" if bench.server.name == "sqlite" else "strpos"
    return f"({place}(s.name, ?) > 0 OR {place}(s.code, ?) > 0)", (word, word)


def _scoped(reader: Reader) -> tuple[str, tuple[Any, ...]]:
    """The condition of a reader's reach, and its values."""
    wheres = [f"t.{one}" for one in reached(reader)[0]]
    values = tuple(value for own in apart(reader) for value in own)
    return (f"({' OR '.join(wheres)}) AND " if wheres else ""), values


def _left(bench: Bench, reader: Reader, word: str) -> Asked:
    """The plain statement, left to the planner."""
    contains, words = _contains(bench, word)
    scoped, values = _scoped(reader)
    text = f"SELECT {_SHOWN} FROM crm_customer AS t JOIN crm_customer_search AS s ON s.of_id = t.id "
    text += f"WHERE {scoped}{_LIVE} AND {contains} ORDER BY t.name, t.id LIMIT ?"
    return Asked(text, (*values, *words, SIZE + 1))


def _by_index(bench: Bench, reader: Reader, word: str) -> Asked:
    """All that the index gives, held against the reach and sorted."""
    contains, words = _contains(bench, word)
    scoped, values = _scoped(reader)
    wanted: Any = term_grams([word])
    if bench.server.name == "sqlite":
        wanted = " AND ".join(map(token, wanted))
        index = "SELECT id FROM crm_customer_search_fts WHERE crm_customer_search_fts MATCH ?"
        listed = f"crm_customer_search AS s JOIN ({index}) AS i ON i.id = s.of_id"
    else:
        index = "SELECT * FROM crm_customer_search WHERE grams @> CAST(? AS INTEGER[])"
        listed = f"({index}) AS s"
    text = f"SELECT {_SHOWN} FROM {listed} JOIN crm_customer AS t ON t.id = s.of_id "
    text += f"WHERE {scoped}{_LIVE} AND {contains} ORDER BY t.name, t.id LIMIT ?"
    return Asked(text, (wanted, *values, *words, SIZE + 1))


def _fastest(bench: Bench, cursor: Any, reader: Reader, word: str, rows: list[Any]) -> Asked:
    """Of the statements that give these rows the one that a careful author would keep."""
    both = [marked(bench, one) for one in (_left(bench, reader, word), _by_index(bench, reader, word))]
    for one in both:
        assert rows_of(cursor, one) == rows, (reader, word)
    return min(both, key=lambda one: min(_time(lambda: rows_of(cursor, one)) for _ in range(7)))


def _time(act: Callable[[], Any]) -> float:
    return timed(act).wall
