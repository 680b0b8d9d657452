"""Small wrong changes of a program, in an order that is always the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Calls whose name is exchanged for its opposite.
NAMES = {"any": "all", "or_": "and_", "in_": "not_in", "is_": "is_not", "asc": "desc", "min": "max"}
NAMES |= {other: name for name, other in NAMES.items()}
# Clauses of a statement that are left out, whole or one condition of several.
CLAUSES = {"where", "limit", "order_by", "distinct", "offset", "and_", "or_"}
# Calls in which the order of arguments says nothing.
SYMMETRIC = {"and_", "or_", "min", "max", "isinstance", "getattr", "Problem"}


class Slot(NamedTuple):
    """A place in the tree that holds a node."""

    parent: ast.AST
    field: str
    at: int | None

    def get(self) -> Any:
        """What is there."""
        held = getattr(self.parent, self.field)
        return held if self.at is None else held[self.at]

    def put(self, node: Any) -> None:
        """Put another node there."""
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


class Mutant(NamedTuple):
    """One change: where, what was there and what is put there instead."""

    file: str
    number: int
    # Of the outermost definition around it, "" for a statement of the module.
    place: str
    line: int
    # The lines of the statement, without those of the statements within it.
    lines: tuple[int, int]
    change: str
    # What the statement of a module or class defines.
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The mutant's name: it stays when lines above it move."""
        return f"{self.file}::{self.place}::{self.change}"


class _Site(NamedTuple):
    slot: Slot
    new: Any
    statement: ast.stmt
    place: tuple[ast.stmt, ...]


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _without(node: Any, field: str, at: int) -> Any:
    kept = list(getattr(node, field))
    del kept[at]
    return type(node)(**dict(ast.iter_fields(node)) | {field: kept})


def _negated(node: Any) -> Any:
    return node.operand if isinstance(node, ast.UnaryOp) else ast.UnaryOp(ast.Not(), node)


def _constants(node: ast.Constant) -> Iterator[Any]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and value and " " not in value:
        yield ast.Constant(value + "x")


def _of_calls(node: ast.Call) -> Iterator[Any]:
    name = _called(node)
    if name in NAMES:
        new = NAMES[name]
        attribute = isinstance(node.func, ast.Attribute)
        func: Any = (
            ast.Attribute(node.func.value, new, ast.Load()) if attribute else ast.Name(new, ast.Load())
        )
        yield ast.Call(func, node.args, node.keywords)
    if name in CLAUSES:
        if isinstance(node.func, ast.Attribute) and name not in ("and_", "or_"):
            yield node.func.value
        if len(node.args) > 1:
            yield from (_without(node, "args", at) for at in range(len(node.args)))
    if name not in SYMMETRIC | CLAUSES:
        for at in range(len(node.args) - 1):
            first, second = node.args[at : at + 2]
            if not any(isinstance(one, ast.Starred) for one in (first, second)):
                args = [*node.args[:at], second, first, *node.args[at + 2 :]]
                yield ast.Call(node.func, args, node.keywords)


def _changes(node: ast.AST) -> Iterator[Any]:
    """What may stand in the place of a node."""
    match node:
        case ast.Compare(left, ops, others):
            for at, one in enumerate(ops):
                swapped = [*ops[:at], OPPOSITES[type(one)](), *ops[at + 1 :]]
                yield ast.Compare(left, swapped, others)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for at in range(len(values)):
                kept = [*values[:at], *values[at + 1 :]]
                yield ast.BoolOp(op, kept) if len(kept) > 1 else kept[0]
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.IfExp(test, body, other):
            yield ast.IfExp(_negated(test), body, other)
        case ast.BinOp(left, ast.Add(), right):
            yield ast.BinOp(left, ast.Sub(), right)
        case ast.BinOp(left, ast.Sub(), right):
            yield ast.BinOp(left, ast.Add(), right)
        case ast.List(elts, ast.Load()) | ast.Tuple(elts, ast.Load()) | ast.Set(elts):
            yield from (_without(node, "elts", at) for at in range(len(elts) if len(elts) > 1 else 0))
        case ast.comprehension(ifs=ifs):
            yield from (_without(node, "ifs", at) for at in range(len(ifs)))
            for at, one in enumerate(ifs):
                kept = [*ifs[:at], _negated(one), *ifs[at + 1 :]]
                yield ast.comprehension(node.target, node.iter, kept, node.is_async)
        case ast.Constant():
            yield from _constants(node)
        case ast.Call():
            yield from _of_calls(node)
        case ast.If(test, body, orelse):
            yield ast.If(_negated(test), body, orelse)
        case ast.While(test, body, orelse):
            yield ast.While(ast.BoolOp(ast.And(), [test, ast.Constant(False)]), body, orelse)
        case ast.Return(value) if value is not None and getattr(value, "value", value) is not None:
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Expr(ast.Call() | ast.Yield()) | ast.AugAssign() | ast.Continue():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield ast.Pass()


