"""Put a mutant into modules that are loaded already: quicker than to load them again."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .mutants import Mutant, mutated

__all__ = ["NotPlantedError", "plant"]


class NotPlantedError(Exception):
    """The change makes no difference to what runs, or its place cannot be reached."""


def plant(mutant: Mutant, path: Path) -> None:
    """Change the running program.

    Raises:
        NotPlantedError: nothing would change.
    """
    tree = mutated(path, mutant)
    module = next(one for one in list(sys.modules.values()) if getattr(one, "__file__", None) == str(path))
    around = _around(tree, mutant)
    if isinstance(around, ast.FunctionDef):
        _plant_function(around, tree, path, module)
    elif isinstance(around, ast.ClassDef):
        _plant_defaults(around, module)
    else:
        _plant_value(around, mutant, module)


def _around(tree: ast.Module, mutant: Mutant) -> Any:
    """The outermost function around a change, else its class, else its statement."""

    def holds(node: Any) -> bool:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        return first <= mutant.lines[0] <= node.end_lineno

    found: Any = next(node for node in tree.body if holds(node))
    while isinstance(found, ast.ClassDef):
        inner = [
            node for node in found.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and holds(node)
        ]
        if not inner:
            break
        found = inner[0]
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _plant_function(node: ast.FunctionDef, tree: ast.Module, path: Path, module: ModuleType) -> None:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    code = next(
        one
        for one in _codes(compile(tree, str(path), "exec", dont_inherit=True))
        if one.co_name == node.name and one.co_firstlineno == first
    )
    alike = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and one.__code__.co_filename == str(path)
        and one.__code__.co_firstlineno == first
        and one.__code__.co_name == node.name
    ]
    args = node.args
    bare = ast.FunctionDef(node.name, args, [ast.Pass()], [])
    names = dict(vars(module))
    future = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
    fresh = ast.fix_missing_locations(ast.Module([future, bare], []))
    exec(compile(fresh, str(path), "exec", dont_inherit=True), names)
    defaults = names[node.name].__defaults__, names[node.name].__kwdefaults__
    changed = False
    for one in alike:
        if code != one.__code__ or repr(defaults) != repr((one.__defaults__, one.__kwdefaults__)):
            one.__code__, (one.__defaults__, one.__kwdefaults__), changed = code, defaults, True
    if not changed:
        raise NotPlantedError


def _plant_defaults(node: ast.ClassDef, module: ModuleType) -> None:
    """Of a class the values of fields that are not given are changed, and nothing else can be."""
    names = dict(vars(module))
    future = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
    made = ast.fix_missing_locations(ast.Module([future, node], []))
    exec(compile(made, str(module.__file__), "exec", dont_inherit=True), names)
    new, old = names[node.name].__init__, getattr(module, node.name).__init__
    if not isinstance(old, FunctionType):
        raise NotPlantedError
    defaults, plain = (new.__defaults__, new.__kwdefaults__), (old.__defaults__, old.__kwdefaults__)
    if repr(defaults) == repr(plain):
        raise NotPlantedError
    old.__defaults__, old.__kwdefaults__ = defaults


def _plant_value(node: ast.stmt, mutant: Mutant, module: ModuleType) -> None:
    """A value of a module is changed there and wherever it was imported to."""
    before = {name: vars(module).get(name) for name in mutant.names}
    if not before:
        raise NotPlantedError
    exec(compile(ast.Module([node], []), str(module.__file__), "exec", dont_inherit=True), vars(module))
    for name, old in before.items():
        for other in list(sys.modules.values()):
            if isinstance(other, ModuleType) and vars(other).get(name, module) is old:
                setattr(other, name, vars(module)[name])
