"""Commands about pipelines: looking at them, checking a draft, and putting it in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from pycrm.cli.answer import Fields, Part, Table
from pycrm.cli.call import UNNAMED, Call, command, group
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.pipeline import Pipeline
    from pycrm.pipeline.edition import Edition, PipelinePreview
    from pycrm.session import Session

__all__ = ["pipeline"]

pipeline = group("Look at pipelines, and publish new versions of them.")

_CODES = {"draft": "not published yet", "declared": "declared by a plugin, another was published by hand"}

Key = Annotated[str, typer.Argument(metavar="KEY", help="The pipeline, such as sales.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A version as TOML; see `export`.")]
Version = Annotated[
    int | None, typer.Option("--version", metavar="NUMBER", help="Not the one in force; 0 is the draft.")
]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OLD=NEW", help="Where records of a stage go that is no more; repeat it."),
]


@command(pipeline, "list")
def list_(call: Call) -> None:
    """List every version: published, retired and, to who may see them, drafts."""
    from pycrm.cli.value import local

    with call.view() as session:
        found, zone = session.pipelines(), session.crm.zone
        whose = _logins(session, found)
    rows = [
        [
            one.key,
            str(one.version),
            one.state,
            one.entity,
            one.label,
            "" if one.at is None else local(one.at, zone),
            "" if one.by is None else whose.get(one.by.id, ""),
            one.reason or _CODES.get(one.state, ""),
        ]
        for one in found
    ]
    columns = ["Key", "Version", "State", "Entity", "Label", "When", "By", "Reason"]
    call.answer([attrs.asdict(one, recurse=False) for one in found], Table(columns, rows, frozenset({1})))


def _logins(session: Session, found: list[Edition]) -> dict[Any, str]:
    from pycrm.entities import User

    ids = {one.by.id for one in found if one.by is not None}
    people = (session.find_one(User, id) for id in ids)
    return {one.id: one.login for one in people if one is not None}


@command(pipeline, "show")
def show(
    call: Call,
    key: Key,
    version: Version = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a drawing in Mermaid's words.")] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw it into a file, as SVG.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Of the labels.")] = "en",
) -> None:
    """Show the stages and moves of a version."""
    from pycrm.pipeline import draw
    from pycrm.pipeline.svg import svg as drawn

    with call.view() as session:
        found, editions = session.pipeline(key, version), session.pipelines()
    if svg is not None:
        svg.write_text(drawn(found, language=language), encoding="utf-8")
    if mermaid and not call.json:
        call.answer(None, draw.mermaid(found, language=language).rstrip("\n"))
        return
    call.answer(found.as_dict(), *_parts(found, editions, language))


def _parts(found: Pipeline, editions: list[Edition], language: str) -> list[Part]:
    stages = [
        [
            one.key,
            one.label_in(language),
            "archived" if one.archived else one.kind,
            "" if one.probability is None else f"{one.probability} %",
            "" if one.expected_days is None else str(one.expected_days),
            "" if one.stall_days is None else str(one.stall_days),
            ", ".join((*one.required, *(need.label for need in one.records))),
        ]
        for one in found.every
    ]
    moves = [
        [one.key, one.label_in(language), ", ".join(one.sources), one.target, ", ".join(one.required)]
        for one in found.moves
    ]
    state = next((one.state for one in editions if (one.key, one.version) == (found.key, found.version)), "")
    parts: list[Part] = [
        Fields(
            [("Key", found.key), ("Version", f"{found.version} {state}"), ("Entity", found.entity)],
            found.label,
        ),
        Table(
            ["Stage", "Label", "Kind", "Probability", "Days", "Stalled", "Asks for"],
            stages,
            frozenset({3, 4, 5}),
        ),
        Table(["Move", "Label", "From", "To", "Asks for"], moves),
    ]
    parts += [
        f"version {one.version} is declared by a plugin too, with another content: it is not in force"
        for one in editions
        if one.key == found.key and one.state == "declared"
    ]
    return parts


@command(pipeline, "check", shared=UNNAMED)
def check(call: Call, file: File) -> None:
    """Check a file: everything that keeps the version from working, and what is odd about it."""
    from pycrm.pipeline import warnings

    found = _read(file)
    with call.crm(new=True) as crm:
        wrong = crm.pipelines.problems(found)
    if wrong:
        raise InvalidError(f"{file}: {len(wrong)} problems; the first: {wrong[0].message}", fields=wrong)
    odd = warnings(found)
    said = f"{found.key} version {found.version} can work"
    call.answer({"warnings": [attrs.asdict(one) for one in odd]}, *_listed(odd), said)


def _read(file: Path) -> Pipeline:
    from pycrm.pipeline import Pipeline

    return Pipeline.from_toml(file.read_text(encoding="utf-8"))


def _listed(problems: Any) -> list[Part]:
    return [f"{one.path}: {one.message}" if one.path else one.message for one in problems]


@command(pipeline, "diff")
def diff(
    call: Call,
    key: Key,
    file: Annotated[
        str, typer.Argument(metavar="FILE|NUMBER", help="What to compare with: a file, or a version.")
    ],
    version: Version = None,
) -> None:
    """Say in what a file, or a version, differs from the one in force."""
    from pycrm.pipeline.compare import differences

    with call.view() as session:
        old = session.pipeline(key, version)
        new = session.pipeline(key, int(file)) if file.isdecimal() else _read(Path(file))
    found = differences(old, new)
    said = "" if found else f"version {new.version} does not differ from version {old.version}"
    call.answer([attrs.asdict(one) for one in found], *([said] if said else []), *_differing(found))


def _differing(found: Any) -> list[Part]:
    if not found:
        return []
    rows = [
        [one.subject, one.key, one.change, one.field or "", _word(one.before), _word(one.after)]
        for one in found
    ]
    return [Table(["What", "Key", "Change", "Field", "Before", "After"], rows)]


def _word(value: Any) -> str:
    from pycrm.cli.answer import as_json

    return "" if value is None else value if isinstance(value, str) else " ".join(as_json(value).split())


@command(pipeline, "publish")
def publish(
    call: Call,
    file: File,
    because: Annotated[str, typer.Option("--because", help="The reason, kept with every change.")],
    map: Maps = None,  # the option is called so
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Let all records keep their version.")] = False,
    move_failing: Annotated[
        bool, typer.Option("--move-failing", help="Move over also what lacks something that is asked for.")
    ] = False,
) -> None:
    """Put a version in force: says what it does to what runs, asks, and does it in one act."""
    found, mapping = _read(file), _mapping(map or [])
    how: Any = {"running": "keep" if keep else "move", "failing": "move" if move_failing else "leave"}
    with call.view() as session:
        seen = session.preview_pipeline(found, mapping, **how)
        parts = _previewed(session, seen)
    if seen.problems:
        lines = "; ".join(one.message for one in seen.problems)
        records = {stage: [str(ref.id) for ref in refs] for stage, refs in seen.stranded.items()}
        raise InvalidError(lines, fields=seen.problems, data={"records": records})
    if not yes:
        if call.json:
            missing = Problem("yes", "required", "nobody can be asked: say --yes")
            raise InvalidError(missing.message, fields=[missing])
        call.answer(None, *parts)
        typer.confirm(f"Publish version {found.version} of {found.key}?", abort=True)
    call.run(lambda session: session.publish_pipeline(found, mapping, because=because, seen=seen, **how))
    said = f"published version {found.version} of {found.key}; {seen.moving} records came over"
    call.answer(_as_json(seen), *(parts if yes else []), said)


def _mapping(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = [
        Problem(f"map/{old}", "format", "expected OLD=NEW") for old, sign, new in pairs if not (sign and new)
    ]
    if wrong:
        raise InvalidError(wrong[0].message, fields=wrong)
    return {old.strip(): new.strip() for old, _, new in pairs}


def _previewed(session: Session, seen: PipelinePreview) -> list[Part]:
    from pycrm.cli.listing import named

    rows = [
        [
            str(one.version),
            one.stage,
            str(one.count),
            one.to or "stays",
            str(one.failing) if one.failing else "",
            ", ".join(f"{name} {number}" for name, number in one.lacking.items()),
        ]
        for one in seen.lines
    ]
    parts: list[Part] = [*_differing(seen.differences)]
    if rows:
        columns = ["Version", "Stage", "Records", "To", "Lack something", "What"]
        parts.append(Table(columns, rows, frozenset({0, 2, 4})))
    failing = [
        [named(session.get(one.record)), one.stage, one.to, ", ".join(need["name"] for need in one.missing)]
        for one in seen.failing
    ]
    if failing:
        parts.append(Table(["Record", "Stage", "To", "Lacks"], failing))
        if (more := seen.failing_count - len(failing)) > 0:
            parts.append(f"and {more} more")
    if seen.failing_count and seen.left == "leave":
        parts.append(f"{seen.failing_count} records that lack something keep their version")
    return [*parts, *_listed(seen.warnings)]


def _as_json(seen: PipelinePreview) -> dict[str, Any]:
    return {
        "key": seen.pipeline.key,
        "version": seen.pipeline.version,
        "base": seen.base,
        "differences": [attrs.asdict(one) for one in seen.differences],
        "warnings": [attrs.asdict(one) for one in seen.warnings],
        "lines": [attrs.asdict(one) for one in seen.lines],
        "moved": seen.moving,
    }


@command(pipeline, "export")
def export(call: Call, key: Key, version: Version = None) -> None:
    """Write a version as TOML, to change it and publish it under the next number."""
    from pycrm.pipeline.toml import toml

    with call.view() as session:
        found = session.pipeline(key, version)
    if call.json:
        call.answer(found.as_dict())
    else:
        typer.echo(toml(found), nl=False)
