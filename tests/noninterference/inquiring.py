"""Operations that ask the past: of one record, between moments, and of whole lists."""

from __future__ import annotations

from typing import Any

from pycrm import Customer, Opportunity

from .operations import operation
from .pick import OWNED, Pick
from .reading import conditions, order

FIELDS = ("channel", "name", "amount", "next_step", "tax_id", "industry", "lines", "stage", "nothing")


@operation("history", weight=5)
def history(session: Any, pick: Pick) -> Any:
    return session.history(pick.record(session, pick.cls()))


@operation("as_of", weight=4)
def as_of(session: Any, pick: Pick) -> Any:
    return session.as_of(pick.record(session, pick.cls()), pick.moment())


@operation("history", weight=4, name="history of a field")
def history_of(session: Any, pick: Pick) -> Any:
    record = pick.record(session, pick.cls())
    by = pick.user() if pick.chance(0.3) else None
    since = pick.moment() if pick.chance(0.3) else None
    found: list[Any] = []
    while len(found) < 6:
        before = found[-1] if found else None
        some = session.history(record, field=pick.one(FIELDS), by=by, since=since, before=before, limit=2)
        found += some
        if not some:
            break
    return found


@operation("team", weight=2)
def team(session: Any, pick: Pick) -> Any:
    return session.team(pick.record(session, pick.one(OWNED)))


@operation("diff", weight=3)
def diff(session: Any, pick: Pick) -> Any:
    until = pick.moment() if pick.chance(0.5) else None
    return session.diff(pick.record(session, pick.cls()), pick.moment(), until)


@operation("find", weight=4, name="find as of")
def find_as_of(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    return session.find(
        *(cls, *conditions(pick, cls)),
        order=order(pick, cls) if pick.chance(0.5) else None,
        limit=pick.one((None, 1, 3)),
        children=pick.chance(0.3),
        as_of=pick.moment(),
    )


@operation("count", weight=2, name="count as of")
def count_as_of(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    of: list[Any] = [Customer.name, Customer.channel] if cls is Customer else [Opportunity.next_step]
    distinct = pick.one([None, *of])
    return session.count(cls, *conditions(pick, cls), distinct=distinct, as_of=pick.moment())


@operation("sum", weight=2, name="sum as of")
def sum_as_of(session: Any, pick: Pick) -> Any:
    return session.sum(Opportunity.amount, *conditions(pick, Opportunity), as_of=pick.moment())
