"""Commands about the value of customers: running a model, explaining, trying and publishing one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pycrm.cli.answer import Fields, Part, Table
from pycrm.cli.call import Call, command, group
from pycrm.errors import InvalidError, NotFoundError, Problem

if TYPE_CHECKING:
    from pycrm.scoring.book import ScoreRun
    from pycrm.scoring.engine import Engine
    from pycrm.scoring.explain import Part as Share
    from pycrm.scoring.explain import Score
    from pycrm.scoring.model import ScoreModel
    from pycrm.session import Session

__all__ = ["score"]

score = group("What customers are worth, by which model, and why.")

Key = Annotated[str, typer.Argument(metavar="MODEL", help="The score model, such as distributor.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A version as TOML or JSON; see `show`.")]
Where = Annotated[
    str, typer.Option("--engine", metavar="ENGINE", help="Where it is worked out: database or duckdb.")
]
Day = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="By the facts until that day.")
]


@command(score, "models")
def models(call: Call) -> None:
    """List every published version of every model."""
    with call.view() as session:
        found = session.score_models()
    rows = [[one.key, str(one.version), one.label, str(len(one.items)), _weights(one)] for one in found]
    table = Table(["Model", "Version", "Label", "Indicators", "Weights"], rows, frozenset({1, 3}))
    call.answer([one.as_dict() for one in found], table)


def _weights(model: ScoreModel) -> str:
    return " ".join(f"{aspect} {weight:g}" for aspect, weight in model.weights.items())


@command(score, "show")
def show(call: Call, key: Key) -> None:
    """Show the version in force as JSON, to be changed and published as the next one."""
    import json

    with call.view() as session:
        found = [one for one in session.score_models() if one.key == key]
    if not found:
        raise NotFoundError("no such score model")
    data = found[-1].as_dict()
    call.answer(data, json.dumps(data, ensure_ascii=False, indent=2))


@command(score, "run")
def run(call: Call, key: Key, as_of: Day = None, engine: Where = "database") -> None:
    """Score all customers; a run that was interrupted goes on where it stopped."""
    with call.crm() as crm, _progress(call) as told:
        day = None if as_of is None else as_of.date()
        made = crm.run_scores(call.who(), key, as_of=day, engine=cast("Engine", engine), progress=told)
        with crm.view(call.who()) as session:
            grades = _counted(session, key)
    lacking = _lacking(made)
    parts: list[Part] = [
        f"{made.customers:,} customers scored by {key} {made.model_version} as of {made.as_of}"
    ]
    parts.append(Table(["Grade", "Customers"], [[g, f"{n:,}"] for g, n in grades.items()], frozenset({1})))
    parts += [f"not available: {code} ({', '.join(feeds)})" for code, feeds in lacking.items()]
    call.answer(
        {
            "run": str(made.id),
            "as_of": made.as_of.isoformat(),
            "customers": made.customers,
            "grades": grades,
            "lacking": lacking,
        },
        *parts,
    )


def _counted(session: Session, key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in session.scores(key):
        found[one.computed] = found.get(one.computed, 0) + 1
    return dict(sorted(found.items()))


def _lacking(made: ScoreRun) -> dict[str, list[str]]:
    import json

    return {one["indicator"]: one["feeds"] for one in json.loads(made.lacking)}


@contextmanager
def _progress(call: Call) -> Iterator[Callable[[int, int], None] | None]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if call.json or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("scoring", total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told


@command(score, "list")
def list_(
    call: Call,
    key: Key,
    grade: Annotated[str | None, typer.Option("--grade", help="Only those with that grade in force.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
) -> None:
    """List the customers you see by their scores, the best first."""
    with call.view() as session:
        found = session.scores(key, grade=grade, limit=limit)
        names = _names(session, found)
    rows = [
        [
            names.get(one.customer.id, ""),
            one.grade,
            one.computed,
            _two(one.score),
            *(_two(one.aspects.get(a)) for a in _aspects()),
        ]
        for one in found
    ]
    table = Table(
        ["Customer", "Grade", "Computed", "Score", *(a.value for a in _aspects())],
        rows,
        frozenset(range(3, 8)),
    )
    data = [
        {
            "customer": str(one.customer.id),
            "grade": one.grade,
            "computed": one.computed,
            "score": _two(one.score) or None,
            "as_of": one.as_of.isoformat(),
        }
        for one in found
    ]
    call.answer(data, table)


def _aspects() -> list[Any]:
    from pycrm.scoring import Aspect

    return list(Aspect)


def _names(session: Session, found: list[Score]) -> dict[Any, str]:
    from pycrm.entities import Customer

    wanted = [one.customer.id for one in found]
    pieces = (wanted[at : at + 500] for at in range(0, len(wanted), 500))
    return {one.id: one.name for ids in pieces for one in session.find(Customer, Customer.id.in_(ids))}


def _two(value: Any) -> str:
    return "" if value is None else f"{value:.2f}"


@command(score, "explain")
def explain(
    call: Call,
    customer: Annotated[str, typer.Argument(help="A code or an id.")],
    model: Annotated[str | None, typer.Option("--model", help="By which model.")] = None,
) -> None:
    """Say what a customer's score is made of, and what moved it since the run before."""
    from pycrm.cli.entity import ref_of
    from pycrm.entities import Customer

    with call.view() as session:
        record = session.get(Customer, ref_of(session, customer).id)
        found = session.score(record, model)
    if found is None:
        call.answer(None, f"{record.name} was never scored")
        return
    call.answer(_data(found), *_explained(record.name, found))


