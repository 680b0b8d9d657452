"""Plugins and records for tests, made on the spot."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycrm.plugin import Plugin, PluginDeclarationError, hookimpl


def make(name: str, **entries: Any) -> Plugin:
    """A plugin of that name."""
    made: Plugin = type("Sample", (Plugin,), {"__doc__": "A sample.", "name": name, **entries})()
    return made


def hooked(name: str, **methods: Callable[..., object]) -> Plugin:
    """A plugin of that name with these hook methods."""
    return make(name, **{hook: hookimpl(method) for hook, method in methods.items()})


def table(name: str, table: str, of: str | None = None) -> type[Any]:
    """A class with a table, as a record or (with `of`) as a facet has one."""
    return type(name, (), {"__tablename__": table, "__facet_of__": of})


def place(file: str, text: str) -> str:
    """``file.py:12`` of the only line that begins with the text, found by reading the file."""
    lines = Path(file).read_text("utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith(text)]
    return f"{Path(file).name}:{number}"


def refused(act: Callable[[], object]) -> PluginDeclarationError:
    """The error with which an act at start-up is refused."""
    with pytest.raises(PluginDeclarationError) as caught:
        act()
    return caught.value


def message(act: Callable[[], object]) -> str:
    """The message of the only problem with which an act at start-up is refused."""
    (problem,) = refused(act).problems
    return problem.message


class Ticks:
    """A clock that advances by what it is told; `timer` reads it."""

    def __init__(self) -> None:
        self.now = 0.0

    def timer(self) -> float:
        return self.now


class Ledger:
    """A session that keeps lines, and can undo those written within a savepoint."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.savepoints: list[str] = []
        self.mark: Callable[[object], None] = lambda session: None
        self._numbers = itertools.count(1)

    def write(self, line: str) -> None:
        self.mark(self)
        self.lines.append(line)

    def savepoint(self) -> _Savepoint:
        return _Savepoint(self, next(self._numbers))


class _Savepoint:
    def __init__(self, ledger: Ledger, number: int) -> None:
        self.ledger, self.number = ledger, number

    def __enter__(self) -> None:
        self.kept = len(self.ledger.lines)
        self.ledger.savepoints.append(f"set {self.number}")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            del self.ledger.lines[self.kept :]
        self.ledger.savepoints.append(f"{'release' if kind is None else 'undo'} {self.number}")
