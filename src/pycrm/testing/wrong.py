"""Hypothesis strategies of what a declaration refuses: one fault each, and where it has to be named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
from hypothesis import assume
from hypothesis import strategies as st

from pycrm.declare.codec import dump, load
from pycrm.declare.field import Spec
from pycrm.declare.record import child_class
from pycrm.errors import InvalidError
from pycrm.testing.strategy import records
from pycrm.testing.values import bounds_of, options_of
from pycrm.values import Money

__all__ = ["Fault", "invalid"]

# Of the values that JSON has, what is of another kind than a field of this one.
_ELSE: dict[str, Any] = {
    **dict.fromkeys(("text", "date", "instant", "key", "link", "enum", "decimal"), 7),
    **dict.fromkeys(("int", "bool", "money", "texts"), "seven"),
}
# Of the right kind, and yet none.
_NONE: dict[str, Any] = {
    "date": "2026-02-30",
    "instant": "2026-06-30T09:00:00",
    "key": "nobody",
    "link": "nobody",
    "enum": "of no choice",
    "decimal": "1e9",
    "int": 2**63,
    "money": {"amount": "1.234567", "currency": "CNY"},
    "text": "half of a pair \ud800",
    "texts": [7],
}
_MUCH = 10**6


@attrs.frozen
class Fault:
    """An input that is right but for one thing.

    - `cls`: the class that must refuse it.
    - `name`: what is wrong: ``missing``, ``empty``, ``kind``, ``value``, ``long``, ``short``, ``low``,
      ``high``, ``choice`` or ``unknown``.
    - `path`: the place that the refusal has to name, such as ``number`` or ``lines/0/qty``.
    - `data`: the whole input, as JSON has it.
    """

    cls: type[Any]
    name: str
    path: str
    data: dict[str, Any]

    def refused(self) -> list[str]:
        """The places that are named when the input is read as the product reads it; none where it is taken."""
        try:
            load(self.cls, self.data)
        except InvalidError as error:
            return [problem.path for problem in error.fields]
        return []


def invalid(cls: type[Any], /, **given: Any) -> st.SearchStrategy[Fault]:
    """A strategy for inputs of a record, facet or child class with one fault each.

    Whatever takes such an input, a route of your own or a form, has to refuse it and to name `Fault.path`.
    Each is made of a valid value by spoiling one place: a field of the class or of one of its rows.

    Args:
        given: values, or strategies of them, of the fields that are not spoilt, as of `records`.
    """
    # What is wrong comes first: there are many ways to be of another kind, and perhaps one to be too low.
    return st.sampled_from(sorted(_names(cls))).flatmap(lambda name: _spoilt(cls, name, given))


def _names(cls: Any) -> set[str]:
    """All that can be wrong with a class or its rows."""
    rows = [child_class(cls, spec) for spec in cls.__specs__.values() if spec.child is not None]
    own = {name for name, _, _ in _faults(cls, {}, "")}
    return own.union(*(_names(child) for child in rows))


@st.composite
def _spoilt(draw: st.DrawFn, cls: Any, name: str, given: dict[str, Any]) -> Fault:
    right = _input(draw(records(cls, **given)))
    places = [one for one in _faults(cls, right, "") if one[0] == name]
    # What only a row can have wrong asks for a row.
    assume(places)
    return Fault(cls, *draw(st.sampled_from(places)))


_Spoilt = tuple[str, str, dict[str, Any]]


def _input(made: Any) -> dict[str, Any]:
    """A record as somebody sends it."""
    told = dump(made)
    found = {name: told[name] for name, spec in type(made).__specs__.items() if spec.init and name in told}
    for name, spec in type(made).__specs__.items():
        if spec.child is not None and name in found:
            found[name] = [_input(row) for row in getattr(made, name)]
    return found


def _faults(cls: Any, data: dict[str, Any], prefix: str) -> Iterator[_Spoilt]:
    """Every way to spoil one place of an input: what is wrong, where, and the spoilt input."""
    yield "unknown", f"{prefix}nonsense", data | {"nonsense": 1}
    for name, spec in cls.__specs__.items():
        if not spec.init:
            continue
        path = f"{prefix}{name}"
        if spec.required:
            yield "missing", path, {key: value for key, value in data.items() if key != name}
        if not spec.nullable:
            yield "empty", path, data | {name: None}
        if spec.child is None:
            for what, value in _values(spec):
                yield what, path, data | {name: value}
        else:
            yield from _in_rows(child_class(cls, spec), data, name, path)


def _in_rows(child: Any, data: dict[str, Any], name: str, path: str) -> Iterator[_Spoilt]:
    yield "kind", path, data | {name: "no list"}
    rows = data.get(name, [])
    for at, row in enumerate(rows):
        for what, place, spoilt in _faults(child, row, f"{path}/{at}/"):
            yield what, place, data | {name: [*rows[:at], spoilt, *rows[at + 1 :]]}


def _values(spec: Spec) -> Iterator[tuple[str, Any]]:
    """Values that a field refuses, each by one rule of it."""
    assert spec.kind is not None
    kind, bounds = spec.kind.name, bounds_of(spec)
    yield "kind", _ELSE[kind]
    if kind in _NONE:
        yield "value", _NONE[kind]
    if kind == "text":
        yield "long", "很" * (spec.longest + 1)
        if bounds.shortest:
            yield "short", "短" * (bounds.shortest - 1)
    if options_of(spec):
        yield "choice", ["of no choice"] if kind == "texts" else _NO_CHOICE.get(kind, "of no choice")
    for what, bound, step in (("low", bounds.least, -1), ("high", bounds.most, 1)):
        if bound is not None and kind in _BEYOND:
            yield what, _BEYOND[kind](bound, step)


_NO_CHOICE: dict[str, Any] = {"int": -_MUCH, "decimal": str(-_MUCH)}


def _day_beyond(bound: Any, step: int) -> str:
    return str(bound.fromordinal(bound.toordinal() + step).isoformat())


def _money_beyond(bound: Money, step: int) -> dict[str, str]:
    beyond = Money.minor(bound.units + step, bound.currency)
    return {"amount": f"{beyond.amount:f}", "currency": beyond.currency}


_BEYOND: dict[str, Callable[[Any, int], Any]] = {
    "int": lambda bound, step: bound + step,
    "decimal": lambda bound, step: f"{bound + step:f}",
    "date": _day_beyond,
    "money": _money_beyond,
}
