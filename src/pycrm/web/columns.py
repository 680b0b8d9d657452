"""Lists from declarations: which columns there are, which are shown, and by what one may filter and sort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.record import child_class
from pycrm.entities.org import FieldReading
from pycrm.errors import InvalidError, Problem
from pycrm.session.naming import readable, titles_of
from pycrm.web.entry import Entry, Typed, entry_of, read_entry
from pycrm.web.show import FIGURES, Show

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.web.visit import Visit

__all__ = ["Chip", "Filter", "columns_of", "conditions_of", "filters_of", "leading", "order_of", "sortable"]

_NAMING = ("name", "title", "summary", "text", "body", "login")
_MOST = 5
_SHORT_TEXT = 300
_RANGED = ("date", "instant", "int", "decimal", "money")


def leading(cls: Any, names: frozenset[str]) -> str:
    """The field whose text stands first and leads to the record."""
    titled = titles_of(cls)
    declared = [name for name in titled if cls.__specs__[name].title]
    wanted = (*declared, *_NAMING, "code", *titled, "kind")
    return next((name for name in wanted if name in cls.__specs__ and name in names), "id")


def columns_of(show: Show, cls: Any, chosen: Sequence[str]) -> list[Spec]:
    """The columns of a list: those chosen, else those that tell most; the leading one always first."""
    names = readable(show.session, cls)
    specs = cls.__specs__
    first = leading(cls, names)
    if chosen:
        rest = [specs[one] for one in chosen if one in names and one != first and specs[one].kind is not None]
        return [specs[first], *rest]
    staged = ["stage"] if "stage" in specs and "stage" in names else []
    telling = [one for one in specs.values() if one.name in names and one.name != first and _tells(cls, one)]
    told = [one.name for one in sorted(telling, key=_rank)]
    owner = ["owner"] if "owner" in specs and "owner" in names else []
    return [specs[name] for name in (first, *staged, *told[: _MOST - len(staged) - len(owner)], *owner)]


def _tells(cls: Any, spec: Spec) -> bool:
    kind = spec.kind.name if spec.kind is not None else ""
    if kind in ("", "key") or spec.derived or spec.personal or spec.special or spec.name == "code":
        return False
    if spec.target is not None:
        return spec.required and not spec.unique
    if (kind == "text" and spec.longest > _SHORT_TEXT) or spec.name in getattr(cls, "mirrors", {}):
        return False
    return spec.required or spec.order or kind in ("money", "enum")


def _rank(spec: Spec) -> int:
    """What tells most comes first: of whom it is, how much, when, of which sort."""
    kind = spec.kind.name if spec.kind is not None else ""
    if spec.target is not None:
        return 0
    return {"money": 1, "date": 2, "instant": 2, "enum": 3}.get(kind, 4)


def choosable(show: Show, cls: Any) -> list[Spec]:
    """Every field that a list could show."""
    names = readable(show.session, cls)
    skipped = {"id", "archived_at", "pipeline", "pipeline_version", "stage_config"}
    return [
        spec
        for spec in cls.__specs__.values()
        if spec.name in names
        and spec.kind is not None
        and spec.name not in skipped
        and spec.kind.name != "key"
    ]


def sortable(spec: Spec) -> bool:
    """Whether a list can be sorted by a field at all."""
    kind = spec.kind.name if spec.kind is not None else ""
    return (
        kind in (*FIGURES, "date", "instant")
        or spec.order
        or (kind == "text" and spec.longest <= _SHORT_TEXT)
    )


def order_of(visit: Visit, show: Show, cls: Any) -> tuple[str, bool, Spec | None]:
    """The field that a list is sorted by, whether falling, and its declaration."""
    asked = visit.asked("sort")
    name, falling = asked.lstrip("-"), asked.startswith("-")
    names = readable(show.session, cls)
    spec = cls.__specs__.get(name)
    if spec is None or name not in names or not sortable(spec):
        spec = next((one for one in cls.__specs__.values() if one.order and one.name in names), None)
        if spec is None:
            return "", False, None
        falling = spec.kind is not None and spec.kind.name == "instant"
    return spec.name, falling, spec


@attrs.frozen
class Filter:
    """What a list can be narrowed by: one control, or two for a range."""

    label: str
    entries: tuple[Entry, ...]


@attrs.frozen
class Chip:
    """A filter in force: what it says, and the address without it."""

    text: str
    without: str


def filterable(show: Show, cls: Any) -> list[Spec]:
    """The fields by which a list can be narrowed by its reader: those that are shown as they are."""
    names = readable(show.session, cls, FieldReading.PLAIN)
    found = []
    for spec in cls.__specs__.values():
        if spec.name not in names or spec.kind is None or spec.special:
            continue
        kind = spec.kind.name
        if spec.derived and spec.name not in ("owner", "owner_unit", "stage", "created_at"):
            continue
        plain = kind == "text" and spec.longest <= _SHORT_TEXT and not spec.search
        if plain or kind in (*_RANGED, "enum", "bool") or spec.target is not None or spec.name == "stage":
            found.append(spec)
    return [one for one in found if not (one.unique and one.target)]


def filters_of(visit: Visit, show: Show, cls: Any) -> list[Filter]:
    """The controls of the filter of a list, filled with what is asked for."""
    return [_filter(visit, show, cls, spec) for spec in filterable(show, cls)]


def _filter(visit: Visit, show: Show, cls: Any, spec: Spec) -> Filter:
    label = show.words.field(cls, spec)
    if spec.name == "stage" and cls.__pipeline__ is not None:
        stages = show.pipeline(cls.__pipeline__).stages
        options = tuple((one.key, show.words.stage(one)) for one in stages)
        entry = Entry("f:stage", label, "select", visit.asked("f:stage"), options=options)
        return Filter(label, (entry,))
    kind = spec.kind.name if spec.kind is not None else ""
    if kind in _RANGED:
        names = (f"f:{spec.name}:from", f"f:{spec.name}:to")
        words = (show.words("from"), show.words("to"))
        widget = "date" if kind in ("date", "instant") else "number"
        entries = [
            Entry(name, f"{label}, {word}", widget, visit.asked(name), longest=30)
            for name, word in zip(names, words, strict=True)
        ]
        return Filter(label, tuple(entries))
    name = f"f:{spec.name}"
    if kind == "bool":
        options = (("true", show.words("yes")), ("false", show.words("no")))
        return Filter(label, (Entry(name, label, "select", visit.asked(name), options=options),))
    made = entry_of(show, cls, spec, prefix="f:", typed=Typed(visit.asked(name)), required=False)
    widget = "text" if made.widget in ("link", "text-long") else made.widget
    return Filter(label, (attrs.evolve(made, widget=widget, hint=""),))


def conditions_of(visit: Visit, show: Show, cls: Any) -> tuple[list[Any], list[Chip], dict[str, str]]:
    """The conditions that the address asks for, a chip for each, and what is wrong with others."""
    conditions: list[Any] = []
    chips: list[Chip] = []
    wrong: dict[str, str] = {}
    for spec in filterable(show, cls):
        for end in ("", ":from", ":to"):
            name = f"f:{spec.name}{end}"
            text = visit.asked(name)
            if not text:
                continue
            try:
                condition, said = _condition(show, cls, spec, end, text)
            except (ValueError, TypeError) as error:
                wrong[name] = show.words.said(str(error))
                continue
            conditions.append(condition)
            sign = {"": ":", ":from": "≥", ":to": "≤"}[end]
            chips.append(Chip(f"{show.words.field(cls, spec)} {sign} {said}", visit.address(**{name: None})))
    return conditions, chips, wrong


def _condition(show: Show, cls: Any, spec: Spec, end: str, text: str) -> tuple[Any, str]:
    column = getattr(cls, spec.name)
    kind = spec.kind.name if spec.kind is not None else ""
    if spec.name == "stage" and cls.__pipeline__ is not None:
        return column == text, show.stage_named(cls, text)
    if kind == "text":
        return column.icontains(text, autoescape=True), text
    value = _value(show, spec, kind, text, end)
    said = show.value(value).text if kind != "instant" else text
    if spec.target is not None:
        return column == value.id, said
    if end == ":from":
        return column >= value, said
    if end == ":to":
        return (column < value if kind == "instant" else column <= value), said
    return column == value, said


def _value(show: Show, spec: Spec, kind: str, text: str, end: str) -> Any:
    if kind != "instant":
        value = read_entry(show.session, spec, Typed(text))
        if value is None:
            raise ValueError("a value is required")
        return value
    from datetime import date, datetime, time, timedelta

    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a date such as 2026-06-30") from None
    # Until a day means through it: that is, before the next one begins.
    return datetime.combine(on + timedelta(days=end == ":to"), time(), show.crm.zone)


def unknown_rows(cls: Any, name: str) -> Any:
    """The class of the rows of a list field; `InvalidError` where there is no such field."""
    spec = cls.__specs__.get(name)
    if spec is None or spec.child is None:
        raise InvalidError("unknown field", fields=[Problem(name, "unknown", "unknown field")])
    return child_class(cls, spec)
