"""Lists and single records from their declarations: columns, conditions, order, cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.cli.answer import Fields, Table
from pycrm.cli.entity import key_fields, label_of, labels_of, readable
from pycrm.cli.value import parsed, shown
from pycrm.declare import Ref
from pycrm.declare.codec import dump, seen
from pycrm.declare.record import child_class
from pycrm.errors import InvalidError, NotReadError, Problem
from pycrm.session.naming import field_at, titles_of

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session

__all__ = [
    "Column",
    "beside",
    "columns_of",
    "condition",
    "fields_of",
    "json_of",
    "listed",
    "named",
    "order_of",
    "parts_of",
    "table_of",
]

_CONDITION = re.compile(r"\s*([\w.]+)\s*(>=|<=|!=|=|~)(.*)", re.DOTALL)
_ORDERED = ("int", "date", "instant", "decimal", "money", "text")
_MOST_COLUMNS = 5
_SHORT_TEXT = 300
_NAMING = ("name", "title", "summary")
_FIGURES = ("int", "decimal", "money")
# The shortest beginning of an id that is shown: a beginning is what people type back.
_SHORTEST_ID = 8


def _field(session: Session, cls: Any, path: str) -> tuple[Any, Spec]:
    facets = {facet.__name__.lower(): facet for facet in session.crm.facets_of(cls)}
    return field_at(session, cls, path, lambda word: facets.get(word.replace("_", "").lower()))


def condition(session: Session, cls: Any, text: str) -> Any:
    """The condition that ``field=value`` means; also ``!=``, ``>=``, ``<=`` and ``~`` (contains).

    Raises:
        InvalidError: an unknown or unreadable field, or a value or a comparison that does not fit it.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        wrong = Problem("where", "format", f"expected field=value, field>=value or field~text: {text}")
        raise InvalidError(wrong.message, fields=[wrong])
    path, sign, words = match.groups()
    owner, spec = _field(session, cls, path)
    column = getattr(owner, spec.name)
    assert spec.kind is not None
    if sign == "~":
        if spec.kind.name != "text":
            raise _misfit(path, "only texts can contain something")
        return column.icontains(words.strip(), autoescape=True)
    value = parsed(session, spec, words)
    if value is None or value == ():
        return column.is_(None) if sign == "=" else column.is_not(None)
    if sign in ("=", "!="):
        return column == value if sign == "=" else column != value
    if spec.kind.name not in _ORDERED:
        raise _misfit(path, "has no order")
    return column >= value if sign == ">=" else column <= value


def listed(
    session: Session, cls: Any, text: str, conditions: Sequence[Any], order: Sequence[Any], limit: int
) -> list[Any]:
    """The first records that contain the words of a text.

    Raises:
        InvalidError: as `Session.search`, or an order of several fields.
    """
    if len(order) > 1:
        wrong = Problem("order", "rule", "what is searched is sorted by one field")
        raise InvalidError(wrong.message, fields=[wrong])
    found: list[Any] = []
    after = None
    while len(found) < limit:
        size = min(500, limit - len(found))
        page = session.search(
            cls, text, *conditions, order=order[0] if order else None, size=size, after=after
        )
        found += page.items
        after = page.next
        if after is None:
            break
    return found


def _misfit(path: str, message: str) -> InvalidError:
    return InvalidError(f"{path}: {message}", fields=[Problem(path, "rule", message)])


def order_of(session: Session, cls: Any, names: Sequence[str]) -> list[Any]:
    """The order that field names mean, falling with ``-`` in front; else the declared one."""
    if not names:
        names = [spec.name for spec in cls.__specs__.values() if spec.order][:1]
    found = []
    for name in names:
        owner, spec = _field(session, cls, name.lstrip("-"))
        column = getattr(owner, spec.name)
        found.append(column.desc() if name.startswith("-") else column)
    return found


