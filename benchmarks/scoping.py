"""Pages and capped counts by reach: the statement of pycrm beside the best one written by hand.

Both run at the driver, in one transaction, with equal keys and columns; who asks and what that person
may see has been found out before. What a session adds to a page is measured by `page_50`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import attrs
import sqlalchemy as sa

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.reading import COLUMNS
from benchmarks.timing import Timed, paired, timed
from pycrm import Action, ActivityState, Customer, Grant, Reach, Role, RoleAssignment, User

__all__ = ["Asked", "page_scope", "sent"]

SIZE, DEPTH, COUNTED = 50, 10_000, 10_001
PAGE = {"sqlite": 1.6, "postgresql": 1.6}
COUNT = {"sqlite": 1.5, "postgresql": 1.5}
DEEP = {"sqlite": 2.0, "postgresql": 2.0}
SLOWEST = {"sqlite": 4.0, "postgresql": 4.0}
CONTROL = {"sqlite": 1.0, "postgresql": 1.0}

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


def page_scope(bench: Bench) -> Iterator[Figure]:
    """Pages by name and by last activity, first and deep, and capped counts, for people of every reach."""
    with bench.opened(bench.url) as (crm, driver):
        firsts: dict[str, Timed] = {}
        for reader in _readers(bench):
            for figure in _measured(bench, crm, driver, reader, firsts):
                yield attrs.evolve(figure, issue="scope")
            yield attrs.evolve(_filtered(bench, crm, driver, reader), issue="scope")
            for figure in _by_activity(bench, crm, driver, reader):
                yield attrs.evolve(figure, issue="scope")
        slowest, fastest = max(firsts.values(), key=_wall), min(firsts.values(), key=_wall)
        over = bench.figure("page_scope_slowest", (slowest, fastest), SLOWEST, "fastest reader")
        yield attrs.evolve(over, issue="scope")
    with bench.copy() as url:
        mixed = _mix(bench, url)
        with bench.opened(url) as (crm, driver):
            for figure in _measured(bench, crm, driver, mixed, {}):
                yield attrs.evolve(figure, issue="scope")


def _wall(taken: Timed) -> float:
    return taken.wall


def _readers(bench: Bench) -> list[Reader]:
    shape, id_ = bench.shape, bench.server.id
    owner = next(one for one in shape.people if one.login == shape.salesperson)
    led = {"branch": shape.branch, "quiet": shape.quiet, "region": shape.region}
    return [
        Reader("staff", shape.salesperson, owner=id_(owner.id)),
        *(_leader(bench, name, login) for name, login in led.items()),
        Reader("top", shape.top),
    ]


def _leader(bench: Bench, name: str, login: str) -> Reader:
    shape = bench.shape
    unit = shape.led_by(login)
    units = len(shape.below(unit))
    is_broad = 10 * units > len(shape.units)
    return Reader(name, login, root=bench.server.id(shape.units[unit]), units=units, is_broad=is_broad)


def _mix(bench: Bench, url: str) -> Reader:
    """Let the leader of the quiet branch also see what is the own, and three customers of a colleague."""
    shape, id_ = bench.shape, bench.server.id
    with bench.opened(url) as (crm, _):
        with crm.session(crm.system("benchmark")) as session:
            reader = session.find(User, User.login == shape.quiet)[0]
            kinds = ("Customer", "Activity")
            own = [Grant(entity=kind, action=Action.READ, reach=Reach.OWN) for kind in kinds]
            role = session.add(Role(name="own too", grants=own))
            held = {"user": reader, "role": role, "unit": reader.home_unit}
            session.add(RoleAssignment(since=date(2025, 1, 1), **held))
        with crm.session(shape.busiest) as session:
            lent = session.find(Customer, limit=3)
            for one in lent:
                session.share(one, user=reader, because="benchmark")
    return attrs.evolve(
        _leader(bench, "mixed", shape.quiet),
        owner=id_(reader.id.bytes),
        shared=tuple(id_(one.id.bytes) for one in lent),
    )


def _measured(
    bench: Bench, crm: Any, driver: Any, reader: Reader, firsts: dict[str, Timed]
) -> Iterator[Figure]:
    cursor = driver.cursor()
    cursor.execute(bench.server.begin_read)
    with crm.view(reader.login) as session:
        taken: dict[str, Timed] = {}
        yield from _pages(bench, session, cursor, reader, taken)
        firsts[reader.name] = taken["first"]
        deep = (taken["deep"], taken["first"])
        yield bench.figure(f"page_scope_{reader.name}_depth", deep, DEEP, "first page")
        ours = sent(session, lambda: session.count(Customer, limit=COUNTED))
        counts = _fastest(bench, cursor, _counted(bench, reader), _rows(cursor, ours))
        both = paired(lambda: _rows(cursor, ours), lambda: _rows(cursor, counts), bench.pairs(60), warm=10)
        yield bench.figure(f"count_scope_{reader.name}", both, COUNT)
    cursor.execute("COMMIT")


def _by_activity(bench: Bench, crm: Any, driver: Any, reader: Reader) -> Iterator[Figure]:
    cursor = driver.cursor()
    cursor.execute(bench.server.begin_read)
    with crm.view(reader.login) as session:
        yield from _pages(bench, session, cursor, attrs.evolve(reader, order=BY_ACTIVITY), {})
    cursor.execute("COMMIT")


def _pages(
    bench: Bench, session: Any, cursor: Any, reader: Reader, taken: dict[str, Timed]
) -> Iterator[Figure]:
    """The first page and a deep one, beside the best by hand and, on PostgreSQL, the plain statement."""
    order = reader.order
    after, place = _deep(session, order)
    for name, (cursor_of_page, at) in {"first": (None, None), "deep": (after, place)}.items():

        def turn(after: Any = cursor_of_page) -> Any:
            return session.page(Customer, order=order.field, size=SIZE, after=after)

        ours, control = sent(session, turn), _marked(bench, _left(bench, reader, at))
        rows = _rows(cursor, control)
        assert _rows(cursor, ours) == rows, reader
        by_hand = _fastest(bench, cursor, _written(bench, reader, at), rows)
        both = paired(lambda a=ours: _rows(cursor, a), lambda a=by_hand: _rows(cursor, a),
                      bench.pairs(200), warm=20)  # fmt: skip
        taken[name] = both[0]
        title = f"page_scope_{reader.name}_{order.word}{name}"
        yield bench.figure(title, both, PAGE)
        if bench.server.name == "postgresql" and reader.root is not None:
            plain = paired(lambda a=ours: _rows(cursor, a), lambda a=control: _rows(cursor, a), 5, warm=1)
            yield bench.figure(title, plain, CONTROL, "planner")


def _filtered(bench: Bench, crm: Any, driver: Any, reader: Reader) -> Figure:
    """The first page of a list that is narrowed by two fields."""
    kept = " AND stage = ? AND strategic = ?"
    is_strategic = 1 if bench.server.name == "sqlite" else True
    narrowed = attrs.evolve(reader, kept=kept, values=("dormant", is_strategic))
    conditions = (Customer.activity_state == ActivityState.DORMANT, Customer.strategic.is_(True))
    cursor = driver.cursor()
    cursor.execute(bench.server.begin_read)
    with crm.view(reader.login) as session:
        ours = sent(session, lambda: session.page(Customer, *conditions, order=Customer.name, size=SIZE))
        rows = _rows(cursor, _marked(bench, _left(bench, narrowed, None)))
        assert _rows(cursor, ours) == rows, reader
        by_hand = _fastest(bench, cursor, _written(bench, narrowed, None), rows)
        both = paired(lambda: _rows(cursor, ours), lambda: _rows(cursor, by_hand), bench.pairs(100), warm=10)
    cursor.execute("COMMIT")
    return bench.figure(f"page_scope_{reader.name}_filtered", both, PAGE)


def _deep(session: Any, order: Sorted) -> tuple[str, tuple[Any, ...]]:
    """The cursor at 10,000 records, or as deep as the list goes, and the last record before it."""
    depth = min(DEPTH, (session.count(Customer, limit=DEPTH + SIZE) - 1) // SIZE * SIZE)
    after, seen, last = None, 0, None
    while seen < depth:
        page = session.page(Customer, order=order.field, size=min(500, depth - seen), after=after)
        after, seen, last = page.next, seen + len(page), page.items[-1]
    assert after is not None
    assert last is not None
    return after, (getattr(last, order.column), last.id.bytes)


def sent(session: Any, ask: Callable[[], Any]) -> Asked:
    """The one statement that a question sends to the driver, each time but the first.

    What a reader's first question of a kind has to find out, such as the number of units in reach, is remembered.
    """
    ask()
    tx, found = session.transaction, []
    run, connection = tx.run, tx.connection

    def watched(text: str, values: Sequence[Any] = ()) -> Any:
        found.append(Asked(text, values))
        return run(text, values)

    def built(connection: Any, cursor: Any, text: str, values: Any, *_: Any) -> None:
        found.append(Asked(text, values))

    tx.run = watched
    sa.event.listen(connection, "before_cursor_execute", built)
    try:
        ask()
    finally:
        del tx.run
        sa.event.remove(connection, "before_cursor_execute", built)
    (only,) = found
    return only


def _rows(cursor: Any, asked: Asked) -> list[Any]:
    cursor.execute(asked.text, asked.values)
    found: list[Any] = cursor.fetchall()
    return found


def _marked(bench: Bench, asked: Asked) -> Asked:
    return Asked(bench.server.marked(asked.text), asked.values)


def _fastest(bench: Bench, cursor: Any, written: list[Asked], rows: list[Any]) -> Asked:
    """Of the statements that give these rows the one that a careful author would keep."""
    marked = [Asked(bench.server.marked(one.text), one.values) for one in written]
    right = [one for one in marked if _rows(cursor, one) == rows]
    return min(right, key=lambda one: min(timed(lambda: _rows(cursor, one)).wall for _ in range(9)))


def _beyond(bench: Bench, reader: Reader, at: tuple[Any, ...] | None) -> tuple[str, tuple[Any, ...]]:
    if at is None:
        return reader.kept, reader.values
    value = bench.server.moment(at[0]) if isinstance(at[0], datetime) else at[0]
    further = f" AND ({reader.order.keys}) {'<' if reader.order.falling else '>'} (?, ?)"
    return reader.kept + further, (*reader.values, value, bench.server.id(at[1]))


def _reached(reader: Reader) -> tuple[list[str], list[Any]]:
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


def _left(bench: Bench, reader: Reader, at: tuple[Any, ...] | None, plus: str = "") -> Asked:
    """The plain statement, left to the planner; a plus keeps SQLite from beginning with the units."""
    wheres, values = _reached(reader)
    wheres = [plus + where for where in wheres]
    beyond, place = _beyond(bench, reader, at)
    either = f"({' OR '.join(wheres)}) AND " if wheres else ""
    text = f"SELECT {COLUMNS} FROM crm_customer WHERE {either}{_LIVE}{beyond} {reader.order.by()} LIMIT ?"
    return Asked(text, (*values, *place, SIZE + 1))


def _written(bench: Bench, reader: Reader, at: tuple[Any, ...] | None) -> list[Asked]:
    """What a careful author would write for a page of this reader, in some variants."""
    beyond, place = _beyond(bench, reader, at)
    wheres, order = _reached(reader)[0], reader.order
    is_server = bench.server.name == "postgresql"
    if len(wheres) < 2 and reader.root is None:
        return [_left(bench, reader, at)]
    found = []
    if len(wheres) == 1:
        found.append(_left(bench, reader, at))
        if not is_server and at is None:
            # SQLite takes any index that begins with the unit unless the order's own has one more condition.
            least = "''" if order is BY_NAME else "-9223372036854775808"
            further = attrs.evolve(reader, kept=f"{reader.kept} AND {order.column} >= {least}")
            found.append(_left(bench, further, at))
        if not is_server and reader.is_broad:
            found.append(_left(bench, reader, at, "+"))
    for is_bound in (False, True) if is_server else (False,):
        parts, given = [], []
        for where, own in zip(wheres, _apart(reader), strict=True):
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


def _apart(reader: Reader) -> list[tuple[Any, ...]]:
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


def _counted(bench: Bench, reader: Reader) -> list[Asked]:
    """What a careful author would write to count to 10,001."""
    wheres = _reached(reader)[0]
    parts = [
        f"SELECT id FROM crm_customer WHERE {where} AND {_LIVE} LIMIT ?" for where in wheres or ["1 = 1"]
    ]
    each = [(*own, COUNTED) for own in _apart(reader) or [()]]
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
