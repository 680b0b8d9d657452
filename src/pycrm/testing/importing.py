"""The check of what a plugin imports: public names, which stay; not rooms, which are rebuilt from inside."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from pycrm.testing.trial import Trial

__all__ = ["importing", "inner_imports"]

_ROOMS = ("app", "cli", "declare", "pipeline", "revision", "scope", "session", "store")
_NOT_SHIPPED = ("test_", "conftest")


def importing(trial: Trial) -> Iterator[str]:
    """The plugin imports no room of pycrm's own, and no name that is private."""
    for file in _files(type(trial.plugin).__module__):
        for line, name in sorted(inner_imports(file)):
            yield f"{file.name}:{line} imports {name}, which is no public name of pycrm"


def inner_imports(file: Path) -> Iterator[tuple[int, str]]:
    """What a file imports of the inside of pycrm, with its lines."""
    tree = ast.parse(file.read_text("utf-8"))
    return ((line, name) for line, name in _named(tree) if _is_inner(name))


def _files(module: str) -> Iterator[Path]:
    """The source of the package in which the plugin stands, or of its module alone."""
    home = sys.modules[module]
    package = sys.modules.get(home.__package__ or "")
    if package is None or package.__file__ is None or home.__file__ is None:
        yield from [Path(home.__file__)] if home.__file__ else []
        return
    for file in sorted(Path(package.__file__).parent.rglob("*.py")):
        if not file.name.startswith(_NOT_SHIPPED) and "versions" not in file.parts:
            yield file


def _named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What is imported at run time, with its line; what only type checkers read does not count."""
    for node in _at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{one.name}") for one in node.names)


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _at_run_time(child)


def _is_inner(name: str) -> bool:
    top, *parts = name.split(".")
    return (
        top == "pycrm" and bool(parts) and (parts[0] in _ROOMS or any(one.startswith("_") for one in parts))
    )
