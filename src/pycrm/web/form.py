"""Forms from declarations: every field that the reader may write, in parts, with its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.record import child_class
from pycrm.declare.row import layout
from pycrm.errors import Problem
from pycrm.web.entry import Entry, Typed, entry_of, read_entry, value_of
from pycrm.web.facet import heading_of
from pycrm.web.show import Show, plain_of

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.web.visit import Visit

__all__ = ["Given", "Part", "Rows", "is_begun", "part_of", "read_part", "writable"]

_BLANK_ROWS = 2


@attrs.frozen
class Rows:
    """The rows of a list: each row is a row of controls, with its id."""

    name: str
    label: str
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    error: str = ""
    is_key: bool = False


@attrs.frozen
class Part:
    """The controls of one record of a form: a customer's own, its organisation's, a plugin's facet."""

    prefix: str
    label: str
    entries: tuple[Entry, ...]
    lists: tuple[Rows, ...]
    version: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries or self.lists)

    @property
    def is_begun(self) -> bool:
        """Whether something of a part that is not there yet was typed, or is wrong."""
        return any(one.error or (one.text and one.widget != "check") for one in self.entries)


@attrs.define
class Given:
    """What was read of a form: values, and every problem by the name of its control."""

    values: dict[str, Any] = attrs.field(factory=dict)
    problems: dict[str, str] = attrs.field(factory=dict)

    def refuse(self, fields: Sequence[Problem], prefix: str = "") -> list[str]:
        """Take over the problems that a verb has found; those that fit no control are returned."""
        rest = []
        for one in fields:
            name = prefix + one.path
            if one.path:
                self.problems.setdefault(name, one.message)
            else:
                rest.append(one.message)
        return rest


def writable(show: Show, cls: Any, *, new: bool) -> list[Spec]:
    """The fields of a class that the reader may write, and of an existing record also see."""
    rights = show.session.fields(cls)
    found = []
    for name, spec in cls.__specs__.items():
        access = rights.get(name)
        if access is None or not access.write or spec.derived or name == "of":
            continue
        if new or access.read.value != "hidden" or access.reveal:
            found.append(spec)
    return found


def part_of(
    show: Show,
    cls: Any,
    *,
    prefix: str = "",
    record: Any = None,
    visit: Visit | None = None,
    problems: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
) -> Part:
    """The controls of a record, or of one to be made.

    Args:
        visit: where a form has come back, so that what was typed is kept.
        without: fields that the page itself knows.
        given: values that a new record begins with.
    """
    wrong = problems or {}
    entries: list[Entry] = []
    lists: list[Rows] = []
    for spec in writable(show, cls, new=record is None):
        if spec.name in without or (spec.unique and spec.target is not None):
            continue
        if spec.child is not None:
            lists.append(_rows_of(show, cls, spec, prefix, record, visit, wrong))
            continue
        typed = Typed.of(visit, prefix + spec.name) if visit is not None else None
        value = _first(spec, given or {}) if record is None else value_of(record, spec.name)
        error = show.words.said(wrong.get(prefix + spec.name, ""))
        entries.append(entry_of(show, cls, spec, prefix=prefix, value=value, typed=typed, error=error))
    version = "" if record is None else str(record.version)
    return Part(prefix, heading_of(show.words, cls), tuple(entries), tuple(lists), version)


def _first(spec: Spec, given: Mapping[str, Any]) -> Any:
    if spec.name in given:
        return given[spec.name]
    return None if spec.required else spec.default


def _rows_of(
    show: Show,
    cls: Any,
    spec: Spec,
    prefix: str,
    record: Any,
    visit: Visit | None,
    wrong: Mapping[str, str],
) -> Rows:
    child, name = child_class(cls, spec), f"{prefix}{spec.name}"
    specs = writable(show, child, new=record is None)
    rows: list[tuple[str, tuple[Entry, ...]]] = []
    held = list(value_of(record, spec.name) or ()) if record is not None else []
    numbers = _numbers(visit, name) if visit is not None else range(len(held) + _BLANK_ROWS)
    for at in numbers:
        row = held[at] if at < len(held) and visit is None else None
        id_ = visit.typed(f"{name}/{at}/id") if visit is not None else str(row.id) if row is not None else ""
        entries = [
            entry_of(
                show,
                child,
                one,
                prefix=f"{name}/{at}/",
                value=None if row is None else value_of(row, one.name),
                typed=Typed.of(visit, f"{name}/{at}/{one.name}") if visit is not None else None,
                error=show.words.said(wrong.get(f"{name}/{at}/{one.name}", "")),
                required=False,
            )
            for one in specs
        ]
        rows.append((id_, tuple(entries)))
    return Rows(
        name, show.words.field(cls, spec), tuple(rows), show.words.said(wrong.get(name, "")), spec.key
    )


