"""What was measured: one figure a row, printed as a table and kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

__all__ = ["LIMIT", "Figure", "keep", "show"]

LIMIT = "limit"


@attrs.frozen
class Figure:
    """One measurement beside its reference; `ratio` is ours / reference, lower is better.

    Of a reference `LIMIT` the value is the limit itself and the goal 1.0. `ours_cpu` and
    `reference_cpu` are processor time of this process, which tells more than the wall where other
    work shares the machine; they are printed and not kept.
    """

    name: str
    database: str
    size: str
    ours_ms: float
    reference: str
    reference_ms: float
    goal: float
    issue: str = "foundation"
    ours_cpu: float | None = None
    reference_cpu: float | None = None

    @property
    def ratio(self) -> float:
        """Ours over the reference."""
        return self.ours_ms / self.reference_ms

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio <= self.goal

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What makes two figures of different runs comparable."""
        return (self.issue, self.name, self.database, self.size, self.reference)

    def __str__(self) -> str:
        missed = "" if self.is_met else ", missed"
        taken = f"{_short(self.ours_ms)} / {_short(self.reference_ms)} = {self.ratio:.2f}"
        return f"  {self.name} beside {self.reference}: {taken}, goal {self.goal:.2f}{missed}"

    def as_dict(self) -> dict[str, Any]:
        """The figure as it is kept."""
        return {
            "name": self.name,
            "issue": self.issue,
            "database": self.database,
            "size": self.size,
            "ours_ms": round(self.ours_ms, 4),
            "reference": self.reference,
            "reference_ms": round(self.reference_ms, 4),
            "ratio": round(self.ratio, 3),
            "goal": self.goal,
        }


def keep(figures: Iterable[Figure], path: Path, *, whole: bool) -> None:
    """Write the figures; unless the run was whole, those that it did not measure stay."""
    rows = [figure.as_dict() for figure in figures]
    if not whole and path.exists():
        names = ("issue", "name", "database", "size", "reference")
        new = {tuple(row[name] for name in names) for row in rows}
        old = json.loads(path.read_text("utf-8"))
        rows = [row for row in old if tuple(row[name] for name in names) not in new] + rows
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def show(figures: Iterable[Figure]) -> None:
    """Print the figures, aligned; what misses its goal is marked."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("benchmark", "database", "size", "reference"):
        table.add_column(title, no_wrap=True)
    for title in ("ours", "reference", "ratio", "CPU ratio", "goal", ""):
        table.add_column(title, justify="right", no_wrap=True)
    for one in figures:
        cpu = "" if not one.ours_cpu or not one.reference_cpu else f"{one.ours_cpu / one.reference_cpu:.2f}"
        table.add_row(
            *(one.name, one.database, one.size, one.reference),
            *(_short(one.ours_ms), _short(one.reference_ms), f"{one.ratio:.2f}", cpu, f"{one.goal:.2f}"),
            "" if one.is_met else "[red]missed[/red]",
        )
    # Wider than most terminals rather than cut off: the rows are also read from logs.
    Console(width=max(150, Console().width)).print(table)


def _short(value: float) -> str:
    return f"{value:,.3f}" if value < 10 else f"{value:,.1f}"
