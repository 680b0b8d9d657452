"""Pages and capped counts by reach: the statement of pycrm beside the best one written by hand.

Both run at the driver, in one transaction, with equal keys and columns; who asks and what that person
may see has been found out before. What a session adds to a page is measured by `page_50`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import attrs
import sqlalchemy as sa

from benchmarks.bench import Bench
from benchmarks.by_hand import (
    BY_ACTIVITY,
    COUNTED,
    SIZE,
    Asked,
    Reader,
    Sorted,
    counted,
    fastest,
    left,
    marked,
    rows_of,
    written,
)
from benchmarks.figure import Figure
from benchmarks.timing import Timed, paired
from pycrm import Action, ActivityState, Customer, Grant, Reach, Role, RoleAssignment, User

__all__ = ["PAGE", "every_sent", "mixed", "page_scope", "readers", "sent"]

DEPTH = 10_000
PAGE = {"sqlite": 1.6, "postgresql": 1.6}
COUNT = {"sqlite": 1.5, "postgresql": 1.5}
DEEP = {"sqlite": 2.0, "postgresql": 2.0}
SLOWEST = {"sqlite": 4.0, "postgresql": 4.0}
CONTROL = {"sqlite": 1.0, "postgresql": 1.0}


def page_scope(bench: Bench) -> Iterator[Figure]:
    """Pages by name and by last activity, first and deep, and capped counts, for people of every reach."""
    with bench.opened(bench.url) as (crm, driver):
        firsts: dict[str, Timed] = {}
        for reader in readers(bench):
            for figure in _measured(bench, crm, driver, reader, firsts):
                yield attrs.evolve(figure, issue="scope")
            yield attrs.evolve(_filtered(bench, crm, driver, reader), issue="scope")
            for figure in _by_activity(bench, crm, driver, reader):
                yield attrs.evolve(figure, issue="scope")
        slowest, fastest = max(firsts.values(), key=_wall), min(firsts.values(), key=_wall)
        over = bench.figure("page_scope_slowest", (slowest, fastest), SLOWEST, "fastest reader")
        yield attrs.evolve(over, issue="scope")
    with bench.copy() as url:
        reader = mixed(bench, url)
        with bench.opened(url) as (crm, driver):
            for figure in _measured(bench, crm, driver, reader, {}):
                yield attrs.evolve(figure, issue="scope")


def _wall(taken: Timed) -> float:
    return taken.wall


def readers(bench: Bench) -> list[Reader]:
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


def mixed(bench: Bench, url: str) -> Reader:
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
        counts = fastest(bench, cursor, counted(bench, reader), rows_of(cursor, ours))
        both = paired(
            lambda: rows_of(cursor, ours), lambda: rows_of(cursor, counts), bench.pairs(60), warm=10
        )
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

        ours, control = sent(session, turn), marked(bench, left(bench, reader, at))
        rows = rows_of(cursor, control)
        assert rows_of(cursor, ours) == rows, reader
        by_hand = fastest(bench, cursor, written(bench, reader, at), rows)
        both = paired(lambda a=ours: rows_of(cursor, a), lambda a=by_hand: rows_of(cursor, a),
                      bench.pairs(200), warm=20)  # fmt: skip
        taken[name] = both[0]
        title = f"page_scope_{reader.name}_{order.word}{name}"
        yield bench.figure(title, both, PAGE)
        if bench.server.name == "postgresql" and reader.root is not None:
            plain = paired(lambda a=ours: rows_of(cursor, a), lambda a=control: rows_of(cursor, a), 5, warm=1)
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
        rows = rows_of(cursor, marked(bench, left(bench, narrowed, None)))
        assert rows_of(cursor, ours) == rows, reader
        by_hand = fastest(bench, cursor, written(bench, narrowed, None), rows)
        both = paired(
            lambda: rows_of(cursor, ours), lambda: rows_of(cursor, by_hand), bench.pairs(100), warm=10
        )
    cursor.execute("COMMIT")
    return bench.figure(f"page_scope_{reader.name}_filtered", both, PAGE)


def _deep(session: Any, order: Sorted) -> tuple[str, tuple[Any, ...]]:
    """The cursor at 10,000 records, or as deep as a whole page follows, and the last record before it."""
    depth = min(DEPTH, (session.count(Customer, limit=DEPTH + SIZE + 1) - SIZE - 1) // SIZE * SIZE)
    depth = max(depth, SIZE)
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
    (only,) = every_sent(session, ask)
    return only


def every_sent(session: Any, ask: Callable[[], Any]) -> list[Asked]:
    """All statements that a question sends to the driver, each time but the first."""
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
    return found