def _numbers(visit: Visit, name: str) -> list[int]:
    """The numbers of the rows that a form has brought."""
    start = f"{name}/"
    found = {one[len(start) :].partition("/")[0] for one in visit.form if one.startswith(start)}
    return sorted(int(one) for one in found if one.isdigit() and len(one) < 5)


def read_part(
    show: Show, cls: Any, visit: Visit, given: Given, *, prefix: str = "", record: Any = None
) -> dict[str, Any]:
    """The values that a form brought for a record: of an existing one those that differ.

    Problems are added to `given`, each under the name of its control.
    """
    values: dict[str, Any] = {}
    for spec in writable(show, cls, new=record is None):
        if spec.unique and spec.target is not None:
            continue
        name = f"{prefix}{spec.name}"
        try:
            if spec.child is not None:
                found = _read_rows(show, cls, spec, visit, given, name, record)
            else:
                typed = Typed.of(visit, name)
                if typed is None or _is_untouched(show, cls, spec, record, typed, prefix):
                    continue
                found = read_entry(show.session, spec, typed)
        except (ValueError, TypeError) as error:
            given.problems[name] = str(error)
            continue
        if found is _KEEP or (record is None and found is None and not spec.nullable):
            continue
        if record is None and found is None and spec.default is None:
            continue
        values[spec.name] = found
    return values


_KEEP = object()


def _is_untouched(show: Show, cls: Any, spec: Spec, record: Any, typed: Typed, prefix: str) -> bool:
    """Whether a control holds what it was given: a mask, or a text in another form, is no change."""
    if record is None:
        return not typed.text and not spec.required
    before = entry_of(show, cls, spec, prefix=prefix, value=value_of(record, spec.name))
    same = typed.text.replace("\r\n", "\n") == before.text.replace("\r\n", "\n")
    return same and (not before.text or not typed.currency or typed.currency == before.currency)


def _read_rows(show: Show, cls: Any, spec: Spec, visit: Visit, given: Given, name: str, record: Any) -> Any:
    numbers = _numbers(visit, name)
    if not numbers and f"{name}:shown" not in visit.form:
        return _KEEP
    child = child_class(cls, spec)
    held = {str(row.id): row for row in (value_of(record, spec.name) or ())} if record is not None else {}
    made: list[Any] = []
    for at in numbers:
        if visit.typed(f"{name}/{at}/drop") == "true":
            continue
        row = held.get(visit.typed(f"{name}/{at}/id"))
        made += _read_row(show, child, visit, given, f"{name}/{at}/", row)
    if record is not None and tuple(made) == tuple(held.values()):
        return _KEEP
    return tuple(made)


def _read_row(show: Show, child: Any, visit: Visit, given: Given, prefix: str, row: Any) -> Iterator[Any]:
    if row is None and not is_begun(child, visit, prefix):
        return
    values = read_part(show, child, visit, given, prefix=prefix, record=row)
    lacking = [one.name for one in child.__specs__.values() if one.required and one.name not in values]
    if row is None:
        given.problems |= {
            f"{prefix}{one}": "a value is required"
            for one in lacking
            if f"{prefix}{one}" not in given.problems
        }
    if any(name.startswith(prefix) for name in given.problems):
        return
    if row is None:
        yield child(**values)
    else:
        yield layout(child).copy(row, values) if values else row


def is_begun(child: Any, visit: Visit, prefix: str) -> bool:
    """Whether anything was typed into a row, or a part, that is offered for a new one."""
    for spec in child.__specs__.values():
        if spec.kind is None or spec.kind.name in ("bool", "enum"):
            continue
        text = visit.typed(f"{prefix}{spec.name}").strip()
        if text and (spec.required or text != plain_of(spec.default)):
            return True
    return False
