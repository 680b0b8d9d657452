"""Operations over pipelines as a whole: funnels, time in stage, forecasts, targets and snapshots."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pycrm import Opportunity, Period, Target

from .operations import operation
from .pick import Pick
from .reading import conditions

STAGES = ("filed", "contacted", "quoted", "won", "lost")


def since(session: Any, pick: Pick) -> dict[str, Any]:
    """No period, or one that began lately."""
    return {} if pick.chance(0.5) else {"since": session.now - timedelta(days=pick.one((0, 1, 30)))}


def period(pick: Pick) -> Period:
    """The present quarter or month, the next year, or the month before."""
    return pick.one(
        (Period.quarter(2026, 2), Period.quarter(2026, 3), Period.month(2026, 5), Period.year(2027))
    )


def amount(pick: Pick) -> Any:
    """The field that is summed, if any."""
    return Opportunity.amount if pick.chance(0.6) else None


@operation("funnel", weight=4)
def funnel(session: Any, pick: Pick) -> Any:
    found = session.funnel(
        *(Opportunity, *conditions(pick, Opportunity)),
        amount=amount(pick),
        pipeline=pick.one((None, "sales", "lead")),
        **since(session, pick),
    )
    return found, [one.conversion for one in found]


@operation("behind", weight=3)
def behind(session: Any, pick: Pick) -> Any:
    number = pick.one(("standing", "stalled", "left", "forward"))
    return session.behind(
        *(Opportunity, pick.one(STAGES), number, *conditions(pick, Opportunity)),
        limit=pick.one((None, 1)),
        **since(session, pick),
    )


@operation("time_in_stage", weight=4)
def time_in_stage(session: Any, pick: Pick) -> Any:
    return session.time_in_stage(Opportunity, *conditions(pick, Opportunity), **since(session, pick))


@operation("stalled", "overdue", name="what stands still")
def marked(session: Any, pick: Pick) -> Any:
    mark = pick.one((session.stalled, session.overdue))(Opportunity)
    return session.find(Opportunity, mark), session.count(Opportunity, mark, limit=pick.one((None, 2)))


@operation("standing")
def standing(session: Any, pick: Pick) -> Any:
    return session.standing(pick.record(session, Opportunity))


@operation("forecast", weight=4)
def forecast(session: Any, pick: Pick) -> Any:
    where = conditions(pick, Opportunity)
    return session.forecast(period(pick), *where, empirical=pick.chance(0.3))


@operation("chances")
def chances(session: Any, pick: Pick) -> Any:
    return session.chances(*conditions(pick, Opportunity), least=pick.one((1, 20)))


@operation("odds", weight=1)
def odds(session: Any, pick: Pick) -> Any:
    return session.odds(*conditions(pick, Opportunity), least=1)


@operation("add", "attainments", writes=True, name="set a target")
def attainments(session: Any, pick: Pick) -> Any:
    unit = pick.one((None, *pick.book.units))
    target = Target(unit=unit, amount=pick.money(), since=date(2026, 6, 1), until=date(2026, 6, 30))
    made = session.add(target, owner=pick.user() if pick.chance(0.3) else None)
    found = session.attainments()
    return made, found, [(one.percent, one.gap) for one in found]


@operation("snapshot", "snapshots", "accuracy", writes=True, name="write a forecast down")
def snapshot(session: Any, pick: Pick) -> Any:
    taken = session.snapshot(period(pick))
    where = conditions(pick, Opportunity)
    return taken, session.snapshots(None, *where), session.accuracy(Period.month(2026, 5))
