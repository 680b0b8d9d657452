"""What a foreign table means: a mapping file (TOML) from its columns to the fields of a record.

    entity = "Customer"
    source = "northwind"                  # whose keys these are
    key = "CustomerID"                    # a second run finds each record by northwind:<key> again
    make = "organization"                 # optional: the named constructor of the entity
    ignore = ["Fax"]                      # columns that are left out on purpose

    [formats]
    date = "%d.%m.%Y"                     # ISO 8601 unless named
    decimal = ","
    zeros = ["5.397605346934028e-79"]     # what this file writes for nought: here that of SAS

    [columns]
    name = "CompanyName"
    region = { column = "Country", lookup = "Region.name" }
    owner = { column = "EmployeeID", lookup = "external" }
    revenue = { column = "Total", money = "USD" }
    kind = { column = "Type", map = { x = "supplier" } }
    channel = { value = "import" }

    [[children]]                          # several columns of the row make one child
    field = "contact_points"
    columns = { kind = { value = "phone" }, value = "Phone" }

`Mapping.parse` refuses whatever it does not know, all at once; `Mapping.check_header` holds it
against a file; `Mapping.plan` compiles it for one file and one entity.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.exchange.reading import Limits, Position, TableReader, read_table

if TYPE_CHECKING:
    from pycrm.exchange.convert import Kinds
    from pycrm.exchange.plan import Plan

__all__ = ["Children", "Column", "Formats", "Mapping"]

Template = tuple[tuple[str, str | None], ...]
"""A text made of columns: pairs of what stands before, and the column, None at the end."""


@attrs.frozen
class Formats:
    """How a file writes dates and numbers, where a column does not say otherwise.

    `zeros` are texts that mean nought wherever a number is expected. A nought of SAS that was read as
    an IBM number without its sign of nought is 2 to the power of -260, ``5.397605346934028e-79``.
    `places` rounds decimals and money, halves up: a file of binary fractions writes 2.6799999999999997
    for 2.68. Without it what has too many places is refused.
    """

    date: str | None = None
    instant: str | None = None
    timezone: str | None = None
    decimal: str = "."
    thousands: str = ""
    zeros: tuple[str, ...] = ()
    places: int | None = None


@attrs.frozen
class Column:
    """Where the value of a field comes from, and how it is read.

    Exactly one of `column` (its text), `text` (several columns in a template such as
    ``{FirstName} {LastName}``) and `value` (always the same) is set.

    An empty cell gives `default` when there is one; else `empty` says what: ``clear`` gives None,
    ``keep`` leaves the field out, ``text`` gives the empty text. `map` replaces texts before they
    are read as values; a text that it lacks becomes `other`, or is refused.
    """

    column: str | None = None
    text: Template | None = None
    value: str | int | bool | date | datetime | None = None
    lookup: tuple[str | None, str] | None = None
    source: str | None = None
    map: AnyMapping[str, str] | None = None
    other: str | None = None
    default: str | None = None
    empty: str = "clear"
    trim: bool | None = None
    case: str | None = None
    split: str | None = None
    format: str | None = None
    timezone: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    times: str | None = None
    money: str | None = None
    currency: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the file that this value is made of."""
        named = [self.column, *(part[1] for part in self.text or ()), self.currency]
        return tuple(name for name in named if name is not None)


@attrs.frozen
class Children:
    """A list of child rows: from columns of the same row, of consecutive rows, or of another file.

    With `rows` the consecutive rows of one key are one record, and each gives a child. With `file`
    the children stand in another table, known by that name, whose column `parent` holds the key.
    """

    field: str
    columns: AnyMapping[str, Column]
    rows: bool = False
    file: str | None = None
    parent: str | None = None
    ignore: tuple[str, ...] = ()

    @property
    def reads(self) -> Iterator[str]:
        """The columns of the file that the children are made of."""
        for column in self.columns.values():
            yield from column.reads
        if self.parent is not None:
            yield self.parent


