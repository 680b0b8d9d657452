"""Statements as a careful author writes them by hand: pages and counts of what somebody reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.reading import COLUMNS
from benchmarks.timing import timed
from pycrm import Customer

__all__ = [
    "BY_ACTIVITY",
    "BY_NAME",
    "COUNTED",
    "SIZE",
    "Asked",
    "Reader",
    "Sorted",
    "apart",
    "counted",
    "fastest",
    "left",
    "marked",
    "reached",
    "rows_of",
    "written",
]

SIZE, COUNTED = 50, 10_001

_LIVE = "archived_at IS NULL"
_SHOWN = ", ".join(f"t.{name.strip()}" for name in COLUMNS.split(","))
_BELOW = "SELECT descendant_id FROM crm_unit_closure WHERE ancestor_id = ?"


@attrs.frozen
class Asked:
    """A statement with its values, as a driver takes it."""

    text: str
    values: Sequence[Any]


@attrs.frozen
class Sorted:
    """An order of a list: its column, which way it goes, and what its figures are called."""

    column: str
    falling: bool
    word: str

    @property
    def keys(self) -> str:
        """What the rows are told apart by."""
        return f"{self.column}, id"

    @property
    def field(self) -> Any:
        """The order as pycrm takes it."""
        field = getattr(Customer, self.column)
        return field.desc() if self.falling else field

    def by(self, of: str = "", *, back: bool = False) -> str:
        """ORDER BY, over the keys of a table."""
        way = " DESC" if self.falling != back else ""
        return f"ORDER BY {of}{self.column}{way}, {of}id{way}"


BY_NAME, BY_ACTIVITY = Sorted("name", False, ""), Sorted("active_at", True, "active_")


@attrs.frozen
class Reader:
    """Whose pages are read, and by what: an owner, the root of a subtree, or both with shares."""

    name: str
    login: str
    owner: Any = None
    root: Any = None
    shared: tuple[Any, ...] = ()
    # Further conditions of the list, and their values.
    kept: str = ""
    values: tuple[Any, ...] = ()
    order: Sorted = BY_NAME
    # How many units lie in that subtree, and whether they are so many that one meets their rows along the list.
    units: int = 0
    is_broad: bool = False
    # What is read of what.
    columns: str = COLUMNS
    source: str = "crm_customer"


# --- at the driver ---------------------------------------------------------------------------------------


def rows_of(cursor: Any, asked: Asked) -> list[Any]:
    cursor.execute(asked.text, asked.values)
    found: list[Any] = cursor.fetchall()
    return found


def marked(bench: Bench, asked: Asked) -> Asked:
    return Asked(bench.server.marked(asked.text), asked.values)


def fastest(bench: Bench, cursor: Any, written: list[Asked], rows: list[Any]) -> Asked:
    """Of the statements that give these rows the one that a careful author would keep."""
    marked = [Asked(bench.server.marked(one.text), one.values) for one in written]
    right = [one for one in marked if rows_of(cursor, one) == rows]
    return min(right, key=lambda one: min(timed(lambda: rows_of(cursor, one)).wall for _ in range(9)))


# --- pages -----------------------------------------------------------------------------------------------


def _beyond(bench: Bench, reader: Reader, at: tuple[Any, ...] | None) -> tuple[str, tuple[Any, ...]]:
    if at is None:
        return reader.kept, reader.values
    value = bench.server.moment(at[0]) if isinstance(at[0], datetime) else at[0]
    further = f" AND ({reader.order.keys}) {'<' if reader.order.falling else '>'} (?, ?)"
    return reader.kept + further, (*reader.values, value, bench.server.id(at[1]))


def reached(reader: Reader) -> tuple[list[str], list[Any]]:
    """The conditions by which a reader reaches customers, and their values."""
    wheres: list[str] = []
    values: list[Any] = []
    if reader.owner is not None:
        wheres.append("owner_id = ?")
        values.append(reader.owner)
    if reader.root is not None:
        wheres.append(f"owner_unit_id IN ({_BELOW})")
        values.append(reader.root)
    if reader.shared:
        wheres.append(f"id IN ({', '.join('?' * len(reader.shared))})")
        values += reader.shared
    return wheres, values


def left(bench: Bench, reader: Reader, at: tuple[Any, ...] | None, plus: str = "") -> Asked:
    """The plain statement, left to the planner; a plus keeps SQLite from beginning with the units."""
    wheres, values = reached(reader)
    wheres = [plus + where for where in wheres]
    beyond, place = _beyond(bench, reader, at)
    either = f"({' OR '.join(wheres)}) AND " if wheres else ""
    text = f"SELECT {reader.columns} FROM {reader.source} WHERE {either}{_LIVE}{beyond}"
    text = f"{text} {reader.order.by()} LIMIT ?"
    return Asked(text, (*values, *place, SIZE + 1))


def written(bench: Bench, reader: Reader, at: tuple[Any, ...] | None) -> list[Asked]:
    """What a careful author would write for a page of this reader, in some variants."""
    beyond, place = _beyond(bench, reader, at)
    wheres, order = reached(reader)[0], reader.order
    is_server = bench.server.name == "postgresql"
    if len(wheres) < 2 and reader.root is None:
        return [left(bench, reader, at)]
    found = []
    if len(wheres) == 1:
        found.append(left(bench, reader, at))
        if not is_server and at is None:
            # SQLite takes any index that begins with the unit unless the order's own has one more condition.
            least = "''" if order is BY_NAME else "-9223372036854775808"
            further = attrs.evolve(reader, kept=f"{reader.kept} AND {order.column} >= {least}")
            found.append(left(bench, further, at))
        if not is_server and reader.is_broad:
            found.append(left(bench, reader, at, "+"))
    for is_bound in (False, True) if is_server else (False,):
        parts, given = [], []
        for where, own in zip(wheres, apart(reader), strict=True):
            if is_server and where.startswith("owner_unit"):
                part, more = _merge(reader, beyond, place, own, is_bound)
            else:
                part = f"SELECT {order.keys} FROM crm_customer WHERE {where} AND {_LIVE}{beyond}"
                part, more = f"{part} {order.by()} LIMIT ?", (*own, *place, SIZE + 1)
            parts.append(f"SELECT * FROM ({part}) AS part{len(parts)}")
            given += more
        listed = f"SELECT * FROM ({' UNION '.join(parts)}) AS u {order.by()} LIMIT ?"
        text = f"SELECT {_SHOWN} FROM ({listed}) AS k JOIN crm_customer AS t ON t.id = k.id"
        found.append(Asked(f"{text} {order.by('k.')}", (*given, SIZE + 1)))
    return found


def apart(reader: Reader) -> list[tuple[Any, ...]]:
    """The values of each condition of `_reached`."""
    found = [(one,) for one in (reader.owner, reader.root) if one is not None]
    return [*found, reader.shared] if reader.shared else found


def _merge(reader: Reader, beyond: str, place: Any, own: Any, is_bound: bool) -> tuple[str, tuple[Any, ...]]:
    """The rows of the units whose first rows come first."""
    order = reader.order
    of, keys, column = f"AND {_LIVE}{beyond}", order.keys, order.column
    # With a bound the first rows together are as many as are wanted, and who writes by hand knows the units.
    firsts = -(-(SIZE + 1) * 5 // (4 * reader.units)) if is_bound and reader.units <= SIZE else 1
    first = f"SELECT {keys} FROM crm_customer WHERE owner_unit_id = c.descendant_id {of}"
    best = (
        f"SELECT c.descendant_id AS unit, f.{column}, f.id FROM crm_unit_closure AS c CROSS JOIN LATERAL "
        f"({first} {order.by()} LIMIT {firsts}) AS f WHERE c.ancestor_id = ? {order.by('f.')} LIMIT ?"
    )
    last = f"(SELECT {keys} FROM best {order.by(back=True)} LIMIT 1)"
    within = f" AND ({keys}) {'>=' if order.falling else '<='} {last}"
    rest = f"SELECT {keys} FROM crm_customer WHERE owner_unit_id = near.unit {of}"
    rest += within if is_bound else ""
    near = "best" if firsts == 1 else "(SELECT DISTINCT unit FROM best)"
    text = (
        f"WITH best AS ({best}) SELECT r.{column}, r.id FROM {near} AS near CROSS JOIN LATERAL "
        f"({rest} {order.by()} LIMIT ?) AS r {order.by('r.')} LIMIT ?"
    )
    return text, (*place, *own, SIZE + 1, *place, SIZE + 1, SIZE + 1)


def counted(bench: Bench, reader: Reader) -> list[Asked]:
    """What a careful author would write to count to 10,001."""
    wheres = reached(reader)[0]
    parts = [
        f"SELECT id FROM crm_customer WHERE {where} AND {_LIVE} LIMIT ?" for where in wheres or ["1 = 1"]
    ]
    each = [(*own, COUNTED) for own in apart(reader) or [()]]
    variants = [parts]
    if bench.server.name == "postgresql" and reader.root is not None:
        at = next(number for number, where in enumerate(wheres) if where.startswith("owner_unit"))
        joined = (
            "SELECT t.id FROM crm_unit_closure AS c JOIN crm_customer AS t "
            f"ON t.owner_unit_id = c.descendant_id WHERE c.ancestor_id = ? AND t.{_LIVE} LIMIT ?"
        )
        variants.append([*parts[:at], joined, *parts[at + 1 :]])
    found = []
    if len(parts) == 1:
        found = [Asked(f"SELECT count(*) FROM ({variant[0]}) AS c", each[0]) for variant in variants]
    for variant in variants:
        whole = " UNION ".join(f"SELECT * FROM ({part}) AS p{at}" for at, part in enumerate(variant))
        text = f"SELECT count(*) FROM (SELECT * FROM ({whole}) AS u LIMIT ?) AS c"
        found.append(Asked(text, (*(value for own in each for value in own), COUNTED)))
    return found
