"""Commands about pipelines as a whole: funnel, forecast."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Fields, Part, Table
from pycrm.cli.call import Call, command
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.forecast import Forecast, FunnelStage, Outlook, Period
    from pycrm.session import Session

__all__ = ["add_to", "period_of"]

_PERIOD = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d\d)))?", re.IGNORECASE)
_DAYS = ["%Y-%m-%d"]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="field=value, as for list; repeat it to narrow.")
]


def funnel(
    call: Call,
    entity: Annotated[str, typer.Argument(help="A kind of record with stages.")] = "opportunity",
    where: Where = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_DAYS, help="What left a stage from that day on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=_DAYS, help="And until that day.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="List the records behind a number of this stage.")
    ] = None,
    number: Annotated[
        str, typer.Option("--number", help="Which number: standing, stalled, left or forward.")
    ] = "standing",
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="One of several pipelines of such records, by its key.")
    ] = None,
    within: Annotated[
        str | None, typer.Option("--within", help="A stage that holds others, for the numbers of these.")
    ] = None,
) -> None:
    """Count what stands in each stage, how long, and which part of what left it went forward.

    With --stage it lists the very records behind one number.
    """
    from pycrm.cli.access import amount_of
    from pycrm.cli.entity import entity_of
    from pycrm.cli.listing import columns_of, condition, json_of, table_of

    with call.view() as session:
        cls = entity_of(session.crm, entity)
        conditions = [condition(session, cls, one) for one in where or ()]
        asked: dict[str, Any] = {
            "since": _day(since),
            "until": _day(until),
            "pipeline": pipeline,
            "within": within,
        }
        if stage is not None:
            found = session.behind(cls, stage, number, *conditions, **asked)  # type: ignore[arg-type]
            specs = columns_of(session, cls, None)
            data = {"entity": cls.__name__, "items": [json_of(one) for one in found]}
            parts: list[Part] = [table_of(session, cls, found, specs)] if found else []
            parts.append(f"{len(found):,} {number} in {stage}")
        else:
            rows = session.funnel(cls, *conditions, amount=amount_of(session, cls), **asked)
            data = {"entity": cls.__name__, "stages": [_stage(one) for one in rows]}
            parts = [_funnel_table(rows), f"your scope: {session.reach(cls)}"]
    call.answer(data, *parts)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _stage(one: FunnelStage) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "label": one.label,
        "kind": one.kind,
        "count": one.count,
        "sums": {money.currency: f"{money.amount:f}" for money in one.sums},
        "days": _text(one.days),
        "stalled": one.stalled,
        "left": one.left,
        "forward": one.forward,
        "conversion": _text(one.conversion),
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _funnel_table(rows: list[FunnelStage]) -> Table:
    heads = ["Stage", "Number", "Amount", "Days", "Stalled", "Left", "Forward", "Conversion %"]
    cells = [
        [
            *(one.label, f"{one.count:,}", "; ".join(map(str, one.sums)), _text(one.days) or ""),
            *(f"{one.stalled:,}", f"{one.left:,}", f"{one.forward:,}", _text(one.conversion) or ""),
        ]
        for one in rows
    ]
    return Table(heads, cells, frozenset(range(1, len(heads))))


def forecast(
    call: Call,
    period: Annotated[
        str | None, typer.Argument(help="2026, 2026-Q3 or 2026-07; without it the present quarter.")
    ] = None,
    where: Where = None,
    empirical: Annotated[
        bool, typer.Option("--empirical", help="Go by what became of earlier opportunities.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write-down", help="Keep the weighted forecast, to be compared later.")
    ] = False,
) -> None:
    """Say what the opportunities of a period will bring: weighted, historic and blended."""
    from pycrm.entities import Opportunity, Target

    def act(session: Session) -> tuple[dict[str, Any], list[Part]]:
        from pycrm.cli.listing import condition

        within = period_of(session, period)
        if write:
            session.snapshot(within)
        conditions = [condition(session, Opportunity, one) for one in where or ()]
        found = session.forecast(within, *conditions, empirical=empirical)
        known = session.attainments(Target.since == within.since, Target.until == within.until)
        targets = [_target(session, one) for one in known]
        past = [one for one in session.snapshots(within, *conditions) if one.count]
        last = {money.currency: f"{money.amount:f}" for money in past[-1].sums} if past else {}
        data = _forecast(found) | {
            "targets": targets,
            "last_snapshot": last,
            "scope": session.reach(Opportunity),
        }
        parts: list[Part] = []
        for one in found.outlooks:
            parts += [_fields(one, last.get(one.currency)), _categories(one)]
        if targets:
            rows = [[str(each[name] or "") for name in _TARGET] for each in targets]
            parts.append(Table(["Target of", "Amount", "Won", "%", "Gap"], rows, frozenset((1, 2, 3, 4))))
        if found.without_amount:
            parts.append(f"{found.without_amount:,} open without an amount")
        parts.append(f"{within.since} to {within.until}, your scope: {data['scope']}")
        return data, parts

    if write:
        data, parts = call.run(act)
    else:
        with call.view() as session:
            data, parts = act(session)
    call.answer(data, *parts)


_TARGET = ("whose", "amount", "won", "percent", "gap")


def _target(session: Session, one: Any) -> dict[str, Any]:
    from pycrm.cli.entity import labels_of

    whose = one.target.unit or one.target.owner
    labels = labels_of(session, [whose] if whose is not None else [])
    return {
        "whose": "" if whose is None else labels.get(whose.id, "(out of your scope)"),
        "amount": str(one.target.amount),
        "won": str(one.won),
        "percent": _text(one.percent),
        "gap": _text(one.gap),
    }


def period_of(session: Session, text: str | None) -> Period:
    """The period that a text means: a year, a quarter or a month; without one the present quarter.

    Raises:
        InvalidError: the text is none of these.
    """
    from pycrm.forecast import Period

    if text is None:
        today = session.crm.calendar_day(session.now)
        return Period.quarter(today.year, (today.month + 2) // 3)
    match = _PERIOD.fullmatch(text.strip())
    if match is None or (match[3] is not None and not 1 <= int(match[3]) <= 12):
        wrong = Problem("period", "format", f"expected 2026, 2026-Q3 or 2026-07: {text}")
        raise InvalidError(wrong.message, fields=[wrong])
    year = int(match[1])
    if match[2]:
        return Period.quarter(year, int(match[2]))
    return Period.month(year, int(match[3])) if match[3] else Period.year(year)


def _forecast(found: Forecast) -> dict[str, Any]:
    return {
        "since": found.period.since.isoformat(),
        "until": found.period.until.isoformat(),
        "without_amount": found.without_amount,
        "outlooks": [
            {
                "currency": one.currency,
                **{name: _amount(getattr(one, name)) for name in _AMOUNTS},
                "seasonal_index": str(one.season.index),
                "season": one.season.note,
                "categories": [
                    {"name": each.name, "count": each.count, "amount": _amount(each.amount)}
                    for each in one.categories
                ],
            }
            for one in found.outlooks
        ],
    }


_AMOUNTS = ("won", "open", "weighted_open", "weighted", "historic", "blended")


def _amount(money: Any) -> str | None:
    return None if money is None else f"{money.amount:f}"


def _fields(one: Outlook, last: str | None) -> Fields:
    none = "no history"
    pairs = [
        ("Won", str(one.won)),
        ("Open", str(one.open)),
        ("Weighted", str(one.weighted)),
        (
            "Historic",
            none if one.historic is None else f"{one.historic} ({one.season.index}, {one.season.note})",
        ),
        ("Blended", none if one.blended is None else str(one.blended)),
    ]
    if last is not None:
        pairs.append(("Last written down", f"{last} {one.currency}"))
    return Fields(pairs, f"Forecast in {one.currency}")


def _categories(one: Outlook) -> Table:
    rows = [[each.name.capitalize(), f"{each.count:,}", str(each.amount)] for each in one.categories]
    return Table(["Category", "Number", "Amount"], rows, frozenset((1, 2)))


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "funnel")(funnel)
    command(app, "forecast")(forecast)
