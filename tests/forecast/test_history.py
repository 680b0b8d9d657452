"""Over random histories, what the database adds up is what a few lines of Python do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from pycrm import CRM, Opportunity
from pycrm.forecast import elapsed, leaving
from pycrm.pipeline import entering

from .conftest import Desk

ORDER = ("filed", "contacted", "need_confirmed", "quoted", "negotiating")
MINUTE = timedelta(minutes=1)
Log = list[list[tuple[datetime, str]]]


def lived(desk: Desk, draw: random.Random, number: int) -> Log:
    """Let so many deals go random ways, and write down when each entered which stage."""
    deals = {
        at: (deal, [(deal.stage_at, deal.stage)])
        for at, deal in enumerate(desk.deals("rep_a", *["1"] * number))
    }
    for _ in range(4 * number):
        desk.clock.advance(minutes=draw.choice((0, 1, 7, 90, 1500)), seconds=draw.randrange(60))
        at = draw.randrange(number)
        deal, log = deals[at]
        with desk.crm.session("rep_a") as session:
            deal = session.get(deal.ref)
            # Only leaders undo a win.
            ways = [one for one in session.moves(deal) if one.key not in ("stay", "undo_win")]
            if not ways or draw.random() < 0.2:
                deal = session.change(deal, next_step=f"call {draw.random()}")
            else:
                to, values = draw.choice(ways), {}
                if to.target == "won":
                    values = {"closed_on": desk.crm.calendar_day(session.now)}
                values |= {"lost_reason": "price"} if to.target == "lost" else {}
                deal = session.move(deal, to.target, because="as it came", **values)
                log.append((deal.stage_at, deal.stage))
        deals[at] = (deal, log)
    desk.clock.advance(minutes=5)
    return [log for _, log in deals.values()]


def times(log: Log, since: datetime, until: datetime) -> tuple[Counter[str], Counter[str]]:
    """The time in each stage, in microseconds, and the number of stays."""
    total, stays = Counter[str](), Counter[str]()
    for one in log:
        for (begun, stage), end in zip(one, [at for at, _ in one[1:]] + [until], strict=True):
            if begun < until and end > since:
                total[stage] += (min(end, until) - max(begun, since)) // timedelta(microseconds=1)
                stays[stage] += 1
    return +total, stays


def conversions(log: Log, since: datetime, until: datetime) -> Counter[tuple[str, bool]]:
    """Of each stage, how many left it for good, and whether forward."""
    found = Counter[tuple[str, bool]]()
    for one in log:
        known = [(at, stage) for at, stage in one if at < until]
        last = {stage: at for at, (_, stage) in enumerate(known)}
        for stage, at in last.items():
            if at + 1 < len(known) and known[at + 1][0] >= since:
                to = known[at + 1][1]
                ahead = to == "won" or (
                    to in ORDER and stage in ORDER and ORDER.index(to) > ORDER.index(stage)
                )
                # Whatever was lost and reopened went back, not forward.
                found[stage, ahead] += 1
    return found


def differing(session: Any, log: Log, draw: random.Random, number: int) -> Iterator[str]:
    """What the database says otherwise than the log does."""
    first, last = min(one[0][0] for one in log), session.now
    length = (last - first) // MINUTE
    for _ in range(number):
        since, until = sorted(first + draw.randrange(-60, length + 60) * MINUTE for _ in range(2))
        until = min(until + MINUTE, last)
        since = min(since, until - MINUTE)
        total, stays = times(log, since, until)
        found = session.time_in_stage(Opportunity, since=since, until=until)
        if {one.stage: one.total for one in found if one.total} != {
            stage: timedelta(microseconds=passed) for stage, passed in total.items()
        }:
            yield f"time from {since} to {until}"
        if {one.stage: one.stays for one in found if one.stays} != dict(stays):
            yield f"stays from {since} to {until}"
        counted = Counter[tuple[str, bool]]()
        for one in session.funnel(Opportunity, since=since, until=until):
            counted[one.stage, True], counted[one.stage, False] = one.forward, one.left - one.forward
            behind = [
                len(session.behind(Opportunity, one.stage, part, since=since, until=until))
                for part in ("left", "forward")
            ]
            if behind != [one.left, one.forward]:
                yield f"what is behind {one.stage} from {since} to {until}"
        if +counted != conversions(log, since, until):
            yield f"conversion from {since} to {until}"


def test_the_database_adds_up_as_python_does(crm: CRM, desk: Desk) -> None:
    """Time in stage, stays and conversion of any period are those of the log, instant by instant."""
    log = lived(desk, random.Random(11), 9)
    with crm.view("rep_a") as session:
        assert list(differing(session, log, random.Random(5), 12)) == []
        whole = session.time_in_stage(Opportunity)
        lives = sum((session.now - one[0][0] for one in log), timedelta())
        assert sum((one.total for one in whole), timedelta()) == lives


@attrs.frozen
class Fault:
    """A mistake to plant, by the module and the name that it takes the place of."""

    module: Any
    name: str
    wrong: Callable[[Any], Any]


def _undrawn(right: Any) -> Any:
    return lambda tx, at, begin: right(tx, at, datetime(2020, 1, 1, tzinfo=begin.tzinfo))


FAULTS = {
    "time before the period counts": Fault(elapsed, "_passed", _undrawn),
    "the period ends a minute early": Fault(elapsed, "min", lambda right: lambda *of: min(*of) - MINUTE),
    "what comes back has left": Fault(entering, "_back", lambda right: lambda tx, rows: None),
    "what comes back later has not left": Fault(
        leaving, "_own", lambda right: lambda entry, until: right(entry, None)
    ),
    "back is forward": Fault(leaving, "ahead", lambda right: lambda pipeline, source: [("", list(ORDER))]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_seen(
    sqlite_database: str, clock: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Were a period or a way out reckoned wrongly, the log would say so."""
    from house import enterprise

    fault = FAULTS[name]
    with CRM(sqlite_database, clock=clock, random=random.Random(7)) as crm:
        enterprise(crm)
        right = getattr(fault.module, fault.name, None)
        monkeypatch.setattr(fault.module, fault.name, fault.wrong(right), raising=False)
        log = lived(Desk(crm, clock), random.Random(11), 9)
        with crm.view("rep_a") as session:
            assert list(differing(session, log, random.Random(5), 12)) != []
