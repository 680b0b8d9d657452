"""Answers: tables and sentences for people, JSON for programs, and one form for every error."""

from __future__ import annotations

import json as _json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import CRMError, DeclarationError, Problem, RefusedError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Fields", "Part", "Table", "as_json", "plain", "refuse", "say", "tell"]

# Wide enough for any table: what reads a pipe wraps for itself, or not at all.
_PIPE = 100_000
# A column of a table may be squeezed down to so many cells; below that a list of fields reads better.
_NARROW = 10
_GAP = 2


@attrs.frozen
class Table:
    """Rows under headings.

    `right` holds the numbers of the columns of figures, `whole` those of columns whose cells are
    copied and so never broken; `footer` is a line of totals.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    footer: Sequence[str] | None = None


@attrs.frozen
class Fields:
    """Labels with their values, one a line, perhaps under a title."""

    pairs: Sequence[tuple[str, str]]
    title: str = ""


Part = str | Table | Fields

# A customer's name must neither clear the screen, nor move the cursor, nor turn the line around.
_HARMLESS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\ufffd")
_HARMLESS |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F), "\ufffd")
_HARMLESS |= {ord(sign): " " for sign in "\t\n\r"}


def plain(text: str) -> str:
    """The text in one line, without anything that a terminal would obey.

    >>> plain("Ningbo\\nPump \\x1b[2J")
    'Ningbo Pump \ufffd[2J'
    """
    return text.translate(_HARMLESS)


def as_json(data: Any) -> str:
    """The data as JSON, letters of every script as they are."""
    return _json.dumps(data, ensure_ascii=False, indent=2, default=_jsonable)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, set | frozenset | tuple) else str(value)


def say(*parts: Part) -> None:
    """Print for people, as wide as the terminal is."""
    console = _console()
    for number, part in enumerate(parts):
        if isinstance(part, str):
            _sentence(console, part)
        elif isinstance(part, Fields):
            if number and part.title:
                console.print()
            _fields(console, part)
        else:
            _table(console, part)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, markup=False, emoji=False, width=_PIPE)


def _sentence(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text("\n".join(plain(line) for line in text.split("\n"))))


def _fields(console: Console, fields: Fields) -> None:
    from rich.table import Table as Grid
    from rich.text import Text

    if fields.title:
        console.print(Text(plain(fields.title), style="bold"))
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    grid.add_column(style="dim", max_width=max(_NARROW, console.width // 3), overflow="fold")
    grid.add_column(overflow="fold")
    for label, value in fields.pairs:
        grid.add_row(Text(plain(label)), Text(plain(value)))
    console.print(grid)


def _table(console: Console, table: Table) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table as Grid
    from rich.text import Text

    rows = [[plain(cell) for cell in row] for row in table.rows]
    ends = [*rows, list(table.columns), [plain(cell) for cell in table.footer or ()]]
    widths = [max((cell_len(row[at]) for row in ends if row), default=0) for at in range(len(table.columns))]
    unbroken = table.right | table.whole
    least = [width if at in unbroken else min(width, _NARROW) for at, width in enumerate(widths)]
    if sum(least) + _GAP * (len(least) - 1) > console.width:
        _stacked(console, table)
        return
    form = box.SIMPLE_HEAD if table.footer is None else box.SIMPLE
    grid = Grid(box=form, show_edge=False, pad_edge=False, show_footer=table.footer is not None)
    for at, heading in enumerate(table.columns):
        grid.add_column(
            Text(heading),
            footer=Text(plain(table.footer[at])) if table.footer else "",
            justify="right" if at in table.right else "left",
            no_wrap=at in unbroken,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid)


def _stacked(console: Console, table: Table) -> None:
    """A table too wide for the terminal: each row as a list of fields."""
    lines = [*table.rows, *([table.footer] if table.footer else [])]
    for number, row in enumerate(lines):
        if number:
            console.print()
        pairs = [(label, cell) for label, cell in zip(table.columns, row, strict=True) if cell]
        _fields(console, Fields(pairs))


def tell(text: str) -> None:
    """Print a sentence on the error stream, where it does not get into what a program reads."""
    lines = [plain(line) for line in text.split("\n")]
    print("\n".join(lines), file=sys.stderr)


def refuse(error: CRMError, *, json: bool) -> int:
    """Print an error in the one form that every face shares, and return the exit code."""
    shape = _shape(error)
    if json:
        print(as_json(shape), file=sys.stderr)
    else:
        tell(f"Error: {error}")
        for line in _needs(error):
            tell(f"  {line}")
    return error.exit_code if isinstance(error, RefusedError) else 1


def _shape(error: CRMError) -> dict[str, Any]:
    if isinstance(error, RefusedError):
        return error.as_dict()
    problems: tuple[Problem, ...] = getattr(error, "problems", ())
    return {
        "code": "declaration" if isinstance(error, DeclarationError) else "store",
        "message": str(error),
        "fields": [attrs.asdict(problem) for problem in problems],
        "data": {},
    }


def _needs(error: CRMError) -> list[str]:
    """What the person can do next: each missing thing of a gate, each of several problems."""
    if not isinstance(error, RefusedError):
        return []
    missing = error.data.get("missing")
    if isinstance(missing, list):
        return [_need(one) for one in missing]
    if len(error.fields) > 1:
        return [f"{problem.path}: {problem.message}" for problem in error.fields]
    return []


def _need(need: Mapping[str, str]) -> str:
    kind, name = need.get("kind"), need.get("name", "")
    if kind == "field":
        return f"{name}: give it with --set {name}=…"
    if kind == "reason":
        return "a reason: give it with --because …"
    return need.get("message") or f"{kind}: {name}"