def _explained(name: str, found: Score) -> list[Part]:
    parts: list[Part] = [
        Fields(
            [
                ("Score", _two(found.score) or "none"),
                ("Grade", _grade(found)),
                ("Model", f"{found.model} {found.version}, as of {found.as_of}, ranks of {found.tables_of}"),
                *((aspect.name.capitalize(), _two(points)) for aspect, points in found.aspects.items()),
            ],
            name,
        ),
        Table(
            ["Indicator", "Value", "Points", "Weighs %", "Gives"],
            [_row(one) for one in sorted(found.parts, key=lambda one: -one.contribution)],
            frozenset({1, 2, 3, 4}),
        ),
    ]
    parts += [f"not available: {aspect.name.lower()}" for aspect in found.lacking]
    moved = [*found.gains, *found.losses]
    if moved:
        rows = [[f"{one.indicator} {one.label}", f"{by:+.2f}"] for one, by in moved]
        parts.append(Table(["Since the run before", ""], rows, frozenset({1})))
    return parts


def _grade(found: Score) -> str:
    """The grade in force, and beside it what was computed and what the score alone would give."""
    computed = found.computed
    if found.computed != found.own:
        computed = f"{computed} (by itself {found.own})"
    over = found.override
    if over is None:
        return computed
    why = f", {over.reason}" if over.reason is not None else ""
    return f"{over.grade} until {over.until.isoformat()}{why}; computed {computed}"


def _row(one: Share) -> list[str]:
    value = one.state if one.state != "ok" else _value(one)
    return [
        f"{one.indicator} {one.label}",
        *(value, _two(one.points), f"{one.weight * 100:.2f}", f"{one.contribution:.2f}"),
    ]


def _value(one: Share) -> str:
    if isinstance(one.value, str):
        return one.value
    return f"{one.value / 100:,.2f}" if one.unit == "money" else f"{one.value:,.2f}".removesuffix(".00")


def _data(found: Score) -> dict[str, Any]:
    over = found.override
    return {
        "customer": str(found.customer.id),
        "model": found.model,
        "version": found.version,
        "as_of": found.as_of.isoformat(),
        "score": _two(found.score) or None,
        "grade": found.grade,
        "computed": found.computed,
        "own": found.own,
        "override": None if over is None else {"until": over.until.isoformat(), "reason": over.reason},
        "parts": [
            {
                "indicator": one.indicator,
                "value": one.value,
                "state": one.state,
                "points": one.points,
                "weight": one.weight,
                "contribution": one.contribution,
            }
            for one in found.parts
        ],
        "lacking": [one.value for one in found.lacking],
    }


@command(score, "try")
def try_(call: Call, file: File, as_of: Day = None) -> None:
    """Say who would rise and fall by a version that is not published; nothing is stored."""
    with call.view() as session:
        found = session.try_score_model(_read(file), as_of=None if as_of is None else as_of.date())
    grades = sorted({grade for pair in found.matrix for grade in pair})
    rows = [[was, *(f"{found.matrix.get((was, now), 0):,}" for now in grades)] for was in grades]
    data = {
        "as_of": found.as_of.isoformat(),
        "matrix": [{"from": was, "to": now, "customers": n} for (was, now), n in found.matrix.items()],
        "movers": [{"customer": str(o.customer.id), "from": o.former, "to": o.grade} for o in found.movers],
        "warnings": [{"path": one.path, "message": one.message} for one in found.warnings],
    }
    table = Table(["From / to", *grades], rows, frozenset(range(1, len(grades) + 1)))
    told = f"{len(found.movers):,} of {sum(found.matrix.values()):,} customers would change their grade"
    call.answer(data, table, told, *(one.message for one in found.warnings))


@command(score, "publish")
def publish(
    call: Call,
    file: File,
    because: Annotated[str | None, typer.Option("--because", help="Why, as it is kept.")] = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Although some indicators are not available here.")
    ] = False,
) -> None:
    """Publish the next version of a model."""
    given = _read(file)
    made = call.run(lambda session: session.publish_score_model(given, because=because, confirmed=confirmed))
    call.answer(made.as_dict(), f"published {made.key} {made.version}")


def _read(file: Path) -> Any:
    import json
    import tomllib

    try:
        text = file.read_text(encoding="utf-8")
        return json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        wrong = Problem("file", "format", f"{file} cannot be read: {error}")
        raise InvalidError(wrong.message, fields=[wrong]) from None


@command(score, "export")
def export(
    call: Call,
    key: Key,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file: .csv, or .parquet.")],
) -> None:
    """Write the scores you see into a file: a row a customer, with points and value of each indicator."""
    from pycrm.exchange import export_scores

    number = call.run(lambda session: export_scores(session, key, file))
    call.answer({"customers": number, "file": str(file)}, f"{number:,} customers written to {file}")