def _is_left_out(node: ast.AST, field: str, value: Any) -> bool:
    """Types, docstrings, decorators, imports, the names of a module and what errors say."""
    if field in ("annotation", "returns", "decorator_list", "type_comment"):
        return True
    if isinstance(value, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Assert):
        return True
    if isinstance(value, ast.If) and ast.unparse(value.test) == "TYPE_CHECKING":
        return True
    if isinstance(value, ast.Assign) and ast.unparse(value.targets[0]) == "__all__":
        return True
    return isinstance(value, ast.Expr) and isinstance(value.value, ast.Constant)


def _sites(node: ast.AST, place: tuple[ast.stmt, ...], statement: ast.stmt | None) -> Iterator[_Site]:
    for field, held in ast.iter_fields(node):
        for at, value in enumerate(held) if isinstance(held, list) else [(None, held)]:
            if not isinstance(value, ast.AST) or _is_left_out(node, field, value):
                continue
            within = value if isinstance(value, ast.stmt) else statement
            around = place
            if isinstance(value, ast.stmt) and not any(isinstance(one, ast.FunctionDef) for one in place):
                inside = isinstance(value, ast.FunctionDef | ast.ClassDef) or not place
                around = (*place, value) if inside else place
            if within is not None:
                yield from (_Site(Slot(node, field, at), new, within, around) for new in _changes(value))
            yield from _sites(value, around, within)


def _header(statement: ast.stmt) -> tuple[int, int]:
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body and not isinstance(body, ast.expr) else statement.end_lineno
    return statement.lineno, max(statement.lineno, last or 0)


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.stmt) and hasattr(node, "test"):
        node = node.test
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 160 else text[:157] + "..."


def _named(site: _Site) -> str:
    return ".".join(one.name for one in site.place if isinstance(one, ast.FunctionDef | ast.ClassDef))


def _defines(statement: ast.stmt) -> tuple[str, ...]:
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return tuple(one.id for one in targets if isinstance(one, ast.Name))


def mutants_of(path: Path, file: str) -> list[Mutant]:
    """All mutants of a file; of several with the same text only the first."""
    tree = ast.parse(path.read_text("utf-8"))
    found: list[Mutant] = []
    seen: set[tuple[str, str]] = set()
    for number, site in enumerate(_sites(tree, (), None)):
        old, line = site.slot.get(), getattr(site.slot.get(), "lineno", site.statement.lineno)
        change = f"{_short(old)} -> {_short(site.new)}"
        site.slot.put(site.new)
        text = _named(site), ast.unparse(site.place[-1])
        site.slot.put(old)
        if text not in seen:
            seen.add(text)
            lines = _header(site.statement)
            found.append(Mutant(file, number, text[0], line, lines, change, _defines(site.statement)))
    return found


def mutated(path: Path, mutant: Mutant) -> ast.Module:
    """The tree of the file with the change in it."""
    tree = ast.parse(path.read_text("utf-8"))
    site = next(one for number, one in enumerate(_sites(tree, (), None)) if number == mutant.number)
    site.slot.put(site.new)
    return ast.fix_missing_locations(tree)
