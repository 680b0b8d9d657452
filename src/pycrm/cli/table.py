"""Commands that bring tables in and out: import, imports, revert-import, export."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from pycrm.cli.amending import short
from pycrm.cli.answer import Part, Table, tell
from pycrm.cli.call import Call, command
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.exchange import RowVerdict

__all__ = ["add_to"]

_SHOWN = 10


def import_(
    call: Call,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV file to read.")],
    mapping: Annotated[
        Path,
        typer.Option("--mapping", exists=True, dir_okay=False, help="What its columns mean, in TOML."),
    ],
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--table", metavar="NAME=FILE", help="A table of rows that the mapping names; repeat it."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row, and write nothing.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            dir_okay=False,
            help="Where refused and proposed rows go: .csv, or one JSON object a line.",
        ),
    ] = None,
    because: Annotated[
        str | None,
        typer.Option("--because", help="The reason, without which no key data are changed."),
    ] = None,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", help="What proves it; repeat it.")
    ] = None,
) -> None:
    """Import a CSV table by a mapping file.

    Run again after a kill it goes on where it was; run twice it changes nothing more. Rows that are
    refused are reported, and do not fail the command. Key data that others have to agree to become
    one batch, which they find in their inbox.
    """
    from pycrm.exchange.importing import import_file

    who = call.who()
    with call.crm() as crm, _progress(call, "importing") as progress:
        found = import_file(
            crm,
            who,
            file,
            mapping,
            files=_named(tables or ()),
            dry_run=dry_run,
            report_path=report,
            progress=progress,
            because=because,
            evidence=evidence or (),
        )
        refused, proposed = (list(islice(some, _SHOWN)) for some in (found.refused(), found.proposed()))
        counts = {verdict.value: number for verdict, number in found.counts.items()}
        summary = found.summary()
    data: dict[str, Any] = {"rows": found.rows, "dry_run": dry_run, **counts}
    data |= {"codes": found.codes, "report": str(report) if report else None}
    data["batch"] = str(found.batch) if found.batch else None
    data["import"] = str(found.id) if found.id else None
    parts: list[Part] = [summary]
    if found.id:
        parts.append(f"to take it back: pycrm revert-import {found.id} --because …")
    if proposed:
        waits = counts["proposed"]
        where = "would go into one batch" if dry_run else f"wait in the batch {found.batch}"
        parts += [f"{waits:,} {'record' if waits == 1 else 'records'} {where}", _changes(proposed)]
    if refused:
        rows = [[str(one.line), one.code, one.reason] for one in refused]
        parts.append(Table(["Line", "Code", "Reason"], rows, frozenset((0,))))
    call.answer(data, *parts)
    for word, shown in (("proposed", proposed), ("refused", refused)):
        left = counts[word] - len(shown)
        if left > 0 and not call.json:
            where = f", all of them in {report}" if report else " (--report FILE)"
            tell(f"… and {left:,} more {word}{where}")


def imports(
    call: Call,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many, the newest first.")] = 20,
) -> None:
    """List the imports that you may take back: your own, and those of people to whom you may assign."""
    from pycrm.entities.org import User
    from pycrm.exchange.reverting import imports as listed

    who = call.who()
    with call.crm() as crm:
        found = listed(crm, who, limit=limit)
        with crm.view(who) as session:
            people = {user.id: user.login for user in session.find(User, limit=None)}
    rows = [
        {
            "import": str(one.id),
            "at": one.at.isoformat(timespec="seconds"),
            "by": None if one.by is None else people.get(one.by.id),
            "entity": one.entity,
            "file": one.file,
            "reverted": one.is_reverted,
        }
        for one in found
    ]
    shown = [[str(cell) for cell in ("" if its is None else its for its in one.values())] for one in rows]
    heads = ["Import", "At", "By", "Entity", "File", "Taken back"]
    call.answer({"imports": rows}, Table(heads, shown, whole=frozenset((0,))) if rows else "no imports")


def revert_import(
    call: Call,
    whole: Annotated[UUID, typer.Argument(metavar="ID", help="Which, as import and imports name it.")],
    because: Annotated[str, typer.Option("--because", help="The reason.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each record, and write nothing.")
    ] = False,
) -> None:
    """Take an import back: what it added is put away, what it changed is changed back.

    What was changed since, or has others hanging on it, stays and is listed. Run again it goes on with
    what is left; the same rows imported again come back.
    """
    from pycrm.exchange.reverting import revert_import as revert

    who = call.who()
    with call.crm() as crm, _progress(call, "taking back") as progress:
        found = revert(crm, who, whole, because=because, dry_run=dry_run, progress=progress)
    left = [
        {"entity": one.entity, "id": str(one.record or ""), "code": one.code, "reason": one.reason}
        for one in found.left
    ]
    data: dict[str, Any] = {"archived": found.archived, "changed": found.changed}
    data |= {"withdrawn": found.withdrawn, "left": left, "dry_run": dry_run}
    parts: list[Part] = [found.summary()]
    if left:
        rows = [[one["entity"], one["id"], one["reason"]] for one in left[:_SHOWN]]
        parts.append(Table(["Left", "Id", "Reason"], rows, whole=frozenset((1,))))
    call.answer(data, *parts)
    if len(left) > _SHOWN and not call.json:
        tell(f"… and {len(left) - _SHOWN:,} more left (--json lists them all)")


def _changes(rows: Sequence[RowVerdict]) -> Table:
    """What the first proposed rows would change."""
    cells = [
        [str(one.line), each.path, short(each.base), short(each.new), one.amendment]
        for one in rows
        for each in one.changes
    ]
    return Table(["Line", "Field", "From", "To", "Amendment"], cells, frozenset((0,)))


def _named(tables: Sequence[str]) -> dict[str, Path]:
    """The further tables by name; raises `InvalidError` for one that is not there."""
    found: dict[str, Path] = {}
    for one in tables:
        name, sign, path = one.partition("=")
        if not sign or not Path(path).is_file():
            wrong = Problem("table", "format", f"expected NAME=FILE, a file that is there: {one}")
            raise InvalidError(wrong.message, fields=[wrong])
        found[name] = Path(path)
    return found


@contextmanager
def _progress(call: Call, doing: str) -> Iterator[Callable[[int, int | None], None] | None]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if call.json or not console.is_terminal:
        yield None
        return
    number = DownloadColumn() if doing == "importing" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), number, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def told(done: int, total: int | None, /) -> None:
            bar.update(task, completed=done, total=total)

        yield told


def export(
    call: Call,
    entity: Annotated[str, typer.Argument(help="A kind of record: customer, opportunity, task …")],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="The CSV file to write.")],
    where: Annotated[
        list[str] | None, typer.Option("--where", help="field=value, as for list; repeat it to narrow.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Fields to write: code,name; of facets too: organization.tax_id."),
    ] = None,
) -> None:
    """Write records to a CSV file that a spreadsheet may open."""
    from pycrm.cli.entity import entity_of
    from pycrm.cli.listing import condition
    from pycrm.exchange.exporting import export_csv

    # A refusal on the way must not leave half a file, nor destroy the one of yesterday.
    part = out.with_name(f"{out.name}.part")
    try:
        with call.view() as session, part.open("wb") as stream:
            cls = entity_of(session.crm, entity)
            conditions = [condition(session, cls, one) for one in where or ()]
            names = None if columns is None else [one.strip() for one in columns.split(",") if one.strip()]
            number = export_csv(session, cls, stream, conditions=conditions, columns=names)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    call.answer({"rows": number, "file": str(out)}, f"{number:,} rows written to {out}")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "import")(import_)
    command(app, "imports")(imports)
    command(app, "revert-import")(revert_import)
    command(app, "export")(export)
