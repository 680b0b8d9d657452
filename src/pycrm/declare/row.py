"""Rows to records and records to rows, by code generated once per class.

Slots are written one by one without `__init__`: what comes out of the database was checked when it
went in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from pycrm.declare.field import Spec
from pycrm.declare.generate import compiled, journalist
from pycrm.declare.raw import Masked, masked

__all__ = ["Layout", "View", "forget", "layout"]

Builder = Callable[[Iterable[Sequence[Any]]], list[Any]]
_NONE: frozenset[str] = frozenset()


@attrs.frozen(eq=False)
class View:
    """What one sort of reader is shown of a class: the columns to select, and records made of them."""

    names: tuple[str, ...]
    build: Builder


@attrs.frozen(eq=False)
class Layout:
    """How a class lies in its table."""

    cls: type
    names: tuple[str, ...]
    specs: tuple[Spec, ...]
    build: Builder
    copy: Callable[[Any, Mapping[str, Any]], Any]
    # Of a record that a caller made: a copy with all the fields that nobody types.
    fresh: Callable[[Any, Mapping[str, Any]], Any]
    dump: Mapping[str, Callable[[Any], tuple[Any, ...]]]
    # What a new record is noted by, and a new row of a list.
    journal: Callable[[Any, str, list[str]], None]
    keys: Mapping[str, Callable[[Any], tuple[Any, ...]]]

    _partial: dict[Any, Callable[[Any], tuple[Any, ...]]] = attrs.field(factory=dict, repr=False)
    _views: dict[Any, View] = attrs.field(factory=dict, repr=False)
    _copiers: dict[Any, Callable[..., Any]] = attrs.field(factory=dict, repr=False)

    def dump_of(self, names: tuple[str, ...], dialect: str) -> Callable[[Any], tuple[Any, ...]]:
        """What gives, of a record, the named fields as the driver takes them, column by column."""
        found = self._partial.get((names, dialect))
        if found is None:
            specs = [self.cls.__specs__[name] for name in names]  # type: ignore[attr-defined]
            found = self._partial[names, dialect] = _dumper(self.cls, specs, dialect)
        return found

    def view(self, hidden: frozenset[str], covered: frozenset[str]) -> View:
        """The class without its hidden fields, and with masks in the place of the covered ones."""
        found = self._views.get((hidden, covered))
        if found is None:
            specs = tuple(spec for spec in self.specs if spec.name not in hidden)
            names = tuple(name for spec in specs for name in spec.columns)
            found = self._views[hidden, covered] = View(names, _builder(self.cls, specs, covered))
        return found

    def shown(self, record: Any, hidden: frozenset[str], covered: frozenset[str]) -> Any:
        """The record as `view` would have read it."""
        made = self.copy(record, {})
        for name in hidden | covered:
            slot = _slot(self.cls, name)
            value = getattr(record, f"_raw_{name}", None)
            if name in hidden:
                forget((made,), name)
            elif value is not None and value.__class__ is not Masked:
                slot.__set__(made, masked(value))
        return made

    def copier(self, names: tuple[str, ...]) -> Callable[..., Any]:
        """What copies a record with other values of these fields, which it is given in their order."""
        found = self._copiers.get(names)
        if found is None:
            specs: Mapping[str, Spec] = self.cls.__specs__  # type: ignore[attr-defined]
            kept = [name for name in specs if name not in names]
            rest = [f"    made.{name} = a{at}" for at, name in enumerate(names)]
            given = ", ".join(f"a{at}" for at in range(len(names)))
            found = self._copiers[names] = _copying(self.cls, kept, given, rest)
        return found

    def key(self, record: Any, dialect: str) -> Any:
        """The key of a record as the driver takes it."""
        return self.keys[dialect](record)[0]


def forget(records: Sequence[Any], name: str) -> None:
    """Leave a field of records of one class, which are being made, as if it had not been read."""
    slot = _slot(type(records[0]), name)
    put, empty = slot.__set__, slot.__delete__
    for record in records:
        # An empty slot cannot be emptied again.
        put(record, None)
        empty(record)


def _keys(cls: Any) -> dict[str, Callable[[Any], tuple[Any, ...]]]:
    """What dumps the key; rows of pycrm's own books may have none of this form."""
    found = [cls.__specs__[name] for name in ("id", "of") if name in cls.__specs__][:1]
    if not found:
        return {}
    return {dialect: _dumper(cls, found, dialect) for dialect in ("sqlite", "postgresql")}


_LAYOUTS: dict[type, Layout] = {}


def layout(cls: Any) -> Layout:
    """The layout of a record, facet or child class."""
    made = _LAYOUTS.get(cls)
    if made is None:
        specs = tuple(spec for spec in cls.__specs__.values() if spec.kind is not None)
        made = _LAYOUTS[cls] = Layout(
            cls,
            tuple(name for spec in specs for name in spec.columns),
            specs,
            _builder(cls, specs),
            _copier(cls),
            _fresher(cls),
            {dialect: _dumper(cls, specs, dialect) for dialect in ("sqlite", "postgresql")},
            journalist(cls.__name__, [spec for spec in specs if not spec.derived or spec.name == "position"]),
            _keys(cls),
        )
    return made


