"""The drafts of a whole table, with children that stand in other rows or in other files."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from typing import Any, Self

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.exchange._spool import Spool
from pycrm.exchange.plan import Draft, Plan
from pycrm.exchange.reading import Position, Row, TableReader

__all__ = ["Drafts", "Orphan"]


@attrs.frozen
class Orphan:
    """A row of a children's table that no draft has taken: no such parent, or a damaged row."""

    file: str
    line: int
    key: str = ""
    problems: tuple[Problem, ...] = ()


class Drafts:
    """Iterates over the drafts of a table, once; use it in a `with` block when there are children's tables.

    Tables of children may be in any order and larger than memory: they are set aside on disk first.
    Rows that are grouped must stand together: a key that comes back later is a problem of the later
    rows, and so is a column of the record that does not repeat itself within the group.
    """

    def __init__(
        self, plan: Plan, table: TableReader, files: AnyMapping[str, TableReader] | None = None
    ) -> None:
        """`files` are the children's tables by name; they are read to their ends at once.

        Raises:
            InvalidError: a children's table is missing, or cannot be read to its end.
        """
        self._plan = plan
        self._table = table
        self._position: Position | None = table.position if plan.of_rows else None
        self._spools: dict[str, Spool] = {}
        for name, lists in plan.of_files.items():
            if name not in (files or {}):
                message = f"the children's table {name!r} is missing"
                raise InvalidError(message, fields=[Problem(name, "required", message)])
            parent = lists[0][1]
            self._spools[name] = Spool(
                (files or {})[name],
                lambda cells, at=parent: plan.external_id(cells[at]),  # type: ignore[misc]
            )

    @property
    def position(self) -> Position:
        """The place in the table after the last row that the last draft was made of."""
        return self._table.position if self._position is None else self._position

    def __iter__(self) -> Iterator[Draft]:
        drafts = self._groups() if self._plan.of_rows else map(self._plan.transform, self._table)
        return map(self._complete, drafts) if self._spools else drafts

    def orphans(self) -> Iterator[Orphan]:
        """After the last draft: the rows of children's tables that were not taken.

        A run that began in the middle of its table has not seen the parents before that place;
        whoever made it asks the CRM about each key.
        """
        for name, spool in self._spools.items():
            for line, problems in spool.damaged:
                yield Orphan(name, line, problems=problems)
            for line, key in spool.left():
                yield Orphan(name, line, key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Throw away what was set aside."""
        for spool in self._spools.values():
            spool.close()

    def _complete(self, draft: Draft) -> Draft:
        """The draft with its children out of other files."""
        problems = list(draft.problems)
        values = dict(draft.values)
        for name, spool in self._spools.items():
            rows = spool.take(draft.key) if draft.key else []
            for field, _, fields in self._plan.of_files[name]:
                made = values[field] = []
                for row in rows:
                    child, wrong = self._plan.child(fields, row, f"{name}/line/{row.line}")
                    made.append(child)
                    problems += wrong
        return Draft(draft.line, draft.key, {} if problems else values, tuple(problems))

    def _groups(self) -> Iterator[Draft]:
        """One draft for the consecutive rows of one key; a damaged row within spoils its group."""
        seen: set[int] = set()  # hashes: one false alarm in 10**7 files of a million keys
        group: list[Row] = []
        spoilt: list[Problem] = []
        damaged: list[tuple[Row, Position]] = []
        key, end = "", self._table.position
        for row in self._table:
            here = self._table.position
            own = self._key(row)
            if not own:
                damaged.append((row, here))
            elif own == key:
                for broken, _ in damaged:
                    spoilt += self._plan.transform(broken).problems
                damaged = []
                group.append(row)
                end = here
            else:
                yield from self._finish(group, spoilt, end, damaged, seen)
                group, spoilt, damaged, key, end = [row], [], [], own, here
        yield from self._finish(group, spoilt, end, damaged, seen)

    def _key(self, row: Row) -> str:
        """The key of a row, nothing where it cannot be told."""
        try:
            return "" if row.problems else self._plan.key(row.values)
        except ValueError:
            return ""

    def _finish(
        self,
        group: list[Row],
        spoilt: list[Problem],
        end: Position,
        damaged: list[tuple[Row, Position]],
        seen: set[int],
    ) -> Iterator[Draft]:
        if group:
            self._position = end
            yield self._group(group, spoilt, seen)
        for row, place in damaged:
            self._position = place
            yield self._plan.transform(row)

    def _group(self, group: list[Row], spoilt: list[Problem], seen: set[int]) -> Draft:
        plan, first = self._plan, group[0]
        draft = plan.transform(first)
        problems = [*draft.problems, *spoilt]
        mark = hash(draft.key)
        if mark in seen:
            message = (
                f"line {first.line}: the rows of {draft.key} do not stand together; sort the file by its key"
            )
            problems.append(Problem(f"line/{first.line}/{plan.mapping.key[0]}", "duplicate", message))
        seen.add(mark)
        for row in group[1:]:
            for name in plan.fields.differing(row.values, first.values):
                message = f"line {row.line}, {name}: not the same as on line {first.line} of the same record"
                problems.append(Problem(f"line/{row.line}/{name}", "conflict", message))
        values: dict[str, Any] = dict(draft.values)
        for field, fields in plan.of_rows:
            made = values[field] = []
            for row in group:
                if fields.any(row.values):
                    child, wrong = plan.child(fields, row, f"line/{row.line}")
                    made.append(child)
                    problems += wrong
        return Draft(draft.line, draft.key, {} if problems else values, tuple(problems))
