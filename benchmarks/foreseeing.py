"""Funnel, conversion and time in stage over 1,000,000 rows of stage history.

The reference is the faster of two statements written by hand for the same figures, at the driver: one
looks up the next row of each record by a window, the other adds up what was entered and left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.load import identifier
from benchmarks.timing import Timed, paired, timed
from pycrm import Opportunity

__all__ = ["funnel"]

GOALS = {"sqlite": 1.5, "postgresql": 1.5}
# In milliseconds for 1,000,000 rows.
MOST = {"sqlite": 2000.0, "postgresql": 1000.0}
ROWS = 1_000_000
_BEGAN, _YEARS = datetime(2023, 1, 1, tzinfo=UTC), 3
_SINCE = date(2023, 1, 1)
_OPEN = ("filed", "contacted", "need_confirmed", "quoted", "negotiating")
_CHUNK = 5000

_ENTRIES = (
    "record_id",
    "seq",
    "region",
    "pipeline",
    "version",
    "source",
    "stage",
    "label",
    "probability",
    "at",
    "back_at",
)
_DEALS = (
    *("id", "version", "created_at", "updated_at", "owner_id", "owner_unit_id", "parent_owner_id"),
    *("parent_unit_id", "stage", "stage_at", "pipeline", "pipeline_version", "customer_id", "name"),
    *("amount", "amount_currency", "expected_close", "competitors"),
)

_LIVE = "FROM crm_opportunity o WHERE o.archived_at IS NULL{reach}"
_JOINED = (
    "FROM crm_stage_entry e JOIN crm_opportunity o ON o.id = e.record_id "
    "WHERE e.pipeline = 'sales' AND o.archived_at IS NULL{reach}"
)
_REACH = " AND o.owner_unit_id IN (SELECT descendant_id FROM crm_unit_closure WHERE ancestor_id = ?)"


def funnel(bench: Bench) -> Iterator[Figure]:
    """The whole enterprise's funnel and time in stage, and those of a leader."""
    rows = ROWS // 10 if bench.quick else ROWS
    with bench.copy() as url:
        number = _loaded(bench, url, rows)
        bench.server.settle(url)
        with bench.opened(url) as (crm, driver):
            for name, login in (("top", bench.shape.top), ("leader", bench.shape.leader)):
                asked = Asked(bench, driver, None if name == "top" else login)
                with crm.view(login) as session:
                    for title, ours, hands in (
                        ("funnel", lambda s=session: _funnel(s), [asked.funnel]),
                        ("time_in_stage", lambda s=session: _times(s), [asked.added, asked.looked_up]),
                    ):
                        yield from _measured(bench, f"{title}_{name}", ours, hands, number)


def _measured(
    bench: Bench, name: str, ours: Callable[[], Any], hands: Sequence[Callable[[], Any]], rows: int
) -> Iterator[Figure]:
    expected = ours()
    for each in hands:
        assert each() == expected, name
    best = min(hands, key=lambda one: timed(one).wall)
    taken = paired(ours, best, bench.pairs(12), warm=1)
    yield attrs.evolve(bench.figure(name, taken, GOALS, "by hand"), issue="forecast")
    limit = MOST[bench.server.name] * rows / ROWS
    over = bench.figure(name, (taken[0], Timed(limit, limit)), {bench.server.name: 1.0}, LIMIT)
    yield attrs.evolve(over, issue="forecast")


def _funnel(session: Any) -> Any:
    found = session.funnel(Opportunity, amount=Opportunity.amount, since=_SINCE)
    return {
        one.stage: (one.count, sum(money.units for money in one.sums), one.stalled, one.left)
        for one in found
        if one.count or one.left
    }


