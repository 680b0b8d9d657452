"""Reports: the funnel and the forecast; every figure leads to the records that it counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import InvalidError, NotFoundError, RefusedError
from pycrm.forecast import Period
from pycrm.forecast.funnel import NUMBERS
from pycrm.web import figures
from pycrm.web.catalog import class_of, reads, slug_of
from pycrm.web.chart import bars, funnel_chart
from pycrm.web.leading import money_of
from pycrm.web.process import process_of, processes
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["behind", "forecast", "funnel"]

_SPANS = (30, 90, 180, 365)


def _since(visit: Visit, session: Session) -> tuple[int, date]:
    asked = visit.asked("days")
    days = int(asked) if asked.isdecimal() and int(asked) in _SPANS else 180
    return days, session.crm.calendar_day(session.now) - timedelta(days=days - 1)


def _of(visit: Visit, session: Session) -> Any:
    cls = class_of(session.crm, visit.asked("of", "opportunities"))
    if cls.__pipeline__ is None or not reads(session, cls):
        raise NotFoundError("no such page")
    return cls


def _owner(visit: Visit, session: Session, cls: Any) -> list[Any]:
    """The condition of one person's records, where a report is narrowed to these."""
    who = visit.asked("owner")
    if not who or "owner" not in cls.__specs__:
        return []
    try:
        return [cls.owner == session.get(session.crm.record("User"), who).id]
    except NotFoundError:
        raise InvalidError("no such user") from None


@attrs.frozen
class Stage:
    """A line of the funnel; each of its numbers has an address."""

    key: str
    label: str
    kind: str
    count: int
    sums: str
    days: str
    stalled: int
    left: int
    forward: int
    conversion: str


def funnel(visit: Visit) -> Answer:
    """What stands in each stage, and which part of what left it went forward."""
    with visit.view() as session:
        cls = _of(visit, session)
        show = Show(visit, session)
        days, since = _since(visit, session)
        conditions = _owner(visit, session, cls)
        amount = money_of(session, cls)
        process, field = process_of(show, cls), getattr(cls, amount) if amount else None
        found = session.funnel(cls, *conditions, amount=field, since=since, **process.asked)
        pipeline = show.pipeline(process.pipeline)
        stages = [_line(show, pipeline, one) for one in found]
        open_ = [one for one, raw in zip(stages, found, strict=True) if raw.kind in ("open", "hold")]
        return page(
            visit,
            session,
            "funnel.html",
            visit.words("Funnel: {what}", what=visit.words.many(cls)),
            stages=stages,
            chart=funnel_chart(
                [(one.label, one.count, one.sums, _address(visit, one.key, "standing")) for one in open_]
            ),
            days=days,
            spans=_SPANS,
            slug=slug_of(session.crm, cls),
            kinds=[
                (slug_of(session.crm, one), visit.words.many(one))
                for one in session.crm.records()
                if one.__pipeline__ is not None and reads(session, one) and slug_of(session.crm, one)
            ],
            people=_people(session, cls),
            owner=visit.asked("owner"),
            processes=[(one.name, label) for one, label in processes(show, cls)],
            process=process.name,
            address=lambda stage, number: _address(visit, stage, number),
        )


def _address(visit: Visit, stage: str, number: str) -> str:
    words = visit.address().partition("?")[2]
    return f"/reports/funnel/{stage}/{number}" + (f"?{words}" if words else "")


def _people(session: Session, cls: Any) -> list[tuple[str, str]]:
    from pycrm.entities.org import Reach

    if "owner" not in cls.__specs__ or not session.reaches(cls, "read", Reach.UNIT):
        return []
    user = session.crm.record("User")
    return [(str(one.id), one.name) for one in session.find(user, order=user.name, limit=300)]


def _line(show: Show, pipeline: Any, one: Any) -> Stage:
    stage = pipeline.stage(one.stage) if pipeline.has_stage(one.stage) else None
    return Stage(
        one.stage,
        show.words.stage(stage) if stage is not None else one.label,
        one.kind,
        one.count,
        " + ".join(figures.brief(each, show.visit.language) for each in one.sums),
        f"{one.days:.0f}" if one.days is not None else "–",
        one.stalled,
        one.left,
        one.forward,
        f"{one.conversion:.0f} %" if one.conversion is not None else "–",
    )