@attrs.frozen
class Mapping:
    """A mapping file, checked; see the module for its form."""

    entity: str
    source: str
    key: tuple[str, ...]
    columns: AnyMapping[str, Column]
    children: tuple[Children, ...] = ()
    formats: Formats = Formats()
    ignore: tuple[str, ...] = ()
    make: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    neutralised: bool = False
    where: str = "mapping"

    @classmethod
    def parse(cls, text: str, *, where: str = "mapping") -> Mapping:
        """The mapping that a TOML text describes.

        Args:
            text: at most 262,144 characters.
            where: what to call the text in messages, such as its path.

        Raises:
            InvalidError: with every problem, each with a path such as ``columns/amount/money``.
        """
        from pycrm.exchange._mapping_file import parse

        return parse(text, where)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of further tables that children come from."""
        return tuple(dict.fromkeys(child.file for child in self.children if child.file is not None))

    def open(
        self,
        source: str | os.PathLike[str],
        *,
        limits: Limits | None = None,
        start: Position | None = None,
    ) -> TableReader:
        """Open a table with the encoding and delimiter of the mapping, see `read_table`."""
        return read_table(
            source, encoding=self.encoding, delimiter=self.delimiter, limits=limits, start=start
        )

    def check_header(self, header: list[str], *, file: str | None = None) -> None:
        """Hold the mapping against the header of its table, or of the children's table `file`.

        Raises:
            InvalidError: naming every column that the mapping needs and the file lacks, and every
                column of the file that the mapping neither uses nor ignores (COR-E8).
        """
        from pycrm.exchange.writing import restore

        if self.neutralised:
            header = [restore(name) for name in header]
        needed = self._needed(file)
        ignored = set(self.ignore if file is None else ())
        for child in self.children:
            if child.file is not None and child.file == file:
                ignored.update(child.ignore)
        prefix = "header" if file is None else f"{file}/header"
        problems = []
        for name, users in needed.items():
            if name not in header:
                message = (
                    f"there is no column {name[:80]!r}, which {', '.join(users)} needs{like(name, header)}"
                )
                problems.append(Problem(prefix, "required", message))
        for number, name in enumerate(header, 1):
            if name not in needed and name not in ignored:
                message = f"column {name[:80]!r} is neither mapped nor ignored"
                problems.append(Problem(f"{prefix}/{number}", "unknown", message))
        if problems:
            told = "; ".join(problem.message for problem in problems[:5])
            raise InvalidError(f"the columns do not fit {self.where}: {told}", fields=problems)

    def plan(
        self,
        header: list[str],
        kinds: Kinds,
        *,
        files: AnyMapping[str, list[str]] | None = None,
    ) -> Plan:
        """Compile the mapping for a table with that header.

        Args:
            header: the names of the table's columns.
            kinds: what each field of the entity holds.
            files: the headers of the children's tables, by name.

        Raises:
            InvalidError: columns or fields that do not exist, options that do not fit a field's
                kind; all at once.
        """
        from pycrm.exchange.plan import Plan

        return Plan(self, header, kinds, files or {})

    def _needed(self, file: str | None) -> dict[str, list[str]]:
        needed: dict[str, list[str]] = {}
        if file is None:
            for name in self.key:
                needed.setdefault(name, []).append("the key")
            for field, column in self.columns.items():
                for name in column.reads:
                    needed.setdefault(name, []).append(field)
        for child in self.children:
            if child.file == file:
                for name in child.reads:
                    needed.setdefault(name, []).append(child.field)
        return needed


def like(name: str, names: Iterable[str]) -> str:
    """A hint for a message: the name that was probably meant. Long names are not compared."""
    close = get_close_matches(name, [one for one in names if len(one) <= 80], 1) if len(name) <= 80 else []
    return f"; is it {close[0]!r}?" if close else ""