def _open_twin(cls: Any) -> Any:
    """A class of the same layout whose slots can be written; records are made as one of it.

    Writing a slot through the class's own descriptors costs ten times as much.
    """
    # Setting and deleting share one slot of the type: both must be the plain ones.
    body: dict[str, Any] = {"__slots__": (), "__setattr__": object.__setattr__}
    body["__delattr__"] = object.__delattr__
    body |= {name: getattr(cls, f"_raw_{name}") for name in cls.__specs__}
    return type.__new__(type(cls), f"_Open{cls.__name__}", (cls,), body)


def _slot(cls: Any, name: str) -> Any:
    return getattr(cls, f"_raw_{name}")


def _builder(cls: Any, specs: Sequence[Spec], covered: frozenset[str] = _NONE) -> Builder:
    scope: dict[str, Any] = {"cls": cls, "open_": _open_twin(cls), "new": object.__new__, "masked": masked}
    variables: list[str] = []
    body: list[str] = []
    for index, spec in enumerate(specs):
        if len(spec.columns) == 2:
            variables += [f"a{index}", f"b{index}"]
            value = f"(a{index}, b{index}) if a{index} is not None else None"
        else:
            variables.append(f"a{index}")
            value = (
                f"masked(a{index}) if a{index} is not None else None" if spec.name in covered else f"a{index}"
            )
        body.append(f"        made.{spec.name} = {value}")
    source = "\n".join(
        [
            "def build(rows):",
            "    found = []",
            "    add = found.append",
            f"    for {', '.join(variables)}, in rows:",
            "        made = new(open_)",
            *body,
            "        made.__class__ = cls",
            "        add(made)",
            "    return found",
        ]
    )
    return compiled(source, scope, "build", cls.__name__)  # type: ignore[no-any-return]


def _dumper(cls: Any, specs: Sequence[Spec], dialect: str) -> Callable[[Any], tuple[Any, ...]]:
    """Missing slots are written as null: what is not set on a new record has no value yet."""
    scope: dict[str, Any] = {}
    lines: list[str] = []
    values: list[str] = []
    for index, spec in enumerate(specs):
        assert spec.kind is not None
        if spec.init:
            lines.append(f"    v{index} = record._raw_{spec.name}")
        else:
            lines += ["    try:", f"        v{index} = record._raw_{spec.name}"]
            lines += ["    except AttributeError:", f"        v{index} = None"]
        dump = spec.kind.dump(dialect)
        if spec.kind.name == "money":
            lines.append(f"    if v{index}.__class__ is not tuple and v{index} is not None:")
            lines.append(f"        v{index} = (v{index}.units, v{index}.currency)")
            values += [
                f"v{index}[0] if v{index} is not None else None",
                f"v{index}[1] if v{index} is not None else None",
            ]
            continue
        if dump is not None:
            taken = spec.kind.raw if spec.kind.taken is None else spec.kind.taken
            scope[f"dump{index}"], scope[f"raw{index}"] = dump, taken
            lines.append(f"    if v{index} is not None and v{index}.__class__ not in raw{index}:")
            lines.append(f"        v{index} = dump{index}(v{index})")
        values.append(f"v{index}")
    source = "\n".join(["def dump(record):", *lines, f"    return ({', '.join(values)},)"])
    return compiled(source, scope, "dump", cls.__name__)  # type: ignore[no-any-return]


def _copier(cls: Any) -> Callable[[Any, Mapping[str, Any]], Any]:
    rest = ["    for name, value in values.items():", "        setattr(made, name, value)"]
    return _copying(cls, cls.__specs__, "values", rest)  # type: ignore[no-any-return]


def _copying(cls: Any, kept: Iterable[str], given: str, rest: Iterable[str]) -> Any:
    """What copies these fields of a record; `rest` are the lines that write the others from what is `given`."""
    scope: dict[str, Any] = {"cls": cls, "open_": _open_twin(cls), "new": object.__new__}
    lines: list[str] = []
    for name in kept:
        lines += [
            "    try:",
            f"        made.{name} = record._raw_{name}",
            "    except AttributeError:",
            "        pass",
        ]
    source = "\n".join(
        [
            f"def copy(record, {given}):",
            "    made = new(open_)",
            *lines,
            *rest,
            "    made.__class__ = cls",
            "    return made",
        ]
    )
    return compiled(source, scope, "copy", cls.__name__)


def _fresher(cls: Any) -> Callable[[Any, Mapping[str, Any]], Any]:
    scope: dict[str, Any] = {"cls": cls, "open_": _open_twin(cls), "new": object.__new__}
    source = "\n".join(
        [
            "def fresh(record, values):",
            "    made = new(open_)",
            *(
                f"    made.{name} = " + (f"record._raw_{name}" if spec.init else f"values['{name}']")
                for name, spec in cls.__specs__.items()
            ),
            "    made.__class__ = cls",
            "    return made",
        ]
    )
    return compiled(source, scope, "fresh", cls.__name__)  # type: ignore[no-any-return]
