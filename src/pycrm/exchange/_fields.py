"""The compiled columns of one record: closures from the cells of a row to typed values."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from datetime import date, datetime
from functools import partial
from typing import Any

from pycrm.errors import Problem
from pycrm.exchange.convert import Convert, Kind, Kinds, converter
from pycrm.exchange.mapping import Column, Mapping, like

__all__ = ["Fields"]

_KEEP = object()
_Cells = list[str]
_Step = tuple[str, int, Convert]
_WideStep = tuple[str, str, Callable[[_Cells], Any]]

_NUMBERS = frozenset(["int", "decimal", "money"])
_FITTING = {
    "lookup": frozenset(["link"]),
    "source": frozenset(["link"]),
    "format": frozenset(["date", "instant"]),
    "timezone": frozenset(["instant"]),
    "decimal": _NUMBERS,
    "thousands": _NUMBERS,
    "times": frozenset(["decimal", "money"]),
    "money": frozenset(["money"]),
    "currency": frozenset(["money"]),
    "split": frozenset(["texts"]),
}


class Fields:
    """The compiled columns of one record or of one kind of child."""

    def __init__(
        self,
        columns: AnyMapping[str, Column],
        place: dict[str, int],
        kinds: Kinds,
        mapping: Mapping,
        path: str,
        problems: list[Problem],
    ) -> None:
        self._constants: dict[str, Any] = {}
        self._plain: list[tuple[str, int]] = []
        self._steps: list[_Step] = []
        self._wide: list[_WideStep] = []
        self._reads: list[int] = []
        self._names = {index: name for name, index in place.items()}
        for field, column in columns.items():
            try:
                self._add(field, column, place, kinds, mapping)
            except ValueError as error:
                problems.append(Problem(f"{path}/{field}", "rule", str(error)))

    def values(self, cells: _Cells) -> dict[str, Any]:
        """Typed values by field; `ValueError` at the first that is wrong."""
        values = self._constants.copy()
        for field, index in self._plain:
            values[field] = cells[index] or None
        for field, index, convert in self._steps:
            values[field] = convert(cells[index])
        for field, _, make in self._wide:
            value = make(cells)
            if value is not _KEEP:
                values[field] = value
        return values

    def any(self, cells: _Cells) -> bool:
        """Whether any of the columns that are read has something in it."""
        for index in self._reads:  # noqa: SIM110 - a generator costs three times as much
            if cells[index] and not cells[index].isspace():
                return True
        return False

    def differing(self, cells: _Cells, others: _Cells) -> list[str]:
        """The columns in which two rows of one record do not say the same."""
        return [self._names[index] for index in dict.fromkeys(self._reads) if cells[index] != others[index]]

    def explain(self, cells: _Cells, path: str) -> list[Problem]:
        """Every problem of the row, under the name of the column."""
        problems = []
        steps: list[tuple[str, Callable[[], Any]]] = [
            (self._names[index], partial(convert, cells[index])) for _, index, convert in self._steps
        ]
        steps += [(name, partial(make, cells)) for _, name, make in self._wide]
        for name, step in steps:
            try:
                step()
            except ValueError as error:
                line = path.rpartition("/")[2]
                problems.append(Problem(f"{path}/{name}", "format", f"line {line}, {name}: {error}"))
        return problems

    def _add(self, field: str, column: Column, place: dict[str, int], kinds: Kinds, mapping: Mapping) -> None:
        kind = kinds.get(field)
        if kind is None:
            raise ValueError(f"{mapping.entity} has no such field{like(field, kinds)}")
        if isinstance(kind, AnyMapping):
            raise ValueError("holds children: map it under [[children]]")
        kind = Kind.of(kind)
        _check_options(column, kind)
        self._reads += [place[name] for name in column.reads]
        make = partial(_converter, column, kind, mapping)
        if column.value is not None:
            self._constants[field] = _constant(column.value, kind, make)
            return
        if column.currency is not None:
            if column.column is None:
                raise ValueError("currency goes with column")
            self._wide.append((field, column.reads[0], _in_currency(column, place, make)))
            return
        convert = make()
        cell = _cell(column, kind, convert)
        if column.text is not None:
            self._wide.append((field, column.reads[0], _template(column, place, cell)))
        elif cell is None:
            self._plain.append((field, place[column.column or ""]))
        elif column.empty == "keep":
            self._wide.append((field, column.reads[0], _at(place[column.reads[0]], cell)))
        else:
            self._steps.append((field, place[column.column or ""], cell))


def _check_options(column: Column, kind: Kind) -> None:
    for option, fitting in _FITTING.items():
        if getattr(column, option) is not None and kind.name not in fitting:
            raise ValueError(f"holds {kind.name}, so {option} means nothing here")
    if column.empty == "text" and kind.name != "text":
        raise ValueError(f"holds {kind.name}, and the empty text is none")
    if kind.name == "money" and not (column.money or column.currency or kind.currency):
        raise ValueError('is money: name its currency by money = "CNY", or a column that has it by currency')
    if kind.name == "link" and column.lookup is None:
        raise ValueError("is a reference: name its lookup, such as Region.name or external")
    if kind.name == "link" and column.lookup and kind.entity and column.lookup[0] not in (None, kind.entity):
        raise ValueError(f"refers to {kind.entity}, not to {column.lookup[0]}")
    if column.source is not None and column.lookup != (None, "external"):
        raise ValueError('source goes with lookup = "external"')


def _converter(column: Column, kind: Kind, mapping: Mapping, currency: str | None = None) -> Convert:
    formats = mapping.formats
    named = formats.date if kind.name == "date" else formats.instant
    return converter(
        kind,
        format=column.format or named,
        decimal=column.decimal or formats.decimal,
        thousands=formats.thousands if column.thousands is None else column.thousands,
        times=column.times,
        currency=currency or column.money,
        timezone=column.timezone or formats.timezone,
        lookup=column.lookup,
        source=column.source or mapping.source,
        split=column.split or ";",
        zeros=formats.zeros,
        places=formats.places,
    )


def _constant(value: Any, kind: Kind, make: Callable[[], Convert]) -> Any:
    if isinstance(value, str):
        return make()(value)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "date": isinstance(value, date) and not isinstance(value, datetime),
        "instant": isinstance(value, datetime) and value.tzinfo is not None,
    }
    if not fits.get(kind.name, False):
        raise ValueError(f"holds {kind.name}, which {value!r} is not; write the value as a text")
    return value


def _nothing(column: Column, convert: Convert) -> Any:
    """What an empty cell stands for."""
    if column.default is not None:
        return convert(column.default)
    return {"clear": None, "keep": _KEEP, "text": ""}[column.empty]


def _cell(column: Column, kind: Kind, convert: Convert) -> Convert | None:
    """The function from a cell, empty or not, to a value; None for plain text taken as it is."""
    trim = kind.name != "text" or column.text is not None if column.trim is None else column.trim
    nothing, table, other, case = _nothing(column, convert), column.map, column.other, column.case
    if table is None and case is None:
        if kind.name == "text":
            if not trim:
                return None if nothing is None else lambda text: text or nothing
            return lambda text: text.strip() or nothing
        if trim:

            def trimmed(text: str) -> Any:
                text = text.strip()
                return convert(text) if text else nothing

            return trimmed
    targets = {} if table is None else {source: convert(target) for source, target in table.items()}
    rest = None if other is None else convert(other)

    def full(text: str) -> Any:
        if trim:
            text = text.strip()
        if not text:
            return nothing
        if case is not None:
            text = text.lower() if case == "lower" else text.upper()
        if table is None:
            return convert(text)
        value = targets.get(text, rest)
        if value is None:
            raise ValueError(f"{text[:40]!r} is not in the map")
        return value

    return full


def _at(index: int, cell: Convert) -> Callable[[_Cells], Any]:
    return lambda cells: cell(cells[index])


def _template(column: Column, place: dict[str, int], cell: Convert | None) -> Callable[[_Cells], Any]:
    parts = [(before, None if name is None else place[name]) for before, name in column.text or ()]
    read = [index for _, index in parts if index is not None]

    def filled(cells: _Cells) -> Any:
        text = ""
        if any(cells[index].strip() for index in read):
            text = "".join(before if at is None else before + cells[at].strip() for before, at in parts)
        return text if cell is None else cell(text)

    return filled


def _in_currency(
    column: Column, place: dict[str, int], make: Callable[[str], Callable[[str], Any] | None]
) -> Callable[[_Cells], Any]:
    """An amount whose currency stands in a column of its own."""
    amount, currency = place[column.column or ""], place[column.currency or ""]
    known: dict[str, Convert] = {}
    if column.default is not None or column.map is not None or column.case is not None:
        raise ValueError("default, map and case do not go with currency")
    nothing = _KEEP if column.empty == "keep" else None

    def money(cells: _Cells) -> Any:
        text = cells[amount].strip()
        if not text:
            return nothing
        code = cells[currency].strip()
        if not code:
            raise ValueError(f"the amount has no currency: {column.currency} is empty")
        convert = known.get(code)
        if convert is None:
            made = make(code)
            assert made is not None
            convert = known[code] = made
        return convert(text)

    return money