def behind(visit: Visit) -> Answer:
    """The records that one number of the funnel counts."""
    with visit.view() as session:
        cls = _of(visit, session)
        show = Show(visit, session)
        number: Any = visit.params["number"]
        if number not in NUMBERS:
            raise NotFoundError("no such page")
        _, since = _since(visit, session)
        process, stage = process_of(show, cls), visit.params["stage"]
        given = _owner(visit, session, cls)
        some = session.behind(cls, stage, number, *given, since=since, limit=500, **process.asked)
        from pycrm.web.columns import columns_of
        from pycrm.web.listing import lines_of

        specs = columns_of(show, cls, ())
        return page(
            visit,
            session,
            "behind.html",
            f"{show.stage_named(cls, stage, process.pipeline)} · {visit.words(f'number:{number}')}",
            lines=lines_of(show, cls, some, specs),
            headings=[show.words.field(cls, spec) for spec in specs],
            back=f"/reports/funnel?{visit.address().partition('?')[2]}",
        )


def forecast(visit: Visit) -> Answer:
    """What this quarter and its neighbours will bring, by three methods, beside targets and snapshots."""
    with visit.view() as session:
        deal = session.crm.record("Opportunity")
        if not reads(session, deal):
            raise NotFoundError("no such page")
        today = session.crm.calendar_day(session.now)
        period = _quarter(visit.asked("quarter"), today)
        conditions = _owner(visit, session, deal)
        made = session.forecast(period, *conditions)
        return page(
            visit,
            session,
            "forecast.html",
            visit.words("Forecast"),
            period=period,
            name=_name(period),
            outlooks=[(one, _methods(visit, one)) for one in made.outlooks],
            without=made.without_amount,
            before=_name(_moved(period, -1)),
            after=_name(_moved(period, 1)),
            targets=_targets(visit, session, period),
            snapshots=_snapshots(session, period, conditions),
            chart=_history(visit, session, period, conditions),
            people=_people(session, deal),
            owner=visit.asked("owner"),
            open_path=f"/opportunities?f:expected_close:from={period.since}&f:expected_close:to={period.until}",
            won_path=f"/opportunities?f:stage=won&f:closed_on:from={period.since}&f:closed_on:to={period.until}",
        )


def _quarter(text: str, today: date) -> Period:
    year, _, quarter = text.partition("Q")
    if year.isdecimal() and len(year) == 4 and quarter in ("1", "2", "3", "4"):
        return Period.quarter(int(year), int(quarter))
    return Period.quarter(today.year, (today.month + 2) // 3)


def _name(period: Period) -> str:
    return f"{period.since.year}Q{(period.since.month + 2) // 3}"


def _moved(period: Period, by: int) -> Period:
    index = period.since.year * 4 + (period.since.month - 1) // 3 + by
    return Period.quarter(index // 4, index % 4 + 1)


def _methods(visit: Visit, one: Any) -> list[tuple[str, str, str, str]]:
    """What each method says: its name, the figure in brief and whole, and what it is."""
    words, found = visit.words, []
    rows = [
        ("won", one.won),
        ("weighted", one.weighted),
        ("historic", one.historic),
        ("blended", one.blended),
    ]
    for name, value in rows:
        figure = figures.brief(value, visit.language) if value is not None else "–"
        whole = figures.money(value) if value is not None else ""
        found.append((words(f"method:{name}"), figure, whole, words(f"about:{name}")))
    return found


def _targets(visit: Visit, session: Session, period: Period) -> list[tuple[str, Any]]:
    target = session.crm.record("Target")
    try:
        found = session.attainments(target.since <= period.until, target.until >= period.since)
    except RefusedError:
        return []
    show = Show(visit, session)
    show.learn([one.target for one in found])
    return [(show.name(one.target.unit or one.target.owner), one) for one in found[:20]]


def _snapshots(session: Session, period: Period, conditions: list[Any]) -> list[Any]:
    try:
        return session.snapshots(period, *conditions)[-8:]
    except RefusedError:
        return []


def _history(visit: Visit, session: Session, period: Period, conditions: list[Any]) -> Any:
    """What was won in the quarters before, and what this one is to bring."""
    points = []
    for by in range(-5, 1):
        quarter = _moved(period, by)
        made = session.forecast(quarter, *conditions)
        only = made.outlooks[0] if made.outlooks else None
        won, weighted = (only.won, only.weighted) if only is not None else (None, None)
        path = f"/opportunities?f:stage=won&f:closed_on:from={quarter.since}&f:closed_on:to={quarter.until}"
        points.append((_name(quarter), won, weighted, path))
    return bars(points, visit.language, (visit.words("method:won"), visit.words("method:weighted")))