def _times(session: Any) -> Any:
    found = session.time_in_stage(Opportunity, until=_end())
    return {one.stage: (one.total // timedelta(microseconds=1), one.stays) for one in found if one.stays}


def _end() -> datetime:
    return _BEGAN + timedelta(days=365 * _YEARS)


@attrs.define
class Asked:
    """The same figures by statements of one's own; of a leader, of the units below."""

    bench: Bench
    driver: Any
    login: str | None

    def _run(self, text: str, *values: Any) -> list[Any]:
        server, shape = self.bench.server, self.bench.shape
        reach = _REACH if self.login else ""
        mine = [server.id(shape.units[shape.led_by(self.login)])] if self.login else []
        cursor = self.driver.cursor()
        cursor.execute(server.marked(text.format(reach=reach)), (*values, *mine))
        found: list[Any] = cursor.fetchall()
        return found

    def funnel(self) -> Any:
        """What stands in each stage, and what left it for good."""
        server = self.bench.server
        local = datetime.now(UTC) + timedelta(hours=8)
        today = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=8)
        late = server.moment(today - timedelta(days=14))
        days = "(stage_at + 28800000000) / 86400000000"
        if server.name == "postgresql":
            days = "current_date - (stage_at AT TIME ZONE INTERVAL '8 hours')::date"
        closed = "stage NOT IN ('won', 'lost')"
        held = self._run(
            f"SELECT stage, count(*), sum(amount), sum({days}), "
            f"sum(CASE WHEN {closed} AND stage_at < ? THEN 1 ELSE 0 END) {_LIVE} GROUP BY stage",
            late,
        )
        gone = self._run(
            "SELECT e.source, e.stage, count(*) FROM crm_stage_entry e "
            "JOIN crm_opportunity o ON o.id = e.record_id WHERE e.pipeline = 'sales' "
            "AND e.source IS NOT NULL AND e.at >= ? AND e.back_at IS NULL "
            "AND o.archived_at IS NULL{reach} GROUP BY e.source, e.stage",
            server.moment(_BEGAN - timedelta(hours=8)),
        )
        left: dict[str, int] = {}
        for source, _, number in gone:
            left[source] = left.get(source, 0) + number
        found = {row[0]: (row[1], int(row[2]), int(row[4]), left.get(row[0], 0)) for row in held}
        return {key: found.get(key, (0, 0, 0, left.get(key, 0))) for key in {*found, *left}}

    def added(self) -> Any:
        """Time in stage as what was left less what was entered."""
        at = "e.at"
        if self.bench.server.name == "postgresql":
            at = "extract(epoch FROM e.at)"
        end = self._moment()
        total: dict[str, int] = {}
        stays: dict[str, int] = {}
        moved: dict[str, int] = {}
        text = f"SELECT e.source, e.stage, count(*), {self._sum(at)} {_JOINED} GROUP BY e.source, e.stage"
        for source, stage, number, *passed in self._run(
            text.replace(" AND o.", " AND e.at < ? AND o.", 1), end
        ):
            micros = self._micros(passed, number)
            total[stage] = total.get(stage, 0) - micros
            stays[stage] = stays.get(stage, 0) + number
            moved[stage] = moved.get(stage, 0) + number
            if source is not None:
                total[source] = total.get(source, 0) + micros
                moved[source] = moved.get(source, 0) - number
        last = round(_end().timestamp()) * 1_000_000
        return {key: (total[key] + moved[key] * last, stays[key]) for key in stays}

    def looked_up(self) -> Any:
        """Time in stage by the next row of each record."""
        end = self._moment()
        is_server = self.bench.server.name == "postgresql"
        passed = "extract(epoch FROM until - at)" if is_server else "(until - at)"
        cast = "::timestamptz" if is_server else ""
        inner = (
            f"SELECT e.stage, e.at, lead(e.at, 1, ?{cast}) OVER (PARTITION BY e.record_id ORDER BY e.seq) "
            f"AS until {_JOINED}"
        ).replace(" AND o.", " AND e.at < ? AND o.", 1)
        rows = self._run(
            f"SELECT stage, count(*), {self._sum(passed)} FROM ({inner}) x GROUP BY stage", end, end
        )
        return {stage: (self._micros(passed_, 0), number) for stage, number, *passed_ in rows}

    def _moment(self) -> Any:
        return self.bench.server.moment(_end())

    def _sum(self, expression: str) -> str:
        if self.bench.server.name == "postgresql":
            return f"sum({expression})"
        # A sum of microseconds passes 64 bits.
        return f"sum({expression} >> 20), sum({expression} & 1048575)"

    def _micros(self, passed: Sequence[Any], number: int) -> int:
        if self.bench.server.name == "postgresql":
            return int(passed[0] * 1_000_000)
        return (int(passed[0]) << 20) + int(passed[1])


def _loaded(bench: Bench, url: str, rows: int) -> int:
    """Opportunities of everybody with so many rows of history, each moved as it might be, written as time went."""
    server, noise = bench.server, random.Random(7)
    deals: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    with bench.opened(url) as (_, driver):
        cursor = driver.cursor()
        cursor.execute("SELECT id, owner_id, owner_unit_id FROM crm_customer")
        customers = cursor.fetchall()
        while len(entries) < rows:
            made, moved = _deal(bench, noise, len(deals), customers[len(deals) % len(customers)])
            deals.append(made)
            entries += moved
        deals.sort(key=itemgetter(_DEALS.index("created_at")))
        entries.sort(key=itemgetter(_ENTRIES.index("at")))
        with server.without_indexes(driver, ["crm_stage_entry", "crm_opportunity"]):
            cursor.execute("BEGIN")
            for table, columns, some in (
                ("crm_opportunity", _DEALS, deals),
                ("crm_stage_entry", _ENTRIES, entries),
            ):
                for at in range(0, len(some), _CHUNK):
                    server.bulk(cursor, table, columns, some[at : at + _CHUNK])
            cursor.execute("COMMIT")
    return len(entries)


def _deal(
    bench: Bench, noise: random.Random, number: int, place: tuple[Any, Any, Any]
) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
    server = bench.server
    customer, owner, unit = place
    begun = _BEGAN + timedelta(seconds=noise.randrange(365 * 86_400 * (_YEARS - 1)))
    id = server.id(UUID(bytes=identifier(round(begun.timestamp() * 1000), noise)).bytes)
    stage, source, at, seq = _OPEN[0], None, begun, 1
    entries: list[tuple[Any, ...]] = []
    left: dict[str, int] = {}
    for step in range(noise.randint(3, 9)):
        if stage in left:
            gone = left.pop(stage)
            entries[gone] = (*entries[gone][:-1], server.moment(at))
        if source is not None:
            left[source] = len(entries)
        entries.append((id, seq, "", "sales", 1, source, stage, stage, 10, server.moment(at), None))
        if stage in ("won", "lost") or step == 8:
            break
        place_, chance = _OPEN.index(stage), noise.random()
        source = stage
        if chance < 0.7:
            stage = _OPEN[place_ + 1] if place_ < 4 else "won"
        else:
            stage = _OPEN[place_ - 1] if chance < 0.85 and place_ else "lost"
        at += timedelta(microseconds=noise.randrange(40 * 86_400_000_000))
        seq += noise.choice((1, 1, 2, 5))
    last = entries[-1]
    deal = (
        *(
            id,
            last[1],
            server.moment(begun),
            last[9],
            owner,
            unit,
            owner,
            unit,
            last[6],
            last[9],
            "sales",
            1,
            customer,
        ),
        *(f"Deal {number}", noise.randrange(10**8), "CNY", server.day(at.date()), "[]"),
    )
    return deal, entries
