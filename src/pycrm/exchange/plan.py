"""A mapping compiled for one file and one entity: rows to drafts.

The plan is a list of closures made once, since it runs for every cell of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from functools import partial
from typing import Any, NamedTuple

from pycrm.errors import InvalidError, Problem
from pycrm.exchange._fields import Fields
from pycrm.exchange.convert import Kinds
from pycrm.exchange.mapping import Children, Mapping
from pycrm.exchange.reading import Row
from pycrm.exchange.writing import restore

__all__ = ["Draft", "Plan"]


class Draft(NamedTuple):
    """What one row (or one group of rows) of a file says about one record.

    `key` is its external id, ``source:key``; `values` holds typed values by field, a `Lookup` for a
    reference, a list of mappings for children. A draft with problems has no values to rely on.
    """

    line: int
    key: str
    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()


_draft: Callable[[tuple[int, str, dict[str, Any], tuple[Problem, ...]]], Draft] = partial(
    tuple.__new__, Draft
)


class Plan:
    """Made by `Mapping.plan`; `transform` takes rows one by one, `Drafts` a whole table."""

    def __init__(
        self, mapping: Mapping, header: list[str], kinds: Kinds, files: AnyMapping[str, list[str]]
    ) -> None:
        self.mapping = mapping
        problems: list[Problem] = []
        for name, names in ((None, header), *files.items()):
            try:
                mapping.check_header(names, file=name)
            except InvalidError as error:
                problems += error.fields
        problems += [
            Problem(name, "required", f"the children's table {name!r} is missing")
            for name in mapping.files
            if name not in files
        ]
        if problems:
            raise _refusal(mapping, problems)
        self._restores = mapping.neutralised
        main = _places(header, self._restores)
        self.fields = Fields(mapping.columns, main, kinds, mapping, "columns", problems)
        self._prefix = f"{mapping.source}:"
        self._key = [main[name] for name in mapping.key]
        self._same_row: list[tuple[str, Fields]] = []
        self.of_rows: list[tuple[str, Fields]] = []
        self.of_files: dict[str, list[tuple[str, int, Fields]]] = {}
        for index, child in enumerate(mapping.children):
            place = main if child.file is None else _places(files[child.file], self._restores)
            fields = self._child(child, index, place, kinds, problems)
            if child.file is not None:
                parent = place[child.parent or ""]
                self.of_files.setdefault(child.file, []).append((child.field, parent, fields))
            else:
                (self.of_rows if child.rows else self._same_row).append((child.field, fields))
        if problems:
            raise _refusal(mapping, problems)

    def _child(
        self, child: Children, index: int, place: dict[str, int], kinds: Kinds, problems: list[Problem]
    ) -> Fields:
        path = f"children/{index}"
        inner = kinds.get(child.field)
        if not isinstance(inner, AnyMapping):
            message = f"{self.mapping.entity} has no list of children named {child.field!r}"
            problems.append(Problem(f"{path}/field", "unknown", message))
            inner = dict.fromkeys(child.columns, "text")
        return Fields(child.columns, place, inner, self.mapping, f"{path}/columns", problems)

    def transform(self, row: Row) -> Draft:
        """The draft of a row; it never raises for what is in the row."""
        line, cells, problems = row
        if problems:
            return Draft(line, "", {}, problems)
        if self._restores:
            cells = [restore(cell) for cell in cells]
        try:
            key = self.key(cells)
            values = self.fields.values(cells)
            for field, fields in self._same_row:
                children = values.setdefault(field, [])
                if fields.any(cells):
                    children.append(fields.values(cells))
        except ValueError:
            return self._explain(line, cells)
        return _draft((line, key, values, ()))

    def key(self, cells: list[str]) -> str:
        """The external id of the record that a row is about; `ValueError` when it has none."""
        if len(self._key) == 1:
            return self.external_id(cells[self._key[0]])
        # JSON Pointer's escapes keep ("a/b", "c") and ("a", "b/c") apart.
        parts = [cells[index].strip().replace("~", "~0").replace("/", "~1") for index in self._key]
        return self.external_id("" if "" in parts else "/".join(parts))

    def external_id(self, text: str) -> str:
        """``source:key``; `ValueError` when the key is empty or too long."""
        text = text.strip()
        if not text:
            raise ValueError("the key is empty")
        if len(text) > 200:
            raise ValueError("the key is longer than 200 characters")
        return self._prefix + text

    def child(self, fields: Fields, row: Row, path: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        """The child that a row is about, and its problems under `path`."""
        cells = [restore(cell) for cell in row.values] if self._restores else row.values
        try:
            return fields.values(cells), ()
        except ValueError:
            return {}, tuple(fields.explain(cells, path))

    def _explain(self, line: int, cells: list[str]) -> Draft:
        path = f"line/{line}"
        problems = []
        key = ""
        try:
            key = self.key(cells)
        except ValueError as error:
            problems.append(Problem(f"{path}/{self.mapping.key[0]}", "required", f"line {line}: {error}"))
        problems += self.fields.explain(cells, path)
        for _, fields in self._same_row:
            if fields.any(cells):
                problems += fields.explain(cells, path)
        return Draft(line, key, {}, tuple(problems))


def _places(header: list[str], restores: bool) -> dict[str, int]:
    return {restore(name) if restores else name: index for index, name in enumerate(header)}


def _refusal(mapping: Mapping, problems: list[Problem]) -> InvalidError:
    told = "; ".join(f"{one.path}: {one.message}" for one in problems[:5])
    return InvalidError(f"{mapping.where} does not fit: {told}", fields=problems)