@attrs.frozen
class Column:
    """What one column of a list shows: a field of the record, of a facet of it, or of what it links to.

    `path` is the field as it was named, `home` the class that has it.
    """

    path: str
    home: Any
    spec: Spec

    @property
    def name(self) -> str:
        """The name of the field in its class."""
        return self.spec.name

    @property
    def before(self) -> str:
        """What leads to the record that has the field: a link, or a facet; nothing for the own ones."""
        return self.path.rpartition(".")[0]


# Of each way to other records, by the record that it begins at, where it leads.
Beside = Mapping[str, Mapping[UUID, Any]]


def columns_of(session: Session, cls: Any, names: str | None) -> list[Column]:
    """The columns named, such as ``name,customer.name,facet.field``, or those that tell most about a record.

    Raises:
        InvalidError: an unknown or unreadable field.
    """
    if names is not None:
        wanted = [name.strip() for name in names.split(",")]
        return [Column(name, *_field(session, cls, name)) for name in wanted if name]
    shown_fields = readable(session, cls)
    specs = {name: spec for name, spec in cls.__specs__.items() if name in shown_fields}
    keys = [name for name in key_fields(cls) if name in specs][:1] or ["id"]
    titled = [name for name in titles_of(cls) if cls.__specs__[name].title or name in _NAMING]
    naming = [name for name in titled if name in specs and name not in keys][:1]
    staged = ["stage"] if "stage" in specs else []
    told = [spec.name for spec in specs.values() if _tells(spec) and spec.name not in keys + naming]
    room = _MOST_COLUMNS - len(keys + naming + staged)
    owner = ["owner"] if "owner" in specs else []
    return [Column(name, cls, specs[name]) for name in (*keys, *naming, *staged, *told[:room], *owner)]


def beside(session: Session, cls: Any, records: Sequence[Any], columns: Sequence[Column]) -> Beside:
    """The facets of these records, and the records that they link to, as far as columns show fields of them."""
    found: dict[str, dict[UUID, Any]] = {}
    for column in columns:
        if not column.before or column.before in found:
            continue
        link = cls.__specs__.get(column.before)
        if link is None:
            ids = [one.id for one in records]
            facets = session.find(column.home, column.home.of.in_(ids))
            found[column.before] = {one.of.id: one for one in facets}
            continue
        refs = {one.id: seen(one, column.before) for one in records}
        ids = list({ref.id for ref in refs.values() if ref is not None})
        others = {one.id: one for one in session.find(column.home, column.home.id.in_(ids), archived=True)}
        found[column.before] = {
            id: others[ref.id] for id, ref in refs.items() if ref is not None and ref.id in others
        }
    return found


def _tells(spec: Spec) -> bool:
    kind = spec.kind.name if spec.kind is not None else ""
    if kind in ("", "texts") or spec.derived or spec.personal or spec.special:
        return False
    if spec.target is not None:
        return spec.required and not spec.unique
    if kind == "text" and spec.longest > _SHORT_TEXT:
        return False
    return spec.required or spec.order or kind == "money" or (not spec.init and not spec.nullable)


def table_of(
    session: Session,
    cls: Any,
    records: Sequence[Any],
    columns: Sequence[Column],
    others: Beside | None = None,
) -> Table:
    """The records as a table of those columns, references by the names of what they refer to."""
    if others is None:
        others = beside(session, cls, records, columns)
    held: list[list[Any]] = [
        [others[one.before].get(record.id) if one.before else record for one in columns] for record in records
    ]
    values = [
        [None if home is None else seen(home, one.name) for home, one in zip(row, columns, strict=True)]
        for row in held
    ]
    labels = labels_of(session, (one for row in values for one in row if isinstance(one, Ref)))
    zone, length = session.crm.zone, _id_length([record.id for record in records])
    rows = []
    for homes, row in zip(held, values, strict=True):
        cells = []
        for column, home, value in zip(columns, homes, row, strict=True):
            if column.path == "id":
                cells.append(str(value)[:length])
            elif column.name == "stage" and value is not None and column.home.__pipeline__ is not None:
                cells.append(session.stage(home).label)
            else:
                cells.append(shown(value, labels, zone))
        rows.append(cells)
    specs = [one.spec for one in columns]
    keys = frozenset(at for at, one in enumerate(columns) if one.path in ("id", *key_fields(cls)))
    return Table([spec.label for spec in specs], rows, _figures(specs, range(len(specs))), keys)


