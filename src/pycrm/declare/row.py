"""Rows to records and records to rows, by code generated once per class.

Slots are written one by one without `__init__`: what comes out of the database was checked when it
went in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from pycrm.declare.field import Spec
from pycrm.declare.record import _descriptor

__all__ = ["Layout", "layout"]

Builder = Callable[[Iterable[Sequence[Any]]], list[Any]]


@attrs.frozen(eq=False)
class Layout:
    """How a class lies in its table."""

    cls: type
    names: tuple[str, ...]
    specs: tuple[Spec, ...]
    build: Builder
    copy: Callable[[Any, Mapping[str, Any]], Any]
    dump: Mapping[str, Callable[[Any], tuple[Any, ...]]]

    def dump_values(self, dialect: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Some fields as the driver takes them: column name to value."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            spec = self.cls.__specs__[name]  # type: ignore[attr-defined]
            found.update(zip(spec.columns, driver_values(spec, value, dialect), strict=True))
        return found


def driver_values(spec: Spec, value: Any, dialect: str) -> tuple[Any, ...]:
    """The value of one field as the driver takes it, one item per column."""
    assert spec.kind is not None
    if value is None:
        return (None,) * len(spec.columns)
    if spec.kind.name == "money":
        return (value.units, value.currency)
    dump = spec.kind.dump(dialect)
    return (value if dump is None else dump(value),)


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
            {dialect: _dumper(cls, specs, dialect) for dialect in ("sqlite", "postgresql")},
        )
    return made


def _builder(cls: Any, specs: Sequence[Spec]) -> Builder:
    scope: dict[str, Any] = {"cls": cls, "new": object.__new__}
    variables: list[str] = []
    body: list[str] = []
    for index, spec in enumerate(specs):
        scope[f"set{index}"] = _descriptor(cls, spec.name).write
        if len(spec.columns) == 2:
            variables += [f"a{index}", f"b{index}"]
            value = f"(a{index}, b{index}) if a{index} is not None else None"
        else:
            variables.append(f"a{index}")
            value = f"a{index}"
        body.append(f"        set{index}(made, {value})")
    source = "\n".join(
        [
            "def build(rows):",
            "    found = []",
            "    add = found.append",
            f"    for {', '.join(variables)}, in rows:",
            "        made = new(cls)",
            *body,
            "        add(made)",
            "    return found",
        ]
    )
    return _compiled(source, scope, "build", cls)  # type: ignore[no-any-return]


def _dumper(cls: Any, specs: Sequence[Spec], dialect: str) -> Callable[[Any], tuple[Any, ...]]:
    """Missing slots are written as null: what is not set on a new record has no value yet."""
    scope: dict[str, Any] = {}
    lines: list[str] = []
    values: list[str] = []
    for index, spec in enumerate(specs):
        assert spec.kind is not None
        descriptor = _descriptor(cls, spec.name)
        read = "read" if spec.init else "maybe"
        scope[f"{read}{index}"] = descriptor._read if spec.init else _maybe(descriptor._read)
        lines.append(f"    v{index} = {read}{index}(record)")
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
            scope[f"dump{index}"], scope[f"raw{index}"] = dump, spec.kind.raw
            lines.append(f"    if v{index} is not None and v{index}.__class__ not in raw{index}:")
            lines.append(f"        v{index} = dump{index}(v{index})")
        values.append(f"v{index}")
    source = "\n".join(["def dump(record):", *lines, f"    return ({', '.join(values)},)"])
    return _compiled(source, scope, "dump", cls)  # type: ignore[no-any-return]


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def maybe(record: Any) -> Any:
        try:
            return read(record)
        except AttributeError:
            return None

    return maybe


def _copier(cls: Any) -> Callable[[Any, Mapping[str, Any]], Any]:
    slots = tuple(
        (name, _descriptor(cls, name)._read, _descriptor(cls, name).write) for name in cls.__specs__
    )
    new = object.__new__

    def copy(record: Any, values: Mapping[str, Any]) -> Any:
        made = new(cls)
        for name, read, write in slots:
            if name in values:
                write(made, values[name])
            else:
                try:
                    write(made, read(record))
                except AttributeError:
                    continue
        return made

    return copy


def _compiled(source: str, scope: dict[str, Any], name: str, cls: type) -> Any:
    # The source holds only names made above, never anything declared.
    exec(compile(source, f"<{name} {cls.__name__}>", "exec"), scope)
    return scope[name]