def _id_length(ids: Iterable[UUID]) -> int:
    """So many characters that no two ids of the list begin alike, and a few to spare.

    An id begins with its time of creation: those made together differ late.
    """
    texts = sorted(str(id) for id in ids)
    longest = _SHORTEST_ID
    for one, other in pairwise(texts):
        same = next((at for at in range(len(one)) if one[at] != other[at]), len(one))
        longest = max(longest, same + 4)
    return longest


def json_of(
    record: Any, columns: Sequence[Column] | None = None, others: Beside | None = None
) -> dict[str, Any]:
    """The record as JSON has it, or some columns by their paths: what is hidden or not there is absent."""
    everything = dump(record)
    if columns is None:
        return everything
    found = {}
    for one in columns:
        home = record if not one.before else (others or {}).get(one.before, {}).get(record.id)
        values = everything if home is record else dump(home) if home is not None else {}
        if one.name in values:
            found[one.path] = values[one.name]
    return found


def fields_of(session: Session, record: Any, *, title: str, part: bool = False) -> list[Fields | Table]:
    """One record in full: its fields, then its lists of rows; of a `part` only what was declared."""
    cls = type(record)
    pairs: list[tuple[str, Any]] = []
    lists: list[tuple[str, Any, Any]] = []
    declared = [spec for spec in cls.__specs__.values() if not spec.derived and spec.name != "of"]
    kept = [] if part else [one for one in cls.__specs__.values() if one.derived]
    for spec in (*declared, *kept):
        try:
            value = seen(record, spec.name)
        except NotReadError:
            continue
        if spec.child is not None:
            lists += [(spec.label, child_class(cls, spec), value)] if value else []
        elif value is not None and value != ():
            stage = spec.name == "stage" and cls.__pipeline__ is not None
            pairs.append((spec.label, session.stage(record).label if stage else value))
    labels = labels_of(session, (value for _, value in pairs if isinstance(value, Ref)))
    zone = session.crm.zone
    own = Fields([(label, shown(value, labels, zone)) for label, value in pairs], title)
    return [own, *(part for one in lists for part in _rows(session, *one))]


def _rows(session: Session, label: str, cls: Any, rows: Sequence[Any]) -> list[Fields | Table]:
    fields = readable(session, cls)
    specs = [spec for spec in cls.__specs__.values() if not spec.derived and spec.name in fields]
    values = [[seen(row, spec.name) for spec in specs] for row in rows]
    labels = labels_of(session, (one for row in values for one in row if isinstance(one, Ref)))
    cells = [[shown(value, labels, session.crm.zone) for value in row] for row in values]
    used = [at for at in range(len(specs)) if any(row[at] for row in cells)]
    table = Table(
        [specs[at].label for at in used], [[row[at] for at in used] for row in cells], _figures(specs, used)
    )
    return [Fields([], label), table]


def _figures(specs: Sequence[Spec], used: Iterable[int]) -> frozenset[int]:
    kinds = [specs[at].kind for at in used]
    return frozenset(at for at, kind in enumerate(kinds) if kind is not None and kind.name in _FIGURES)


def parts_of(session: Session, record: Any) -> list[Any]:
    """What belongs to a record and lies in tables of its own: its party, facets, their facets."""
    found = []
    for facet in session.crm.facets_of(type(record)):
        extra = session.facet(record, facet)
        found += [extra] if extra is not None else []
    for spec in type(record).__specs__.values():
        # A link that no other record may share is to a part of this one.
        if spec.unique and spec.target is not None and (ref := getattr(record, spec.name)) is not None:
            part = session.get(ref)
            found += [part, *parts_of(session, part)]
    return found


def named(record: Any) -> str:
    """The record with its code or id, for a sentence."""
    keys = key_fields(type(record))
    key = getattr(record, keys[0]) if keys else str(record.id)
    label = label_of(record)
    return label if label == key else f"{label} ({key})"
